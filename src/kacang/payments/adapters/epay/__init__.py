"""易支付, the interface that most payment gateways of card shops have, in both its versions.

`docs/how-it-works/epay.md` says what is filled in. The two versions share their words and
nothing else: each is a module of its own, chosen by the account's option `version`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kacang.payments.adapters.epay import terms as account_terms
from kacang.payments.adapters.epay.terms import V1 as VERSION_1
from kacang.payments.adapters.epay.terms import Terms, terms_of
from kacang.payments.adapters.epay.v1 import V1
from kacang.payments.adapters.epay.v2 import V2
from kacang.payments.adapters.gateways import filled_in
from kacang.payments.adapters.without_bills import WithoutBills
from kacang.payments.ports import (
    AccountField,
    AccountInfo,
    BadSecrets,
    BadSignature,
    Device,
    IncomingMessage,
    PayInstructions,
    PaymentAsked,
    PaymentRef,
    QueryResult,
    RefundAsked,
    RefundResult,
    Reply,
    Surroundings,
    VerifiedNotice,
)

# A page of one company does not open in the browser of the other.
SHUT_OUT = {Device.WECHAT: {"alipay"}, Device.ALIPAY: {"wxpay", "qqpay"}}


class Epay(WithoutBills):
    """易支付, as `PaymentProvider` wants it."""

    name = account_terms.NAME
    port_version = 2
    # V1 by page only computes, but the address it makes names the goods and the way back, which
    # are known when the buyer opens the payment, not yet when the order is placed.
    creates_offline = False
    fields: tuple[AccountField, ...] = account_terms.FIELDS
    currencies = frozenset({"CNY"})
    notice_methods: tuple[str, ...] = ("GET", "POST")
    taken = Reply(b"success", "text/plain")
    refunds = True
    # `act=orders` lists the newest 50, in pages that move while they are read: no bill.
    zone = "Asia/Shanghai"

    def __init__(self, surroundings: Surroundings) -> None:
        self._http = surroundings.http
        self._v1, self._v2 = V1(surroundings), V2(surroundings)

    def fits(self, account: AccountInfo, device: Device) -> bool:
        """Keep Alipay out of WeChat's browser, and the other way round."""
        return account.options.get("type") not in SHUT_OUT.get(device, set())

    def create(self, account: AccountInfo, payment: PaymentAsked) -> PayInstructions:
        """Say where the gateway takes this payment."""
        terms = self._terms(account)
        if terms.version == VERSION_1:
            return self._v1.create(account, terms, payment)
        return self._v2.create(account, terms, payment)

    def read_notice(
        self, account: AccountInfo, message: IncomingMessage, now: datetime
    ) -> VerifiedNotice:
        """Understand a message of the account's version; one of the other is a forgery."""
        try:
            terms = terms_of(account.options, self._http)
        except BadSecrets:
            raise BadSignature from None
        if terms.version == VERSION_1:
            return self._v1.read_notice(account, terms, message)
        return self._v2.read_notice(account, terms, message, now)

    def query(self, account: AccountInfo, payment: PaymentRef, now: datetime) -> QueryResult:
        """Ask about an order by our number."""
        terms = self._terms(account)
        if terms.version == VERSION_1:
            return self._v1.query(account, terms, payment)
        return self._v2.query(account, terms, payment, now)

    def close(self, account: AccountInfo, payment: PaymentRef, now: datetime) -> None:
        """Close an order where the version can."""
        terms = self._terms(account)
        if terms.version == VERSION_1:
            return self._v1.close(account, terms, payment)
        return self._v2.close(account, terms, payment, now)

    def refund(self, account: AccountInfo, refund: RefundAsked, now: datetime) -> RefundResult:
        """Give money back: whole payments by V1, any part by V2."""
        terms = self._terms(account)
        if terms.version == VERSION_1:
            return self._v1.refund(account, terms, refund)
        return self._v2.refund(account, terms, refund, now)

    def query_refund(
        self, account: AccountInfo, refund: RefundAsked, now: datetime
    ) -> RefundResult:
        """Ask what became of a refund."""
        terms = self._terms(account)
        if terms.version == VERSION_1:
            return self._v1.query_refund(account, terms, refund)
        return self._v2.query_refund(account, terms, refund, now)

    def probe(self, account: AccountInfo, now: datetime) -> None:
        """Ask the gateway about the merchant."""
        terms = self._terms(account)
        if terms.version == VERSION_1:
            return self._v1.probe(account, terms)
        return self._v2.probe(account, terms, now)

    def check_secrets(
        self, secrets: Mapping[str, tuple[str, ...]], options: Mapping[str, Any]
    ) -> None:
        """Demand a safe address, a merchant number, and the keys of the version."""
        terms = terms_of(options, self._http)
        (self._v1 if terms.version == VERSION_1 else self._v2).check_secrets(secrets)

    def new_secrets(self) -> Mapping[str, str] | None:
        """Make none: the gateway gives them."""
        return None

    def _terms(self, account: AccountInfo) -> Terms:
        with filled_in(self.name):
            return terms_of(account.options, self._http)
