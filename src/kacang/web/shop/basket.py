"""What is about to be bought, with prices of now and what stands in the way."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from kacang.catalog import queries as catalog
from kacang.catalog.queries import DeliveryWay, FormField, ProductView, SkuView, Strategy
from kacang.merchants.tenancy import acting_as
from kacang.orders.types import Item
from kacang.shared.money import Money
from kacang.web.shop import goods
from kacang.web.shop.cart import CartLine
from kacang.web.shop.site import Site


@dataclass(frozen=True, slots=True)
class BasketLine:
    """One SKU that is to be bought. `problem` says why it cannot be."""

    sku_uid: str
    product_uid: str
    title: str
    sku_title: str
    url: str
    cover: str
    image: str
    quantity: int
    picks: tuple[str, ...]
    price: Money
    surcharge: Money
    least: int
    most: int
    problem: str

    @property
    def total(self) -> Money:
        """What the line costs."""
        return (self.price + self.surcharge) * self.quantity


@dataclass(frozen=True, slots=True)
class Basket:
    """All lines and what they ask of the buyer."""

    lines: tuple[BasketLine, ...]
    fields: tuple[FormField, ...]
    total: Money
    # Whether something of it goes by courier, so that somebody must say to whom.
    is_sent: bool = False

    @property
    def is_sound(self) -> bool:
        """Whether there is something in it, and nothing stands in the way."""
        return bool(self.lines) and not any(line.problem for line in self.lines)

    @property
    def surcharge(self) -> Money:
        """What the picked numbers cost on top."""
        extra = (line.surcharge * line.quantity for line in self.lines)
        return sum(extra, Money(0, self.total.currency))

    @property
    def items(self) -> tuple[Item, ...]:
        """The lines as an order is placed with them."""
        return tuple(Item(line.sku_uid, line.quantity, line.picks) for line in self.lines)

    @property
    def products(self) -> set[str]:
        """The uids of what is bought."""
        return {line.product_uid for line in self.lines}

    @property
    def quantity(self) -> int:
        """How many pieces there are in all."""
        return sum(line.quantity for line in self.lines)


def read_basket(site: Site, lines: Iterable[CartLine]) -> Basket:
    """Look up what is in a cart. SKUs that never were are left out."""
    lines = list(lines)
    with acting_as(site.merchant_id):
        skus = catalog.skus_by_uid(
            merchant_id=site.merchant_id, uids=[line.sku_uid for line in lines]
        )
        products = goods.products_of(site, (item.product_uid for item in skus.values()))
        stock = goods.stock_of(site, skus.values())
    found = tuple(
        _line(site, line, skus[line.sku_uid], products, stock)
        for line in lines
        if line.sku_uid in skus
    )
    total = sum((line.total for line in found), Money(0, site.merchant.currency))
    asked = {field.name: field for product in products.values() for field in product.form_fields}
    is_sent = any(item.delivery_way == DeliveryWay.COURIER for item in products.values())
    return Basket(found, tuple(asked.values()), total, is_sent)


def _line(
    site: Site,
    line: CartLine,
    item: SkuView,
    products: Mapping[str, ProductView],
    stock: Mapping[int, int | None],
) -> BasketLine:
    product = products.get(item.product_uid)
    left = stock.get(item.id, 0)
    return BasketLine(
        sku_uid=item.uid,
        product_uid=item.product_uid,
        title=goods.words(product.title) if product else _("No longer on sale"),
        sku_title=goods.words(item.title),
        url=f"{site.url('product', uid=item.product_uid)}?sku={item.uid}" if product else "",
        cover=product.cover if product else "",
        image=goods.picture_url(site, product) if product else "",
        quantity=line.quantity,
        picks=line.picks,
        price=item.price,
        surcharge=item.chosen_surcharge if line.picks else Money(0, item.price.currency),
        least=item.min_per_order,
        most=max(item.min_per_order, goods.most_of(item, left)),
        problem=_problem(line, item, product, left),
    )


def _problem(line: CartLine, item: SkuView, product: ProductView | None, left: int | None) -> str:
    if product is None or not item.on_sale:
        return _("This is no longer on sale.")
    if left is not None and left < item.min_per_order:
        return _("Sold out. Take it out, or choose another one.")
    if line.picks and item.strategy != Strategy.CHOSEN:
        return _("Numbers cannot be picked here any more.")
    if line.quantity < item.min_per_order:
        return _("At least %(count)d pieces at once.") % {"count": item.min_per_order}
    if line.quantity > goods.most_of(item, left):
        return _("At most %(count)d pieces now.") % {"count": goods.most_of(item, left)}
    return ""
