"""What lists and repeats are asked with."""

import re
from typing import Annotated, Any, Literal

from ninja import Header
from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from kacang.web.api.schemas import MINOR_MAX, NO_NUL, ORDER_NUMBER, UID, Moment, OrderStateName

LIMIT_MAX = 200
CURSOR = r"^[0-9A-Za-z_.:~=-]*$"
_DIGITS = re.compile(r"-?[0-9]{1,16}")


def _whole(value: object) -> object:
    # A query holds texts: digits are a number, "1.0", " 1" and "true" are not.
    if isinstance(value, str):
        return int(value) if _DIGITS.fullmatch(value) else value + "?"
    return value


def _true_or_false(value: object) -> object:
    # Of what a query may hold, "true" and "false" are meant; "1", "on" and "yes" are not.
    return (
        {"true": True, "false": False}.get(value, f"{value}?") if isinstance(value, str) else value
    )


Truth = Annotated[bool, BeforeValidator(_true_or_false)]
Number = Annotated[str, StringConstraints(pattern=ORDER_NUMBER)]
Id = Annotated[str, StringConstraints(pattern=UID)]
REPEAT_KEY = re.compile(r"[\x21-\x7e]{1,255}")
RepeatKey = Annotated[
    str | None,
    StringConstraints(min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$"),
]
IDEMPOTENCY_KEY: Any = Header(  # type: ignore[type-arg]  # a function at run time
    None,
    alias="Idempotency-Key",
    description="The same key gets the same answer for 24 hours, and nothing is done twice.",
)


Wanted = Annotated[str, StringConstraints(max_length=254, pattern=NO_NUL)]
Named = Annotated[str, StringConstraints(max_length=64, pattern=NO_NUL)]
Amount = Annotated[int, Field(ge=0, le=MINOR_MAX), BeforeValidator(_whole)]


class PageQuery(BaseModel):
    """Which page of a list is asked for."""

    cursor: Annotated[str, StringConstraints(max_length=200, pattern=CURSOR)] = Field(
        default="", description="`next_cursor` of the page before."
    )
    limit: Annotated[int, Field(ge=1, le=LIMIT_MAX), BeforeValidator(_whole)] = Field(
        default=50, description="At most so many."
    )


class OrderQuery(PageQuery):
    """What a list of orders is narrowed to."""

    state: OrderStateName | None = None
    since: Moment | None = Field(
        default=None, alias="from", description="Placed at or after this moment."
    )
    until: Moment | None = Field(default=None, alias="to", description="Placed before this moment.")
    number: Annotated[str, StringConstraints(pattern=f"{ORDER_NUMBER}|^$")] = ""
    external_number: Wanted = ""
    email: Wanted = ""
    phone: Annotated[str, StringConstraints(max_length=40, pattern=NO_NUL)] = ""
    channel: Literal["", "shop", "api", "staff", "moved", "redeem", "deposit"] = ""
    missed_deadline: bool | None = Field(
        default=None, description="Whether some stage of it missed its deadline."
    )
    amount_min_minor: Amount | None = None
    amount_max_minor: Amount | None = None
    phone_tail: Annotated[str, StringConstraints(pattern=r"^([0-9]{4})?$")] = Field(
        default="", description="The last four digits of the buyer's phone."
    )
    product_id: Named = ""
    sku_id: Named = ""
    api_key_id: Named = Field(default="", description="Placed with this key.")
    store_id: Named = Field(default="", description="Bought in this store.")
    provider: Named = Field(default="", description="Paid through this company.")
    payment_account_id: Named = Field(default="", description="Paid at this account.")
    customer_id: Named = ""
    customer_level_id: Named = Field(
        default="", description="Of customers who have this level now."
    )
    hold_reason: Named = Field(default="", description='Why they are on hold, or "any".')
    tag_id: Named = ""
    has_note: Truth | None = Field(
        default=None, description="With a note of the staff, or without."
    )
