"""Products as the API tells of them."""

from typing import Literal

from pydantic import Field

from kacang.web.api.schemas import Output, Text


class Sku(Output):
    """One variant with its price."""

    id: str
    title: Text
    price_minor: int
    list_price_minor: int | None
    currency: str
    available: int | None = Field(description="Null: unlimited.")
    min_per_order: int
    max_per_order: int
    max_per_buyer: int | None


class FormField(Output):
    """One question that the buyer answers with the order."""

    name: str
    label: Text
    kind: str
    required: bool
    secret: bool
    options: list[str]


class Product(Output):
    """Something for sale."""

    id: str
    kind: str
    delivery_way: Literal["handed", "courier"] = Field(
        description="`courier`: an order of it names a `recipient`."
    )
    title: Text
    subtitle: Text
    category_id: str | None
    skus: list[Sku]


class ProductDetail(Product):
    """A product with its texts and questions."""

    description: Text
    guide: Text
    form_fields: list[FormField]


class ProductList(Output):
    """One page of products."""

    items: list[Product]
    next_cursor: str | None
