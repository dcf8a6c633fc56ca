"""What the shop asks of a risk service, in our words.

A service is one class, named under the entry point group `kacang.risk_checks`; a package of
somebody else can bring one.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from kacang.shared.money import Money

PORT_VERSION = 1


class Decision(IntEnum):
    """What to do with an order, the stricter the higher."""

    ALLOW = 0
    REVIEW = 1
    REFUSE = 2


@dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody who wants to buy, as far as is known. Contacts are normal, or empty."""

    email: str = ""
    phone: str = ""
    address: str = ""
    device: str = ""
    amount: Money | None = None

    @property
    def marks(self) -> list[tuple[str, str]]:
        """Kind and value of all by which this buyer can be recognised."""
        every = (
            ("email", self.email),
            ("phone", self.phone),
            ("address", self.address),
            ("device", self.device),
        )
        return [(kind, value) for kind, value in every if value]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision and what it rests on: codes, such as "blocked.email" or "proxy"."""

    decision: Decision
    reasons: tuple[str, ...] = ()


class RiskCheck(Protocol):
    """One risk service. Built without arguments; used by many threads at once."""

    name: str
    port_version: int

    def check(self, attempt: Attempt) -> Verdict:
        """Give an opinion. May be slow, may raise: both are taken as no opinion."""
        ...
