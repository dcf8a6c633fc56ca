"""What the shop asks of a payment company, in our words.

A company is one class in `adapters/`, or in a package of somebody else, named under the entry
point group `kacang.payment_providers`. It holds no state, reads no settings and no database:
everything it needs comes as arguments, calls go through the client that it is given. What it
says and is told is in `messages`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, BinaryIO, Protocol

from kacang.payments.messages import (
    AccountField,
    AccountInfo,
    AccountRefused,
    AskAgain,
    BadNotice,
    BadSecrets,
    BadSignature,
    BillRow,
    Device,
    Ignored,
    IncomingMessage,
    NoBill,
    Notice,
    PayInstructions,
    PaymentAsked,
    PaymentRef,
    ProviderSilent,
    QueryResult,
    QueryState,
    RefundAsked,
    RefundNotice,
    RefundRefused,
    RefundResult,
    RefundState,
    Reply,
    RowKind,
    VerifiedNotice,
)
from kacang.shared.outbound import Outbound

__all__ = [
    "PORT_VERSION",
    "AccountField",
    "AccountInfo",
    "AccountRefused",
    "AskAgain",
    "BadNotice",
    "BadSecrets",
    "BadSignature",
    "BillRow",
    "Device",
    "Ignored",
    "IncomingMessage",
    "NoBill",
    "Notice",
    "PayInstructions",
    "PaymentAsked",
    "PaymentProvider",
    "PaymentRef",
    "ProviderSilent",
    "QueryResult",
    "QueryState",
    "RefundAsked",
    "RefundNotice",
    "RefundRefused",
    "RefundResult",
    "RefundState",
    "Reply",
    "RowKind",
    "Surroundings",
    "VerifiedNotice",
]
PORT_VERSION = 2


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an adapter is built with.

    Args:
        public_url: Where this installation is reached from outside, without a final slash.
        http: The one way to make calls; it refuses private addresses.
    """

    public_url: str
    http: Outbound

    def notice_url(self, account: AccountInfo) -> str:
        """Return where the company sends its messages about an account."""
        return f"{self.public_url}/callbacks/payments/{account.provider}/{account.uid}"


class PaymentProvider(Protocol):
    """One payment company. Built with `Surroundings`; used by many threads at once.

    Every method that calls the company raises ProviderSilent when it does not answer, or not in
    a way that can be understood: what it did is then unknown, not "no".
    """

    name: str
    port_version: int
    # Whether `create` only computes. If not, it calls the company and must not run inside a
    # transaction (L18).
    creates_offline: bool
    # What a person fills in for an account, in the order of the form.
    fields: tuple[AccountField, ...]
    currencies: frozenset[str]
    # How its messages come: "POST", and "GET" where the message is the query of an address.
    notice_methods: tuple[str, ...]
    # How it wants to hear that a notice was taken in. Any refusal of ours is a 4xx or 5xx.
    taken: Reply
    # Whether money can be given back by a call; if not, a person does it and says so.
    refunds: bool
    # Whether there are bills to fetch, and in which zone they are cut into days (rule 24).
    bills: bool
    zone: str

    def fits(self, account: AccountInfo, device: Device) -> bool:
        """Say whether a buyer on this device can pay here."""
        ...

    def create(self, account: AccountInfo, payment: PaymentAsked) -> PayInstructions:
        """Say how `payment` is paid. Its row is committed before; repeating it is harmless.

        Raises:
            AccountRefused: The company does not know the account, or its secrets.
        """
        ...

    def read_notice(self, account: AccountInfo, message: IncomingMessage, now: datetime) -> Notice:
        """Check a message's signature, then understand it.

        Raises:
            BadSignature: It is not from the company, or too old, or the account has no secret.
            BadNotice: It is, and says something that no notice says.
        """
        ...

    def query(self, account: AccountInfo, payment: PaymentRef, now: datetime) -> QueryResult:
        """Ask the company what became of a payment."""
        ...

    def close(self, account: AccountInfo, payment: PaymentRef, now: datetime) -> None:
        """Ask the company to take no money for this payment any more. May be repeated.

        Where the company has no such call, or has been paid meanwhile, nothing happens.
        """
        ...

    def refund(self, account: AccountInfo, refund: RefundAsked, now: datetime) -> RefundResult:
        """Have the company give money back. Repeating it with the same number pays once.

        Raises:
            RefundRefused: It will not, for a reason that does not pass by itself; or `refunds`
                is false.
        """
        ...

    def query_refund(
        self, account: AccountInfo, refund: RefundAsked, now: datetime
    ) -> RefundResult:
        """Ask what became of a refund.

        Raises:
            RefundRefused: `refunds` is false.
        """
        ...

    def fetch_bill(self, account: AccountInfo, day: date, into: BinaryIO, now: datetime) -> None:
        """Write the company's bill of a day of its zone into a file, as it came.

        Raises:
            NoBill: There is none for that day (yet), or `bills` is false.
        """
        ...

    def read_bill(self, account: AccountInfo, bill: BinaryIO) -> Iterator[BillRow]:
        """Read a bill that was fetched, or that a person has got from the company's website.

        Reads line by line: a bill of a million rows costs no more memory than a short one.

        Raises:
            BadNotice: It is not this company's bill, or another account's.
        """
        ...

    def probe(self, account: AccountInfo, now: datetime) -> None:
        """Make a real round trip that changes nothing, and verify the answer (拨测).

        Raises:
            AccountRefused: The company does not know the account, or its secrets.
        """
        ...

    def check_secrets(
        self, secrets: Mapping[str, tuple[str, ...]], options: Mapping[str, Any]
    ) -> None:
        """Refuse secrets and options with which a notice could not be told from a forgery.

        Raises:
            BadSecrets: One is missing, empty, or not of the company's form.
        """
        ...

    def new_secrets(self) -> Mapping[str, str] | None:
        """Return fresh secrets where we are the one who makes them, else None."""
        ...


class KnowsBuyers(Protocol):
    """A company that must know the buyer before a payment is made, such as WeChat in its own app.

    An adapter that has these methods says so by having them.
    """

    def sign_in_url(self, account: AccountInfo, back_url: str, state: str) -> str:
        """Return where the buyer's browser is sent; it comes back with `code` and `state`.

        Return "" when this account needs nobody to sign in. `state` are letters and digits.
        """
        ...

    def buyer_of(self, account: AccountInfo, code: str) -> str:
        """Return the company's name of the buyer, for `PaymentAsked.payer`.

        Raises:
            AccountRefused: The code is spent, made up, or another account's.
        """
        ...
