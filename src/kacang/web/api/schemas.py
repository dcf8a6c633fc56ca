"""The shapes that the public API takes and gives. The OpenAPI file is made from them.

Input is strict: no unknown field, no number for a text or truth value for a number, and every
text and list has a largest size, so that nothing reaches the database that it must refuse.
"""

import re
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    StringConstraints,
)

# PostgreSQL holds no zero character in a text.
NO_NUL = r"^[^\x00]*$"
ORDER_NUMBER = r"^[0-9]{8}[0-9A-HJKMNP-TV-Z]{10}$"
UID = r"^[a-z]{2,5}_[0-9A-Za-z_-]{1,64}$"
# Far more than any shop turns over, far less than the column holds.
MINOR_MAX = 10**15
ITEMS_MAX = 50
QUANTITY_MAX = 10_000

_RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


def _written(value: object) -> object:
    # Numbers would be taken for seconds since 1970.
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
        raise ValueError("not a moment as RFC 3339 has it, with its zone")
    return value


def _within_reason(value: datetime) -> datetime:
    if not _FIRST <= value <= _LAST:
        raise ValueError("out of range")
    return value


Moment = Annotated[
    AwareDatetime, Strict(strict=False), AfterValidator(_within_reason), BeforeValidator(_written)
]
Uid = Annotated[str, StringConstraints(pattern=UID)]
Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,29}$")]
EventName = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,20}(\.[a-z_]{1,20})?$")]
FieldName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,40}$")]
ShortText = Annotated[str, StringConstraints(max_length=200, pattern=NO_NUL)]
# A log that shows one shows nothing of the person.
Private = Annotated[ShortText, Field(repr=False)]
LongText = Annotated[str, StringConstraints(max_length=2000, pattern=NO_NUL)]
Text = Annotated[
    dict[str, str], Field(description='By language, such as {"zh-Hans": "…", "en": "…"}.')
]
OrderStateName = Literal[
    "pending",
    "paid",
    "fulfilling",
    "shipped",
    "delivered",
    "completed",
    "cancelled",
    "refunding",
    "refunded",
    "on_hold",
]


class Input(BaseModel):
    """What a caller sends."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Output(BaseModel):
    """What a caller gets."""

    model_config = ConfigDict(extra="forbid")


# ---------------------------------------------------------------- asked for


class OrderItemIn(Input):
    """So many of one SKU."""

    sku_id: Uid
    quantity: int = Field(ge=1, le=QUANTITY_MAX)
    chosen: list[Uid] = Field(
        default=[],
        max_length=QUANTITY_MAX,
        description="The buyer's own choice of cards, where the SKU offers it.",
    )


class ContactIn(Input):
    """How the buyer is reached. Either may be left out."""

    email: Annotated[str, StringConstraints(max_length=254, pattern=NO_NUL)] | None = None
    phone: Annotated[str, StringConstraints(max_length=40, pattern=NO_NUL)] | None = None


class RecipientIn(Input):
    """Whom goods go to that are sent by courier. Kept encrypted, and never answered.

    `region` is province, city and district, `address` the rest.
    """

    name: Private
    phone: Private
    region: Private
    address: Private
    postcode: ShortText | None = Field(default=None, repr=False)


StoreId = Annotated[
    Uid | None,
    Field(description="The open store that it is bought in."),
]


class OrderIn(Input):
    """An order to place."""

    items: list[OrderItemIn] = Field(min_length=1, max_length=ITEMS_MAX)
    contact: ContactIn = ContactIn()
    password: Annotated[str, StringConstraints(max_length=128, pattern=NO_NUL)] | None = Field(
        default=None, description="Opens the codes of the order. Only its hash is kept."
    )
    external_number: (
        Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=NO_NUL)] | None
    ) = Field(default=None, description="Your own number for this order: unique per key.")
    form: dict[FieldName, LongText] = Field(
        default={}, max_length=40, description="Answers to the products' form fields, by name."
    )
    recipient: RecipientIn | None = Field(
        default=None,
        description="Whom it goes to: needed where a product's `delivery_way` is `courier`.",
    )
    provider: Word | None = Field(
        default=None,
        description="Opens a payment in the same step; only with a provider that needs no call.",
    )
    store_id: StoreId = None
    remember: bool = Field(
        default=False,
        description="The buyer has agreed to be remembered, and was asked: the order's contact"
        " becomes a customer. Never send it without having asked.",
    )


class PaymentIn(Input):
    """A payment to open. `device` is what the buyer holds: companies show each another way."""

    provider: Word
    device: Literal["desktop", "phone", "wechat", "alipay"] = "desktop"


class OpenidIn(Input):
    """As whom a buyer reads in the shop's WeChat mini-program."""

    openid: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{10,64}$")] = Field(
        description="What `wx.login` and `jscode2session` gave to the mini-program.", repr=False
    )


class CancelIn(Input):
    """Why an order is cancelled."""

    reason: ShortText = ""


# ---------------------------------------------------------------- answered


class PaymentOpened(Output):
    """What the buyer needs in order to pay: a page, a QR code, or facts to copy."""

    payment_id: str
    pay_url: str
    qr_content: str
    facts: dict[str, str] = {}


class OrderPlaced(Output):
    """A new order."""

    number: str
    state: OrderStateName
    payable_minor: int
    currency: str
    pay_by: datetime
    access_url: str = Field(description="Opens the order's page with its codes: keep it secret.")
    payment: PaymentOpened | None = None


class OrderLine(Output):
    """One SKU of an order, as it was bought."""

    sku_id: str
    product_id: str
    title: Text
    sku_title: Text
    kind: str
    quantity: int
    unit_price_minor: int
    total_minor: int
    delivered: int = Field(description="Units that have their code.")
    short: int = Field(description="Units that are paid and wait for stock.")


class TimelineEntry(Output):
    """Something that happened to an order."""

    event: str
    at: datetime


class OrderPayment(Output):
    """One attempt to pay."""

    payment_id: str
    provider: str
    state: Literal["open", "paid", "closed", "failed"]
    amount_minor: int
    currency: str
    created_at: datetime
    paid_at: datetime | None


class OrderSummary(Output):
    """An order in a list."""

    number: str
    state: OrderStateName
    payable_minor: int
    currency: str
    channel: str
    created_at: datetime
    paid_at: datetime | None
    pay_by: datetime


class OrderDetail(OrderSummary):
    """An order as it stands now."""

    external_number: str | None
    hold_reason: str | None
    total_minor: int
    discount_minor: int
    refunded_minor: int = Field(description="What went back, or was approved to.")
    contact: ContactIn
    store_id: str | None = Field(description="The store that it was bought in.")
    delivered_at: datetime | None
    cancelled_at: datetime | None
    lines: list[OrderLine]
    payments: list[OrderPayment]
    timeline: list[TimelineEntry]


class OrderList(Output):
    """One page of orders, newest first."""

    items: list[OrderSummary]
    next_cursor: str | None


class DeliveredFile(Output):
    """A card that is a small file."""

    name: str
    content_type: str = Field(
        description="`image/png`, `image/jpeg`, `image/gif`, `image/webp` or `text/plain`."
    )
    size: int
    content_base64: str


class Delivery(Output):
    """One unit's code. `serial` is the card's number, where it has one.

    Where the card is a `file`, `secret` is empty.
    """

    sku_id: str
    serial: str | None
    secret: str
    expires_at: datetime | None
    file: DeliveredFile | None = None
    replaced_at: datetime | None = Field(
        default=None, description="When it took the place of a faulty one."
    )


class DeliveryList(Output):
    """One page of an order's codes."""

    items: list[Delivery]
    next_cursor: str | None


class Job(Output):
    """How far a long job is."""

    id: str
    kind: str
    state: Literal["waiting", "running", "done", "failed", "cancelled"]
    done: int
    total: int
    result: dict[str, object]
    error: str | None
    created_at: datetime
    finished_at: datetime | None


class PoolPosition(Output):
    """The cards of one SKU in one pool, by state; states that no card is in are left out."""

    pool_id: str | None = Field(description="Null: the common pool, which the shop sells from.")
    name: str | None
    cards: dict[str, int]


class StockPosition(Output):
    """The cards of one SKU, by state."""

    sku_id: str
    product_id: str
    available: int | None = Field(description="Null: unlimited.")
    reserved: int
    sold: int
    activated: int
    redeemed: int
    expired: int
    void: int
    faulty: int
    frozen: int
    set_aside: int = Field(description="Free, in pools from which the shop does not sell.")
    pools: list[PoolPosition] = Field(description="Where the cards are; none: nowhere yet.")


class StockList(Output):
    """One page of stock."""

    items: list[StockPosition]
    next_cursor: str | None


class Wrong(Output):
    """One thing that is wrong with a request."""

    path: str
    code: str
    detail: str


class Problem(BaseModel):
    """What went wrong, by RFC 9457. Programs look at `code`, which never changes."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    code: str
    errors: list[Wrong] | None = None
