"""What an exception is: an order that does not go on by itself, and why (O6)."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from kacang.orders.deadlines.rules import Stage
from kacang.orders.types import OrderState
from kacang.shared.contacts import Contact
from kacang.shared.errors import Conflict, Invalid, NotFound
from kacang.shared.money import Money
from kacang.shared.texts import Text


class Kind(IntEnum):
    """Why an order does not go on by itself. An order has at most one open of each."""

    PAYMENT = 1
    STOCK = 2
    ADDRESS = 3
    SUPPLIER = 4
    RISK = 5
    REFUND = 6


# What a paid order is on hold for, where it is not for stock.
RISK_REVIEW, SUPPLIER_FAILED = "risk_review", "supplier_failed"
# Delivered by a rule, to be looked at afterwards (O9).
LOOK_AFTERWARDS = "look_afterwards"
# The mail with the way to the codes came back: found among the messages.
MAIL_FAILED = "mail_failed"
# Reported by a person, about something that nothing in the house shows.
REPORTED = "reported"


class UnknownException(NotFound):
    """There is no such exception."""

    code = "exceptions.unknown"


class NotYours(Conflict):
    """Somebody else looks after it."""

    code = "exceptions.not_yours"


class AlreadyClosed(Conflict):
    """It is closed."""

    code = "exceptions.closed"


class EndsByItself(Conflict):
    """It ends with what it stands for, not by somebody's word."""

    code = "exceptions.ends_by_itself"


class AlreadyOpen(Conflict):
    """The order has an open exception of this kind."""

    code = "exceptions.open"


class WordsMissing(Invalid):
    """Nobody says why."""

    code = "exceptions.words_missing"


@dataclass(frozen=True, slots=True)
class Fact:
    """That something holds an order up, as the tables say it."""

    order_id: int
    kind: Kind
    reason: str
    subject: str
    since: datetime
    product_kind: str
    pay_by: datetime

    def stage(self) -> Stage | None:
        """Return which rule says by when it is to be over; None: the time to pay does."""
        if self.kind is Kind.PAYMENT:
            return None
        if self.kind in (Kind.STOCK, Kind.SUPPLIER):
            return Stage.COLLECTION if self.product_kind == "goods" else Stage.DELIVERY
        if self.kind is Kind.REFUND:
            return Stage.REFUND_ANSWER if self.reason == "requested" else Stage.REFUND_PAYMENT
        return Stage.ADDRESS if self.kind is Kind.ADDRESS else Stage.REVIEW


@dataclass(frozen=True, slots=True)
class ExceptionRow:
    """One exception of the queue, with what of its order one has to know."""

    uid: str
    number: str
    kind: Kind
    reason: str
    subject: str
    is_found: bool
    since: datetime
    opened_at: datetime
    due_at: datetime
    level: int
    owner_id: int | None
    closed_at: datetime | None
    ending: str
    closed_by: str
    order_state: OrderState
    payable: Money
    contact: Contact
    title: Text
    sku_title: Text
    sku_uid: str
    note: str


@dataclass(frozen=True, slots=True)
class ExceptionPage:
    """A page of the queue, what is due first above. `next_cursor` is empty on the last one."""

    rows: tuple[ExceptionRow, ...]
    next_cursor: str


@dataclass(frozen=True, slots=True)
class ExceptionFilter:
    """What the queue is narrowed to. Empty values mean: all that is open.

    `owner_id` 0: what nobody looks after.
    """

    kind: Kind | None = None
    owner_id: int | None = None
    is_late: bool = False
    is_closed: bool = False
    number: str = ""
