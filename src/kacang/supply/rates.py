"""How fast SKUs sell, cards and goods alike."""

from collections.abc import Iterable
from dataclasses import dataclass

from kacang.catalog.queries import SkuView
from kacang.stock import queries as stock
from kacang.supply.kinds import cards_and_goods
from kacang.vault import queries as vault

WEEK, MONTH = 7, 30


@dataclass(frozen=True, slots=True)
class Sold:
    """How many were sold in the last 7 and the last 30 days."""

    week: int = 0
    month: int = 0


def sold_of(merchant_id: int, skus: Iterable[SkuView], *, days: int = MONTH) -> dict[int, Sold]:
    """Return what was sold of each of these SKUs. With `days` 7, the month is left as the week."""
    cards, goods = cards_and_goods(skus)
    spans = (min(days, WEEK), days)
    found: dict[int, tuple[int, int]] = {}
    if cards:
        found |= vault.sold_in(merchant_id=merchant_id, sku_ids=cards, days=spans)
    if goods:
        found |= stock.sold_in(merchant_id=merchant_id, sku_ids=goods, days=spans)
    return {sku_id: Sold(*found.get(sku_id, (0, 0))) for sku_id in [*cards, *goods]}
