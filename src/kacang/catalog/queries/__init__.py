"""What others may ask of the catalogue."""

from kacang.catalog.forms import FormField
from kacang.catalog.models import DeliveryWay, ProductKind, ProductState, StockMode, Strategy
from kacang.catalog.operations.categories import UnknownCategory
from kacang.catalog.operations.products import UnknownProduct
from kacang.catalog.operations.skus import UnknownSku
from kacang.catalog.queries.desk import ProductFilter, ProductPage, products_page, state_counts
from kacang.catalog.queries.shop import UnknownPicture, categories, picture, product_page, shelf
from kacang.catalog.queries.skus import (
    all_skus,
    gift_skus,
    has_redeem_codes,
    product,
    product_ids,
    product_uid,
    redeem_skus,
    sku,
    skus_by_id,
    skus_by_uid,
)
from kacang.catalog.queries.views import (
    CategoryView,
    PictureBody,
    PictureView,
    ProductView,
    Shelf,
    SkuView,
)

__all__ = [
    "CategoryView",
    "DeliveryWay",
    "FormField",
    "PictureBody",
    "PictureView",
    "ProductFilter",
    "ProductKind",
    "ProductPage",
    "ProductState",
    "ProductView",
    "Shelf",
    "SkuView",
    "StockMode",
    "Strategy",
    "UnknownCategory",
    "UnknownPicture",
    "UnknownProduct",
    "UnknownSku",
    "all_skus",
    "categories",
    "gift_skus",
    "has_redeem_codes",
    "picture",
    "product",
    "product_ids",
    "product_page",
    "product_uid",
    "products_page",
    "redeem_skus",
    "shelf",
    "sku",
    "skus_by_id",
    "skus_by_uid",
    "state_counts",
]
