"""BTCPay Server: coins received by a server of the merchant's own, its Greenfield API.

`docs/how-it-works/btcpay.md` says what is filled in. Its messages name a payment and never an
amount: each leads to a question, and only the answer pays an order.
"""

import hmac
import json
import re
from collections.abc import Callable, Container, Iterator, Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, BinaryIO, TypeVar
from urllib.parse import quote

from kacang.payments.adapters.gateways import (
    GATEWAY_FIELD,
    WHY_MAX,
    filled_in,
    gateway_of,
    object_of,
    paid_at,
    text_of,
    value_of,
)
from kacang.payments.ports import (
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
    PayInstructions,
    PaymentAsked,
    PaymentRef,
    ProviderSilent,
    QueryResult,
    QueryState,
    RefundAsked,
    RefundRefused,
    RefundResult,
    Reply,
    Surroundings,
    VerifiedNotice,
)
from kacang.shared.clock import utc_now
from kacang.shared.errors import DomainError
from kacang.shared.money import EXPONENTS, BadAmount, Money
from kacang.shared.outbound import OK, Answer

Read = TypeVar("Read")
API_KEY, WEBHOOK = "api_key", "webhook_secret"
STORE, METHODS, SPEED = "store_id", "payment_methods", "speed"
SPEEDS = ("MediumSpeed", "HighSpeed", "LowMediumSpeed", "LowSpeed")
# After these something is different; of the others nothing follows.
TELLING = frozenset({"InvoiceSettled", "InvoiceExpired", "InvoiceInvalid"})
REFUSALS = frozenset({400, 401, 403, 404, 422})
NOT_FOUND = 404
MINUTES_MIN, MONITORING_MINUTES = 5, 60
TITLE_MAX = 120
_ID = re.compile(r"[0-9A-Za-z]{8,64}")
_SECRET = re.compile(r"[!-~]{16,128}")
_METHODS = re.compile(r"[0-9A-Za-z, -]{0,120}")


class BtcPay:
    """BTCPay Server, as `PaymentProvider` wants it."""

    name = "btcpay"
    port_version = 2
    creates_offline = False
    fields: tuple[AccountField, ...] = (
        GATEWAY_FIELD,
        AccountField(
            STORE, "Store ID", "商店 ID", hint="Settings → General.", hint_zh="设置 → 常规。"
        ),
        AccountField(
            API_KEY,
            "API key",
            "API 密钥",
            is_secret=True,
            hint="Needs btcpay.store.cancreateinvoice and btcpay.store.canviewinvoices.",
            hint_zh="需要 btcpay.store.cancreateinvoice 与 btcpay.store.canviewinvoices 权限。",
        ),
        AccountField(
            WEBHOOK,
            "Secret of the webhook",
            "Webhook 密钥",
            is_secret=True,
            hint="Settings → Webhooks, to the address of this account's messages.",
            hint_zh="设置 → Webhooks，地址填本账户的通知地址。",
        ),
        AccountField(
            METHODS,
            "Payment methods",
            "付款方式",
            is_required=False,
            hint="Such as BTC-CHAIN, BTC-LN, separated by commas. Empty: all of the store.",
            hint_zh="如 BTC-CHAIN, BTC-LN，以逗号分隔；留空为商店的全部方式。",
        ),
        AccountField(
            SPEED,
            "Confirmations",
            "确认速度",
            is_required=False,
            choices=SPEEDS,
            hint="How sure the chain must be before an order is paid.",
            hint_zh="订单算作已付款之前，链上要确认到什么程度。",
        ),
    )
    currencies = frozenset(EXPONENTS)
    notice_methods: tuple[str, ...] = ("POST",)
    taken = Reply()
    # A refund there is a link at which the buyer says where the coins go, made anew by each
    # call: a person makes it, at the server, once.
    refunds = False
    bills = False
    zone = "UTC"

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._http = surroundings.http

    def fits(self, account: AccountInfo, device: Device) -> bool:
        """Serve everybody: the wallet may be on another device."""
        return True

    def create(self, account: AccountInfo, payment: PaymentAsked) -> PayInstructions:
        """Have the server make an invoice.

        A repeat makes another; the one whose answer was lost is one that no buyer has seen.
        """
        checkout: dict[str, Any] = {
            "speedPolicy": account.options.get(SPEED) or SPEEDS[0],
            "monitoringMinutes": MONITORING_MINUTES,
            "paymentTolerance": 0,
            "redirectURL": payment.back_url or self._surroundings.public_url,
            "redirectAutomatically": True,
        }
        if payment.expires_at is not None:
            left = (payment.expires_at - utc_now()).total_seconds() / 60
            checkout["expirationMinutes"] = max(round(left), MINUTES_MIN)
        methods = [name.strip() for name in str(account.options.get(METHODS) or "").split(",")]
        if any(methods):
            checkout["paymentMethods"] = [name for name in methods if name]
        asked = {
            "amount": payment.amount.plain,
            "currency": payment.amount.currency,
            "metadata": {"orderId": payment.number, "itemDesc": payment.title[:TITLE_MAX]},
            "checkout": checkout,
        }
        answer = self._ask(account, "invoices", json.dumps(asked).encode(), read=REFUSALS | {OK})
        self._refuse(account, answer)
        said = self._object(answer)
        made = paid_at(text_of(said, "checkoutLink"), ref=text_of(said, "id"))
        if not made.pay_url or not _ID.fullmatch(made.provider_ref):
            raise ProviderSilent(provider=self.name, why="no invoice")
        return made

    def read_notice(
        self, account: AccountInfo, message: IncomingMessage, now: datetime
    ) -> AskAgain | Ignored:
        """Check the signature over the body as it came, then say which payment to ask about."""
        offered = (message.headers.get("btcpay-sig") or "").encode()
        secrets = [secret for secret in account.secrets.get(WEBHOOK, ()) if secret]
        rights = (
            b"sha256=" + hmac.new(secret.encode(), message.body, "sha256").hexdigest().encode()
            for secret in secrets
        )
        if not any(hmac.compare_digest(right, offered) for right in rights):
            raise BadSignature
        said = object_of(message.body)
        if text_of(said, "storeId") != account.options.get(STORE):
            raise BadNotice(field="storeId")
        kind = text_of(said, "type")
        if kind not in TELLING:
            return Ignored(kind[:40])
        number = _order_of(said)
        # An invoice that somebody made at the server by hand is none of ours.
        return AskAgain(number) if number else Ignored("no order")

    def query(self, account: AccountInfo, payment: PaymentRef, now: datetime) -> QueryResult:
        """Ask about the invoice; where its number was lost, about those with our number."""
        try:
            invoice = self._invoice(account, payment)
            if invoice is None:
                return QueryResult(QueryState.UNKNOWN)
            return self._result(account, payment, invoice, now)
        except (BadNotice, BadAmount) as error:
            raise ProviderSilent(provider=self.name, why=error.code) from error

    def close(self, account: AccountInfo, payment: PaymentRef, now: datetime) -> None:
        """Do nothing: nobody can keep coins from coming; the invoice expires with the order."""

    def refund(self, account: AccountInfo, refund: RefundAsked, now: datetime) -> RefundResult:
        """Give nothing back by a call."""
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
        """List one invoice: the key must be allowed to."""
        answer = self._ask(account, "invoices?take=1", read=REFUSALS | {OK})
        self._refuse(account, answer)
        if not isinstance(self._read(answer, value_of), list):
            raise ProviderSilent(provider=self.name, why="no list")

    def check_secrets(
        self, secrets: Mapping[str, tuple[str, ...]], options: Mapping[str, Any]
    ) -> None:
        """Demand a safe address, a store, and both secrets."""
        gateway_of(options, self._http)
        forms = ((STORE, _ID), (METHODS, _METHODS))
        for name, form in forms:
            if not form.fullmatch(str(options.get(name) or "")):
                raise BadSecrets(field=name)
        if (options.get(SPEED) or SPEEDS[0]) not in SPEEDS:
            raise BadSecrets(field=SPEED)
        for name in (API_KEY, WEBHOOK):
            given = secrets.get(name, ())
            if not 1 <= len(given) <= 2 or not all(map(_SECRET.fullmatch, given)):  # noqa: PLR2004
                raise BadSecrets(field=name)

    def new_secrets(self) -> Mapping[str, str] | None:
        """Make none: the server has them."""
        return None

    def _invoice(self, account: AccountInfo, payment: PaymentRef) -> dict[str, Any] | None:
        if _ID.fullmatch(payment.provider_ref):
            place = f"invoices/{payment.provider_ref}"
            answer = self._ask(account, place, read={OK, NOT_FOUND})
            return None if answer.status == NOT_FOUND else self._object(answer)
        place = f"invoices?orderId={quote(payment.number, safe='')}"
        found = self._read(self._ask(account, place), value_of)
        invoices = (
            [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
        )
        ours = [one for one in invoices if _order_of(one) == payment.number]
        settled = [one for one in ours if text_of(one, "status") == "Settled"]
        return next(iter(settled or ours), None)

    def _result(
        self,
        account: AccountInfo,
        payment: PaymentRef,
        invoice: dict[str, Any],
        now: datetime,
    ) -> QueryResult:
        number, currency = text_of(invoice, "id"), text_of(invoice, "currency")
        status, besides = text_of(invoice, "status"), text_of(invoice, "additionalStatus")
        if not _ID.fullmatch(number) or _order_of(invoice) != payment.number:
            raise BadNotice(field="orderId")
        if status == "Settled" and besides in {"None", ""}:
            paid = _money(text_of(invoice, "amount"), currency)
        elif status == "Settled" or _is_over(invoice, now):
            # Too much, too little, too late, or settled by hand: what came is what counts.
            paid = _money(text_of(invoice, "paidAmount"), currency)
        else:
            waits = status in {"New", "Processing"} or besides.startswith("Paid")
            return QueryResult(QueryState.PENDING if waits else QueryState.FAILED)
        if paid.minor == 0:
            return QueryResult(QueryState.FAILED)
        told = ("id", "status", "additionalStatus", "amount", "paidAmount", "currency")
        notice = VerifiedNotice(
            notice_id=f"asked/{number}/{paid.plain}",
            payment_number=payment.number,
            provider_number=number,
            amount=paid,
            is_final=True,
            raw=json.dumps({name: text_of(invoice, name) for name in told}),
        )
        return QueryResult(QueryState.PAID, notice)

    def _ask(
        self,
        account: AccountInfo,
        place: str,
        body: bytes | None = None,
        *,
        read: Container[int] = (OK,),
    ) -> Answer:
        keys = account.secrets.get(API_KEY, ())
        if not keys or not keys[0]:
            raise BadSecrets(field=API_KEY)
        store = quote(str(account.options.get(STORE) or ""), safe="")
        with filled_in(self.name):
            url = f"{gateway_of(account.options, self._http)}/api/v1/stores/{store}/{place}"
        headers = {"authorization": f"token {keys[0]}", "content-type": "application/json"}
        try:
            if body is None:
                answer = self._http.get(url, headers=headers)
            else:
                answer = self._http.post(url, body, headers=headers)
        except DomainError as error:
            raise ProviderSilent(provider=self.name, why=error.code) from error
        if answer.status not in read:
            raise ProviderSilent(provider=self.name, status=answer.status)
        return answer

    def _refuse(self, account: AccountInfo, answer: Answer) -> None:
        if answer.status == OK:
            return
        words = answer.body.decode(errors="replace")
        for secret in account.secrets.get(API_KEY, ()):
            words = words.replace(secret, "…")
        why = f"HTTP {answer.status} {words}".strip()
        raise AccountRefused(provider=self.name, why=why[:WHY_MAX])

    def _object(self, answer: Answer) -> dict[str, Any]:
        return self._read(answer, object_of)

    def _read(self, answer: Answer, reader: Callable[[bytes], Read]) -> Read:
        try:
            return reader(answer.body)
        except BadNotice as error:
            raise ProviderSilent(provider=self.name, why=error.code) from error


def _order_of(said: Mapping[str, Any]) -> str:
    """Return our number, as the server was given it; "" when there is none."""
    metadata = said.get("metadata")
    number = text_of(metadata, "orderId") if isinstance(metadata, dict) else ""
    return number if len(number) <= 64 and number.isalnum() and number.isascii() else ""  # noqa: PLR2004


def _is_over(invoice: Mapping[str, Any], now: datetime) -> bool:
    """Whether something was paid, and the server watches for no more of it."""
    until = text_of(invoice, "monitoringExpiration")
    is_paid = text_of(invoice, "additionalStatus") in {"PaidPartial", "PaidLate"}
    return is_paid and until.isdecimal() and int(until) < now.timestamp()


def _money(text: str, currency: str) -> Money:
    """Read an amount, to the nearest minor unit: parts of it are what a rate leaves behind."""
    digits = EXPONENTS.get(currency)
    if digits is None or not re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,30})?", text):
        raise BadNotice(field="amount")
    whole = Decimal(text).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return Money.parse(format(whole, "f"), currency)
