"""Days as people name them in lists: spans that move with today, and the days of an address.

Days are days of the merchant's zone (rule 24).
"""

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)


class Period(StrEnum):
    """A span of days that moves with today, in the merchant's zone (rule 24)."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    WEEK = "7d"
    MONTH = "30d"


def span_of(
    period: Period, now: datetime, zone: ZoneInfo
) -> tuple[datetime | None, datetime | None]:
    """Return the instants between which a period lies; the last days are open at the end."""
    today = now.astimezone(zone).date()
    if period is Period.YESTERDAY:
        return midnight(today - ONE_DAY, zone), midnight(today, zone)
    days = {Period.TODAY: 1, Period.WEEK: 7, Period.MONTH: 30}[period]
    return midnight(today - (days - 1) * ONE_DAY, zone), None


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return when a day begins."""
    return datetime.combine(day, time.min, tzinfo=zone)


def instant_of(text: str, zone: ZoneInfo, *, after: bool = False) -> datetime:
    """Read a day as when it begins (or ends, `after`), anything longer as an instant.

    Raises:
        ValueError, OverflowError: It is neither.
    """
    if len(text) > len("2026-11-26"):
        at = datetime.fromisoformat(text)
        return at if at.tzinfo else at.replace(tzinfo=zone)
    day = date.fromisoformat(text)
    return midnight(day + ONE_DAY if after else day, zone)


def day_text(at: datetime | None, zone: ZoneInfo, *, back: bool = False) -> str:
    """Return the text that `instant_of` reads back (`back`: as the end of a day); "" for None."""
    if at is None:
        return ""
    day = at.astimezone(zone).date()
    if at != midnight(day, zone):
        return at.isoformat()
    return (day - ONE_DAY if back else day).isoformat()


def clock_text(at: datetime, zone: ZoneInfo) -> str:
    """Return an instant as files for spreadsheets have it: by the clock of a zone."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
