"""Bank transfer: the buyer pays into the merchant's bank account, and the merchant says so (P1).

The company here is the merchant: nobody else can say whether the money is there. A member of the
staff who has seen it on the bank statement confirms it; the confirmation is a message like any
other company's, signed with a secret of our own that the account has (L9). So an account without a
secret cannot be confirmed by anybody, and a program of the merchant's that reads the bank's
statements may send the same message to our door.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from hashlib import blake2b
from typing import Any, BinaryIO

from kacang.payments import plain_messages, webhooks
from kacang.payments.ports import (
    AccountField,
    AccountInfo,
    BadSecrets,
    BillRow,
    Device,
    IncomingMessage,
    NoBill,
    PayInstructions,
    PaymentAsked,
    PaymentRef,
    QueryResult,
    QueryState,
    RefundAsked,
    RefundNotice,
    RefundRefused,
    RefundResult,
    Reply,
    Surroundings,
    VerifiedNotice,
)
from kacang.shared.money import EXPONENTS, Money

NAME = "bank_transfer"
SECRET = "signing"  # noqa: S105 - the name of a secret, not one
REFERENCE_LENGTH = 8
OPTION_MAX = 120


class BankTransfer:
    """A merchant's bank account, as `PaymentProvider` wants it."""

    name = NAME
    port_version = 2
    creates_offline = True
    fields = (
        AccountField("bank", "Bank and branch", "开户银行"),
        AccountField("holder", "Account holder", "户名"),
        AccountField("number", "Account number", "银行账号"),
        AccountField(
            SECRET, "Signing secret", "签名密钥", is_secret=True, is_required=False,
            hint="Made by itself: it signs what your staff confirm.",
            hint_zh="系统自动生成，用于为员工的到账确认签名。",
        ),
    )  # fmt: skip
    currencies = frozenset(EXPONENTS)
    notice_methods = ("POST",)
    taken = Reply()
    refunds = False
    bills = False
    zone = "UTC"

    def __init__(self, surroundings: Surroundings) -> None:
        """Need nothing: no call is ever made."""

    def fits(self, account: AccountInfo, device: Device) -> bool:
        """Serve everybody."""
        return True

    def create(self, account: AccountInfo, payment: PaymentAsked) -> PayInstructions:
        """Say where to, how much, and what to write beside it."""
        reference = reference_of(payment.number)
        facts = {
            **{name: str(account.options.get(name, "")) for name in ("bank", "holder", "number")},
            "amount": payment.amount.plain,
            "reference": reference,
        }
        return PayInstructions(provider_ref=reference, facts=facts)

    def read_notice(
        self, account: AccountInfo, message: IncomingMessage, now: datetime
    ) -> VerifiedNotice | RefundNotice:
        """Check the signature of a confirmation, then every field."""
        return plain_messages.read(account.secrets.get(SECRET, ()), message, now)

    def query(self, account: AccountInfo, payment: PaymentRef, now: datetime) -> QueryResult:
        """Know nothing: only the merchant can look at the bank statement."""
        return QueryResult(QueryState.PENDING)

    def close(self, account: AccountInfo, payment: PaymentRef, now: datetime) -> None:
        """Do nothing: nobody can stop a transfer."""

    def refund(self, account: AccountInfo, refund: RefundAsked, now: datetime) -> RefundResult:
        """Give nothing back: a person transfers it, and says so."""
        raise RefundRefused(provider=self.name)

    def query_refund(
        self, account: AccountInfo, refund: RefundAsked, now: datetime
    ) -> RefundResult:
        """Know of no refund."""
        raise RefundRefused(provider=self.name)

    def fetch_bill(self, account: AccountInfo, day: date, into: BinaryIO, now: datetime) -> None:
        """Have no bills."""
        raise NoBill(provider=self.name)

    def read_bill(self, account: AccountInfo, bill: BinaryIO) -> Iterator[BillRow]:
        """Have no bills."""
        raise NoBill(provider=self.name)

    def probe(self, account: AccountInfo, now: datetime) -> None:
        """Ask nobody: there is no company behind it that could be silent."""

    def check_secrets(
        self, secrets: Mapping[str, tuple[str, ...]], options: Mapping[str, Any]
    ) -> None:
        """Demand a signing secret, and all that a buyer must copy."""
        plain_messages.check_secrets(secrets.get(SECRET, ()))
        for name in ("bank", "holder", "number"):
            value = options.get(name)
            if not isinstance(value, str) or not 0 < len(value.strip()) <= OPTION_MAX:
                raise BadSecrets(field=name)

    def new_secrets(self) -> Mapping[str, str] | None:
        """Make a signing secret."""
        return {SECRET: webhooks.new_secret()}


def reference_of(number: str) -> str:
    """Return what the buyer writes beside a transfer: short, of capitals and digits."""
    return number[:REFERENCE_LENGTH].upper()


def confirmation(
    account: AccountInfo, *, number: str, bank_number: str, amount: Money, now: datetime
) -> IncomingMessage:
    """Return the signed message that money for a payment has come.

    The same money told twice is the same message; another payment or amount under the same
    number of the bank is another one, and settles as such (rule 11).

    Raises:
        BadSecrets: The account has no secret to sign with.
    """
    secrets = account.secrets.get(SECRET, ())
    if not secrets:
        raise BadSecrets
    told = f"{number}/{amount.minor}/{amount.currency}/{bank_number}".encode()
    said = {
        "id": "bank_" + blake2b(told, digest_size=16).hexdigest(),
        "payment_id": number,
        "provider_number": bank_number,
        "amount_minor": amount.minor,
        "currency": amount.currency,
        "status": plain_messages.PAID,
    }
    return plain_messages.written(secrets[0], said, now)
