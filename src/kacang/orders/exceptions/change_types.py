"""What is said about changes of orders: wishes, requests, and why one cannot be (O6)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from kacang.logistics.queries import RecipientView
from kacang.shared.errors import Conflict, Invalid, NotFound, Refused

REASON_MAX = 300
# A buyer asks so often for an order, and no oftener.
ASKED_MAX = 10
FORM = "form."
# What of a request is no field with a text before and after: whom it goes to, which lies sealed,
# and that the order is to be given up.
RECIPIENT, CANCEL = "recipient", "cancel"


class ChangeState(IntEnum):
    """What became of a request."""

    ASKED = 0
    APPROVED = 1
    REFUSED = 2
    WITHDRAWN = 3


class UnknownChange(NotFound):
    """There is no such request."""

    code = "changes.unknown"


class ChangeDecided(Conflict):
    """It is decided already."""

    code = "changes.decided"


class ChangeWaits(Conflict):
    """Another change of the order waits to be decided."""

    code = "changes.waits"


class NothingChanges(Invalid):
    """It would leave everything as it is."""

    code = "changes.nothing"


class TooManyChanges(Conflict):
    """Changes of this order were asked for too often."""

    code = "changes.too_many"


class OwnChange(Refused):
    """Whoever asks for a change does not approve it."""

    code = "changes.own"


class GoodsLeft(Conflict):
    """Goods of the order have left: neither where they go nor that they go can be changed."""

    code = "changes.goods_left"


class ReasonNeeded(Invalid):
    """Who gives an order up says why."""

    code = "changes.reason_needed"


class CancelBeyond(Refused):
    """So much money goes back by the word of somebody else than this role."""

    code = "changes.cancel_beyond"


@dataclass(frozen=True, slots=True)
class ChangeWish:
    """What is to be otherwise; None and missing answers: nothing of it.

    `cancels`: the order is to be given up and its money to go back; then it is all of the wish.
    """

    email: str | None = None
    phone: str | None = None
    answers: Mapping[str, str] = field(default_factory=dict, repr=False)
    reason: str = ""
    recipient: RecipientView | None = None
    cancels: bool = False


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A request: what it changes, from what to what. Secret answers and recipients are not told."""

    uid: str
    number: str
    state: ChangeState
    changes: Mapping[str, tuple[str, str]] = field(repr=False)
    has_secret: bool
    has_recipient: bool
    reason: str
    asked_kind: str
    asked_id: int | None
    asked_by: str
    asked_at: datetime
    decided_by: str
    decided_at: datetime | None
    decision: str

    @property
    def cancels(self) -> bool:
        """Whether it is that the order is given up."""
        return CANCEL in self.changes

    @property
    def names(self) -> list[str]:
        """What it changes, by name."""
        return sorted({*self.changes, *([RECIPIENT] if self.has_recipient else ())})
