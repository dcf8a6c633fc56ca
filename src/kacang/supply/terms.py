"""When a SKU is low, and how long new stock takes: as it says itself, else as the merchant does."""

from dataclasses import dataclass

from kacang.catalog.queries import SkuView
from kacang.merchants import queries as merchants


@dataclass(frozen=True, slots=True)
class Terms:
    """Fewer than `low_stock_at` is low, and so is what lasts less than `cover_days`; 0: never.

    New stock comes `lead_days` after it was ordered.
    """

    low_stock_at: int
    cover_days: int
    lead_days: int

    def of(self, sku: SkuView) -> "Terms":
        """Return the terms of one SKU, these being its merchant's."""
        return Terms(
            self.low_stock_at if sku.low_stock_at is None else sku.low_stock_at,
            self.cover_days if sku.cover_days is None else sku.cover_days,
            self.lead_days if sku.lead_days is None else sku.lead_days,
        )


def default_terms(*, merchant_id: int) -> Terms:
    """Return what the merchant chose for SKUs that say nothing themselves."""
    chosen = merchants.settings_of(merchant_id=merchant_id)
    names = ("low_stock_at", "stock_cover_days", "stock_lead_days")
    return Terms(*(int(str(chosen[name])) for name in names))
