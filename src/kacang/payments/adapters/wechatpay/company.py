"""WeChat Pay as `PaymentProvider` and `KnowsBuyers` want it."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, BinaryIO, cast
from urllib.parse import quote, urlencode, urlsplit
from zoneinfo import ZoneInfo

from kacang.payments.adapters.wechatpay import account as accounts
from kacang.payments.adapters.wechatpay import said, signing
from kacang.payments.adapters.wechatpay.account import Merchant, merchant_of
from kacang.payments.adapters.wechatpay.bills import ZONE, Hashing, rows
from kacang.payments.adapters.wechatpay.gateway import NAME, Gateway, Said
from kacang.payments.adapters.wechatpay.keys import HTTP_OK, PlatformKeys
from kacang.payments.adapters.wechatpay.requests import signed_headers
from kacang.payments.ports import (
    AccountInfo,
    AccountRefused,
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
    RefundRefused,
    RefundResult,
    RefundState,
    Reply,
    Surroundings,
)
from kacang.shared.clock import utc_now
from kacang.shared.errors import DomainError

TITLE_MAX = 127
REASON_MAX = 80
# WeChat takes no order that ends sooner.
ENDS_SOONEST = timedelta(seconds=90)
NOWHERE = "127.0.0.1"
ORDERS = "/v3/pay/transactions"
REFUNDS = "/v3/refund/domestic/refunds"
PAID_EVENT, REFUND_EVENTS = "TRANSACTION.SUCCESS", "REFUND."
NEVER_MADE = "KACANGPROBE0"
UNKNOWN_ORDER = frozenset({"ORDERNOTEXIST", "RESOURCENOTEXISTS"})
NO_BILLS = frozenset({"NOSTATEMENTEXIST", "STATEMENTCREATING"})
PAID, WAITING = frozenset({"SUCCESS"}), frozenset({"NOTPAY", "USERPAYING", "ACCEPT"})
OWN_HOSTS = ".mch.weixin.qq.com"
_OPENID = re.compile(r"[0-9A-Za-z_-]{1,128}")
# What the official account's interface says when it is merely busy.
_BUSY = frozenset({-1, 45009, 45011})


class WechatPay:
    """The adapter. Remembers WeChat's certificates, and nothing else."""

    name = NAME
    port_version = 2
    creates_offline = False
    fields = accounts.FIELDS
    currencies = frozenset({said.CURRENCY})
    notice_methods = ("POST",)
    taken = Reply('{"code": "SUCCESS", "message": "成功"}'.encode())
    refunds = True
    bills = True
    zone = ZONE

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._http = surroundings.http
        self._keys = PlatformKeys(surroundings.http)
        self._gateway = Gateway(surroundings.http, self._keys)

    def fits(self, account: AccountInfo, device: Device) -> bool:
        """Go by the products that the merchant has opened."""
        try:
            return merchant_of(account).product_for(device) is not None
        except BadSecrets:
            return False

    def create(self, account: AccountInfo, payment: PaymentAsked) -> PayInstructions:
        """Have WeChat open the order, for the product that fits what the buyer holds."""
        merchant = _merchant(account)
        product = _product(merchant, payment)
        asked = _order(merchant, payment, self._surroundings.notice_url(account))
        if product == "jsapi":
            asked["payer"] = {"openid": payment.payer}
        if product == "h5":
            place = {"payer_client_ip": payment.address or NOWHERE}
            asked["scene_info"] = {**place, "h5_info": {"type": "Wap"}}
        answer = self._gateway.post(merchant, f"{ORDERS}/{product}", _json(asked))
        if answer.code == "ORDERPAID":
            # It is asked about, and then known to be paid.
            raise ProviderSilent(provider=NAME, why=answer.why)
        if answer.code:
            raise AccountRefused(provider=NAME, why=answer.why)
        return _instructions(merchant, product, answer.fields, payment.back_url)

    def read_notice(self, account: AccountInfo, message: IncomingMessage, now: datetime) -> Notice:
        """Check signature and time, open the sealed part, then every field."""
        try:
            merchant = merchant_of(account)
        except BadSecrets:
            raise BadSignature from None
        body = message.body
        if not self._keys.is_from_wechat(merchant, message.headers, body, now):
            raise BadSignature
        outer = said.json_object(body)
        if outer is None:
            raise BadNotice(field="body")
        inner_bytes = signing.opened(merchant.v3_keys, outer.get("resource"))
        if inner_bytes is None:
            # Signed by WeChat, but sealed for somebody else, or not as it seals.
            raise BadSignature
        inner = said.json_object(inner_bytes)
        if inner is None:
            raise BadNotice(field="resource")
        return _notice(merchant, outer, inner, body.decode())

    def query(self, account: AccountInfo, payment: PaymentRef, now: datetime) -> QueryResult:
        """Ask by our own number."""
        merchant = _merchant(account)
        target = f"{ORDERS}/out-trade-no/{payment.number}?mchid={merchant.mchid}"
        answer = self._asked(merchant, target)
        if answer.code in UNKNOWN_ORDER:
            return QueryResult(QueryState.UNKNOWN)
        if answer.code:
            raise ProviderSilent(provider=NAME, why=answer.why)
        fields = answer.fields
        if fields.get("out_trade_no") != payment.number:
            raise ProviderSilent(provider=NAME, why="another order")
        if fields.get("trade_state") not in PAID:
            # REFUND is no payment any more: goods for money that went back would be lost.
            is_open = fields.get("trade_state") in WAITING
            return QueryResult(QueryState.PENDING if is_open else QueryState.FAILED)
        try:
            notice = said.payment(
                merchant,
                fields,
                notice_id=f"query/{fields.get('transaction_id')}",
                raw=answer.body.decode(),
            )
        except BadNotice as error:
            raise ProviderSilent(provider=NAME, why="malformed") from error
        return QueryResult(QueryState.PAID, notice)

    def close(self, account: AccountInfo, payment: PaymentRef, now: datetime) -> None:
        """Have WeChat take no money any more. Whatever it refuses, there is nothing to close."""
        merchant = _merchant(account)
        target = f"{ORDERS}/out-trade-no/{payment.number}/close"
        try:
            self._gateway.post(merchant, target, _json({"mchid": merchant.mchid}))
        except AccountRefused as error:
            raise ProviderSilent(provider=NAME, why=error.detail["why"]) from error

    def refund(self, account: AccountInfo, refund: RefundAsked, now: datetime) -> RefundResult:
        """Give money back to where it came from; WeChat knows a repeat by our number."""
        merchant = _merchant(account)
        money = refund.payment.amount
        asked = {
            "transaction_id": refund.provider_number,
            "out_refund_no": refund.number,
            "reason": _clean(refund.reason, REASON_MAX) or refund.number,
            "notify_url": self._surroundings.notice_url(account),
            "amount": {
                "refund": refund.amount.minor,
                "total": money.minor,
                "currency": refund.amount.currency,
            },
        }
        answer = self._gateway.post(merchant, REFUNDS, _json(asked))
        if answer.code:
            raise RefundRefused(provider=NAME, why=answer.why)
        return _refund_result(answer, refund)

    def query_refund(
        self, account: AccountInfo, refund: RefundAsked, now: datetime
    ) -> RefundResult:
        """Ask by our own number."""
        answer = self._asked(_merchant(account), f"{REFUNDS}/{refund.number}")
        if answer.code in UNKNOWN_ORDER:
            return RefundResult(RefundState.UNKNOWN)
        if answer.code:
            raise ProviderSilent(provider=NAME, why=answer.why)
        return _refund_result(answer, refund)

    def fetch_bill(self, account: AccountInfo, day: date, into: BinaryIO, now: datetime) -> None:
        """Fetch the bill of all trades of a day, and compare its sum.

        A day ends at midnight in China; its bill is there at about ten in the morning.
        """
        if day >= now.astimezone(ZoneInfo(self.zone)).date():
            raise NoBill(provider=NAME)
        merchant = _merchant(account)
        query = urlencode({"bill_date": day.isoformat(), "bill_type": "ALL", "tar_type": "GZIP"})
        answer = self._gateway.get(merchant, f"/v3/bill/tradebill?{query}")
        if answer.code in NO_BILLS:
            raise NoBill(provider=NAME, why=answer.why)
        fields = answer.fields
        if answer.code or fields.get("hash_type") != "SHA1":
            raise ProviderSilent(provider=NAME, why=answer.why)
        url, digest = str(fields.get("download_url")), str(fields.get("hash_value"))
        self._download(merchant, url, digest, into)

    def read_bill(self, account: AccountInfo, bill: BinaryIO) -> Iterator[BillRow]:
        """Read payments and refunds."""
        return rows(bill, accounts.option(account.options, "mchid"))

    def probe(self, account: AccountInfo, now: datetime) -> None:
        """Ask about an order that was never made."""
        merchant = _merchant(account)
        target = f"{ORDERS}/out-trade-no/{NEVER_MADE}?mchid={merchant.mchid}"
        answer = self._gateway.get(merchant, target)
        if answer.code and answer.code not in UNKNOWN_ORDER:
            raise AccountRefused(provider=NAME, why=answer.why)

    def check_secrets(
        self, secrets: Mapping[str, tuple[str, ...]], options: Mapping[str, Any]
    ) -> None:
        """Demand keys that parse, and numbers of WeChat's forms."""
        accounts.check(secrets, options)

    def new_secrets(self) -> Mapping[str, str] | None:
        """Make none: the merchant gets them from WeChat's website."""
        return None

    def sign_in_url(self, account: AccountInfo, back_url: str, state: str) -> str:
        """Return where WeChat tells who the buyer is, without asking the buyer."""
        merchant = _merchant(account)
        if merchant.product_for(Device.WECHAT) != "jsapi" or not merchant.app_secret:
            return ""
        asked = {
            "appid": merchant.appid,
            "redirect_uri": back_url,
            "response_type": "code",
            "scope": "snsapi_base",
            "state": state,
        }
        page = merchant.urls["sign_in"] + "/connect/oauth2/authorize"
        return f"{page}?{urlencode(asked)}#wechat_redirect"

    def buyer_of(self, account: AccountInfo, code: str) -> str:
        """Exchange the code that the browser brought for the buyer's openid."""
        merchant = _merchant(account)
        asked = {
            "appid": merchant.appid,
            "secret": merchant.app_secret,
            "code": code,
            "grant_type": "authorization_code",
        }
        url = f"{merchant.urls['tokens']}/sns/oauth2/access_token?{urlencode(asked)}"
        try:
            answer = self._http.get(url)
        except DomainError as error:
            raise ProviderSilent(provider=NAME, why=error.code) from error
        fields = said.json_object(answer.body)
        if answer.status != HTTP_OK or fields is None or fields.get("errcode") in _BUSY:
            raise ProviderSilent(provider=NAME, status=answer.status)
        openid = fields.get("openid")
        if not isinstance(openid, str) or not _OPENID.fullmatch(openid):
            why = said.why_of(str(fields.get("errcode", "")), fields.get("errmsg"))
            raise AccountRefused(provider=NAME, why=why)
        return openid

    def _asked(self, merchant: Merchant, target: str) -> Said:
        """Ask about something that goes on; an account that is refused now tells nothing of it."""
        try:
            return self._gateway.get(merchant, target)
        except AccountRefused as error:
            raise ProviderSilent(provider=NAME, why=error.detail["why"]) from error

    def _download(self, merchant: Merchant, url: str, digest: str, into: BinaryIO) -> None:
        parts, own = urlsplit(url), urlsplit(merchant.urls["gateway"])
        is_own = (parts.scheme, parts.netloc) == (own.scheme, own.netloc)
        is_wechats = parts.scheme == "https" and (parts.hostname or "").endswith(OWN_HOSTS)
        if not (is_own or is_wechats):
            raise ProviderSilent(provider=NAME, why="another host")
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        file = Hashing(into)
        try:
            headers = signed_headers(merchant, "GET", target)
            answer = self._http.download(url, cast(BinaryIO, file), headers=headers)
        except DomainError as error:
            raise ProviderSilent(provider=NAME, why=error.code) from error
        # The file bears no signature: its sum, in an answer that did, stands for one.
        if answer.status != HTTP_OK or not file.is_whole(digest):
            raise ProviderSilent(provider=NAME, status=answer.status, why="hash")


def _merchant(account: AccountInfo) -> Merchant:
    try:
        return merchant_of(account)
    except BadSecrets:
        raise AccountRefused(provider=NAME, why="no secrets") from None


def _product(merchant: Merchant, payment: PaymentAsked) -> str:
    """Choose how the buyer pays. A QR code serves where the right product cannot."""
    product = merchant.product_for(payment.device)
    if product is None or (product == "jsapi" and not payment.payer):
        product = "native" if "native" in merchant.products else None
    if product is None:
        raise AccountRefused(provider=NAME, why=f"no product for {payment.device.value}")
    return product


def _order(merchant: Merchant, payment: PaymentAsked, notice_url: str) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "appid": merchant.appid,
        "mchid": merchant.mchid,
        "description": _clean(payment.title, TITLE_MAX) or payment.number,
        "out_trade_no": payment.number,
        "notify_url": notice_url,
        "amount": {"total": payment.amount.minor, "currency": payment.amount.currency},
    }
    if payment.address:
        asked["scene_info"] = {"payer_client_ip": payment.address}
    if payment.expires_at is not None:
        ends_at = max(payment.expires_at, utc_now() + ENDS_SOONEST)
        asked["time_expire"] = ends_at.astimezone(ZoneInfo(ZONE)).isoformat(timespec="seconds")
    return asked


def _instructions(
    merchant: Merchant, product: str, fields: dict[str, Any], back_url: str
) -> PayInstructions:
    names = {"native": "code_url", "h5": "h5_url", "jsapi": "prepay_id"}
    given = fields.get(names[product])
    if not isinstance(given, str) or not given:
        raise ProviderSilent(provider=NAME, why="malformed")
    if product == "native":
        return PayInstructions(qr_content=given)
    if product == "h5":
        back = f"&redirect_url={quote(back_url, safe='')}" if back_url else ""
        return PayInstructions(pay_url=given + back)
    return PayInstructions(in_app=_page_call(merchant, given))


def _page_call(merchant: Merchant, prepay_id: str) -> dict[str, str]:
    """Return what the page inside WeChat hands to `getBrandWCPayRequest`."""
    stamp, nonce = str(int(utc_now().timestamp())), signing.new_nonce()
    package = f"prepay_id={prepay_id}"
    key = signing.private_key(merchant.private_key)
    assert key is not None  # the order was signed with it
    message = signing.page_message(merchant.appid, stamp, nonce, package)
    return {
        "appId": merchant.appid,
        "timeStamp": stamp,
        "nonceStr": nonce,
        "package": package,
        "signType": "RSA",
        "paySign": signing.sign(key, message),
    }


def _notice(merchant: Merchant, outer: dict[str, Any], inner: dict[str, Any], raw: str) -> Notice:
    event, notice_id = str(outer.get("event_type")), said.identity(outer)
    if event == PAID_EVENT:
        if inner.get("trade_state") not in PAID:
            return Ignored(f"trade_state {inner.get('trade_state')}"[: said.WHY_MAX])
        return said.payment(merchant, inner, notice_id=notice_id, raw=raw)
    if event.startswith(REFUND_EVENTS):
        return said.refund(merchant, inner, notice_id=notice_id, raw=raw)
    return Ignored(f"event_type {event}"[: said.WHY_MAX])


def _refund_result(answer: Said, refund: RefundAsked) -> RefundResult:
    try:
        return said.refund_result(answer.fields, refund.number)
    except BadNotice as error:
        raise ProviderSilent(provider=NAME, why="malformed") from error


def _clean(words: str, most: int) -> str:
    """Return words of one line, as many as WeChat takes."""
    return "".join(letter if letter.isprintable() else " " for letter in words).strip()[:most]


def _json(asked: Mapping[str, Any]) -> bytes:
    return json.dumps(asked, ensure_ascii=False).encode()
