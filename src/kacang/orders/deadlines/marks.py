"""Marks of deadlines as lists and figures: due soon, late, and what was late (O8)."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from kacang.merchants.tenancy import acting_as
from kacang.orders.deadlines.cursors import make_cursor, read_cursor
from kacang.orders.deadlines.rules import Stage
from kacang.orders.models import OrderState
from kacang.orders.statements import rows
from kacang.shared.texts import Text

PAGE_MAX = 200
COUNT_MAX = 9_999
# Open and not late; open and late; all that was late, whenever it was over.
SOON, LATE, MISSED = "soon", "late", "missed"
_SHOWN = {
    SOON: "m.ended_at is null and m.breached_at is null",
    LATE: "m.ended_at is null and m.breached_at is not null",
    MISSED: "m.breached_at is not null",
}
PAGE = """
with m as materialized (
    select m.* from deadline_mark m
    where m.merchant_id = %(merchant)s::bigint {where}
    order by m.due_at {sense}, m.id {sense} limit %(limit)s::int
)
select m.id, m.stage, o.number, m.kind, m.started_at, m.due_at, m.breached_at, m.ended_at, o.state,
       l.title::text, l.sku_title::text
from m
join sale_order o on o.merchant_id = m.merchant_id and o.id = m.order_id
join order_line l on l.merchant_id = m.merchant_id and l.order_id = m.order_id and l.line_no = 1
order by m.due_at {sense}, m.id {sense}
"""
COUNT = """
select count(*)::int from (
    select from deadline_mark m where m.merchant_id = %(merchant)s::bigint and {shown}
    limit %(most)s::int) few
"""
OF_ORDERS = """
select o.number, min(m.due_at) from sale_order o
join deadline_mark m on m.merchant_id = o.merchant_id and m.order_id = o.id
    and m.breached_at is not null
where o.merchant_id = %(merchant)s::bigint and o.number = any(%(numbers)s::text[])
group by o.number
"""
DAYS = """
select (m.due_at at time zone %(zone)s::text)::date, m.stage, count(*)::int,
       percentile_disc(0.5) within group (
           order by extract(epoch from coalesce(m.ended_at, clock_timestamp()) - m.due_at)::int),
       count(*) filter (where m.ended_at is null)::int
from deadline_mark m
where m.merchant_id = %(merchant)s::bigint and m.breached_at is not null
  and m.due_at >= %(since)s::timestamptz and m.due_at < %(until)s::timestamptz
group by 1, 2 order by 1, 2
"""


@dataclass(frozen=True, slots=True)
class MarkRow:
    """A stage of an order that came near its deadline, or missed it."""

    stage: Stage
    number: str
    kind: str
    started_at: datetime
    due_at: datetime
    is_missed: bool
    ended_at: datetime | None
    order_state: OrderState
    title: Text
    sku_title: Text


@dataclass(frozen=True, slots=True)
class MarkPage:
    """A page of marks. `next_cursor` is empty on the last one."""

    rows: tuple[MarkRow, ...]
    next_cursor: str


@dataclass(frozen=True, slots=True)
class MissedDay:
    """How often a stage missed its deadline on a day, by how long in the middle, how many wait."""

    day: date
    stage: Stage
    missed: int
    median_seconds: int
    open: int


@dataclass(frozen=True, slots=True)
class MarkFilter:
    """What a list of marks shows; `since` and `until` are of the deadline."""

    show: str = LATE
    stage: Stage | None = None
    since: datetime | None = None
    until: datetime | None = None


def marks_page(
    *, merchant_id: int, where: MarkFilter, cursor: str = "", limit: int = 50
) -> MarkPage:
    """Return marks: what is due first above, or what was missed last. A bad cursor is the start."""
    limit = max(1, min(limit, PAGE_MAX))
    sense = "desc" if where.show == MISSED else "asc"
    conditions = [_SHOWN[where.show]]
    asked: dict[str, Any] = {"merchant": merchant_id, "limit": limit + 1}
    if where.stage is not None:
        conditions.append("m.stage = %(stage)s::text")
        asked["stage"] = where.stage.value
    if where.since is not None:
        conditions.append("m.due_at >= %(since)s::timestamptz")
        asked["since"] = where.since
    if where.until is not None:
        conditions.append("m.due_at < %(until)s::timestamptz")
        asked["until"] = where.until
    if place := read_cursor(cursor):
        conditions.append(
            f"(m.due_at, m.id) {'<' if where.show == MISSED else '>'}"
            " (%(after)s::timestamptz, %(after_id)s::bigint)"
        )
        asked |= {"after": place[0], "after_id": place[1]}
    text = PAGE.replace("{where}", "".join(f" and {condition}" for condition in conditions))
    with acting_as(merchant_id):
        found = rows(text.replace("{sense}", sense), asked)
    shown = tuple(_row(row) for row in found[:limit])
    more = len(found) > limit
    return MarkPage(shown, make_cursor(shown[-1].due_at, found[limit - 1][0]) if more else "")


def count_marks(*, merchant_id: int, show: str) -> int:
    """Count what a list would show, at most COUNT_MAX."""
    text = COUNT.replace("{shown}", _SHOWN[show])
    with acting_as(merchant_id):
        ((count,),) = rows(text, {"merchant": merchant_id, "most": COUNT_MAX})
    return int(count)


def missed_of(*, merchant_id: int, numbers: Collection[str]) -> dict[str, datetime]:
    """Return which of these orders missed a deadline, and the first one that they missed."""
    with acting_as(merchant_id):
        return dict(rows(OF_ORDERS, {"merchant": merchant_id, "numbers": list(numbers)}))


def missed_days(
    *, merchant_id: int, since: datetime, until: datetime, zone: str
) -> list[MissedDay]:
    """Sum up by day and stage what missed its deadline, by the day on which it was due."""
    asked = {"merchant": merchant_id, "since": since, "until": until, "zone": zone}
    with acting_as(merchant_id):
        found = rows(DAYS, asked)
    return [
        MissedDay(day, Stage(stage), missed, median, waiting)
        for day, stage, missed, median, waiting in found
    ]


def _row(row: tuple[Any, ...]) -> MarkRow:
    (_, stage, number, kind, started, due, breached, ended, state, title, sku_title) = row
    return MarkRow(
        stage=Stage(stage),
        number=number,
        kind=kind,
        started_at=started,
        due_at=due,
        is_missed=breached is not None,
        ended_at=ended,
        order_state=OrderState(state),
        title=json.loads(title),
        sku_title=json.loads(sku_title),
    )
