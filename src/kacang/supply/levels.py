"""How much of a SKU there is, whether it is cards or goods, in the same words."""

from collections.abc import Iterable

from kacang.catalog.queries import SkuView
from kacang.stock import queries as stock
from kacang.supply.kinds import cards_and_goods
from kacang.vault import queries as vault
from kacang.vault.queries import StockLevel


def levels_of(merchant_id: int, skus: Iterable[SkuView]) -> dict[int, StockLevel]:
    """Return the counts of each of these SKUs. `sold` of goods is what is not picked up yet."""
    cards, goods = cards_and_goods(skus)
    found = vault.stock_levels(merchant_id=merchant_id, sku_ids=cards) if cards else {}
    if goods:
        levels = stock.goods_levels(merchant_id=merchant_id, sku_ids=goods)
        found |= {
            sku_id: StockLevel(level.available, level.reserved, level.sold)
            for sku_id, level in levels.items()
        }
    return found


def available_of(merchant_id: int, skus: Iterable[SkuView]) -> dict[int, int]:
    """Return how many of each of these SKUs can be bought now; a loop card has no number."""
    cards, goods = cards_and_goods(skus)
    found = vault.availability(merchant_id=merchant_id, sku_ids=cards) if cards else {}
    if goods:
        found |= stock.goods_available(merchant_id=merchant_id, sku_ids=goods)
    return found
