"""How long each stage of an order took, read from its timeline (O7).

A stage is over with one event and began with another, the last of its kind before it. What is
measured belongs to the day on which the stage was over, and to whoever ended it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kacang.merchants.tenancy import acting_as
from kacang.orders.deadlines.cursors import make_cursor, read_cursor
from kacang.orders.models import Event
from kacang.orders.statements import rows, table

PAGE_MAX = 200


@dataclass(frozen=True, slots=True)
class Stage:
    """What begins and what ends a stage.

    `key`: what both events must name alike, such as a refund. `is_first`: the first beginning
    counts, not the last one.
    """

    name: str
    starts: tuple[Event, ...]
    ends: tuple[Event, ...]
    key: str = ""
    is_first: bool = False


STAGES = (
    Stage("payment", (Event.PLACED,), (Event.PAID, Event.LATE_PAYMENT)),
    Stage("delivery", (Event.PAID, Event.LATE_PAYMENT), (Event.DELIVERED,)),
    Stage("stock", (Event.SHORT,), (Event.REPLENISHED,), is_first=True),
    Stage("sending", (Event.READY,), (Event.HANDED_OVER, Event.SHIPPED)),
    Stage("parcel", (Event.SHIPPED,), (Event.ARRIVED,)),
    Stage("completion", (Event.ARRIVED, Event.HANDED_OVER), (Event.COMPLETED,)),
    Stage(
        "refund_answer",
        (Event.REFUND_ASKED,),
        (Event.REFUND_APPROVED, Event.REFUND_REJECTED),
        "refund",
    ),
    Stage("refund_payment", (Event.REFUND_APPROVED,), (Event.REFUND_DONE,), "refund"),
    Stage("exception", (Event.EXCEPTION_OPENED,), (Event.EXCEPTION_CLOSED,), "kind"),
)
NAMES = tuple(stage.name for stage in STAGES)
# A stage that lasted longer is measured from nothing: its beginning is not looked for so far back.
LONGEST = "92 days"
MEASURED = f"""
with stage as materialized (
    select * from jsonb_to_recordset(%(stages)s::jsonb) as p(
        stage text, starts int[], ends int[], key text, is_first boolean)
),
ended as materialized (
    select t.id, t.order_id, t.event, t.at, t.detail,
           case t.actor_kind when 'user' then 'user ' || t.actor_label else t.actor_kind end
               as person
    from timeline t
    where t.merchant_id = %(merchant)s::bigint and t.at >= %(since)s::timestamptz
      and t.at < %(until)s::timestamptz and t.event = any(%(ends)s::int[])
),
measured as materialized (
    select p.stage, e.id, e.order_id, e.at, e.person, s.at as started_at,
           floor(extract(epoch from e.at - s.at))::int as seconds
    from ended e
    join stage p on e.event = any(p.ends)
    cross join lateral (
        select x.at from timeline x
        where x.merchant_id = %(merchant)s::bigint and x.order_id = e.order_id
          and x.event = any(p.starts) and (x.at, x.id) < (e.at, e.id)
          and x.at >= %(since)s::timestamptz - interval '{LONGEST}'
          and x.at < %(until)s::timestamptz
          and (p.key = '' or x.detail ->> p.key is not distinct from e.detail ->> p.key)
        order by case when p.is_first then x.at end, x.at desc, x.id desc limit 1
    ) s
    -- Some stock came, and not enough: it waits on.
    where p.stage <> 'stock' or not exists (
        select from timeline y
        where y.merchant_id = %(merchant)s::bigint and y.order_id = e.order_id and y.event = 4
          and y.at = e.at)
)
"""  # noqa: S608 - our own text
ORDERS = f"""
{MEASURED}
select m.id, o.number, m.person, m.started_at, m.at, m.seconds from measured m
join sale_order o on o.merchant_id = %(merchant)s::bigint and o.id = m.order_id
where m.seconds >= %(least)s::int {{where}}
order by m.at desc, m.id desc limit %(limit)s::int
"""  # noqa: S608 - our own text


@dataclass(frozen=True, slots=True)
class StageOrder:
    """An order whose stage was over in a period: by whom, since when, how long."""

    number: str
    person: str
    started_at: datetime
    ended_at: datetime
    seconds: int


@dataclass(frozen=True, slots=True)
class StageOrders:
    """A page of these, the latest first. `next_cursor` is empty on the last one."""

    rows: tuple[StageOrder, ...]
    next_cursor: str


@dataclass(frozen=True, slots=True)
class StageFilter:
    """Which stages that were over are meant; `person` "": anybody's."""

    stage: str
    since: datetime
    until: datetime
    person: str = ""
    least_seconds: int = 0


def parameters(
    merchant_id: int, since: datetime, until: datetime, stages: Sequence[Stage] = STAGES
) -> Mapping[str, Any]:
    """Return what `MEASURED` is given."""
    return {
        "merchant": merchant_id,
        "since": since,
        "until": until,
        "ends": sorted({int(event) for stage in stages for event in stage.ends}),
        "stages": table(
            {
                "stage": stage.name,
                "starts": [int(event) for event in stage.starts],
                "ends": [int(event) for event in stage.ends],
                "key": stage.key,
                "is_first": stage.is_first,
            }
            for stage in stages
        ),
    }


def stage_orders(
    *, merchant_id: int, where: StageFilter, cursor: str = "", limit: int = 50
) -> StageOrders:
    """Return the orders that a figure counts. A cursor that is none is taken as the start."""
    limit = max(1, min(limit, PAGE_MAX))
    chosen = [stage for stage in STAGES if stage.name == where.stage]
    condition = " and m.person = %(person)s::text" if where.person else ""
    given: dict[str, Any] = {
        **parameters(merchant_id, where.since, where.until, chosen),
        "least": where.least_seconds,
        "limit": limit + 1,
    }
    if where.person:
        given["person"] = where.person
    if place := read_cursor(cursor):
        condition += " and (m.at, m.id) < (%(before)s::timestamptz, %(before_id)s::bigint)"
        given |= {"before": place[0], "before_id": place[1]}
    with acting_as(merchant_id):
        found = rows(ORDERS.replace("{where}", condition), given)
    shown = tuple(StageOrder(*row[1:]) for row in found[:limit])
    more = len(found) > limit
    return StageOrders(shown, make_cursor(shown[-1].ended_at, found[limit - 1][0]) if more else "")
