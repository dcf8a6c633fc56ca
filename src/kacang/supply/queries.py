"""What others may ask about supply."""

from kacang.supply.levels import available_of, levels_of
from kacang.supply.purchasing import KINDS, SPANS, PurchaseLine, Wish, purchase_list
from kacang.supply.terms import Terms, default_terms
from kacang.supply.waiting import waiting_counts

__all__ = [
    "KINDS",
    "SPANS",
    "PurchaseLine",
    "Terms",
    "Wish",
    "available_of",
    "default_terms",
    "levels_of",
    "purchase_list",
    "waiting_counts",
]
