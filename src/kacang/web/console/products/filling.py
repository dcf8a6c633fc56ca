"""What the forms of a product are filled with before somebody changes them."""

from typing import Any

from kacang.catalog.queries import FormField, ProductView, SkuView
from kacang.shared.texts import Text


def product_initial(product: ProductView) -> dict[str, Any]:
    """Return what a product's form is filled with."""
    return {
        **_spread("title", product.title),
        **_spread("subtitle", product.subtitle),
        **_spread("description", product.description),
        **_spread("guide", product.guide),
        "kind": product.kind,
        "delivery_way": product.delivery_way,
        "category": product.category_uid,
        "cover": product.cover,
        "position": product.position,
    }


def sku_initial(sku: SkuView) -> dict[str, Any]:
    """Return what a SKU's form is filled with."""
    return {
        **_spread("title", sku.title),
        "uid": sku.uid,
        "price": sku.price.plain,
        "list_price": sku.list_price.plain if sku.list_price else "",
        "cost": sku.cost.plain if sku.cost.minor else "",
        "min_per_order": sku.min_per_order,
        "max_per_order": sku.max_per_order,
        "max_per_buyer": sku.max_per_buyer,
        "strategy": int(sku.strategy),
        "stock_mode": int(sku.stock_mode),
        "surcharge": sku.chosen_surcharge.plain if sku.chosen_surcharge.minor else "",
        "number_is_secret": sku.number_is_secret,
        "redeems": sku.redeems_uid,
        "gift": sku.gift.plain if sku.gift else "",
        "low_stock_at": sku.low_stock_at,
        "cover_days": sku.cover_days,
        "lead_days": sku.lead_days,
        "on_sale": sku.on_sale,
    }


def field_initial(item: FormField) -> dict[str, Any]:
    """Return what a question's form is filled with."""
    return {
        **_spread("label", item.label),
        **_spread("hint", item.hint),
        "name": item.name,
        "kind": item.kind,
        "required": item.required,
        "secret": item.secret,
        "pattern": item.pattern,
        "options": "\n".join(item.options),
    }


def _spread(name: str, text: Text) -> dict[str, str]:
    return {f"{name}_zh": text.get("zh-Hans", ""), f"{name}_en": text.get("en", "")}
