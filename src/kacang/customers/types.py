"""What others get to see of customers."""

from dataclasses import dataclass
from datetime import datetime

from kacang.customers.models import ContactKind
from kacang.shared.errors import Invalid, NotFound
from kacang.shared.money import Money


class UnknownCustomer(NotFound):
    """The merchant knows no such customer, or has forgotten them."""

    code = "customers.unknown_customer"


class BadCustomer(Invalid):
    """What was said about a customer makes no sense. `field` is its name."""

    code = "customers.bad_customer"


@dataclass(frozen=True, slots=True)
class LevelView:
    """A level of customers."""

    uid: str
    name: str
    rank: int


@dataclass(frozen=True, slots=True)
class TagView:
    """A tag as people see it."""

    uid: str
    name: str
    colour: str


@dataclass(frozen=True, slots=True)
class ContactView:
    """An address, and whether the customer has proved to have it."""

    kind: ContactKind
    value: str
    verified_at: datetime | None


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer in a list. The figures may be a minute old; they are in the book currency."""

    id: int
    uid: str
    name: str
    level: str
    contacts: tuple[ContactView, ...]
    created_at: datetime
    tags: tuple[TagView, ...]
    agreed_way: str
    paid_orders: int
    spent: Money
    last_order_at: datetime | None


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """A page of customers in the order asked for. `next_cursor` is "" on the last."""

    rows: tuple[CustomerRow, ...]
    next_cursor: str


@dataclass(frozen=True, slots=True)
class Counted:
    """How many fit. `is_more`: there are more than `count`, which are not looked at."""

    count: int
    is_more: bool


@dataclass(frozen=True, slots=True)
class NoteView:
    """What somebody of the staff wrote. `author` is who may change it, as their log names them."""

    id: int
    text: str
    actor_label: str
    at: datetime
    changed_at: datetime | None
    author: tuple[str, int | None]


@dataclass(frozen=True, slots=True)
class ConsentView:
    """That somebody agreed to be remembered, or took it back."""

    is_given: bool
    way: str
    actor_label: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CustomerView:
    """One customer with all that is known of them here. The figures are as in `CustomerRow`."""

    id: int
    uid: str
    name: str
    level_uid: str
    level: str
    contacts: tuple[ContactView, ...]
    created_at: datetime
    agreed_at: datetime | None
    notes: tuple[NoteView, ...]
    consents: tuple[ConsentView, ...]
    tags: tuple[TagView, ...]
    paid_orders: int
    spent: Money
    last_order_at: datetime | None
