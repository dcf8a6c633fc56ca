"""Where the merchant is the company: nobody else takes the money, and nobody can be asked (P1).

What a member of the staff, a wallet or a program of the merchant's says comes as a message like
any other company's, signed with a secret of our own that the account has (L9).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kacang.payments.adapters.without_bills import WithoutBills
from kacang.payments.companies import plain_messages, webhooks
from kacang.payments.ports import (
    AccountInfo,
    Device,
    IncomingMessage,
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
from kacang.shared.money import EXPONENTS

SECRET = "signing"  # noqa: S105 - the name of a secret, not one


class Ourselves(WithoutBills):
    """What they have of `PaymentProvider`; each adds its name, its fields and `create`."""

    name: str
    port_version = 2
    creates_offline = True
    currencies = frozenset(EXPONENTS)
    notice_methods = ("POST",)
    taken = Reply()
    refunds = False
    zone = "UTC"

    def __init__(self, surroundings: Surroundings) -> None:
        """Need nothing: no call is ever made."""

    def fits(self, account: AccountInfo, device: Device) -> bool:
        """Serve everybody."""
        return True

    def read_notice(
        self, account: AccountInfo, message: IncomingMessage, now: datetime
    ) -> VerifiedNotice | RefundNotice:
        """Check the signature, then every field."""
        return plain_messages.read(account.secrets.get(SECRET, ()), message, now)

    def query(self, account: AccountInfo, payment: PaymentRef, now: datetime) -> QueryResult:
        """Know nothing: only the merchant does, and says so unasked."""
        return QueryResult(QueryState.PENDING)

    def close(self, account: AccountInfo, payment: PaymentRef, now: datetime) -> None:
        """Do nothing: there is nobody to tell."""

    def refund(self, account: AccountInfo, refund: RefundAsked, now: datetime) -> RefundResult:
        """Give nothing back by a call: people and the books do."""
        raise RefundRefused(provider=self.name)

    def query_refund(
        self, account: AccountInfo, refund: RefundAsked, now: datetime
    ) -> RefundResult:
        """Know of no refund."""
        raise RefundRefused(provider=self.name)

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
