"""Letting go of what unpaid orders hold: cards, pieces of goods, places in counters (L7)."""

from collections.abc import Sequence
from dataclasses import dataclass

from kacang.merchants.audit import SYSTEM, Actor
from kacang.orders import sql
from kacang.orders.counters import Packed, unpack
from kacang.orders.models import Event
from kacang.orders.statements import rows, table
from kacang.stock import operations as stock

OVERDUE_MAX = 100
_GOODS_LINES = """
select id from order_line
where merchant_id = %(merchant)s::bigint and order_id = any(%(orders)s::bigint[])
  and stock_mode = 2
"""
_HOLDING = """
with wanted as materialized (
    select distinct order_id from order_line
    where merchant_id = %(merchant)s::bigint and id = any(%(lines)s::bigint[])
)
select o.id, o.held_counters, o.limit_counters, o.has_goods
from wanted w join sale_order o on o.merchant_id = %(merchant)s::bigint and o.id = w.order_id
where o.state = 0
  and o.pay_by <= clock_timestamp() + make_interval(secs => %(shift)s::float8)
order by o.id for no key update of o skip locked
"""


@dataclass(frozen=True, slots=True)
class Why:
    """What ends the orders, by whom, and why."""

    event: Event
    actor: Actor = SYSTEM
    reason: str = ""


EXPIRED = Why(Event.EXPIRED)


def release(merchant_id: int, orders: Sequence[tuple[int, Packed, Packed, bool]], why: Why) -> None:
    """Cancel orders that the caller has locked; nothing that they held is held any more."""
    taken = [entry for _, held, limits, _ in orders for entry in unpack(held) + unpack(limits)]
    rows(
        sql.RELEASE,
        {
            "merchant": merchant_id,
            "o_id": [order_id for order_id, *_ in orders],
            "event": int(why.event),
            "actor_kind": why.actor.kind,
            "actor": why.actor.label,
            "address": why.actor.address,
            "reason": why.reason[:300],
            "counters": table({"key": key, "times": amount} for key, amount in taken),
        },
    )
    with_goods = [order_id for order_id, *_, has_goods in orders if has_goods]
    if with_goods:
        found = rows(_GOODS_LINES, {"merchant": merchant_id, "orders": with_goods})
        stock.release_held(merchant_id=merchant_id, line_ids=[row[0] for row in found])


def expire_holders(merchant_id: int, sku_ids: Sequence[int]) -> int:
    """Cancel orders that hold pieces of these SKUs though their time is over; return how many.

    Inside the transaction of whoever wants the pieces, who waits for nobody here.
    """
    lines = stock.overdue_lines(merchant_id=merchant_id, sku_ids=sku_ids, most=OVERDUE_MAX)
    if not lines:
        return 0
    found = rows(_HOLDING, {"merchant": merchant_id, "lines": lines})
    if found:
        release(merchant_id, [(row[0], row[1], row[2], row[3]) for row in found], EXPIRED)
    return len(found)
