"""The words in which cases are opened, shown and decided (X1)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kacang.aftersales.models import Author, CaseEvent, CaseKind, CaseState, Decision, FileKind
from kacang.orders.shipping.operations import ParcelWish
from kacang.orders.types import Origin
from kacang.shared.money import Money
from kacang.vault.operations import Correction

__all__ = [
    "Author", "CaseEvent", "CaseFilter", "CaseKind", "CasePage", "CaseRow", "CaseState", "CaseView",
    "Correction", "Decision", "EntryView", "Evidence", "FileKind", "FileView", "MessageView",
    "NewCase", "Place", "Verdict",
]  # fmt: skip

# A unit: the line's id, and which of its units.
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A file that has passed: what it is by its bytes, and the bytes that are kept."""

    kind: FileKind
    content_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewCase:
    """What a buyer complains about.

    `request_uid` is the form's own name: sent again it finds the case that it opened.
    """

    number: str
    kind: CaseKind
    places: Sequence[Place]
    text: str
    request_uid: str
    files: Sequence[Evidence] = ()
    origin: Origin = field(default_factory=Origin)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a clerk decides.

    Args:
        decision: What is done.
        reason: For the buyer, who reads it.
        amount: Of a refund; None: what the units have cost.
        take_back: Whether what was delivered is taken from the buyer with a refund.
        by_hand: Whether a person pays the refund, not the payment company.
        to_wallet: Whether the refund goes into the buyer's wallet.
        parcel: With whom goods go that are sent again; None: they are fetched or brought.
        corrections: The right codes of cards that were delivered with wrong ones.
    """

    decision: Decision
    reason: str
    amount: Money | None = None
    take_back: bool = True
    by_hand: bool = False
    to_wallet: bool = False
    corrections: Sequence[Correction] = ()
    parcel: ParcelWish | None = None


@dataclass(frozen=True, slots=True)
class FileView:
    """A picture or video of a message. `is_kept`: its time is not over."""

    uid: str
    kind: FileKind
    content_type: str
    size: int
    is_kept: bool


@dataclass(frozen=True, slots=True)
class MessageView:
    """What somebody wrote, opened."""

    author: Author
    author_label: str
    text: str = field(repr=False)
    at: datetime
    files: Sequence[FileView]


@dataclass(frozen=True, slots=True)
class EntryView:
    """What happened to a case."""

    event: CaseEvent
    at: datetime
    actor_kind: str
    actor_label: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case of a list."""

    id: int
    uid: str
    order_id: int
    kind: CaseKind
    state: CaseState
    is_repeater: bool
    owner_uid: str
    owner_label: str
    opened_at: datetime
    answered_at: datetime | None
    due_at: datetime | None
    alarms: int
    decision: Decision | None
    decided_at: datetime | None
    decided_by: str
    reason: str
    amount: Money | None
    outcome: dict[str, Any]
    stars: int | None
    closed_at: datetime | None
    reopened: int
    is_late: bool


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case with what belongs to it."""

    row: CaseRow
    places: Sequence[Place]
    messages: Sequence[MessageView]
    entries: Sequence[EntryView]


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """What the queue is narrowed to. Empty values mean: all."""

    states: tuple[CaseState, ...] = ()
    owner_uid: str = ""
    order_id: int | None = None
    # Only those whose buyer was not content.
    is_unhappy: bool = False


@dataclass(frozen=True, slots=True)
class CasePage:
    """A page of cases: those whose clock runs by deadline, others the newest first."""

    rows: Sequence[CaseRow]
    next_cursor: str
