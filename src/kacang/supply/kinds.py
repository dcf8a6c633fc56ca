"""Cards and goods are counted by different rooms: which SKU is which."""

from collections.abc import Iterable

from kacang.catalog.queries import SkuView, StockMode


def cards_and_goods(skus: Iterable[SkuView]) -> tuple[list[int], list[int]]:
    """Return the ids of those SKUs that sell cards, and of those that sell goods."""
    cards: list[int] = []
    goods: list[int] = []
    for sku in skus:
        (goods if sku.stock_mode == StockMode.GOODS else cards).append(sku.id)
    return cards, goods
