"""What people fill in: a product, a SKU."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kacang.catalog.models import DeliveryWay, ProductKind, StockMode, Strategy
from kacang.shared.texts import Text


@dataclass(frozen=True, slots=True)
class ProductDraft:
    """A product as a whole. `form_fields` are as `forms.FormField` names them, as JSON."""

    title: Text
    kind: str = ProductKind.CODE
    # Other than by hand it is possible for goods only.
    delivery_way: str = DeliveryWay.HANDED
    category_uid: str = ""
    subtitle: Text = field(default_factory=dict)
    description: Text = field(default_factory=dict)
    guide: Text = field(default_factory=dict)
    cover: str = "gift"
    form_fields: tuple[Mapping[str, Any], ...] = ()
    position: int = 0


@dataclass(frozen=True, slots=True)
class SkuDraft:
    """A SKU as a whole, in the merchant's book currency.

    `stock_mode` is fixed once the SKU exists. `list_price_minor` is the price struck through.
    `low_stock_at`, `cover_days`, `lead_days`: None leaves them to the merchant's settings.
    """

    title: Text
    price_minor: int
    list_price_minor: int | None = None
    cost_minor: int = 0
    min_per_order: int = 1
    max_per_order: int = 100
    max_per_buyer: int | None = None
    strategy: Strategy = Strategy.RANDOM
    stock_mode: StockMode = StockMode.CARDS
    chosen_surcharge_minor: int = 0
    number_is_secret: bool = False
    # The uid of the SKU that its cards are redeem codes for.
    # What each card, once sold, puts into a wallet; None: they are no gift cards.
    gift_minor: int | None = None
    redeems: str = ""
    low_stock_at: int | None = None
    cover_days: int | None = None
    lead_days: int | None = None
    on_sale: bool = True
    position: int = 0
