"""What staff see: every product, in any state."""

from dataclasses import dataclass

from django.db.models import Count

from kacang.catalog.models import Product, ProductState
from kacang.catalog.queries.paging import page_of
from kacang.catalog.queries.views import ProductView, product_views
from kacang.merchants.tenancy import acting_as


@dataclass(frozen=True, slots=True)
class ProductFilter:
    """What a list is narrowed to. Without a state: all but the archived."""

    state: ProductState | None = None
    category_uid: str = ""
    kind: str = ""
    search: str = ""


@dataclass(frozen=True, slots=True)
class ProductPage:
    """A page of products. `next_cursor` is empty on the last one."""

    items: tuple[ProductView, ...]
    next_cursor: str


def products_page(
    *, merchant_id: int, where: ProductFilter, cursor: str = "", limit: int = 50
) -> ProductPage:
    """Return products with all their SKUs, in the shop's order."""
    with acting_as(merchant_id):
        rows = Product.objects.filter(merchant_id=merchant_id)
        if where.state is None:
            rows = rows.filter(state__in=(ProductState.OFF_SALE, ProductState.ON_SALE))
        else:
            rows = rows.filter(state=where.state)
        if where.category_uid:
            rows = rows.filter(category__uid=where.category_uid, category__merchant_id=merchant_id)
        if where.kind:
            rows = rows.filter(kind=where.kind)
        found, following = page_of(merchant_id, rows, where.search, cursor, limit)
        return ProductPage(product_views(merchant_id, found, on_sale_only=False), following)


def state_counts(*, merchant_id: int) -> dict[ProductState, int]:
    """Return how many products are in each state."""
    with acting_as(merchant_id):
        rows = (
            Product.objects.filter(merchant_id=merchant_id)
            .values_list("state")
            .annotate(count=Count("id"))
        )
        found = dict(rows)
    return {state: found.get(state, 0) for state in ProductState}
