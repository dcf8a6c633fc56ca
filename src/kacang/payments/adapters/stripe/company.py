"""Cards by Stripe Checkout: one session, with its page at Stripe, for each payment.

What is from memory and not from a source or a trial, to be seen once before earnest: that a
payment's metadata are those of its charge, and that a message names the key of the call that
caused it.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, BinaryIO

import stripe

from kacang.payments.adapters.stripe import bill, notices
from kacang.payments.adapters.stripe.calls import (
    API,
    NAME,
    SECRET_KEY,
    Refusal,
    client_of,
    refunding,
    understood,
    unsure,
)
from kacang.payments.ports import (
    AccountField,
    AccountInfo,
    AccountRefused,
    BadNotice,
    BadSecrets,
    BillRow,
    Device,
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
    RefundResult,
    RefundState,
    Reply,
    Surroundings,
)
from kacang.shared.clock import utc_now

# Those of ours that Stripe charges; it counts them in the same minor units, yen and won whole.
CURRENCIES = frozenset({"CNY", "HKD", "TWD", "USD", "EUR", "GBP", "SGD", "MYR", "JPY", "KRW"})
MISSING = "resource_missing"
TITLE_MAX = 250
REASON_MAX = 200
REFUNDS_SEEN = 100
# Stripe keeps a session open for half an hour to a day. It is given the order's time and this
# much on top, and not "from now", so that a repeat says the same and gets the same session.
STAYS_OPEN = timedelta(minutes=31)
STAYS_OPEN_MAX = timedelta(hours=23)
_KEY = re.compile(r"[sr]k_(test|live)_[0-9A-Za-z_]{10,240}")
_SIGNING = re.compile(r"whsec_[0-9A-Za-z+/=_-]{16,240}")


class Stripe:
    """The company's protocol, as `PaymentProvider` wants it."""

    name = NAME
    port_version = 2
    creates_offline = False
    fields: tuple[AccountField, ...] = (
        AccountField(
            SECRET_KEY,
            "Secret key",
            "密钥",
            is_secret=True,
            hint="sk_… or rk_…: Stripe, Developers, API keys. A restricted key needs to write "
            "Checkout Sessions and Refunds, and to read Balance transactions and Charges.",
            hint_zh="sk_… 或 rk_…：Stripe 后台 → 开发者 → API 密钥。受限密钥需要 Checkout Sessions "
            "和 Refunds 的写权限，Balance transactions 和 Charges 的读权限。",
        ),
        AccountField(
            notices.SIGNING,
            "Signing secret of the webhook",
            "Webhook 签名密钥",
            is_secret=True,
            hint="whsec_…: Developers, Webhooks. Add an endpoint with the shop's address, and "
            "correct it once this account has its own.",
            hint_zh="whsec_…：开发者 → Webhooks。先用店铺网址添加端点，账户建好后改成其回调地址。",
        ),
        AccountField(
            "methods",
            "Ways of paying",
            "支付方式",
            is_required=False,
            choices=("card", "all"),
            default="card",
            hint="Cards alone, or all that are switched on at Stripe.",
            hint_zh="只收银行卡，或 Stripe 后台开启的全部方式。",
        ),
        AccountField("url", "Address of the API", "接口地址", is_required=False, default=API),
    )
    currencies = CURRENCIES
    notice_methods: tuple[str, ...] = ("POST",)
    taken = Reply()
    refunds = True
    bills = True
    zone = "UTC"

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._http = surroundings.http

    def fits(self, account: AccountInfo, device: Device) -> bool:
        """Serve everybody: Stripe's page opens in any browser."""
        return True

    def create(self, account: AccountInfo, payment: PaymentAsked) -> PayInstructions:
        """Make a session; our number is the key that makes a repeat the same session."""
        carried = {notices.PAYMENT: payment.number}
        back = payment.back_url or self._surroundings.public_url
        asked: dict[str, Any] = {
            "mode": "payment",
            "client_reference_id": payment.number,
            "metadata": carried,
            "payment_intent_data": {"metadata": carried, "description": payment.number},
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": payment.amount.currency.lower(),
                        "unit_amount": payment.amount.minor,
                        "product_data": {"name": payment.title[:TITLE_MAX] or payment.number},
                    },
                }
            ],
            # The buyer pays the shop's price in the shop's currency, nothing converted.
            "adaptive_pricing": {"enabled": False},
            "success_url": back,
            "cancel_url": back,
        }
        if account.options.get("methods") != "all":
            asked["payment_method_types"] = ["card"]
        closes_at = _closes_at(payment)
        if closes_at is not None:
            asked["expires_at"] = int(closes_at.timestamp())
        try:
            with understood():
                session = client_of(account, self._http).v1.checkout.sessions.create(
                    asked,  # type: ignore[arg-type] # the library's types list every value
                    {"idempotency_key": payment.number},
                )
        except Refusal as error:
            raise AccountRefused(provider=self.name, why=error.why or error.code) from None
        if not session.url:
            raise ProviderSilent(provider=self.name, why="no page")
        return PayInstructions(pay_url=session.url, provider_ref=session.id)

    def read_notice(self, account: AccountInfo, message: IncomingMessage, now: datetime) -> Notice:
        """Check the signature and its age, then what the event is about."""
        return notices.read(account, message, is_live=_is_live(account.secrets), now=now)

    def query(self, account: AccountInfo, payment: PaymentRef, now: datetime) -> QueryResult:
        """Ask for the session. Without one nobody has had an address to pay at."""
        if not payment.provider_ref:
            return QueryResult(QueryState.UNKNOWN)
        try:
            session = self._session(account, payment.provider_ref)
        except Refusal as error:
            if error.code == MISSING:
                return QueryResult(QueryState.UNKNOWN)
            raise ProviderSilent(provider=self.name, why=error.code) from None
        said = session.to_dict(for_json=True)
        if notices.own(said, notices.PAYMENT) != payment.number:
            raise ProviderSilent(provider=self.name, why="another payment")
        if said.get("payment_status") != notices.PAID:
            is_over = said.get("status") == "expired"
            return QueryResult(QueryState.FAILED if is_over else QueryState.PENDING)
        try:
            notice = notices.paid_notice(said, f"query/{session.id}", str(said))
        except BadNotice as error:
            raise ProviderSilent(provider=self.name, why="not understood") from error
        return QueryResult(QueryState.PAID, notice)

    def close(self, account: AccountInfo, payment: PaymentRef, now: datetime) -> None:
        """Expire the session. One that is paid or expired is refused, and stays what it is."""
        if not payment.provider_ref:
            return
        try:
            with understood():
                client_of(account, self._http).v1.checkout.sessions.expire(payment.provider_ref)
        except Refusal:
            return
        except AccountRefused as error:
            raise ProviderSilent(**error.detail) from None

    def refund(self, account: AccountInfo, refund: RefundAsked, now: datetime) -> RefundResult:
        """Give money back, once.

        Stripe forgets the key of a call after a day; whether the refund is there already is
        therefore asked first.

        Raises:
            AccountRefused: The account's key is not accepted any more.
        """
        with refunding():
            known = self._find(account, refund)
            if known is None:
                known = client_of(account, self._http).v1.refunds.create(
                    {
                        "payment_intent": refund.provider_number,
                        "amount": refund.amount.minor,
                        "reason": "requested_by_customer",
                        "metadata": {
                            notices.REFUND: refund.number,
                            notices.PAYMENT: refund.payment.number,
                            "reason": refund.reason[:REASON_MAX],
                        },
                    },
                    {"idempotency_key": notices.REFUND_KEY + refund.number},
                )
        return _result(known)

    def query_refund(
        self, account: AccountInfo, refund: RefundAsked, now: datetime
    ) -> RefundResult:
        """Ask what became of a refund, found by its own name or by the payment's."""
        try:
            with understood():
                known = self._find(account, refund)
        except (AccountRefused, Refusal) as error:
            why = error.code if isinstance(error, Refusal) else str(error.detail.get("why"))
            raise ProviderSilent(provider=self.name, why=why) from None
        return RefundResult(RefundState.UNKNOWN) if known is None else _result(known)

    def fetch_bill(self, account: AccountInfo, day: date, into: BinaryIO, now: datetime) -> None:
        """Fetch the balance's movements of a day that is over, page by page."""
        if day >= now.astimezone(UTC).date():
            raise NoBill(provider=self.name, why="the day is not over")
        with unsure():
            bill.fetch(client_of(account, self._http), account, day, into)

    def read_bill(self, account: AccountInfo, bill_file: BinaryIO) -> Iterator[BillRow]:
        """Read the lines one by one."""
        return bill.read(account, bill_file)

    def probe(self, account: AccountInfo, now: datetime) -> None:
        """Ask for the newest session."""
        try:
            with understood():
                client_of(account, self._http).v1.checkout.sessions.list({"limit": 1})
        except Refusal as error:
            raise AccountRefused(provider=self.name, why=error.why or error.code) from None

    def check_secrets(
        self, secrets: Mapping[str, tuple[str, ...]], options: Mapping[str, Any]
    ) -> None:
        """Demand keys and signing secrets of Stripe's form, all for earnest or all for trials."""
        for name, form in ((SECRET_KEY, _KEY), (notices.SIGNING, _SIGNING)):
            given = secrets.get(name, ())
            if not given or not all(map(form.fullmatch, given)):
                raise BadSecrets(field=name)
        if len({_mode(key) for key in secrets[SECRET_KEY]}) != 1:
            raise BadSecrets(field=SECRET_KEY)
        if options.get("methods", "card") not in {"", "card", "all"}:
            raise BadSecrets(field="methods")
        if not str(options.get("url") or API).startswith(("https://", "http://")):
            raise BadSecrets(field="url")

    def new_secrets(self) -> Mapping[str, str] | None:
        """Make none: Stripe makes them."""
        return None

    def _session(self, account: AccountInfo, name: str) -> stripe.checkout.Session:
        try:
            with understood():
                return client_of(account, self._http).v1.checkout.sessions.retrieve(name)
        except AccountRefused as error:
            raise ProviderSilent(**error.detail) from None

    def _find(self, account: AccountInfo, refund: RefundAsked) -> stripe.Refund | None:
        refunds = client_of(account, self._http).v1.refunds
        if refund.provider_ref:
            return refunds.retrieve(refund.provider_ref)
        page = refunds.list({"payment_intent": refund.provider_number, "limit": REFUNDS_SEEN})
        for one in page.data:
            if notices.own(one.to_dict(), notices.REFUND) == refund.number:
                return one
        return None


def _closes_at(payment: PaymentAsked) -> datetime | None:
    """Return until when a session may be paid; None: as long as Stripe keeps it, a day."""
    if payment.expires_at is None:
        return None
    closes_at = payment.expires_at + STAYS_OPEN
    return closes_at if closes_at - utc_now() < STAYS_OPEN_MAX else None


def _result(known: stripe.Refund) -> RefundResult:
    state = notices.REFUND_STATES.get(str(known.status))
    if state is None:
        raise ProviderSilent(provider=NAME, why="not understood")
    why = str(known.to_dict().get("failure_reason") or known.status or "")
    return RefundResult(state, known.id, why if state is RefundState.FAILED else "")


def _is_live(secrets: Mapping[str, tuple[str, ...]]) -> bool:
    return any(_mode(key) == "live" for key in secrets.get(SECRET_KEY, ()))


def _mode(key: str) -> str:
    return key.split("_")[1] if key.count("_") > 1 else ""
