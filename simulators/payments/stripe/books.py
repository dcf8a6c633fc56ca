"""What Stripe remembers: sessions, refunds, movements of the balance."""

import itertools
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from simulators.payments.company import BillFault

FEE_PER_MILLE = 34
_serial = itertools.count(1)


def new_id(kind: str) -> str:
    """Return a name such as "cs_test_…"."""
    return f"{kind}_{secrets.token_hex(8)}{next(_serial)}"


@dataclass
class Refund:
    """Money that goes back."""

    session: "Session"
    minor: int
    metadata: dict[str, str]
    status: str = "succeeded"
    id: str = field(default_factory=lambda: new_id("re"))
    created: int = field(default_factory=lambda: int(time.time()))

    def shown(self) -> dict[str, Any]:
        """Return it as Stripe shows it."""
        return {
            "id": self.id,
            "object": "refund",
            "amount": self.minor,
            "currency": self.session.currency,
            "status": self.status,
            "metadata": self.metadata,
            "payment_intent": self.session.intent,
            "charge": self.session.charge,
            "created": self.created,
            "failure_reason": "expired_or_canceled_card" if self.status == "failed" else None,
        }


@dataclass
class Session:
    """A Checkout session and, when it is paid, its payment."""

    url: str
    minor: int
    currency: str
    name: str = ""
    reference: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    charge_metadata: dict[str, str] = field(default_factory=dict)
    back_url: str = ""
    expires_at: int = field(default_factory=lambda: int(time.time()) + 86400)
    status: str = "open"
    payment_status: str = "unpaid"
    id: str = ""
    intent: str = field(default_factory=lambda: new_id("pi"))
    charge: str = field(default_factory=lambda: new_id("ch"))
    paid_at: int = 0
    refunds: list[Refund] = field(default_factory=list)

    @property
    def refunded(self) -> int:
        """How much has gone back, or will."""
        return sum(one.minor for one in self.refunds if one.status in ("succeeded", "pending"))

    def shown(self, payment_status: str = "") -> dict[str, Any]:
        """Return it as Stripe shows it."""
        is_open = self.status == "open"
        return {
            "id": self.id,
            "object": "checkout.session",
            "mode": "payment",
            "status": self.status,
            "payment_status": payment_status or self.payment_status,
            "amount_total": self.minor,
            "currency": self.currency,
            "client_reference_id": self.reference,
            "metadata": self.metadata,
            "payment_intent": None if is_open else self.intent,
            "url": f"{self.url}/c/pay/{self.id}" if is_open else None,
            "expires_at": self.expires_at,
            "livemode": False,
        }

    def shown_charge(self) -> dict[str, Any]:
        """Return its charge."""
        return {
            "id": self.charge,
            "object": "charge",
            "amount": self.minor,
            "amount_refunded": self.refunded,
            "currency": self.currency,
            "metadata": self.charge_metadata,
            "payment_intent": self.intent,
            "paid": True,
        }


def movements(
    sessions: list[Session], start: int, end: int, faults: frozenset[BillFault]
) -> list[dict[str, Any]]:
    """Return the balance's movements of a time, the newest first."""
    found = [row for session in sessions for row in _of(session)]
    if BillFault.MISSING in faults:
        found = found[1:]
    if BillFault.CHANGED in faults and found:
        found[0]["source"]["amount"] += 1
    if BillFault.EXTRA in faults:
        stranger = Session("", 777, "cny")
        found.append(_movement("charge", stranger.shown_charge(), 777, start))
    found.append(_movement("stripe_fee", None, -30, start))
    kept = [row for row in found if start <= row["created"] < end]
    return sorted(kept, key=lambda row: -row["created"])


def _of(session: Session) -> list[dict[str, Any]]:
    if not session.paid_at:
        return []
    rows = [_movement("charge", session.shown_charge(), session.minor, session.paid_at)]
    for one in session.refunds:
        if one.status in ("succeeded", "failed"):
            rows.append(_movement("refund", one.shown(), -one.minor, one.created))
        if one.status == "failed":
            rows.append(_movement("refund_failure", one.shown(), one.minor, one.created))
    return rows


def _movement(kind: str, source: dict[str, Any] | None, minor: int, created: int) -> dict[str, Any]:
    fee = minor * FEE_PER_MILLE // 1000 if kind == "charge" else 0
    name = f"txn_{kind}_{source['id'] if source else 'stripe'}"
    return {
        "id": name,
        "object": "balance_transaction",
        "type": kind,
        "amount": minor,
        "currency": source["currency"] if source else "cny",
        "fee": fee,
        "net": minor - fee,
        "created": created,
        "source": source,
    }
