"""Figures of customers: how many paid orders, for how much, when last; kept by a job (H1).

A sale writes nothing for them. What happened to orders stands in their timelines: a job looks at
what was added since it looked last, marks the customers of those orders, and counts marked ones
anew from the rows. Whoever gets an order linked, or is merged, is marked in that transaction.
Counting is the same however often it is done.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection

from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as

AT_ONCE = 500
_BOUND = "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
# Read first: where nothing happened, nothing is written or locked.
_NEWS = f"""
select m.upto_xid is null, exists (
    select from timeline t
    where t.merchant_id = %(merchant)s::bigint and t.xid >= m.upto_xid and t.xid < ({_BOUND}))
from (select) one
left join customer_mark m on m.merchant_id = %(merchant)s::bigint
where exists (select from customer where merchant_id = %(merchant)s::bigint)
"""  # noqa: S608 - our own text
# All customers are marked when they are made: the first look has nothing to look back for.
_BEGIN = f"""
insert into customer_mark (merchant_id, upto_xid) values (%(merchant)s::bigint, ({_BOUND}))
on conflict do nothing
"""  # noqa: S608 - our own text
_MARK = "select upto_xid from customer_mark where merchant_id = %(merchant)s::bigint for update"
_TOUCH = f"""
with bound as materialized (
    -- Whatever is below has ended, so its rows are all here; nothing more can appear there.
    {_BOUND} as xid
),
touched as materialized (
    select distinct c.customer_id from timeline t
    join order_customer c on c.merchant_id = t.merchant_id and c.order_id = t.order_id
    where t.merchant_id = %(merchant)s::bigint and t.xid >= %(from)s::bigint
      and t.xid < (select xid from bound)
),
marked as (
    update customer set figures_due = true
    where merchant_id = %(merchant)s::bigint and id in (select customer_id from touched)
      and merged_into_id is null and forgotten_at is null
)
update customer_mark set upto_xid = (select xid from bound)
where merchant_id = %(merchant)s::bigint
"""  # noqa: S608 - our own text
# Whoever is being changed is counted the next time.
_DUE = """
select id from customer where merchant_id = %(merchant)s::bigint and figures_due
order by id limit %(limit)s::int for no key update skip locked
"""
_COUNTED = """
counted as materialized (
    select i.id, f.paid_orders, f.spent_minor, f.last_order_at
    from unnest(%(ids)s::bigint[]) as i(id)
    cross join lateral (
        select count(o.paid_at)::int as paid_orders,
               coalesce(sum(o.payable_minor - o.refund_minor)
                        filter (where o.paid_at is not null), 0)::bigint as spent_minor,
               coalesce(max(o.created_at), 'epoch') as last_order_at
        from order_customer l
        join sale_order o on o.merchant_id = l.merchant_id and o.id = l.order_id
        where l.merchant_id = %(merchant)s::bigint and l.customer_id = i.id
    ) f
)
"""
_KEEP = f"""
with {_COUNTED}
update customer c
set paid_orders = f.paid_orders, spent_minor = f.spent_minor, last_order_at = f.last_order_at,
    figures_due = false
from counted f where c.merchant_id = %(merchant)s::bigint and c.id = f.id
"""  # noqa: S608 - our own text
_NEXT = """
select id from customer
where merchant_id = %(merchant)s::bigint and id > %(after)s::bigint
  and forgotten_at is null and merged_into_id is null
order by id limit %(limit)s::int for no key update
"""
_WRONG = f"""
with {_COUNTED}
select c.id from customer c join counted f on f.id = c.id
where c.merchant_id = %(merchant)s::bigint and not c.figures_due
  and (c.paid_orders, c.spent_minor, c.last_order_at)
      is distinct from (f.paid_orders, f.spent_minor, f.last_order_at)
"""  # noqa: S608 - our own text


def keep_figures(*, merchant_id: int) -> int:
    """Count anew the customers of orders to which something happened; return how many.

    Safe to repeat, at any time, in parallel.
    """
    _look(merchant_id=merchant_id)
    kept = 0
    while count := _keep_some(merchant_id=merchant_id):
        kept += count
    return kept


def check_figures(*, merchant_id: int) -> int:
    """Count all customers anew, mend what differs, and return how many that were.

    What happened in the last moments may be among them: the job has not come by yet.
    """
    keep_figures(merchant_id=merchant_id)
    wrong = after = 0
    while True:
        after, mended = _mend_some(merchant_id=merchant_id, after=after)
        if not after:
            return wrong
        wrong += mended


@retry_conflicts
def _look(*, merchant_id: int) -> None:
    given: dict[str, Any] = {"merchant": merchant_id}
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(_NEWS, given)
        is_first, has_news = cursor.fetchone() or (False, False)
        if is_first:
            cursor.execute(_BEGIN, given)
        elif has_news:
            cursor.execute(_MARK, given)
            ((upto,),) = cursor.fetchall()
            cursor.execute(_TOUCH, {**given, "from": upto})


@retry_conflicts
def _keep_some(*, merchant_id: int) -> int:
    # First the locks, then a statement of its own: it sees what was committed before them.
    with acting_as(merchant_id):
        ids = _locked(_DUE, {"merchant": merchant_id, "limit": AT_ONCE})
        if ids:
            _run(_KEEP, merchant_id, ids)
    return len(ids)


@retry_conflicts
def _mend_some(*, merchant_id: int, after: int) -> tuple[int, int]:
    """Return behind whom to go on, 0 at the end, and how many were mended."""
    with acting_as(merchant_id):
        ids = _locked(_NEXT, {"merchant": merchant_id, "after": after, "limit": AT_ONCE})
        if not ids:
            return 0, 0
        wrong = _run(_WRONG, merchant_id, ids)
        if wrong:
            _run(_KEEP, merchant_id, wrong)
    return ids[-1], len(wrong)


def _locked(text: str, given: dict[str, Any]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(text, given)
        return [row[0] for row in cursor.fetchall()]


def _run(text: str, merchant_id: int, ids: Sequence[int]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(text, {"merchant": merchant_id, "ids": list(ids)})
        return [row[0] for row in cursor.fetchall()] if cursor.description else []
