"""Wallet balance: the buyer pays from what the merchant owes them (P1, F3).

The company here is the merchant's own room of wallets. It is never asked: taking the money from
the wallet and settling the order are one transaction, whose message is signed with a secret of
our own like that of any company (L9).
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
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

NAME = "wallet"
SECRET = "signing"  # noqa: S105 - the name of a secret, not one


class Balance:
    """A merchant's wallets, as `PaymentProvider` wants them."""

    name = NAME
    port_version = 2
    creates_offline = True
    fields = (
        AccountField(
            SECRET, "Signing secret", "签名密钥", is_secret=True, is_required=False,
            hint="Made by itself: it signs what wallets pay.",
            hint_zh="系统自动生成，用于为余额支付签名。",
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
        """Say how much: there is nowhere to go."""
        return PayInstructions(facts={"amount": payment.amount.plain})

    def read_notice(
        self, account: AccountInfo, message: IncomingMessage, now: datetime
    ) -> VerifiedNotice | RefundNotice:
        """Check the signature, then every field."""
        return plain_messages.read(account.secrets.get(SECRET, ()), message, now)

    def query(self, account: AccountInfo, payment: PaymentRef, now: datetime) -> QueryResult:
        """Know nothing: what a wallet paid is settled already."""
        return QueryResult(QueryState.PENDING)

    def close(self, account: AccountInfo, payment: PaymentRef, now: datetime) -> None:
        """Do nothing: nobody pays unasked."""

    def refund(self, account: AccountInfo, refund: RefundAsked, now: datetime) -> RefundResult:
        """Give nothing back: a refund to a wallet is a transfer in the books, and no call."""
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
        """Ask nobody: there is no company that could be silent."""

    def check_secrets(
        self, secrets: Mapping[str, tuple[str, ...]], options: Mapping[str, Any]
    ) -> None:
        """Demand a signing secret."""
        plain_messages.check_secrets(secrets.get(SECRET, ()))

    def new_secrets(self) -> Mapping[str, str] | None:
        """Make a signing secret."""
        return {SECRET: webhooks.new_secret()}


def paid(account: AccountInfo, *, number: str, amount: Money, now: datetime) -> IncomingMessage:
    """Return the signed message that a wallet has paid a payment: always the same one.

    Raises:
        BadSecrets: The account has no secret to sign with.
    """
    secrets = account.secrets.get(SECRET, ())
    if not secrets:
        raise BadSecrets
    said = {
        "id": f"balance_{number}",
        "payment_id": number,
        "provider_number": number,
        "amount_minor": amount.minor,
        "currency": amount.currency,
        "status": plain_messages.PAID,
    }
    return plain_messages.written(secrets[0], said, now)
