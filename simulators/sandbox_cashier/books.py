"""What the company remembers, and how it signs. Shares no code with the shop, on purpose."""

import base64
import hashlib
import hmac
import secrets
import threading
from dataclasses import dataclass, field


def key_of(secret: str) -> bytes:
    """Return the bytes in a `whsec_` secret."""
    return base64.b64decode(secret.removeprefix("whsec_"))


def signature(secret: str, message_id: str, stamp: int, body: bytes) -> str:
    """Return the `webhook-signature` of a message."""
    said = b".".join((message_id.encode(), str(stamp).encode(), body))
    digest = hmac.new(key_of(secret), said, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def seal(secret: str, account: str, payment: str, minor: int, currency: str) -> str:
    """Return the seal of a pay page's address."""
    said = ".".join(("pay", account, payment, str(minor), currency))
    digest = hmac.new(key_of(secret), said.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:15]).decode()


@dataclass
class Charge:
    """One payment in the company's books."""

    payment_id: str
    minor: int
    currency: str
    status: str = "pending"
    provider_number: str = field(default_factory=lambda: f"sim_{secrets.token_hex(8)}")

    def message(self, status: str | None = None) -> dict[str, object]:
        """Return what the shop is told."""
        said = status or self.status
        return {
            "id": f"evt_{self.provider_number}_{said}",
            "payment_id": self.payment_id,
            "provider_number": self.provider_number,
            "amount_minor": self.minor,
            "currency": self.currency,
            "status": said,
        }


@dataclass
class Refund:
    """Money that goes back, in the company's books. `refund_id` "": at its own website."""

    refund_id: str
    charge: Charge
    minor: int
    status: str = "refunded"
    provider_number: str = field(default_factory=lambda: f"simr_{secrets.token_hex(8)}")

    def message(self, status: str | None = None) -> dict[str, object]:
        """Return what the shop is told."""
        said = status or self.status
        return {
            "id": f"evt_{self.provider_number}_{said}",
            "refund_id": self.refund_id,
            "payment_id": self.charge.payment_id,
            "provider_number": self.provider_number,
            "amount_minor": self.minor,
            "currency": self.charge.currency,
            "status": said,
        }


class Books:
    """Every charge, by payment number, and every refund, by its own."""

    def __init__(self) -> None:
        self._charges: dict[str, Charge] = {}
        self.refunds: dict[str, Refund] = {}
        self._lock = threading.Lock()

    def charge(self, payment_id: str, minor: int, currency: str) -> Charge:
        """Return the charge of a payment, opening it at the first look."""
        with self._lock:
            return self._charges.setdefault(payment_id, Charge(payment_id, minor, currency))

    def find(self, payment_id: str) -> Charge | None:
        """Return a charge if the company has heard of it."""
        return self._charges.get(payment_id)

    def refund(self, refund_id: str, payment_id: str, minor: int, status: str) -> Refund | None:
        """Give money back once for a number; None: there is not so much left, or it was more."""
        with self._lock:
            known = self.refunds.get(refund_id)
            if known is not None:
                return known if known.minor == minor else None
            charge = self._charges.get(payment_id)
            if (
                charge is None
                or charge.status != "paid"
                or minor > charge.minor - self.gone(charge)
            ):
                return None
            made = Refund(refund_id, charge, minor, status)
            self.refunds[refund_id or made.provider_number] = made
            return made

    def gone(self, charge: Charge) -> int:
        """Return how much of a charge has gone back, or is about to."""
        given = [one for one in self.refunds.values() if one.charge is charge]
        return sum(one.minor for one in given if one.status != "refund_failed")
