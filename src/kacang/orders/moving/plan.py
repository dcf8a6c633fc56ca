"""What another system holds, in our words: the readers make it, the writers take it.

Every thing keeps the id that it has there, and the line of the file that it stands in.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from kacang.vault.queries import CardState

FAULTS_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that was not understood, or not taken: where, and why. Never a secret."""

    table: str
    line: int
    key: str
    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class OldSku:
    """Something sold there. Those of the same `product` are one product of ours."""

    line: int
    key: str
    product: str
    title: str
    sku_title: str
    description: str
    price_minor: int
    cost_minor: int
    is_loop: bool = False


@dataclass(frozen=True, slots=True)
class OldCard:
    """A card there. `order` is the key of the order that it was delivered for, if any."""

    line: int
    key: str
    sku: str
    secret: str = field(repr=False)
    number: str | None = None
    state: CardState = CardState.AVAILABLE
    remark: str = ""
    expires_at: datetime | None = None
    sold_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OldLine:
    """One line of an order: what was paid for it, and the keys of the cards delivered."""

    sku: str
    quantity: int
    paid_minor: int
    unit_price_minor: int
    cards: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OldOrder:
    """An order that was paid and delivered there."""

    line: int
    key: str
    number: str
    lines: tuple[OldLine, ...]
    created_at: datetime
    paid_at: datetime
    contact: str = ""
    password: str = field(default="", repr=False)
    address: str = ""


@dataclass(slots=True)
class Plan:
    """All that was understood of a file, and what was not."""

    skus: list[OldSku] = field(default_factory=list)
    cards: list[OldCard] = field(default_factory=list)
    orders: list[OldOrder] = field(default_factory=list)
    # Orders that were never paid: history of nothing, left behind on purpose.
    unpaid: int = 0
    faults: list[Fault] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)

    def fault(self, fault: Fault) -> None:
        """Note what was not taken. Beyond a hundred thousand it is only counted."""
        self.reasons[fault.reason] += 1
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(fault)
