"""What is said about refunds: wishes, answers, and why one cannot be made (P4)."""

from dataclasses import dataclass
from enum import IntEnum

from kacang.payments.refunding.refund_rows import (
    NothingLeft,
    RefundInfo,
    RefundStatus,
    RefundWay,
    UnknownRefund,
)
from kacang.shared.errors import Conflict, Invalid, Refused
from kacang.shared.money import Money
from kacang.vault.operations import Fate

__all__ = [
    "Asked", "BadRefund", "BadUnits", "Cards", "Fate", "NothingLeft", "OwnRefund", "RefundInfo",
    "RefundReasonMissing", "RefundStatus", "RefundWay", "RefundWish", "UnknownRefund",
    "WayNotOffered",
]  # fmt: skip


class BadRefund(Invalid):
    """More than nothing goes back, in the currency that came in."""

    code = "orders.bad_refund"


class RefundReasonMissing(Invalid):
    """A refund needs a reason, and a decision about one too, of at most 300 characters."""

    code = "orders.refund_reason_missing"


class BadUnits(Invalid):
    """The units are not the order's, or were given back before."""

    code = "orders.bad_refund_units"


class WayNotOffered(Conflict):
    """The payment company gives nothing back by a call: a person has to pay it."""

    code = "orders.refund_way_not_offered"


class OwnRefund(Refused):
    """So much must be approved by somebody else than who asked for it."""

    code = "orders.own_refund"


class Cards(IntEnum):
    """What becomes of delivered cards and goods whose money goes back."""

    KEEP = 0  # the buyer keeps them
    RETURN = 1  # back on sale; codes that were shown become void
    VOID = 2  # nobody has them any more


@dataclass(frozen=True, slots=True)
class RefundWish:
    """What somebody wants to give back.

    Args:
        amount: None: all that is left.
        reason: For staff, and for the buyer's statement.
        units: Line and unit, of those that the refund is for; all that were not delivered go
            with the last of an order's money anyway.
        cards: What becomes of those of `units` that were delivered.
        way: By the company, or by hand.
        request_uid: The wish's own name: sent again it changes nothing. "": each is another one.
    """

    amount: Money | None
    reason: str
    units: tuple[tuple[int, int], ...] = ()
    cards: Cards = Cards.KEEP
    way: RefundWay = RefundWay.ORIGIN
    request_uid: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a wish has come to: a refund for each receipt that it takes from."""

    numbers: tuple[str, ...]
    amount: Money
    state: RefundStatus
