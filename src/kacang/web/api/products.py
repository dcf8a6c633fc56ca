"""What is for sale, and how much of it there is."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from kacang.catalog import queries as catalog
from kacang.catalog.queries import ProductView, Shelf, SkuView, StockMode
from kacang.merchants.tenancy import acting_as
from kacang.supply.queries import levels_of
from kacang.vault import queries as vault
from kacang.vault.queries import CardState, PoolView, StockLevel
from kacang.web.api.answers import answer
from kacang.web.api.keys import BearerKey, caller_of
from kacang.web.api.paging import Id, PageQuery
from kacang.web.api.problems import Wrong
from kacang.web.api.product_schemas import (
    FormField,
    Product,
    ProductDetail,
    ProductList,
    Sku,
)
from kacang.web.api.schemas import (
    PoolPosition,
    StockList,
    StockPosition,
)

router = Router(tags=["products"])
reads = BearerKey("products:read")


@router.get("/products", response=ProductList, auth=reads, operation_id="list_products")
def products(request: HttpRequest, asked: Query[PageQuery]) -> HttpResponse:
    """List what is on sale, in the shop's order."""
    merchant_id = caller_of(request).merchant_id
    with acting_as(merchant_id):
        page = _page(merchant_id, asked)
        free = _available(merchant_id, page.items)
    return answer(
        ProductList(
            items=[Product(**_product(item, free)) for item in page.items],
            next_cursor=page.next_cursor or None,
        )
    )


@router.get(
    "/products/{product_id}", response=ProductDetail, auth=reads, operation_id="read_product"
)
def product(request: HttpRequest, product_id: Id) -> HttpResponse:
    """Show one product that is on sale."""
    merchant_id = caller_of(request).merchant_id
    with acting_as(merchant_id):
        found = catalog.product_page(merchant_id=merchant_id, uid=product_id)
        free = _available(merchant_id, [found])
    return answer(
        ProductDetail(
            **_product(found, free),
            description=found.description,
            guide=found.guide,
            form_fields=[
                FormField(
                    name=field.name,
                    label=field.label,
                    kind=field.kind,
                    required=field.required,
                    secret=field.secret,
                    options=list(field.options),
                )
                for field in found.form_fields
            ],
        )
    )


@router.get("/stock", response=StockList, auth=reads, operation_id="list_stock")
def stock(request: HttpRequest, asked: Query[PageQuery]) -> HttpResponse:
    """List how many cards of each SKU there are, product by product. `limit` counts products."""
    merchant_id = caller_of(request).merchant_id
    with acting_as(merchant_id):
        page = _page(merchant_id, asked)
        levels = _levels(merchant_id, page.items)
        ids = [sku.id for item in page.items for sku in item.skus]
        shelves = vault.levels_by_pool(merchant_id=merchant_id, sku_ids=ids)
        pools = {pool.id: pool for pool in vault.pools(merchant_id=merchant_id)}
    return answer(
        StockList(
            items=[
                _position(item, sku, levels, _shelves(shelves.get(sku.id, {}), pools))
                for item in page.items
                for sku in item.skus
            ],
            next_cursor=page.next_cursor or None,
        )
    )


def _page(merchant_id: int, asked: PageQuery) -> Shelf:
    """Return a page of what is on sale.

    Raises:
        Wrong: The cursor is none of ours: from the beginning again would be a list without end.
    """
    if asked.cursor:
        try:
            catalog.product(merchant_id=merchant_id, uid=asked.cursor)
        except catalog.UnknownProduct:
            raise Wrong(
                422, "request.bad_cursor", "This cursor does not come from this list."
            ) from None
    return catalog.shelf(merchant_id=merchant_id, cursor=asked.cursor, limit=asked.limit)


def _available(merchant_id: int, items: Iterable[ProductView]) -> dict[int, int]:
    return {sku_id: level.available for sku_id, level in _levels(merchant_id, items).items()}


def _levels(merchant_id: int, items: Iterable[ProductView]) -> Mapping[int, StockLevel]:
    counted = [sku for item in items for sku in item.skus if sku.stock_mode != StockMode.LOOP]
    return levels_of(merchant_id, counted)


def _shelves(
    found: Mapping[int, Mapping[CardState, int]], pools: Mapping[int, PoolView]
) -> list[PoolPosition]:
    """Tell where the cards of a SKU are, the common pool first."""
    return [
        PoolPosition(
            pool_id=pools[pool_id].uid if pool_id else None,
            name=pools[pool_id].name if pool_id else None,
            cards={state.name.lower(): count for state, count in sorted(states.items())},
        )
        for pool_id, states in sorted(found.items())
        if pool_id == 0 or pool_id in pools
    ]


def _position(
    item: ProductView,
    sku: SkuView,
    levels: Mapping[int, StockLevel],
    shelves: list[PoolPosition],
) -> StockPosition:
    level = levels.get(sku.id) or StockLevel()
    return StockPosition(
        sku_id=sku.uid,
        product_id=item.uid,
        available=None if sku.stock_mode == StockMode.LOOP else level.available,
        reserved=level.reserved,
        sold=level.sold,
        activated=level.activated,
        redeemed=level.redeemed,
        expired=level.expired,
        void=level.void,
        faulty=level.faulty,
        frozen=level.frozen,
        set_aside=level.set_aside,
        pools=shelves,
    )


def _product(item: ProductView, free: Mapping[int, int]) -> dict[str, Any]:
    return {
        "id": item.uid,
        "kind": item.kind,
        "delivery_way": item.delivery_way.value,
        "title": item.title,
        "subtitle": item.subtitle,
        "category_id": item.category_uid or None,
        "skus": [_sku(sku, free) for sku in item.skus],
    }


def _sku(sku: SkuView, free: Mapping[int, int]) -> Sku:
    return Sku(
        id=sku.uid,
        title=sku.title,
        price_minor=sku.price.minor,
        list_price_minor=sku.list_price.minor if sku.list_price else None,
        currency=sku.price.currency,
        available=None if sku.stock_mode == StockMode.LOOP else free.get(sku.id, 0),
        min_per_order=sku.min_per_order,
        max_per_order=sku.max_per_order,
        max_per_buyer=sku.max_per_buyer,
    )
