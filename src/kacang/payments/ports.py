"""What the shop asks of a payment company, in our words.

A company is one class in `adapters/`, or in a package of somebody else, named under the entry
point group `kacang.payment_providers`. It holds no state, reads no settings and no database:
everything it needs comes as arguments, calls go through the client that it is given.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Protocol

from kacang.shared.errors import Invalid, Refused, Unavailable
from kacang.shared.money import EXPONENTS, MINOR_MAX, Money
from kacang.shared.outbound import Outbound

PORT_VERSION = 1
# How much of a company's names is stored.
_LENGTHS = (("notice_id", 128), ("payment_number", 64), ("provider_number", 128))


class BadSignature(Refused):
    """A message was not signed by whom it says it comes from, or not lately."""

    code = "payments.bad_signature"


class BadNotice(Invalid):
    """A signed message does not say what a notice must say. Nothing was stored."""

    code = "payments.bad_notice"


class BadSecrets(Invalid):
    """An account's secrets are missing, empty or not of the company's form (L9)."""

    code = "payments.bad_secrets"


class ProviderSilent(Unavailable):
    """The company did not answer, or not in a way that can be understood."""

    code = "payments.provider_silent"


@dataclass(frozen=True, slots=True)
class AccountInfo:
    """A merchant's account at a company, its secrets open.

    `secrets` maps a name to the values that are in force, the newest first: while one is being
    rotated there are two. Never log it.
    """

    id: int
    merchant_id: int
    uid: str
    provider: str
    enabled: bool
    currency: str
    secrets: Mapping[str, tuple[str, ...]] = field(repr=False)
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PaymentAsked:
    """What a company is told about a payment that somebody wants to make."""

    number: str
    amount: Money
    title: str = ""


@dataclass(frozen=True, slots=True)
class PayInstructions:
    """Where the buyer pays, and what the QR code beside it says. At most 500 characters each."""

    pay_url: str
    qr_content: str


@dataclass(frozen=True, slots=True)
class VerifiedNotice:
    """A message that the company has certainly sent, about money it has seen.

    Args:
        notice_id: Equal for repeats of the same message, different for different ones.
        payment_number: Which payment the company says it is for; perhaps not one of ours.
        provider_number: The company's own number of the money, once per account.
        amount: Positive when `is_final`.
        is_final: Whether the money is there. If not, nothing follows from the notice.
        raw: The message as it came.

    Raises:
        BadNotice: A field could not be stored, or says that nothing was paid.
    """

    notice_id: str
    payment_number: str
    provider_number: str
    amount: Money
    is_final: bool
    raw: str

    def __post_init__(self) -> None:
        # Whatever an adapter lets through: no database error may come of it, and no delivery
        # of nothing (L9).
        for name, most in _LENGTHS:
            value = getattr(self, name)
            if len(value) > most or "\0" in value:
                raise BadNotice(field=name)
        if not self.notice_id or not self.payment_number or "\0" in self.raw:
            raise BadNotice(field="id")
        if self.is_final and not (self.provider_number and 0 < self.amount.minor <= MINOR_MAX):
            raise BadNotice(field="amount")
        if self.amount.currency not in EXPONENTS:
            raise BadNotice(field="currency")


class QueryState(Enum):
    """What a company says about a payment when it is asked."""

    PAID = "paid"
    PENDING = "pending"
    FAILED = "failed"
    UNKNOWN = "unknown"  # it never heard of it: nobody has opened the pay page


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The answer to a question about one payment; with `notice` exactly when it is paid."""

    state: QueryState
    notice: VerifiedNotice | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an adapter is built with.

    Args:
        public_url: Where this installation is reached from outside, without a final slash.
        http: The one way to make calls; it refuses private addresses.
    """

    public_url: str
    http: Outbound


class PaymentProvider(Protocol):
    """One payment company. Built with `Surroundings`; used by many threads at once."""

    name: str
    port_version: int
    # Whether `create` only computes. If not, it calls the company and must not run inside a
    # transaction (L18).
    creates_offline: bool

    def create(self, account: AccountInfo, payment: PaymentAsked) -> PayInstructions:
        """Say how `payment` is paid.

        Raises:
            ProviderSilent: The company had to be called and did not answer.
        """
        ...

    def read_notice(
        self, account: AccountInfo, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> VerifiedNotice:
        """Check a message's signature, then understand it. `headers` has lower-case names.

        Raises:
            BadSignature: It is not from the company, or too old, or the account has no secret.
            BadNotice: It is, and says something that no notice says.
        """
        ...

    def query(self, account: AccountInfo, payment_number: str, now: datetime) -> QueryResult:
        """Ask the company what became of a payment.

        Raises:
            ProviderSilent: It did not answer; its answer is not known, not "no".
        """
        ...

    def close(self, account: AccountInfo, payment_number: str, now: datetime) -> None:
        """Ask the company to take no money for this payment any more. May be repeated.

        Raises:
            ProviderSilent: It did not answer.
        """
        ...

    def check_secrets(self, secrets: Mapping[str, tuple[str, ...]]) -> None:
        """Refuse secrets with which a notice could not be told from a forgery.

        Raises:
            BadSecrets: One is missing, empty, or not of the company's form.
        """
        ...

    def new_secrets(self) -> Mapping[str, str] | None:
        """Return fresh secrets where we are the one who makes them, else None."""
        ...
