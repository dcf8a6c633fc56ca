"""Setting rules, hours and days (O8). A rule is followed by another, never changed."""

import json
from collections.abc import Sequence
from datetime import date, datetime

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.orders.deadlines.books import rule_book, weekly_hours
from kacang.orders.deadlines.calendars import DAY_MINUTES, WEEK, Span
from kacang.orders.deadlines.rules import ANY, BY_KIND, MINUTES_MAX, Rule, Stage
from kacang.orders.statements import rows
from kacang.shared.errors import Conflict, Invalid

DAYS_MAX = 400
NAME_MAX = 40
SPANS_MAX = 4
_ADD = """
insert into deadline_rule (merchant_id, stage, kind, minutes, warn_minutes, is_working, valid_from)
values (%(merchant)s::bigint, %(stage)s::text, %(kind)s::text, %(minutes)s::int, %(warn)s::int,
        %(is_working)s::boolean, %(since)s::timestamptz)
on conflict (merchant_id, stage, kind, valid_from) do nothing returning id
"""
_DROP = """
delete from deadline_rule
where merchant_id = %(merchant)s::bigint and stage = %(stage)s::text and kind = %(kind)s::text
  and valid_from = %(since)s::timestamptz and valid_from > %(now)s::timestamptz
returning id
"""
_WEEK = """
insert into work_week (merchant_id, weekly) values (%(merchant)s::bigint, %(weekly)s::jsonb)
on conflict (merchant_id) do update set weekly = excluded.weekly
"""
_DAY = """
insert into work_day (merchant_id, day, name, as_weekday)
select %(merchant)s::bigint, %(day)s::date, %(name)s::text, %(as_weekday)s::smallint
where (select count(*) from work_day where merchant_id = %(merchant)s::bigint) < %(most)s::int
on conflict (merchant_id, day) do update set name = excluded.name, as_weekday = excluded.as_weekday
returning day
"""
_FORGET = """
delete from work_day where merchant_id = %(merchant)s::bigint and day = %(day)s::date returning day
"""


class BadRule(Invalid):
    """A rule gives a time of up to ninety days, and warns within it."""

    code = "deadlines.bad_rule"


class RuleTaken(Conflict):
    """A rule of this stage and kind begins at the same moment."""

    code = "deadlines.rule_taken"


class BadHours(Invalid):
    """Hours of a day are in order and do not overlap; one day of the week has some."""

    code = "deadlines.bad_hours"


class TooManyDays(Conflict):
    """So many special days are not kept; take away those that have passed."""

    code = "deadlines.too_many_days"


def set_rule(*, merchant_id: int, rule: Rule, actor: Actor, now: datetime) -> None:
    """Have a rule hold from its moment on, or from now if that has passed.

    Raises:
        BadRule: The times make no sense, or the stage knows no such kind.
        RuleTaken: Another begins at that moment.
    """
    minutes, warn = rule.minutes, rule.warn_minutes
    if rule.kind != ANY and rule.kind not in BY_KIND.get(rule.stage, ()):
        raise BadRule
    if minutes is not None and not (0 < minutes <= MINUTES_MAX and 0 <= warn < minutes):
        raise BadRule
    since = max(rule.valid_from, now)
    before = rule_book(merchant_id=merchant_id).rule(rule.stage, rule.kind, since)
    asked = {
        "merchant": merchant_id,
        "stage": rule.stage.value,
        "kind": rule.kind,
        "minutes": minutes,
        "warn": warn if minutes is not None else 0,
        "is_working": rule.is_working,
        "since": since,
    }
    with acting_as(merchant_id):
        if not rows(_ADD, asked):
            raise RuleTaken
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action="deadlines.set_rule",
            object_kind="settings",
            object_uid=f"{rule.stage.value} {rule.kind}".strip(),
            before={"minutes": before.minutes, "warn_minutes": before.warn_minutes},
            after={"minutes": minutes, "warn_minutes": warn, "from": since.isoformat()},
        )


def drop_rule(
    *, merchant_id: int, stage: Stage, kind: str, valid_from: datetime, actor: Actor, now: datetime
) -> bool:
    """Take back a rule that has not begun; say whether there was one."""
    asked = {
        "merchant": merchant_id,
        "stage": stage.value,
        "kind": kind,
        "since": valid_from,
        "now": now,
    }
    with acting_as(merchant_id):
        is_gone = bool(rows(_DROP, asked))
        if is_gone:
            audit.record(
                merchant_id=merchant_id,
                actor=actor,
                action="deadlines.drop_rule",
                object_kind="settings",
                object_uid=f"{stage.value} {kind}".strip(),
            )
    return is_gone


def set_week(*, merchant_id: int, weekly: Sequence[Sequence[Span]], actor: Actor) -> None:
    """Say when a merchant works, from Monday to Sunday.

    Raises:
        BadHours: Spans overlap, or nobody ever works.
    """
    if len(weekly) != WEEK or not any(weekly):
        raise BadHours
    for spans in weekly:
        ends = [minute for span in spans for minute in span]
        is_ordered = sorted(set(ends)) == ends and all(0 <= end <= DAY_MINUTES for end in ends)
        if not is_ordered or len(spans) > SPANS_MAX:
            raise BadHours
    with acting_as(merchant_id):
        before = weekly_hours(merchant_id)
        plain = [[list(span) for span in spans] for spans in weekly]
        rows(_WEEK, {"merchant": merchant_id, "weekly": json.dumps(plain)})
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action="deadlines.set_week",
            object_kind="settings",
            before=[[list(span) for span in spans] for spans in before],
            after=plain,
        )


def set_day(
    *, merchant_id: int, day: date, name: str, as_weekday: int | None, actor: Actor
) -> None:
    """Have a day be otherwise: a holiday, or one that is worked like a weekday, from 0 for Monday.

    Raises:
        BadHours: There is no such weekday.
        TooManyDays: DAYS_MAX are kept already.
    """
    if as_weekday is not None and not 0 <= as_weekday < WEEK:
        raise BadHours
    asked = {
        "merchant": merchant_id,
        "day": day,
        "name": " ".join(name.split())[:NAME_MAX],
        "as_weekday": as_weekday,
        "most": DAYS_MAX,
    }
    with acting_as(merchant_id):
        if not rows(_DAY, asked):
            raise TooManyDays
        _log_day(merchant_id, actor, "deadlines.set_day", day)


def forget_day(*, merchant_id: int, day: date, actor: Actor) -> None:
    """Have a day be as its weekday is. Repeating it changes nothing."""
    with acting_as(merchant_id):
        if rows(_FORGET, {"merchant": merchant_id, "day": day}):
            _log_day(merchant_id, actor, "deadlines.forget_day", day)


def _log_day(merchant_id: int, actor: Actor, action: str, day: date) -> None:
    audit.record(
        merchant_id=merchant_id,
        actor=actor,
        action=action,
        object_kind="settings",
        object_uid=day.isoformat(),
    )
