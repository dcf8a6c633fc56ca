"""What others may do to the catalogue. Who may do it is judged by the faces."""

from kacang.catalog.checks import BadText, BadValue
from kacang.catalog.drafts import ProductDraft, SkuDraft
from kacang.catalog.forms import BadAnswer, BadField, check_answers, read_fields
from kacang.catalog.masks import BadMask
from kacang.catalog.models import DeliveryWay, ProductKind, ProductState, StockMode, Strategy
from kacang.catalog.operations.categories import (
    UnknownCategory,
    create_category,
    delete_category,
    update_category,
)
from kacang.catalog.operations.credits import credit_sku
from kacang.catalog.operations.pictures import (
    BadPicture,
    TooManyPictures,
    add_picture,
    order_pictures,
    remove_picture,
)
from kacang.catalog.operations.products import (
    KindFixed,
    NothingToSell,
    UnknownProduct,
    create_product,
    set_product_state,
    update_product,
)
from kacang.catalog.operations.redeem_codes import BadGift, BadRedeemTarget
from kacang.catalog.operations.sheet import Cells, SheetLine, SheetStale, save_sheet
from kacang.catalog.operations.skus import (
    KindAndStockDiffer,
    StockModeFixed,
    UnknownSku,
    create_sku,
    set_sku_on_sale,
    update_sku,
)

__all__ = [
    "BadAnswer",
    "BadField",
    "BadGift",
    "BadMask",
    "BadPicture",
    "BadRedeemTarget",
    "BadText",
    "BadValue",
    "Cells",
    "DeliveryWay",
    "KindAndStockDiffer",
    "KindFixed",
    "NothingToSell",
    "ProductDraft",
    "ProductKind",
    "ProductState",
    "SheetLine",
    "SheetStale",
    "SkuDraft",
    "StockMode",
    "StockModeFixed",
    "Strategy",
    "TooManyPictures",
    "UnknownCategory",
    "UnknownProduct",
    "UnknownSku",
    "add_picture",
    "check_answers",
    "create_category",
    "create_product",
    "create_sku",
    "credit_sku",
    "delete_category",
    "order_pictures",
    "read_fields",
    "remove_picture",
    "save_sheet",
    "set_product_state",
    "set_sku_on_sale",
    "update_category",
    "update_product",
    "update_sku",
]
