"""Watching deadlines: what is due soon is told of, what is late is marked and counted (O8).

Deadlines are no rows: which orders are late is a comparison of when they began with a few moments
that follow from the rules. Only what comes near its deadline leaves a mark, and the mark tells
later whether it was met.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders.deadlines.books import rule_book
from kacang.orders.deadlines.rules import RuleBook, Stage
from kacang.orders.statements import rows, table
from kacang.queue import enqueue

# What the staff have to do; a buyer's reminder has a queue of its own.
WATCHED = tuple(stage for stage in Stage if stage is not Stage.PAYMENT)
WAITING = """
waiting as materialized (
    select case when o.has_goods then 'collection' else 'delivery' end as stage, o.id as order_id,
           0::bigint as subject, case when o.has_goods then 'goods' else l.kind end as kind,
           o.paid_at as started_at
    from sale_order o
    join order_line l on l.merchant_id = o.merchant_id and l.order_id = o.id and l.line_no = 1
    where o.merchant_id = %(merchant)s::bigint and o.state in (1, 2, 9) and o.paid_at is not null
    union all
    select 'refund_answer', r.order_id, r.id, '', r.asked_at from refund r
    where r.merchant_id = %(merchant)s::bigint and r.state = 0 and r.order_id is not null
    union all
    select 'refund_payment', r.order_id, r.id, '', r.decided_at from refund r
    where r.merchant_id = %(merchant)s::bigint and r.state in (1, 2, 4) and r.order_id is not null
      and r.decided_at is not null
    union all
    select 'address', c.order_id, c.id, '', c.asked_at from change_request c
    where c.merchant_id = %(merchant)s::bigint and c.state = 0
    union all
    select 'review', x.order_id, x.id, '', x.since from order_exception x
    where x.merchant_id = %(merchant)s::bigint and x.kind = 5 and x.closed_at is null
)
"""
NEAR = f"""
with cut as materialized (
    select * from jsonb_to_recordset(%(cuts)s::jsonb) as c(
        stage text, kind text, since timestamptz, until timestamptz, warn_until timestamptz)
),
{WAITING}
select w.stage, w.order_id, w.subject, w.kind, w.started_at
from waiting w
join cut c on c.stage = w.stage and c.kind = w.kind and w.started_at >= c.since
    and w.started_at < c.until and w.started_at <= c.warn_until
where not exists (
    select from deadline_mark m
    where m.merchant_id = %(merchant)s::bigint and m.order_id = w.order_id and m.stage = w.stage
      and m.subject = w.subject and m.started_at = w.started_at)
order by w.started_at limit %(most)s::int
"""  # noqa: S608 - our own text
MARK = """
insert into deadline_mark (merchant_id, stage, order_id, subject, kind, started_at, due_at)
select %(merchant)s::bigint, f.stage, f.order_id, f.subject, f.kind, f.started_at, f.due_at
from jsonb_to_recordset(%(found)s::jsonb) as f(
    stage text, order_id bigint, subject bigint, kind text, started_at timestamptz,
    due_at timestamptz)
on conflict (merchant_id, order_id, stage, subject, started_at) do nothing returning id
"""
# When each stage was over, as the rows say that it is of.
END = f"""
with {WAITING},
over as materialized (
    select m.id, m.due_at, coalesce(
        case m.stage
            when 'refund_answer' then (
                select r.decided_at from refund r
                where r.merchant_id = m.merchant_id and r.id = m.subject)
            when 'refund_payment' then (
                select r.ended_at from refund r
                where r.merchant_id = m.merchant_id and r.id = m.subject)
            when 'address' then (
                select c.decided_at from change_request c
                where c.merchant_id = m.merchant_id and c.id = m.subject)
            when 'review' then (
                select x.closed_at from order_exception x
                where x.merchant_id = m.merchant_id and x.id = m.subject)
            else (
                select max(t.at) from timeline t
                where t.merchant_id = m.merchant_id and t.order_id = m.order_id
                  and t.event = any(%(ends)s::int[]) and t.at > m.started_at)
        end, %(now)s::timestamptz) as ended_at
    from deadline_mark m
    where m.merchant_id = %(merchant)s::bigint and m.ended_at is null and not exists (
        select from waiting w
        where w.order_id = m.order_id and w.stage = m.stage and w.subject = m.subject
          and w.started_at = m.started_at)
)
update deadline_mark m
set ended_at = o.ended_at, breached_at = case when o.ended_at > o.due_at then o.due_at end
from over o where m.merchant_id = %(merchant)s::bigint and m.id = o.id and m.ended_at is null
returning m.id
"""  # noqa: S608 - our own text
BREACH = """
update deadline_mark m set breached_at = m.due_at
where m.merchant_id = %(merchant)s::bigint and m.ended_at is null and m.breached_at is null
  and m.due_at <= %(now)s::timestamptz
returning m.id
"""
MARKS_MOST = 5_000


@dataclass(frozen=True, slots=True)
class Watched:
    """What a look has found: newly near its deadline, newly late, and over."""

    near: int
    late: int
    over: int


@retry_conflicts
def watch_deadlines(*, merchant_id: int, now: datetime) -> Watched:
    """Mark what comes near its deadline, what is late, and what is over.

    Safe to repeat, at any time, in parallel: each mark is made once, and told of once.
    """
    book = rule_book(merchant_id=merchant_id)
    asked = {"merchant": merchant_id, "now": now}
    with acting_as(merchant_id):
        over = len(rows(END, {**asked, "ends": list(_ENDS)}))
        found = rows(NEAR, {**asked, "cuts": _cuts(book, now), "most": MARKS_MOST})
        near = _mark(merchant_id, book, found)
        late = len(rows(BREACH, asked))
        if near or late:
            # One notice for all that a look has found, and one in ten minutes at the most.
            enqueue(
                "orders.tell_deadlines",
                queue="mail",
                merchant_id=merchant_id,
                near=max(near - late, 0),
                late=late,
                occasion=f"{now:%y%m%d%H}{now.minute // 10}",
            )
    return Watched(near, late, over)


# Delivered, handed over, shipped, given back: by what the delivery of an order is over.
_ENDS = (3, 16, 19, 40)


def _mark(merchant_id: int, book: RuleBook, found: list[tuple[Any, ...]]) -> int:
    records = []
    for stage, order_id, subject, kind, started_at in found:
        due = book.due(Stage(stage), kind, started_at)
        if due is not None:
            records.append(
                {
                    "stage": stage,
                    "order_id": order_id,
                    "subject": subject,
                    "kind": kind,
                    "started_at": started_at.isoformat(),
                    "due_at": due.isoformat(),
                }
            )
    if not records:
        return 0
    return len(rows(MARK, {"merchant": merchant_id, "found": table(records)}))


def _cuts(book: RuleBook, now: datetime) -> str:
    return table(
        {
            "stage": cut.stage.value,
            "kind": cut.kind,
            "since": cut.since.isoformat(),
            "until": cut.until.isoformat(),
            "warn_until": cut.warn_until.isoformat(),
        }
        for stage in WATCHED
        for cut in book.cuts(stage, now)
    )
