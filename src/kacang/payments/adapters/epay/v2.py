"""易支付 V2: RSA on both sides, `/api/pay/…` and `/api/merchant/info`. Success is code 0."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from urllib.parse import urlencode

from kacang.payments.adapters.epay.reading import (
    DEVICES,
    fields_of,
    money_of,
    name_of,
    notice_of,
    result_of,
)
from kacang.payments.adapters.epay.signing import (
    content_of,
    is_rsa_of,
    private,
    public,
    rsa_of,
)
from kacang.payments.adapters.epay.terms import NAME, PAGE, PLATFORM_KEY, PRIVATE_KEY, Terms
from kacang.payments.adapters.epay.v1 import FORM
from kacang.payments.adapters.gateways import answered, paid_at, text_of, why_of
from kacang.payments.ports import (
    AccountInfo,
    AccountRefused,
    BadNotice,
    BadSecrets,
    BadSignature,
    IncomingMessage,
    PayInstructions,
    PaymentAsked,
    PaymentRef,
    ProviderSilent,
    QueryResult,
    QueryState,
    RefundAsked,
    RefundRefused,
    RefundResult,
    RefundState,
    Surroundings,
    VerifiedNotice,
)
from kacang.shared.clock import utc_now

SUCCESS, REFUSED = "0", "-1"
TOLERANCE_SECONDS = 300
STAMP_DIGITS_MAX = 12
REFUND_STATES = {"0": RefundState.FAILED, "1": RefundState.DONE}
# What a payment page is; the other kinds are for apps and cash desks.
JUMPS, CODES = frozenset({"jump"}), frozenset({"qrcode", "urlscheme"})
# How each key is read that somebody fills in.
_READERS: Mapping[str, Callable[[str], object]] = {
    PRIVATE_KEY: partial(private, is_trusted=False),
    PLATFORM_KEY: public,
}


class V2:
    """The newer of the two protocols that `Epay` speaks."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._http = surroundings.http

    def create(self, account: AccountInfo, terms: Terms, payment: PaymentAsked) -> PayInstructions:
        """Have the gateway say how it is paid.

        Not by an address that we sign: it would hold a time stamp, and be dead in five minutes.
        """
        asked = {
            "type": terms.type_sent,
            "method": "jump" if terms.way == PAGE else "web",
            "device": DEVICES[payment.device],
            "out_trade_no": payment.number,
            "notify_url": self._surroundings.notice_url(account),
            "return_url": payment.back_url or self._surroundings.public_url,
            "name": name_of(payment.title, payment.number),
            "money": payment.amount.plain,
            "clientip": payment.address or "127.0.0.1",
        }
        said = self._ask(account, terms, "pay/create", asked, utc_now())
        if said.get("code") != SUCCESS:
            raise AccountRefused(provider=NAME, why=said["msg"])
        kind, info = said.get("pay_type", ""), said.get("pay_info", "")
        made = paid_at(
            info if kind in JUMPS else "",
            info if kind in CODES else "",
            said.get("trade_no", ""),
        )
        if not (made.pay_url or made.qr_content):
            raise ProviderSilent(provider=NAME, why=f"no way to pay: {kind[:20]}")
        return made

    def read_notice(
        self, account: AccountInfo, terms: Terms, message: IncomingMessage, now: datetime
    ) -> VerifiedNotice:
        """Check signature and time, then every field."""
        fields = fields_of(message)
        _check(account, fields, now)
        return notice_of(terms, fields, message)

    def query(
        self, account: AccountInfo, terms: Terms, payment: PaymentRef, now: datetime
    ) -> QueryResult:
        """Ask about an order by our number."""
        said = self._ask(account, terms, "pay/query", {"out_trade_no": payment.number}, now)
        if said.get("code") == REFUSED:
            return QueryResult(QueryState.UNKNOWN)
        if said.get("code") != SUCCESS:
            raise ProviderSilent(provider=NAME, why=said["msg"])
        try:
            return result_of(terms, payment, said)
        except BadNotice as error:
            raise ProviderSilent(provider=NAME, why=error.code) from error

    def close(self, account: AccountInfo, terms: Terms, payment: PaymentRef, now: datetime) -> None:
        """Close an order; one that is closed, paid or unknown is refused, and nothing happens."""
        self._ask(account, terms, "pay/close", {"out_trade_no": payment.number}, now)

    def refund(
        self, account: AccountInfo, terms: Terms, refund: RefundAsked, now: datetime
    ) -> RefundResult:
        """Give money back under our number. Taken on is not yet given: it is asked about."""
        asked = {
            "trade_no": refund.provider_number,
            "money": refund.amount.plain,
            "out_refund_no": refund.number,
        }
        said = self._ask(account, terms, "pay/refund", asked, now)
        done = self.query_refund(account, terms, refund, now)
        if said.get("code") == SUCCESS:
            ref = said.get("refund_no", "")
            if done.state is RefundState.UNKNOWN:
                return RefundResult(RefundState.PENDING, ref)
            return done
        # A repeat is refused because its first was taken on.
        if done.state is RefundState.UNKNOWN:
            raise RefundRefused(provider=NAME, why=said["msg"])
        return done

    def query_refund(
        self, account: AccountInfo, terms: Terms, refund: RefundAsked, now: datetime
    ) -> RefundResult:
        """Ask what became of a refund by our number."""
        asked = {"out_refund_no": refund.number}
        said = self._ask(account, terms, "pay/refundquery", asked, now)
        if said.get("code") == REFUSED:
            return RefundResult(RefundState.UNKNOWN)
        if said.get("code") != SUCCESS:
            raise ProviderSilent(provider=NAME, why=said["msg"])
        try:
            is_it = money_of(said.get("money", "")) == refund.amount
        except BadNotice:
            is_it = False
        if not is_it or said.get("out_refund_no") != refund.number:
            raise ProviderSilent(provider=NAME, why="another refund")
        state = REFUND_STATES.get(said.get("status", ""), RefundState.PENDING)
        return RefundResult(state, said.get("refund_no", ""), said.get("msg", ""))

    def probe(self, account: AccountInfo, terms: Terms, now: datetime) -> None:
        """Ask about the merchant; the answer is signed."""
        said = self._ask(account, terms, "merchant/info", {}, now)
        if said.get("code") != SUCCESS:
            raise AccountRefused(provider=NAME, why=said["msg"])

    def check_secrets(self, secrets: Mapping[str, tuple[str, ...]]) -> None:
        """Demand both keys, each of the right kind."""
        for name, read in _READERS.items():
            keys = secrets.get(name, ())
            if not 1 <= len(keys) <= 2:  # noqa: PLR2004 - the old one and the new one
                raise BadSecrets(field=name)
            for key in keys:
                read(key)

    def _ask(
        self,
        account: AccountInfo,
        terms: Terms,
        what: str,
        asked: Mapping[str, str],
        now: datetime,
    ) -> dict[str, str]:
        """Ask, and return what is said; good news are believed only with a signature.

        Raises:
            ProviderSilent: Good news without one.
        """
        stamp = str(int(now.timestamp()))
        fields = {name: value for name, value in asked.items() if value}
        fields |= {"pid": terms.pid, "timestamp": stamp}
        sign = rsa_of(content_of(fields), _private_key(account))
        body = urlencode({**fields, "sign": sign, "sign_type": "RSA"}).encode()
        answer = answered(
            NAME, lambda: self._http.post(f"{terms.base}/api/{what}", body, headers=FORM)
        )
        said = {name: text_of(answer, name) for name in answer}
        said["msg"] = why_of(answer, "msg", account.secrets)
        if said.get("code") != SUCCESS:
            return said
        try:
            _check(account, {**said, "msg": text_of(answer, "msg")}, now)
        except BadSignature as error:
            raise ProviderSilent(provider=NAME, why=error.code) from error
        return said


def _check(account: AccountInfo, fields: Mapping[str, str], now: datetime) -> None:
    keys = account.secrets.get(PLATFORM_KEY, ())
    if not is_rsa_of(content_of(fields), keys, fields.get("sign", "")):
        raise BadSignature
    stamp = fields.get("timestamp", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= STAMP_DIGITS_MAX):
        raise BadSignature
    if abs(now.timestamp() - int(stamp)) > TOLERANCE_SECONDS:
        raise BadSignature


def _private_key(account: AccountInfo) -> str:
    keys = account.secrets.get(PRIVATE_KEY, ())
    if not keys:
        raise BadSecrets(field=PRIVATE_KEY)
    return keys[0]
