"""Goods in new orders: pieces are taken before the order is written, and then held for it.

Orders without goods ask nothing here.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from kacang.orders.buying.drafts import Draft
from kacang.orders.fulfilling.releasing import expire_holders
from kacang.orders.statements import rows
from kacang.stock import operations as stock
from kacang.stock.operations import Basket, Holding, Parcel

Taken = Mapping[str, Sequence[Parcel]]
_MARK = """
with marked as (
    update sale_order set has_goods = true
    where merchant_id = %(merchant)s::bigint and id = any(%(orders)s::bigint[])
)
select order_id, sku_id, id from order_line
where merchant_id = %(merchant)s::bigint and order_id = any(%(orders)s::bigint[])
  and stock_mode = 2
"""


def take_for(merchant_id: int, drafts: Sequence[Draft]) -> Taken:
    """Take what each draft wants of goods, by its number; who is short of any is left out."""
    wanting = [draft for draft in drafts if draft.goods]
    if not wanting:
        return {}
    got = take_or_expire(merchant_id, [draft.goods for draft in wanting])
    return {
        draft.number: parcels
        for draft, parcels in zip(wanting, got, strict=True)
        if parcels is not None
    }


def take_or_expire(merchant_id: int, baskets: Sequence[Basket]) -> list[list[Parcel] | None]:
    """Take pieces for each basket; from orders whose time is over, before there are none (L7)."""
    got = stock.take_pieces(merchant_id=merchant_id, baskets=baskets)
    short = [at for at, parcels in enumerate(got) if parcels is None]
    wanted = sorted({sku_id for at in short for sku_id in baskets[at]})
    if short and expire_holders(merchant_id, wanted):
        again = stock.take_pieces(merchant_id=merchant_id, baskets=[baskets[at] for at in short])
        for at, parcels in zip(short, again, strict=True):
            got[at] = parcels
    return got


def hold_for(merchant_id: int, taken: Taken, placed: Mapping[str, tuple[int, datetime]]) -> None:
    """Reserve what was taken for the orders that were placed, and put the rest back.

    `placed` gives id and time to pay by the order's number.
    """
    if not taken:
        return
    lost = [parcel for number in taken if number not in placed for parcel in taken[number]]
    stock.put_back(merchant_id=merchant_id, parcels=lost)
    kept = {placed[number][0]: number for number in taken if number in placed}
    if not kept:
        return
    holdings = []
    for order_id, sku_id, line_id in rows(_MARK, {"merchant": merchant_id, "orders": list(kept)}):
        number = kept[order_id]
        parcels = [parcel for parcel in taken[number] if parcel.sku_id == sku_id]
        holdings.append(Holding(line_id, parcels, placed[number][1]))
    stock.hold_pieces(merchant_id=merchant_id, holdings=holdings)
