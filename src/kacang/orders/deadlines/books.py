"""A merchant's rules and working hours as they are stored."""

import json
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from kacang.merchants import queries as merchants
from kacang.merchants.tenancy import acting_as
from kacang.orders.deadlines.calendars import ALL_DAY, WEEK, Calendar, Span
from kacang.orders.deadlines.rules import Rule, RuleBook, Stage, with_defaults
from kacang.orders.statements import rows

RULES = """
select stage, kind, minutes, warn_minutes, is_working, valid_from from deadline_rule
where merchant_id = %(merchant)s::bigint order by valid_from, id
"""
WEEKLY = "select weekly from work_week where merchant_id = %(merchant)s::bigint"
DAYS = """
select day, name, as_weekday from work_day where merchant_id = %(merchant)s::bigint order by day
"""
OFFICE: tuple[Span, ...] = ((9 * 60, 18 * 60),)
# Where nobody said anything: from nine to six, on weekdays.
USUAL: tuple[tuple[Span, ...], ...] = (OFFICE,) * 5 + ((), ())


def rule_book(*, merchant_id: int) -> RuleBook:
    """Return all rules of a merchant, those to come too, and when it works."""
    zone = ZoneInfo(merchants.merchant(merchant_id=merchant_id).time_zone)
    asked = {"merchant": merchant_id}
    with acting_as(merchant_id):
        rules = with_defaults(_rule(row) for row in rows(RULES, asked))
        weekly = weekly_hours(merchant_id)
        days = {day: _spans(weekly, as_weekday) for day, _name, as_weekday in rows(DAYS, asked)}
    return RuleBook(Calendar(zone, weekly, days), rules)


def weekly_hours(merchant_id: int) -> tuple[tuple[Span, ...], ...]:
    """Return a merchant's hours from Monday to Sunday. In the caller's transaction."""
    found = rows(WEEKLY, {"merchant": merchant_id})
    if not found:
        return USUAL
    return tuple(tuple((begin, end) for begin, end in spans) for spans in json.loads(found[0][0]))


def hours_of(*, merchant_id: int) -> tuple[tuple[Span, ...], ...]:
    """Return a merchant's hours from Monday to Sunday."""
    with acting_as(merchant_id):
        return weekly_hours(merchant_id)


def working_days(
    *, merchant_id: int, since: date, days: int = 400
) -> list[tuple[date, str, int | None]]:
    """Return the days that are otherwise: which, what they are called, as which weekday."""
    until = since + timedelta(days=days)
    with acting_as(merchant_id):
        found = rows(DAYS, {"merchant": merchant_id})
    return [(day, name, weekday) for day, name, weekday in found if since <= day < until]


def _rule(row: tuple[Any, ...]) -> Rule:
    stage, kind, minutes, warn, is_working, since = row
    return Rule(Stage(stage), kind, minutes, warn, is_working, since)


def _spans(weekly: tuple[tuple[Span, ...], ...], as_weekday: int | None) -> tuple[Span, ...]:
    if as_weekday is None:
        return ()
    assert 0 <= as_weekday < WEEK
    # A day that is made up for has hours, even as a weekday that has none.
    return weekly[as_weekday] or next((spans for spans in weekly if spans), ALL_DAY)
