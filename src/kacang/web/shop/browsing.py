"""Looking around: home, categories, search, a product, its numbers, help, pictures (W1)."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from kacang.catalog import queries as catalog
from kacang.catalog.queries import ProductView, SkuView, Strategy, UnknownSku
from kacang.merchants.tenancy import acting_as
from kacang.messages.posting import is_configured as can_mail
from kacang.shared import markdown
from kacang.vault import queries as vault
from kacang.web.design.parts import Pages, ShopLink
from kacang.web.shop import goods
from kacang.web.shop.cart import PICKS_MAX
from kacang.web.shop.problems import Problem
from kacang.web.shop.reviews import said_of
from kacang.web.shop.site import Site, page, shop_page

SHELF = 24
NUMBERS = 60
QUERY_MAX = 60
YEAR = 365 * 24 * 3600


@require_safe
@shop_page
def home(request: HttpRequest, site: Site) -> HttpResponse:
    """Show the shop: what it says, its shelves, its goods."""
    return _shelf(request, site, "")


@require_safe
@shop_page
def category(request: HttpRequest, site: Site, uid: str) -> HttpResponse:
    """Show one shelf."""
    return _shelf(request, site, uid)


@require_safe
@shop_page
def search(request: HttpRequest, site: Site) -> HttpResponse:
    """Show the goods whose titles have all the words asked for."""
    wanted = " ".join(request.GET.get("q", "").split())[:QUERY_MAX]
    if not wanted:
        return _shelf(request, site, "")
    with acting_as(site.merchant_id):
        found = catalog.shelf(
            merchant_id=site.merchant_id, search=wanted, cursor=_cursor(request), limit=SHELF
        )
        tiles = goods.tiles(site, found.items)
        # Who finds nothing is shown what there is.
        others = [] if tiles else _others(site)
    return page(
        request, site, "search",
        q=wanted, goods=tiles, others=others, noindex=True,
        pages=_pages(request, found.next_cursor),
    )  # fmt: skip


@require_safe
@shop_page
def product(request: HttpRequest, site: Site, uid: str) -> HttpResponse:
    """Show a product with the choice of its SKUs."""
    return show_product(request, site, uid)


def show_product(
    request: HttpRequest,
    site: Site,
    uid: str,
    *,
    problem: Problem | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show a product, perhaps with what went wrong on it."""
    with acting_as(site.merchant_id):
        found = catalog.product_page(merchant_id=site.merchant_id, uid=uid)
        stock = goods.stock_of(site, found.skus)
        others = _others(site, without=uid) if not any(_left(stock)) else []
    chosen = goods.choices(site, found, request.GET.get("sku", ""), stock)
    values = product_values(site, found, chosen)
    return page(
        request, site, "product", **values, others=others, problem=problem, status=status,
        # Only where a mail can be sent; none is asked for what can be bought.
        waits=[item for item in chosen if item.is_out] if can_mail() else [],
        noted=request.GET.get("noted") == "1" and request.method != "POST",
        typed=request.POST.get("email", "")[:254], asked=request.POST.get("sku", ""),
        wait_url=site.url("wait", uid=uid), reviews=said_of(request, site, found),
    )  # fmt: skip


@require_safe
@shop_page
def numbers(request: HttpRequest, site: Site, uid: str, sku: str) -> HttpResponse:
    """Show the numbers of a SKU that can be picked, masked, page by page (V5)."""
    with acting_as(site.merchant_id):
        found = catalog.product_page(merchant_id=site.merchant_id, uid=uid)
        item = _pickable(found, sku)
        cards, following = vault.choices(
            merchant_id=site.merchant_id, sku_id=item.id, cursor=_cursor(request), limit=NUMBERS
        )
    here = [card.uid for card in cards]
    kept = request.GET.getlist("pick")[:PICKS_MAX]
    return page(
        request, site, "numbers",
        product=found, title=goods.words(found.title), sku=item, cards=cards,
        sku_title=goods.words(item.title),
        picked=kept, carried=[pick for pick in kept if pick not in here],
        next_cursor=following, most=min(item.max_per_order, PICKS_MAX), noindex=True,
        back_url=f"{site.url('product', uid=uid)}?{urlencode({'sku': sku})}",
    )  # fmt: skip


@require_safe
@shop_page
def picture(_: HttpRequest, site: Site, name: str) -> HttpResponse:
    """Send a product's picture. A name never gets another picture, so it is kept for a year."""
    body = catalog.picture(merchant_id=site.merchant_id, name=name)
    response = HttpResponse(body.body, content_type="image/webp")
    response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
    return response


@require_safe
@shop_page
def help_page(request: HttpRequest, site: Site) -> HttpResponse:
    """Answer what buyers ask, and show what the merchant says about the shop."""
    support = goods.words(site.options.support)
    return page(request, site, "help", support=support, contact=site.options.contact.value)


def product_values(site: Site, found: ProductView, chosen: list[goods.Choice]) -> dict[str, Any]:
    """Return what the product page is made of."""
    subtitle = goods.words(found.subtitle)
    title = goods.words(found.title)
    return {
        "product": found,
        "title": title,
        "subtitle": subtitle,
        "summary": subtitle or title,
        "choices": chosen,
        "all_out": all(item.is_out for item in chosen),
        "choice": next((item for item in chosen if item.checked), None),
        "pictures": [site.url("picture", name=each.name) for each in found.pictures],
        "description": markdown.render(goods.words(found.description)),
        "guide": markdown.render(goods.words(found.guide)),
        "share_image": site.absolute(image) if (image := goods.picture_url(site, found)) else "",
        "category_url": site.url("category", uid=found.category_uid) if found.category_uid else "",
        "asks": [goods.words(field.label) for field in found.form_fields],
    }


def _shelf(request: HttpRequest, site: Site, uid: str) -> HttpResponse:
    with acting_as(site.merchant_id):
        shelves = catalog.categories(merchant_id=site.merchant_id)
        here = next((one for one in shelves if one.uid == uid), None)
        if uid and here is None:
            raise catalog.UnknownCategory
        found = catalog.shelf(
            merchant_id=site.merchant_id, category_uid=uid, cursor=_cursor(request), limit=SHELF
        )
        tiles = goods.tiles(site, found.items)
    links = [ShopLink(gettext("All"), site.url("home"), "layout-grid", not uid)]
    links += [
        ShopLink(goods.words(one.title), site.url("category", uid=one.uid), on=one.uid == uid)
        for one in shelves
        if one.product_count
    ]
    return page(
        request, site, "shelf",
        heading=goods.words(here.title) if here else "", goods=tiles,
        categories=links if len(links) > 1 else [],
        pages=_pages(request, found.next_cursor),
    )  # fmt: skip


def _others(site: Site, *, without: str = "") -> list[goods.Tile]:
    found = catalog.shelf(merchant_id=site.merchant_id, limit=9)
    tiles = goods.tiles(site, (item for item in found.items if item.uid != without))
    return [tile for tile in tiles if not tile.is_out][:4]


def _pickable(found: ProductView, sku: str) -> SkuView:
    for item in found.skus:
        if item.uid == sku and item.strategy == Strategy.CHOSEN:
            return item
    raise UnknownSku


def _pages(request: HttpRequest, following: str) -> Pages:
    query = request.GET.copy()
    query.pop("cursor", None)
    first = f"?{query.urlencode()}" if query else request.path
    query["cursor"] = following
    return Pages(
        next_url=f"?{query.urlencode()}" if following else "",
        previous_url=first if _cursor(request) else "",
    )


def _cursor(request: HttpRequest) -> str:
    return request.GET.get("cursor", "")[:200]


def _left(stock: dict[int, int | None]) -> list[bool]:
    return [left is None or left > 0 for left in stock.values()]
