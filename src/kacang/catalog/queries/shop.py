"""What buyers see."""

from django.db.models import Count, Q

from kacang.catalog.models import Category, Picture, Product, ProductState
from kacang.catalog.operations.products import UnknownProduct
from kacang.catalog.queries.paging import page_of
from kacang.catalog.queries.views import (
    CategoryView,
    PictureBody,
    ProductView,
    Shelf,
    category_view,
    product_views,
)
from kacang.merchants.tenancy import acting_as
from kacang.shared.errors import NotFound


class UnknownPicture(NotFound):
    """There is no such picture."""

    code = "catalog.unknown_picture"


def categories(*, merchant_id: int) -> list[CategoryView]:
    """Return the shelves in order, with how many products are on sale in each."""
    on_sale = Count(
        "product",
        filter=Q(product__state=ProductState.ON_SALE, product__merchant_id=merchant_id),
    )
    with acting_as(merchant_id):
        rows = Category.objects.filter(merchant_id=merchant_id).annotate(product_count=on_sale)
        return [category_view(row, row.product_count) for row in rows.order_by("position", "id")]


def shelf(
    *,
    merchant_id: int,
    category_uid: str = "",
    search: str = "",
    cursor: str = "",
    limit: int = 24,
) -> Shelf:
    """Return products on sale with their SKUs on sale, in the merchant's order.

    `search` finds products that have all its words somewhere in their titles.
    """
    with acting_as(merchant_id):
        rows = Product.objects.filter(merchant_id=merchant_id, state=ProductState.ON_SALE)
        if category_uid:
            rows = rows.filter(category__uid=category_uid, category__merchant_id=merchant_id)
        found, following = page_of(merchant_id, rows, search, cursor, limit)
        return Shelf(product_views(merchant_id, found, on_sale_only=True), following)


def product_page(*, merchant_id: int, uid: str) -> ProductView:
    """Return one product on sale with its SKUs on sale.

    Raises:
        UnknownProduct: There is none, or it is not on sale.
    """
    with acting_as(merchant_id):
        rows = Product.objects.filter(
            merchant_id=merchant_id, uid=uid, state=ProductState.ON_SALE
        ).select_related("category")
        found = product_views(merchant_id, rows, on_sale_only=True)
    if not found:
        raise UnknownProduct
    return found[0]


def picture(*, merchant_id: int, name: str) -> PictureBody:
    """Return a picture's bytes. A name never gets other ones, so they may be cached for ever.

    Raises:
        UnknownPicture: There is none.
    """
    with acting_as(merchant_id):
        row = Picture.objects.filter(merchant_id=merchant_id, name=name).first()
    if row is None:
        raise UnknownPicture
    return PictureBody(bytes(row.body), row.width, row.height)
