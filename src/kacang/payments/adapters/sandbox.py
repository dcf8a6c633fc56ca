"""The payment company of trials: everything as in earnest, but the money.

Its pay page is part of the installation (`kacang.web.cashier`), its protocol is
`docs/how-it-works/sandbox.md`. Its messages carry the headers of Standard Webhooks and
`{"id", "payment_id", "provider_number", "amount_minor", "currency", "status"}`; those about
refunds name the refund as well.
"""

import base64
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kacang.payments.adapters.without_bills import WithoutBills
from kacang.payments.companies import plain_messages, webhooks
from kacang.payments.ports import (
    AccountField,
    AccountInfo,
    BadNotice,
    BadSecrets,
    Device,
    IncomingMessage,
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
    Reply,
    Surroundings,
    VerifiedNotice,
)
from kacang.shared.errors import DomainError
from kacang.shared.ids import new_uid
from kacang.shared.money import EXPONENTS, Money

SECRET = "signing"  # noqa: S105 - the name of a secret, not one
HTTP_OK = 200


class Sandbox(WithoutBills):
    """The sandbox's protocol, as `PaymentProvider` wants it."""

    name = "sandbox"
    port_version = 2
    creates_offline = True
    fields = (
        AccountField(SECRET, "Signing secret", "签名密钥", is_secret=True, is_required=False),
    )
    currencies = frozenset(EXPONENTS)
    notice_methods = ("POST",)
    taken = Reply()
    refunds = True
    zone = "UTC"

    def __init__(self, surroundings: Surroundings) -> None:
        self._base = surroundings.public_url
        self._http = surroundings.http

    def fits(self, account: AccountInfo, device: Device) -> bool:
        """Serve everybody."""
        return True

    def create(self, account: AccountInfo, payment: PaymentAsked) -> PayInstructions:
        """Sign the address of the pay page: it says all that the sandbox must know."""
        amount = payment.amount
        seal = seal_of(_signing(account), account.uid, payment.number, amount)
        url = (
            f"{self._base}/sandbox/pay/{account.uid}/{payment.number}"
            f"?m={amount.minor}&c={amount.currency}&s={seal}"
        )
        return PayInstructions(pay_url=url, qr_content=url)

    def read_notice(
        self, account: AccountInfo, message: IncomingMessage, now: datetime
    ) -> VerifiedNotice | RefundNotice:
        """Check the signature, then every field."""
        return plain_messages.read(account.secrets.get(SECRET, ()), message, now)

    def query(self, account: AccountInfo, payment: PaymentRef, now: datetime) -> QueryResult:
        """Ask the sandbox's books over HTTP."""
        said = self._ask(account, "query", payment.number, now)
        status = said.get("status")
        if status != plain_messages.PAID:
            states = {"pending": QueryState.PENDING, "unknown": QueryState.UNKNOWN}
            return QueryResult(states.get(str(status), QueryState.FAILED))
        try:
            notice = VerifiedNotice(
                notice_id="query/"
                + plain_messages.text(said, "provider_number", plain_messages.ID),
                payment_number=payment.number,
                provider_number=plain_messages.text(said, "provider_number", plain_messages.NUMBER),
                amount=plain_messages.amount(said, smallest=1),
                is_final=True,
                raw=json.dumps(said),
            )
        except BadNotice as error:
            raise ProviderSilent(provider=self.name) from error
        return QueryResult(QueryState.PAID, notice)

    def close(self, account: AccountInfo, payment: PaymentRef, now: datetime) -> None:
        """Tell the sandbox to take no more money for this payment."""
        self._ask(account, "close", payment.number, now)

    def refund(self, account: AccountInfo, refund: RefundAsked, now: datetime) -> RefundResult:
        """Have the sandbox write it into its books, once for a number."""
        amount = refund.amount
        more: dict[str, str | int] = {
            "refund_id": refund.number,
            "amount_minor": amount.minor,
            "currency": amount.currency,
            "reason": refund.reason,
        }
        return self._refund(account, "refund", refund, more, now)

    def query_refund(
        self, account: AccountInfo, refund: RefundAsked, now: datetime
    ) -> RefundResult:
        """Ask the sandbox's books what became of it."""
        more = {"refund_id": refund.number}
        return self._refund(account, "refund_query", refund, more, now)

    def probe(self, account: AccountInfo, now: datetime) -> None:
        """Ask about a payment that was never made."""
        self._ask(account, "query", "probe", now)

    def check_secrets(
        self, secrets: Mapping[str, tuple[str, ...]], options: Mapping[str, Any]
    ) -> None:
        """Demand one to two signing secrets of the right form."""
        plain_messages.check_secrets(secrets.get(SECRET, ()))

    def new_secrets(self) -> Mapping[str, str] | None:
        """Make a signing secret."""
        return {SECRET: webhooks.new_secret()}

    def _refund(
        self,
        account: AccountInfo,
        what: str,
        refund: RefundAsked,
        more: Mapping[str, str | int],
        now: datetime,
    ) -> RefundResult:
        said = self._ask(account, what, refund.payment.number, now, more)
        state = plain_messages.REFUND_STATES.get(str(said.get("status")))
        if said.get("status") == "refused":
            raise RefundRefused(provider=self.name, why=str(said.get("why", ""))[:200])
        if state is None:
            raise ProviderSilent(provider=self.name)
        try:
            number = plain_messages.text(
                said, "provider_number", plain_messages.NUMBER, optional=True
            )
        except BadNotice as error:
            raise ProviderSilent(provider=self.name) from error
        return RefundResult(state, number, str(said.get("why", ""))[:200])

    def _ask(
        self,
        account: AccountInfo,
        what: str,
        payment_number: str,
        now: datetime,
        more: Mapping[str, str | int] | None = None,
    ) -> dict[str, Any]:
        asked = {"account": account.uid, "payment_id": payment_number, **(more or {})}
        body = json.dumps(asked).encode()
        message_id, stamp = new_uid("ask"), int(now.timestamp())
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(stamp),
            "webhook-signature": webhooks.sign(_signing(account), message_id, stamp, body),
        }
        try:
            answer = self._http.post(f"{self._base}/sandbox/{what}", body, headers=headers)
            said = plain_messages.json_object(answer.body)
        except DomainError as error:
            raise ProviderSilent(provider=self.name, why=error.code) from error
        if answer.status != HTTP_OK:
            raise ProviderSilent(provider=self.name, status=answer.status)
        return said


def seal_of(secret: str, account_uid: str, number: str, amount: Money) -> str:
    """Return the seal in a pay page's address: nobody can ask the sandbox for another amount."""
    said = f"pay.{account_uid}.{number}.{amount.minor}.{amount.currency}"
    digest = hmac.digest(webhooks.key_of(secret), said.encode(), "sha256")
    return base64.urlsafe_b64encode(digest[:15]).decode()


def _signing(account: AccountInfo) -> str:
    try:
        return account.secrets[SECRET][0]
    except (KeyError, IndexError):
        raise BadSecrets from None
