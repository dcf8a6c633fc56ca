"""易支付 V1: MD5, `submit.php`, `mapi.php`, `api.php`. Its answers are not signed."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from kacang.payments.adapters.epay.reading import (
    DEVICES,
    GIVEN_BACK,
    HAS_MONEY,
    fields_of,
    money_of,
    name_of,
    notice_of,
    result_of,
)
from kacang.payments.adapters.epay.signing import content_of, is_md5_of, md5_of
from kacang.payments.adapters.epay.terms import KEY, NAME, PAGE, Terms
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

KEY_LENGTH_MIN, KEY_LENGTH_MAX = 16, 128
SUCCESS, NO_SUCH_ORDER = "1", "-1"
WHOLE_ONLY = "V1 gives back whole payments only / V1 仅支持全额退款"
FORM = {"content-type": "application/x-www-form-urlencoded"}


class V1:
    """The older of the two protocols that `Epay` speaks."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._http = surroundings.http

    def create(self, account: AccountInfo, terms: Terms, payment: PaymentAsked) -> PayInstructions:
        """Sign the address of the gateway's page, or have the gateway say how it is paid."""
        fields = {
            "pid": terms.pid,
            "type": terms.type_sent,
            "out_trade_no": payment.number,
            "notify_url": self._surroundings.notice_url(account),
            "return_url": payment.back_url or self._surroundings.public_url,
            "name": name_of(payment.title, payment.number),
            "money": payment.amount.plain,
        }
        if terms.way == PAGE:
            signed = _signed(fields, _key(account), terms)
            return paid_at(f"{terms.base}/submit.php?{urlencode(signed)}")
        fields |= {"clientip": payment.address or "127.0.0.1", "device": DEVICES[payment.device]}
        signed = _signed(fields, _key(account), terms)
        said = self._post(f"{terms.base}/mapi.php", signed)
        if text_of(said, "code") != SUCCESS:
            raise AccountRefused(provider=NAME, why=why_of(said, "msg", account.secrets))
        url, picture = text_of(said, "payurl"), text_of(said, "img")
        code = text_of(said, "qrcode") or ("" if url else text_of(said, "urlscheme"))
        made = paid_at(url or ("" if code else picture), code, text_of(said, "trade_no"))
        if not (made.pay_url or made.qr_content):
            raise ProviderSilent(provider=NAME, why="no way to pay")
        return made

    def read_notice(
        self, account: AccountInfo, terms: Terms, message: IncomingMessage
    ) -> VerifiedNotice:
        """Check the signature over the values as they came, then every field."""
        fields = fields_of(message)
        content = content_of(fields, encoded=terms.is_encoded)
        if not is_md5_of(content, account.secrets.get(KEY, ()), fields.get("sign", "")):
            raise BadSignature
        return notice_of(terms, fields, message)

    def query(self, account: AccountInfo, terms: Terms, payment: PaymentRef) -> QueryResult:
        """Ask about an order by our number."""
        said = self._order(account, terms, payment.number)
        if said is None:
            return QueryResult(QueryState.UNKNOWN)
        try:
            return result_of(terms, payment, said)
        except BadNotice as error:
            raise ProviderSilent(provider=NAME, why=error.code) from error

    def refund(self, account: AccountInfo, terms: Terms, refund: RefundAsked) -> RefundResult:
        """Give a whole payment back.

        V1 knows no number of a refund: only of a whole payment can it be told afterwards whether
        it was given back, so that repeating never pays twice.
        """
        state = self.query_refund(account, terms, refund).state
        if state is not RefundState.UNKNOWN:
            return RefundResult(state)
        asked = {
            "pid": terms.pid,
            "key": _key(account),
            "out_trade_no": refund.payment.number,
            "trade_no": refund.provider_number,
            "money": refund.amount.plain,
        }
        try:
            said = self._post(f"{terms.base}/api.php?act=refund", asked)
        except ProviderSilent as error:
            if error.detail.get("status") in {404, 405}:
                # Many a fork has no such call: nothing was done, and a person does it.
                raise RefundRefused(provider=NAME, why="HTTP 404") from error
            raise
        if text_of(said, "code") != SUCCESS:
            raise RefundRefused(provider=NAME, why=why_of(said, "msg", account.secrets))
        return RefundResult(RefundState.DONE)

    def query_refund(self, account: AccountInfo, terms: Terms, refund: RefundAsked) -> RefundResult:
        """Say whether the whole payment was given back."""
        if refund.amount != refund.payment.amount:
            raise RefundRefused(provider=NAME, why=WHOLE_ONLY)
        said = self._order(account, terms, refund.payment.number) or {}
        status = said.get("status", "")
        if status == GIVEN_BACK:
            if _is_part(said, refund):
                raise RefundRefused(provider=NAME, why=WHOLE_ONLY)
            return RefundResult(RefundState.DONE)
        if status != HAS_MONEY:
            raise RefundRefused(provider=NAME, why=f"status {status or '?'}")
        return RefundResult(RefundState.UNKNOWN)

    def close(self, account: AccountInfo, terms: Terms, payment: PaymentRef) -> None:
        """Do nothing: V1 cannot close an order."""

    def probe(self, account: AccountInfo, terms: Terms) -> None:
        """Ask about the merchant; the key goes along, and the answer must name it."""
        said = self._api(account, terms, {"act": "query"})
        if text_of(said, "code") != SUCCESS:
            raise AccountRefused(provider=NAME, why=why_of(said, "msg", account.secrets))
        if text_of(said, "pid") != terms.pid:
            raise ProviderSilent(provider=NAME, why="another merchant")

    def check_secrets(self, secrets: Mapping[str, tuple[str, ...]]) -> None:
        """Demand one or two keys that are worth something."""
        keys = secrets.get(KEY, ())
        if not 1 <= len(keys) <= 2:  # noqa: PLR2004 - the old one and the new one
            raise BadSecrets(field=KEY)
        for key in keys:
            if not (KEY_LENGTH_MIN <= len(key) <= KEY_LENGTH_MAX and key.isascii()):
                raise BadSecrets(field=KEY)
            if not key.isprintable() or " " in key:
                raise BadSecrets(field=KEY)

    def _order(self, account: AccountInfo, terms: Terms, number: str) -> dict[str, str] | None:
        """Return what the gateway knows of an order; None: it never heard of it."""
        said = self._api(account, terms, {"act": "order", "out_trade_no": number})
        code = text_of(said, "code")
        if code == NO_SUCH_ORDER:
            return None
        if code != SUCCESS:
            why = why_of(said, "msg", account.secrets)
            raise ProviderSilent(provider=NAME, why=why)
        return {name: text_of(said, name) for name in said}

    def _api(self, account: AccountInfo, terms: Terms, asked: dict[str, str]) -> dict[str, Any]:
        # The key travels in the address: `terms` holds no address without TLS outside the
        # operator's own networks, and no error of ours names more of it than the host.
        query = urlencode({**asked, "pid": terms.pid, "key": _key(account)})
        return answered(NAME, lambda: self._http.get(f"{terms.base}/api.php?{query}"))

    def _post(self, url: str, fields: Mapping[str, str]) -> dict[str, Any]:
        body = urlencode(fields).encode()
        return answered(NAME, lambda: self._http.post(url, body, headers=FORM))


def _key(account: AccountInfo) -> str:
    keys = account.secrets.get(KEY, ())
    if not keys or not keys[0]:
        raise BadSecrets(field=KEY)
    return keys[0]


def _signed(fields: Mapping[str, str], key: str, terms: Terms) -> dict[str, str]:
    said = {name: value for name, value in fields.items() if value}
    sign = md5_of(content_of(said, encoded=terms.is_encoded), key)
    return {**said, "sign": sign.upper() if terms.is_upper else sign, "sign_type": "MD5"}


def _is_part(said: Mapping[str, str], refund: RefundAsked) -> bool:
    """Whether less than the whole was given back, where the gateway says how much."""
    told = said.get("refundmoney", "")
    try:
        return bool(told) and money_of(told) < refund.amount
    except BadNotice:
        return False
