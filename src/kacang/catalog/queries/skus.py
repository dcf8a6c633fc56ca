"""SKUs and products by name, whatever their state: for other rooms and the desk."""

from collections.abc import Iterable

from kacang.catalog.models import Product, ProductState, Sku, Strategy
from kacang.catalog.operations.products import UnknownProduct
from kacang.catalog.operations.skus import UnknownSku
from kacang.catalog.queries.views import ProductView, SkuView, product_views, sku_view
from kacang.merchants.tenancy import acting_as
from kacang.shared.money import Money


def product(*, merchant_id: int, uid: str) -> ProductView:
    """Return a product in any state with all its SKUs.

    Raises:
        UnknownProduct: There is none.
    """
    with acting_as(merchant_id):
        rows = Product.objects.filter(merchant_id=merchant_id, uid=uid).select_related("category")
        found = product_views(merchant_id, rows, on_sale_only=False)
    if not found:
        raise UnknownProduct
    return found[0]


def product_uid(*, merchant_id: int, product_id: int) -> str:
    """Return what a product that another room knows by id is called.

    Raises:
        UnknownProduct: There is none.
    """
    with acting_as(merchant_id):
        row = Product.objects.filter(merchant_id=merchant_id, id=product_id).first()
    if row is None:
        raise UnknownProduct
    return row.uid


def product_ids(*, merchant_id: int, uids: Iterable[str]) -> dict[str, int]:
    """Return the row ids of products, for rows that refer to them. Unknown uids are left out."""
    with acting_as(merchant_id):
        rows = Product.objects.filter(merchant_id=merchant_id, uid__in=list(uids))
        return dict(rows.values_list("uid", "id"))


def sku(*, merchant_id: int, uid: str) -> SkuView:
    """Return one SKU, on sale or not.

    Raises:
        UnknownSku: There is none.
    """
    found = skus_by_uid(merchant_id=merchant_id, uids=[uid])
    if uid not in found:
        raise UnknownSku
    return found[uid]


def skus_by_uid(*, merchant_id: int, uids: Iterable[str]) -> dict[str, SkuView]:
    """Return the SKUs that exist, by uid."""
    with acting_as(merchant_id):
        rows = Sku.objects.filter(merchant_id=merchant_id, uid__in=list(uids))
        return {row.uid: sku_view(row) for row in rows.select_related("product", "redeems")}


def skus_by_id(*, merchant_id: int, ids: Iterable[int]) -> dict[int, SkuView]:
    """Return the SKUs that exist, by id."""
    with acting_as(merchant_id):
        rows = Sku.objects.filter(merchant_id=merchant_id, id__in=list(ids))
        return {row.pk: sku_view(row) for row in rows.select_related("product", "redeems")}


def all_skus(
    *, merchant_id: int, strategies: Iterable[Strategy] | None = None, on_sale_only: bool = False
) -> list[SkuView]:
    """Return every SKU, or those that buyers see, in the order in which they were made."""
    with acting_as(merchant_id):
        rows = Sku.objects.filter(merchant_id=merchant_id).order_by("id")
        if strategies is not None:
            rows = rows.filter(strategy__in=list(strategies))
        if on_sale_only:
            rows = rows.filter(on_sale=True, product__state=ProductState.ON_SALE)
        return [sku_view(row) for row in rows.select_related("product", "redeems")]


def redeem_skus(*, merchant_id: int) -> dict[int, SkuView]:
    """Return what redeem codes are good for: the SKU by the id of the SKU of the codes."""
    with acting_as(merchant_id):
        rows = Sku.objects.filter(merchant_id=merchant_id, redeems__isnull=False)
        targets = dict(rows.values_list("id", "redeems_id"))
        found = skus_by_id(merchant_id=merchant_id, ids=set(targets.values()))
    return {sku_id: found[target] for sku_id, target in targets.items() if target is not None}


def gift_skus(*, merchant_id: int) -> dict[int, Money]:
    """Return what gift cards put into a wallet, by the id of their SKU."""
    with acting_as(merchant_id):
        rows = Sku.objects.filter(merchant_id=merchant_id, gift_minor__isnull=False)
        found = rows.values_list("id", "gift_minor", "currency")
        return {sku_id: Money(minor or 0, currency) for sku_id, minor, currency in found}


def has_redeem_codes(*, merchant_id: int) -> bool:
    """Whether any SKU of a merchant has redeem codes for cards."""
    with acting_as(merchant_id):
        return Sku.objects.filter(merchant_id=merchant_id, redeems__isnull=False).exists()
