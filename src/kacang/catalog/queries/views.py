"""What pages and other rooms see of the catalogue."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from kacang.catalog.forms import FormField, read_fields
from kacang.catalog.models import (
    Category,
    DeliveryWay,
    Picture,
    Product,
    ProductState,
    Sku,
    StockMode,
    Strategy,
)
from kacang.shared.money import Money
from kacang.shared.texts import Text, pick


@dataclass(frozen=True, slots=True)
class CategoryView:
    """A shelf. `product_count` counts what is on sale."""

    uid: str
    title: Text
    position: int
    product_count: int


@dataclass(frozen=True, slots=True)
class PictureView:
    """Where a picture is found, and its size in pixels."""

    name: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class PictureBody:
    """A WebP file."""

    body: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class SkuView:
    """A SKU. `id` stays in the house; `uid` is its name outside."""

    id: int
    uid: str
    product_id: int
    product_uid: str
    product_title: Text
    title: Text
    price: Money
    list_price: Money | None
    cost: Money
    min_per_order: int
    max_per_order: int
    max_per_buyer: int | None
    strategy: Strategy
    stock_mode: StockMode
    chosen_surcharge: Money
    number_is_secret: bool
    # What its cards are redeem codes for; None and "" for nothing.
    redeems_id: int | None
    redeems_uid: str
    # What its cards put into a wallet, as gift cards; None: they do not.
    gift: Money | None
    low_stock_at: int | None
    cover_days: int | None
    lead_days: int | None
    on_sale: bool
    position: int

    @property
    def name(self) -> Text:
        """Product and SKU in one line, in each language that either has."""
        return {
            language: f"{pick(self.product_title, language)} · {pick(self.title, language)}"
            for language in sorted({*self.product_title, *self.title})
        }


@dataclass(frozen=True, slots=True)
class ProductView:
    """A product with its SKUs in order, and its pictures."""

    id: int
    uid: str
    kind: str
    delivery_way: DeliveryWay
    category_uid: str
    category_title: Text
    title: Text
    subtitle: Text
    description: Text
    guide: Text
    cover: str
    form_fields: tuple[FormField, ...]
    form_version: int
    state: ProductState
    position: int
    created_at: datetime
    changed_at: datetime
    pictures: tuple[PictureView, ...]
    skus: tuple[SkuView, ...]

    @property
    def lowest_price(self) -> Money | None:
        """The lowest price of what is on sale; None when nothing is."""
        return min((item.price for item in self.skus if item.on_sale), default=None)


@dataclass(frozen=True, slots=True)
class Shelf:
    """A page of products. `next_cursor` is empty on the last one."""

    items: tuple[ProductView, ...]
    next_cursor: str


def category_view(row: Category, product_count: int) -> CategoryView:
    """Turn a row into what pages see."""
    return CategoryView(row.uid, row.title, row.position, product_count)


def sku_view(row: Sku) -> SkuView:
    """Turn a row, loaded with its product and what it redeems, into what pages see."""
    listed = row.list_price_minor
    return SkuView(
        id=row.pk,
        uid=row.uid,
        product_id=row.product_id,
        product_uid=row.product.uid,
        product_title=row.product.title,
        title=row.title,
        price=Money(row.price_minor, row.currency),
        list_price=None if listed is None else Money(listed, row.currency),
        cost=Money(row.cost_minor, row.currency),
        min_per_order=row.min_per_order,
        max_per_order=row.max_per_order,
        max_per_buyer=row.max_per_buyer,
        strategy=Strategy(row.strategy),
        stock_mode=StockMode(row.stock_mode),
        chosen_surcharge=Money(row.chosen_surcharge_minor, row.currency),
        number_is_secret=row.number_is_secret,
        redeems_id=row.redeems_id,
        redeems_uid=row.redeems.uid if row.redeems else "",
        gift=None if row.gift_minor is None else Money(row.gift_minor, row.currency),
        low_stock_at=row.low_stock_at,
        cover_days=row.cover_days,
        lead_days=row.lead_days,
        on_sale=row.on_sale,
        position=row.position,
    )


def product_views(
    merchant_id: int, rows: Iterable[Product], *, on_sale_only: bool
) -> tuple[ProductView, ...]:
    """Turn rows, loaded with their categories, into what pages see, by two more queries."""
    rows = list(rows)
    ids = [row.pk for row in rows]
    skus: dict[int, list[SkuView]] = defaultdict(list)
    found = Sku.objects.filter(merchant_id=merchant_id, product_id__in=ids)
    if on_sale_only:
        found = found.filter(on_sale=True)
    for item in found.select_related("product", "redeems").order_by("position", "id"):
        skus[item.product_id].append(sku_view(item))
    pictures: dict[int, list[PictureView]] = defaultdict(list)
    for product_id, name, width, height in (
        Picture.objects.filter(merchant_id=merchant_id, product_id__in=ids)
        .order_by("position", "id")
        .values_list("product_id", "name", "width", "height")
    ):
        pictures[product_id].append(PictureView(name, width, height))
    return tuple(_product_view(row, skus[row.pk], pictures[row.pk]) for row in rows)


def _product_view(row: Product, skus: list[SkuView], pictures: list[PictureView]) -> ProductView:
    return ProductView(
        id=row.pk,
        uid=row.uid,
        kind=row.kind,
        delivery_way=DeliveryWay(row.delivery_way),
        category_uid=row.category.uid if row.category else "",
        category_title=row.category.title if row.category else {},
        title=row.title,
        subtitle=row.subtitle,
        description=row.description,
        guide=row.guide,
        cover=row.cover,
        form_fields=read_fields(row.form_fields),
        form_version=row.form_version,
        state=ProductState(row.state),
        position=row.position,
        created_at=row.created_at,
        changed_at=row.changed_at,
        pictures=tuple(pictures),
        skus=tuple(skus),
    )
