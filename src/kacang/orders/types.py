"""The words in which orders are placed, paid and shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from kacang.logistics.queries import RecipientView
from kacang.merchants.queries import StoreInfo
from kacang.orders.finding.filters import OrderFilter, Sort
from kacang.orders.models import Channel, Event, OrderState, UnitState
from kacang.shared.contacts import Contact
from kacang.shared.money import Money
from kacang.shared.texts import Text
from kacang.vault.queries import CardFile

__all__ = [
    "Channel", "Credentials", "Delivered", "Event", "EventView", "Item", "LineView", "OpenPayment",
    "OrderFilter", "OrderPage", "OrderRow", "OrderState", "OrderView", "Origin", "PaymentView",
    "PlaceRequest", "PlacedOrder", "Sort", "UnitState",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """So many of one SKU; `chosen` names the buyer's own choice of cards (自选号)."""

    sku_uid: str
    quantity: int
    chosen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from. `address` and `device` are empty for a machine's orders.

    `store` is the uid of the store in which it was made, if it was in one.
    """

    channel: Channel = Channel.SHOP
    api_key_id: int = 0
    address: str = ""
    device: str = ""
    store: str = ""


@dataclass(frozen=True, slots=True)
class PlaceRequest:
    """One order that somebody wants.

    `password` guards the order's codes; it is hashed before it is stored. `provider` asks for a
    payment in the same transaction: only providers that need no call to create one.
    """

    items: tuple[Item, ...]
    contact: Contact = field(default_factory=Contact)
    origin: Origin = field(default_factory=Origin)
    language: str = "zh-Hans"
    password: str = ""
    external_number: str | None = None
    form: Mapping[str, str] = field(default_factory=dict)
    provider: str = ""
    # Whom goods go to that are sent by courier; for anything else there must be none.
    recipient: RecipientView | None = None
    # A redeem code was given for it: it costs nothing, and the SKU need not be on sale.
    is_redemption: bool = False


@dataclass(frozen=True, slots=True)
class OpenPayment:
    """What a buyer needs in order to pay. `payment_id` is the payment's number."""

    payment_id: str
    provider: str
    amount: Money
    pay_url: str
    qr_content: str
    pay_by: datetime
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """A new order. `access_token` opens it; only its hash is stored, so it is told just once."""

    number: str
    state: OrderState
    payable: Money
    pay_by: datetime
    access_token: str
    payment: OpenPayment | None = None


@dataclass(frozen=True, slots=True)
class LineView:
    """A line as it was bought. Units are counted by state."""

    id: int
    sku_uid: str
    product_uid: str
    title: Text
    sku_title: Text
    kind: str
    cover: str
    guide: Text
    quantity: int
    unit_price: Money
    total: Money
    units: Mapping[UnitState, int]
    # Whether its cards are redeem codes, to be given for something else.
    has_redeem_codes: bool = False
    # Whether its codes are good for something of the shop's own: money, or another SKU.
    has_claims: bool = False


@dataclass(frozen=True, slots=True)
class EventView:
    """One entry of the timeline."""

    event: Event
    at: datetime
    actor_kind: str
    actor_label: str
    detail: Mapping[str, object]
    address: str


@dataclass(frozen=True, slots=True)
class PaymentView:
    """An attempt to pay, as the order page and the desk show it."""

    payment_id: str
    provider: str
    account_name: str
    state: int
    amount: Money
    pay_url: str
    qr_content: str
    in_app: Mapping[str, str]
    facts: Mapping[str, str]
    device: str
    created_at: datetime
    paid_at: datetime | None
    provider_numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order as it stands now: one past `pay_by` reads as cancelled (rule 1)."""

    id: int
    number: str
    external_number: str | None
    channel: str
    state: OrderState
    hold_reason: str
    total: Money
    discount: Money
    payable: Money
    # What of it went back, or was approved to.
    refunded: Money
    contact: Contact
    language: str
    form: Mapping[str, str]
    has_secret_form: bool
    has_password: bool
    address: str
    # Whose work it is: the id of a membership; and the store that it was bought in.
    assignee_id: int | None
    store: StoreInfo | None
    pay_by: datetime
    created_at: datetime
    paid_at: datetime | None
    delivered_at: datetime | None
    cancelled_at: datetime | None
    lines: tuple[LineView, ...]
    payments: tuple[PaymentView, ...]


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order in a list: first line's title stands for all. Goods alone have no codes."""

    id: int
    number: str
    state: OrderState
    hold_reason: str
    payable: Money
    contact: Contact
    channel: str
    provider: str
    title: Text
    sku_title: Text
    cover: str
    quantity: int
    line_count: int
    has_codes: bool
    has_note: bool
    external_number: str
    # The name of the store that it was bought in, or "".
    store: str
    created_at: datetime
    paid_at: datetime | None
    pay_by: datetime
    # 1 to 9, the greatest first; 0: none (O9).
    priority: int = 0


@dataclass(frozen=True, slots=True)
class OrderPage:
    """One page of a list. `next_cursor` is empty on the last page; `first` is the first row's."""

    rows: tuple[OrderRow, ...]
    next_cursor: str
    first: str = ""


@dataclass(frozen=True, slots=True)
class Delivered:
    """One unit's code, opened for whoever may see it. `secret` is empty where it is a `file`."""

    line_id: int
    unit_no: int
    sku_uid: str
    title: Text
    sku_title: Text
    guide: Text
    serial: str
    secret: str
    expires_at: datetime | None
    delivered_at: datetime
    file: CardFile | None = None
    # When it took the place of a faulty one; None where it is the first.
    replaced_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Credentials:
    """What somebody shows in order to open an order: any one of them may do (rule 22)."""

    token: str = ""
    password: str = ""
    code: str = ""
