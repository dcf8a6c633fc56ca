"""Products as a shop shows them: tiles, the choice of a SKU, what is left of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kacang.catalog import queries as catalog
from kacang.catalog.queries import ProductView, SkuView, StockMode, Strategy
from kacang.shared.money import Money
from kacang.shared.texts import Text, pick
from kacang.supply.queries import available_of
from kacang.vault import queries as vault
from kacang.web.design.formats import count, count_short
from kacang.web.shop.site import Site, language

# Past this a figure says nothing to a buyer and much to a competitor.
EXACT_TO = 999


@dataclass(frozen=True, slots=True)
class Tile:
    """A product in a grid."""

    url: str
    title: str
    kind: str
    image: str
    price: Money
    from_price: bool
    is_out: bool
    flag: str = ""
    sold: int = 0


@dataclass(frozen=True, slots=True)
class Choice:
    """One SKU of a product, to be chosen. `most` is what one order can have now."""

    uid: str
    title: str
    price: Money
    was: Money | None
    saving: Money | None
    stock_text: str
    least: int
    most: int
    is_out: bool
    checked: bool
    numbers_url: str
    surcharge: Money | None
    limit_text: str


def stock_of(site: Site, skus: Iterable[SkuView]) -> dict[int, int | None]:
    """Return how many of each SKU can be bought now; None: as many as one likes (L20)."""
    skus = list(skus)
    counted = [item for item in skus if item.stock_mode != StockMode.LOOP]
    found = available_of(site.merchant_id, counted)
    loops = [item.id for item in skus if item.stock_mode == StockMode.LOOP]
    filled = vault.loop_filled(merchant_id=site.merchant_id, sku_ids=loops) if loops else set()
    return {
        **{item.id: found.get(item.id, 0) for item in counted},
        **{sku_id: None if sku_id in filled else 0 for sku_id in loops},
    }


def tiles(site: Site, products: Iterable[ProductView]) -> list[Tile]:
    """Return products as tiles; those without a SKU on sale are left out."""
    products = [product for product in products if product.skus]
    stock = stock_of(site, (item for product in products for item in product.skus))
    return [_tile(site, product, stock) for product in products]


def choices(
    site: Site, product: ProductView, wanted: str, stock: Mapping[int, int | None]
) -> list[Choice]:
    """Return a product's SKUs; `wanted` is chosen, else the first that can be bought, else any."""
    open_ = [item for item in product.skus if not _is_out(item, stock)]
    named = next((item for item in product.skus if item.uid == wanted), None)
    chosen = named or next(iter(open_ or product.skus), None)
    return [_choice(site, product, item, stock, checked=item is chosen) for item in product.skus]


def picture_url(site: Site, product: ProductView) -> str:
    """Return the address of a product's first picture, "" when it has none."""
    if not product.pictures:
        return ""
    return site.url("picture", name=product.pictures[0].name)


def products_of(site: Site, uids: Iterable[str]) -> dict[str, ProductView]:
    """Return the products with these uids that are on sale."""
    found = {}
    for uid in set(uids):
        try:
            found[uid] = catalog.product_page(merchant_id=site.merchant_id, uid=uid)
        except catalog.UnknownProduct:
            continue
    return found


def words(text: Text) -> str:
    """Return a merchant's text in the reader's language."""
    return pick(text, language())


def stock_words(left: int | None) -> str:
    """Say how many are left, as exactly as a buyer needs it."""
    if left is None:
        return _("In stock")
    if left <= 0:
        return _("Sold out")
    shown = count(left) if left <= EXACT_TO else count_short(left)
    return _("%(count)s in stock") % {"count": shown}


def most_of(item: SkuView, left: int | None) -> int:
    """Return how many of a SKU one order may have now."""
    most = item.max_per_order if left is None else min(item.max_per_order, left)
    return most if item.max_per_buyer is None else min(most, item.max_per_buyer)


def _tile(site: Site, product: ProductView, stock: Mapping[int, int | None]) -> Tile:
    open_ = [item for item in product.skus if not _is_out(item, stock)]
    prices = [item.price for item in open_ or product.skus]
    return Tile(
        url=site.url("product", uid=product.uid),
        title=words(product.title),
        kind=product.cover,
        image=picture_url(site, product),
        price=min(prices),
        from_price=min(prices) != max(prices),
        is_out=not open_,
        flag=_("Pick your number") if _can_pick(open_) else "",
    )


def _choice(
    site: Site,
    product: ProductView,
    item: SkuView,
    stock: Mapping[int, int | None],
    *,
    checked: bool,
) -> Choice:
    left = stock.get(item.id, 0)
    is_out = _is_out(item, stock)
    was = item.list_price if item.list_price and item.list_price > item.price else None
    can_pick = item.strategy == Strategy.CHOSEN and not is_out
    return Choice(
        uid=item.uid,
        title=words(item.title),
        price=item.price,
        was=was,
        saving=was - item.price if was else None,
        stock_text=_("Sold out") if is_out else stock_words(left),
        least=item.min_per_order,
        most=max(item.min_per_order, most_of(item, left)),
        is_out=is_out,
        checked=checked,
        numbers_url=site.url("numbers", uid=product.uid, sku=item.uid) if can_pick else "",
        surcharge=item.chosen_surcharge if can_pick and item.chosen_surcharge.minor else None,
        limit_text=_limit_text(item),
    )


def _limit_text(item: SkuView) -> str:
    if item.max_per_buyer is not None:
        return ngettext(
            "at most %(count)d per buyer", "at most %(count)d per buyer", item.max_per_buyer
        ) % {"count": item.max_per_buyer}
    if item.min_per_order > 1:
        return _("from %(count)d pieces") % {"count": item.min_per_order}
    return ""


def _can_pick(items: Iterable[SkuView]) -> bool:
    return any(item.strategy == Strategy.CHOSEN for item in items)


def _is_out(item: SkuView, stock: Mapping[int, int | None]) -> bool:
    left = stock.get(item.id, 0)
    return left is not None and left < item.min_per_order
