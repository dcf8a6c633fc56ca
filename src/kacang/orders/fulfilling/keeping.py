"""Orders that are paid and held for review: what is reserved for them is kept, or let go (O9)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from kacang.orders import sql
from kacang.orders.exceptions.types import RISK_REVIEW
from kacang.orders.fulfilling.delivering import Booked, Due, Held, deliver_by
from kacang.orders.statements import rows
from kacang.shared.clock import utc_now
from kacang.stock import operations as stock

# Until somebody has looked. As `deliver_held.sql` has it for cards.
LASTING = timedelta(days=3650)
_GOODS = """
select id from order_line
where merchant_id = %(merchant)s::bigint and order_id = any(%(orders)s::bigint[])
  and stock_mode = 2
"""
_FREE = """
with clock as materialized (
    select clock_timestamp() + make_interval(secs => %(shift)s::float8) as now
),
place as materialized (
    select * from unnest(%(lines)s::bigint[], %(units)s::int[]) as p(line_id, unit_no)
),
back as materialized (
    select c.id, c.sku_id, c.pool_id, c.batch_id, c.pick_key, p.line_id, p.unit_no
    from place p
    cross join lateral (
        select card_id from allocation
        where merchant_id = %(merchant)s::bigint and line_id = p.line_id and unit_no = p.unit_no
          and exclusive and released_at is null and delivered_at is null offset 0
    ) a
    cross join lateral (
        select id, sku_id, pool_id, batch_id, pick_key from card
        where merchant_id = %(merchant)s::bigint and id = a.card_id and state + 0 = 1
          and line_id = p.line_id
        for no key update
    ) c
),
freed as (
    update card c set state = 0, line_id = null, reserved_until = null
    from back b where c.merchant_id = %(merchant)s::bigint and c.id = b.id
),
released as (
    update allocation a set released_at = (select now from clock)
    from place p
    where a.merchant_id = %(merchant)s::bigint and a.line_id = p.line_id and a.unit_no = p.unit_no
      and a.released_at is null and a.delivered_at is null
),
moved as (
    insert into card_movement (merchant_id, sku_id, pool_id, batch_id, from_state, to_state, cards,
                               line_id, at)
    select %(merchant)s::bigint, sku_id, pool_id, batch_id, 1, 0, count(*), line_id,
           (select now from clock)
    from back group by sku_id, pool_id, batch_id, line_id
),
lowered as (
    update pick_mark m set pick_key = b.pick_key
    from (select sku_id, pool_id, min(pick_key) as pick_key from back group by sku_id, pool_id) b
    where m.merchant_id = %(merchant)s::bigint and m.sku_id = b.sku_id and m.pool_id = b.pool_id
      and m.pick_key > b.pick_key
)
select distinct sku_id from back
"""


def hold_back(
    merchant_id: int, due: Sequence[Due], booked: Sequence[Booked], taken: Sequence[Held]
) -> None:
    """Take the money of these orders, and give nothing until somebody has looked at them.

    In the caller's transaction, which has locked them.
    """
    waiting = [replace(one, hold_reason=RISK_REVIEW) for one in due]
    deliver_by(sql.DELIVER_HELD, merchant_id, waiting, booked, taken)
    with_goods = [one.order_id for one in due if one.has_goods]
    if with_goods:
        lines = _lines_of_goods(merchant_id, with_goods)
        until = utc_now() + LASTING
        stock.hold_longer(merchant_id=merchant_id, line_ids=lines, until=until)


def let_go(merchant_id: int, order_id: int, places: Sequence[tuple[int, int]]) -> list[int]:
    """Put what is reserved for units of a paid order back on sale; return the SKUs of its cards.

    Units of goods are not named one by one: a line's pieces go together.
    """
    goods = set(_lines_of_goods(merchant_id, [order_id]))
    touched = sorted({line_id for line_id, _ in places if line_id in goods})
    if touched:
        stock.release_held(merchant_id=merchant_id, line_ids=touched)
    cards = [place for place in places if place[0] not in goods]
    if not cards:
        return []
    found = rows(
        _FREE,
        {
            "merchant": merchant_id,
            "lines": [line_id for line_id, _ in cards],
            "units": [unit_no for _, unit_no in cards],
        },
    )
    return [row[0] for row in found]


def _lines_of_goods(merchant_id: int, order_ids: Sequence[int]) -> list[int]:
    return [row[0] for row in rows(_GOODS, {"merchant": merchant_id, "orders": list(order_ids)})]
