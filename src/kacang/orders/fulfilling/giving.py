"""Goods of paid orders: what was reserved is sold, what is missing is taken anew, if there is any.

A line gets all the pieces that it lacks or waits for all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from kacang.orders.fulfilling.goods import take_or_expire
from kacang.orders.statements import rows
from kacang.stock import operations as stock
from kacang.stock.operations import Holding

_LINES = """
select l.order_id, l.id, l.sku_id, n.missing, n.owed
from order_line l cross join lateral (
    select (count(*) filter (where u.state in (0, 1, 3)))::int as missing,
           (count(*) filter (where u.state = 4))::int as owed
    from order_unit u where u.merchant_id = l.merchant_id and u.line_id = l.id
) n
where l.merchant_id = %(merchant)s::bigint and l.order_id = any(%(orders)s::bigint[])
  and l.stock_mode = 2
order by l.order_id, l.line_no
"""
_UNITS = """
update order_unit u set state = case when u.line_id = any(%(owed)s::bigint[]) then 4 else 1 end
where u.merchant_id = %(merchant)s::bigint and u.line_id = any(%(lines)s::bigint[])
  and u.state in (0, 1, 3)
"""


@dataclass(frozen=True, slots=True)
class Owing:
    """Units of goods in a paid order: those that are to be handed over, and those missing."""

    owed: int = 0
    lacking: int = 0


def give_goods(merchant_id: int, order_ids: Sequence[int]) -> dict[int, Owing]:
    """Sell these orders what they reserved, or what is free now. The caller has locked them."""
    lines = rows(_LINES, {"merchant": merchant_id, "orders": list(order_ids)})
    open_lines = [line for line in lines if line[3]]
    sold = stock.sell_held(merchant_id=merchant_id, line_ids=[line[1] for line in open_lines])
    missing = [line for line in open_lines if line[1] not in sold]
    got = take_or_expire(merchant_id, [{line[2]: line[3]} for line in missing])
    stock.hold_pieces(
        merchant_id=merchant_id,
        holdings=[
            Holding(line[1], parcels, None)
            for line, parcels in zip(missing, got, strict=True)
            if parcels is not None
        ],
    )
    lacking = {line[1] for line, parcels in zip(missing, got, strict=True) if parcels is None}
    owed = [line[1] for line in open_lines if line[1] not in lacking]
    touched = [line[1] for line in open_lines]
    rows(_UNITS, {"merchant": merchant_id, "owed": owed, "lines": touched})
    found = dict.fromkeys(order_ids, Owing())
    for order_id, line_id, _, wanted, owed_before in lines:
        before = found[order_id]
        is_short = line_id in lacking
        found[order_id] = Owing(
            before.owed + owed_before + (0 if is_short else wanted),
            before.lacking + (wanted if is_short else 0),
        )
    return found
