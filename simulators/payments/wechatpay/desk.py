"""What the merchant calls: orders, refunds, bills, certificates, and who a buyer is."""

import hashlib
import json
import re
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from simulators.payments.company import Asked, RefundWay, Said
from simulators.payments.wechatpay import bill, signing
from simulators.payments.wechatpay.books import No
from simulators.payments.wechatpay.speaking import Speaker

TOLERANCE = 300
SUCCESS, REFUSED = 200, 400
NUMBER = re.compile(r"[0-9A-Za-z_\-|*]{6,32}")
ORDERS, REFUNDS = "/v3/pay/transactions", "/v3/refund/domestic/refunds"
ROUTES = tuple(
    (method, re.compile(form), does)
    for method, form, does in (
        ("POST", f"{ORDERS}/(native|jsapi|h5)", "open"),
        ("GET", f"{ORDERS}/out-trade-no/([^/]+)", "find"),
        ("POST", f"{ORDERS}/out-trade-no/([^/]+)/close", "close"),
        ("POST", REFUNDS, "refund"),
        ("GET", f"{REFUNDS}/([^/]+)", "find_refund"),
        ("GET", "/v3/bill/tradebill", "bill"),
        ("GET", "/v3/billdownload/file", "file"),
        ("GET", "/v3/certificates", "certificates"),
    )
)
Told = tuple[int, dict[str, Any] | bytes]


class Desk(Speaker):
    """The company's interface for its one merchant.

    `refusals` are what it says to the next calls, whatever they are; with `signs_refusals` off
    they bear no signature, as when the company's outermost gate has spoken.
    """

    def __init__(self, keys: Mapping[str, Any], **options: Any) -> None:
        super().__init__(keys, **options)
        self.refusals: list[No] = []
        self.signs_refusals = True
        self.codes: dict[str, str] = {}
        self._nonces: set[str] = set()
        self._files: dict[str, bytes] = {}

    def answer(self, asked: Asked) -> Said:
        """Carry out a call of the merchant's, if it is signed."""
        if asked.path == "/sns/oauth2/access_token":
            return self._token(asked)
        try:
            self._demand_signature(asked)
            if self.refusals:
                raise self.refusals.pop(0)
            status, body = self._routed(asked)
        except No as no:
            status = no.status
            body = json.dumps({"code": no.code, "message": no.message}, ensure_ascii=False).encode()
        if asked.path == "/v3/billdownload/file" and status == SUCCESS:
            # Files bear no signature.
            return Said(body, "application/octet-stream")
        if status >= REFUSED and not self.signs_refusals:
            return Said(body, status=status)
        return Said(body, status=status, headers=self.signed(body))

    def _demand_signature(self, asked: Asked) -> None:
        given = signing.credentials(asked.headers.get("authorization", ""))
        if given is None:
            raise No(401, "SIGN_ERROR", "Authorization 不合法")
        if given["mchid"] != self.keys["mchid"]:
            raise No(404, "MCH_NOT_EXISTS", "商户号不存在")
        if given["serial_no"] != self.keys["serial_no"]:
            raise No(401, "SIGN_ERROR", "商户证书序列号有误")
        stamp, nonce = given["timestamp"], given["nonce_str"]
        if not stamp.isdigit() or abs(time.time() - int(stamp)) > TOLERANCE:
            raise No(
                401,
                "SIGN_ERROR",
                "HTTP 头 Authorization 的 timestamp 与发起请求的时间不得超过 5 分钟",
            )
        target = f"{asked.path}?{asked.query}" if asked.query else asked.path
        lines = [asked.method, target, stamp, nonce]
        if not signing.is_by_merchant(
            self.keys["merchant_public_key"], lines, asked.body, given["signature"]
        ):
            raise No(401, "SIGN_ERROR", "签名错误，请检查后再试")
        with self.lock:
            if nonce in self._nonces:
                raise No(401, "SIGN_ERROR", "重复的请求")
            self._nonces.add(nonce)

    def _routed(self, asked: Asked) -> tuple[int, bytes]:
        query = {name: values[0] for name, values in parse_qs(asked.query).items()}
        for method, form, does in ROUTES:
            found = form.fullmatch(asked.path)
            if found and method == asked.method:
                given = query if method == "GET" else _body(asked)
                status, said = getattr(self, does)(given, *found.groups())
                return status, said if isinstance(said, bytes) else _written(said)
        raise No(404, "RESOURCE_NOT_EXISTS", "无此接口")

    def find(self, given: dict[str, Any], number: str) -> Told:
        """Answer what became of an order."""
        self._demand_merchant(given)
        return SUCCESS, self.books.find(number).told()

    def close(self, given: dict[str, Any], number: str) -> Told:
        """Close an order."""
        self._demand_merchant(given)
        self.books.close(number)
        return 204, b""

    def find_refund(self, _given: dict[str, Any], number: str) -> Told:
        """Answer what became of a refund."""
        if number not in self.books.refunds:
            raise No(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
        return SUCCESS, self.books.refunds[number].told(state_name="status")

    def file(self, given: dict[str, Any]) -> Told:
        """Give out a bill that was made."""
        return SUCCESS, self._files[given["token"]]

    def open(self, said: dict[str, Any], product: str) -> Told:
        """Open an order."""
        self._demand_merchant(said)
        if said.get("appid") != self.keys["appid"]:
            raise No(400, "APPID_MCHID_NOT_MATCH", "商户号与 appid 不匹配")
        _check_order(product, said)
        trade = self.books.open(product, said)
        page = f"{self.url}/cashier/{trade.number}"
        return SUCCESS, {
            "native": {"code_url": page},
            "h5": {"h5_url": f"{page}?prepay_id={trade.prepay_id}"},
            "jsapi": {"prepay_id": trade.prepay_id},
        }[product]

    def refund(self, said: dict[str, Any]) -> Told:
        """Give money back."""
        if said.get("transaction_id"):
            trade = self.books.of_transaction(said["transaction_id"])
        else:
            trade = self.books.find(str(said.get("out_trade_no")))
        _demand(type(said["amount"]["refund"]) is int and said["amount"]["refund"] > 0, "refund")
        _demand(0 < len(str(said.get("reason", "x"))) <= 80, "reason")  # noqa: PLR2004
        at_once = self.mood.refunds is RefundWay.AT_ONCE
        made, is_new = self.books.refund(said, trade, "SUCCESS" if at_once else "PROCESSING")
        if is_new and at_once:
            self.waiting.append(self.refunded(made))
        return SUCCESS, made.told(state_name="status")

    def bill(self, query: dict[str, Any]) -> Told:
        """Make a bill, and say where it is."""
        _demand(query.get("bill_type") == "ALL" and query.get("tar_type") == "GZIP", "bill_type")
        text = bill.written(self.books, date.fromisoformat(query["bill_date"]), self.mood.bill)
        if not text:
            raise No(400, "NO_STATEMENT_EXIST", "账单文件不存在")
        token = secrets.token_hex(16)
        self._files[token] = bill.packed(text)
        digest = hashlib.sha1(text, usedforsecurity=False).hexdigest()
        url = f"{self.url}/v3/billdownload/file?token={token}"
        return SUCCESS, {"hash_type": "SHA1", "hash_value": digest, "download_url": url}

    def certificates(self, _given: dict[str, Any]) -> Told:
        """Give out the certificate in force, sealed with the APIv3 key."""
        mine = self.certificate
        sealed = signing.sealed(self.keys["api_v3_key"], mine["certificate"], "certificate")
        return SUCCESS, {
            "data": [
                {
                    "serial_no": mine["serial"],
                    "effective_time": mine["begins"],
                    "expire_time": mine["ends"],
                    "encrypt_certificate": sealed,
                }
            ]
        }

    def _token(self, asked: Asked) -> Said:
        given = asked.form()
        if given.get("appid") != self.keys["appid"]:
            said: dict[str, Any] = {"errcode": 40013, "errmsg": "invalid appid"}
        elif given.get("secret") != self.keys["app_secret"]:
            said = {"errcode": 40125, "errmsg": "invalid appsecret"}
        elif given.get("code") not in self.codes:
            said = {"errcode": 40029, "errmsg": "invalid code"}
        else:
            openid = self.codes.pop(given["code"])
            said = {"access_token": secrets.token_hex(8), "openid": openid, "scope": "snsapi_base"}
        return Said(json.dumps(said).encode(), "text/plain")

    def _demand_merchant(self, said: Mapping[str, Any]) -> None:
        if said.get("mchid") != self.keys["mchid"]:
            raise No(400, "PARAM_ERROR", "mchid 与签名的商户不一致")


def _check_order(product: str, said: dict[str, Any]) -> None:
    amount, scene = said.get("amount", {}), said.get("scene_info", {})
    _demand(NUMBER.fullmatch(str(said.get("out_trade_no"))), "out_trade_no")
    _demand(1 <= len(str(said.get("description", ""))) <= 127, "description")  # noqa: PLR2004
    _demand(type(amount.get("total")) is int and amount["total"] > 0, "amount.total")
    _demand(amount.get("currency") == "CNY", "amount.currency")
    url = urlsplit(str(said.get("notify_url")))
    _demand(url.scheme in {"http", "https"} and url.netloc and not url.query, "notify_url")
    if "time_expire" in said:
        ends_at = datetime.fromisoformat(said["time_expire"])
        _demand((ends_at - datetime.now(UTC)).total_seconds() > 60, "time_expire")  # noqa: PLR2004
    if product == "jsapi":
        _demand(said.get("payer", {}).get("openid"), "payer.openid")
    if product == "h5":
        _demand(scene.get("payer_client_ip"), "payer_client_ip")
        _demand(scene.get("h5_info", {}).get("type"), "h5_info.type")


def _demand(is_right: object, name: str) -> None:
    if not is_right:
        raise No(400, "PARAM_ERROR", f"参数错误：{name}")


def _body(asked: Asked) -> dict[str, Any]:
    try:
        said = json.loads(asked.body)
    except ValueError:
        raise No(400, "PARAM_ERROR", "请求体不是 JSON") from None
    if not isinstance(said, dict):
        raise No(400, "PARAM_ERROR", "请求体不是 JSON 对象")
    return said


def _written(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer, ensure_ascii=False).encode()
