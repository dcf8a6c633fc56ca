"""Days, weeks and months in a merchant's zone, as pairs of days (rule 24). Pure."""

from datetime import date, timedelta

from kacang.payouts.models import Period


def period_of(period: Period, day: date) -> tuple[date, date]:
    """Return the period that a day is in: its first day, and the first one after it."""
    if period is Period.DAY:
        return day, day + timedelta(days=1)
    if period is Period.WEEK:
        first = day - timedelta(days=day.weekday())
        return first, first + timedelta(days=7)
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1)


def ended(period: Period, since: date, until: date) -> list[tuple[date, date]]:
    """Return the periods that begin with the one of `since` and end by `until`, oldest first."""
    found = []
    start, end = period_of(period, since)
    while end <= until:
        found.append((start, end))
        start, end = period_of(period, end)
    return found
