"""Alipay's gateway: signed questions and answers, the cashier's page, messages, misbehaviour."""

import json
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode

from simulators.payments.alipay import signing
from simulators.payments.alipay.books import CLOSED, PAID, WAITING, Refund, Trade, bill, china, yuan
from simulators.payments.company import Asked, Company, Deed, RefundWay, Said, page, tell

PAGES = {"alipay.trade.page.pay": "FAST_INSTANT_TRADE_PAY", "alipay.trade.wap.pay": "QUICK_WAP_WAY"}
MINUTES = 15
BUSINESS = "40004"
_Fields = dict[str, Any]


class AlipayCompany(Company):
    """Alipay with one application of one merchant.

    Args:
        keys: What `new_keys` made.
        tell: How a message is sent: a test may carry it itself.
        place: `host` and `port`.
    """

    def __init__(
        self,
        keys: Mapping[str, Any],
        *,
        tell: Callable[[str, bytes, Mapping[str, str]], tuple[int, bytes]] = tell,
        **place: Any,
    ) -> None:
        super().__init__(**place)
        self.keys = keys
        self.trades: dict[str, Trade] = {}
        self.late: list[tuple[str, bytes]] = []
        self._tell = tell
        self._codes: dict[str, str] = {}

    # What people do.

    def visit(self, asked: Asked) -> Said | None:
        """Show the cashier's page, or do what was clicked there."""
        trade = self._shown(asked)
        if trade is None or isinstance(trade, Said):
            return trade
        if asked.method == "POST":
            self.act(trade.out_trade_no, Deed(asked.form().get("deed", "pay")))
        return page(
            title="支付宝",
            what=trade.subject,
            amount=f"¥{yuan(trade.minor)}",
            state=trade.status,
            action=f"{asked.path}?{asked.query}",
            is_open=trade.status == WAITING,
            back=trade.return_url,
        )

    def act(self, number: str, deed: Deed) -> list[tuple[int, bytes]]:
        """Do something with a trade; return what the shop answered to each message."""
        with self.lock:
            trade = self.trades[number]
            trade.is_scanned = True
            if deed is Deed.FAIL:
                trade.status = CLOSED
                return self._send(trade)
            trade.minor += {Deed.LESS: -1, Deed.MORE: 1}.get(deed, 0)
            trade.currency = "USD" if deed is Deed.CURRENCY else "CNY"
            trade.status, trade.paid_at = PAID, datetime.now(UTC)
        if deed is Deed.LOSE:
            return []
        if deed is Deed.LATE:
            self.late.append((trade.notify_url, self.message(trade)))
            return []
        if deed is Deed.FORGED:
            said = dict(self.fields_of(trade), sign="A" * 342 + "==", sign_type="RSA2")
            return [self._post(trade.notify_url, urlencode(said).encode())]
        answers = self._send(trade)
        if deed is Deed.REPEAT:
            again = self.message(trade)
            answers += [self._post(trade.notify_url, again) for _ in range(4)]
        if deed is Deed.UNORDERED:
            waits = self.message(trade, trade_status=WAITING)
            answers.append(self._post(trade.notify_url, waits))
        return answers

    def deliver(self) -> list[tuple[int, bytes]]:
        """Send the messages that are late."""
        waiting, self.late = self.late, []
        return [self._post(*one) for one in waiting]

    def finish_refunds(self) -> None:
        """Let what is pending end as the mood says."""
        for trade in self.trades.values():
            for one in trade.refunds.values():
                if one.status == "pending":
                    fails = self.mood.refunds is RefundWay.FAILS_LATER
                    one.status, one.at = "failed" if fails else "done", datetime.now(UTC)

    # What it says.

    def fields_of(self, trade: Trade, **changes: str) -> dict[str, str]:
        """Return the fields of a message about a trade, without its signature."""
        amount = yuan(trade.minor)
        said = {
            "app_id": self.keys["app_id"],
            "auth_app_id": self.keys["app_id"],
            "seller_id": self.keys["seller_id"],
            "notify_id": secrets.token_hex(17),
            "notify_type": "trade_status_sync",
            "notify_time": china(datetime.now(UTC)),
            "charset": "utf-8",
            "version": "1.0",
            "out_trade_no": trade.out_trade_no,
            "trade_no": trade.trade_no,
            "trade_status": trade.status,
            "total_amount": amount,
            "receipt_amount": amount,
            "buyer_pay_amount": amount,
            "trans_currency": "" if trade.currency == "CNY" else trade.currency,
            "subject": trade.subject,
            "buyer_id": "2088102177846880",
            "fund_bill_list": f'[{{"amount":"{amount}","fundChannel":"ALIPAYACCOUNT"}}]',
            "gmt_create": china(trade.made_at),
            "gmt_payment": china(trade.paid_at) if trade.paid_at else "",
            **changes,
        }
        return {name: value for name, value in said.items() if value}

    def message(self, trade: Trade, **changes: str) -> bytes:
        """Return a signed message about a trade."""
        return self.signed_message(self.fields_of(trade, **changes))

    def signed_message(self, fields: Mapping[str, str]) -> bytes:
        """Return any fields as a signed message."""
        text = signing.notice_text(fields)
        sign = signing.sign(self.keys["alipay_private_key"], text)
        return urlencode({**fields, "sign_type": "RSA2", "sign": sign}).encode()

    def _send(self, trade: Trade) -> list[tuple[int, bytes]]:
        return [self._post(trade.notify_url, self.message(trade))] if trade.notify_url else []

    def _post(self, url: str, body: bytes) -> tuple[int, bytes]:
        kind = "application/x-www-form-urlencoded; charset=utf-8"
        return self._tell(url, body, {"content-type": kind})

    # What it is asked.

    def answer(self, asked: Asked) -> Said:
        """Answer a question to the gateway, or hand a bill out."""
        if asked.path.startswith("/bill/"):
            day = date.fromisoformat(asked.path.removeprefix("/bill/"))
            found = bill(self.keys["seller_id"], list(self.trades.values()), day, self.mood.bill)
            return Said(found or b"", "application/zip", 200 if found else 404)
        fields = asked.form()
        method = fields.get("method", "")
        node = method.replace(".", "_") + "_response"
        wrong = self._wrong(fields)
        if wrong:
            return self._signed(node, {"code": wrong[0], "msg": "Invalid", "sub_code": wrong[1],
                                       "sub_msg": wrong[1]}, fields)  # fmt: skip
        content = json.loads(fields["biz_content"])
        deeds: dict[str, Callable[[_Fields, _Fields], _Fields]] = {
            "alipay.trade.precreate": self._precreate,
            "alipay.trade.query": self._query,
            "alipay.trade.close": self._close,
            "alipay.trade.refund": self._refund,
            "alipay.trade.fastpay.refund.query": self._refund_query,
            "alipay.data.dataservice.bill.downloadurl.query": self._bill,
        }
        with self.lock:
            said = deeds[method](content, fields)
        return self._signed(node, said, fields)

    def _wrong(self, fields: Mapping[str, str]) -> tuple[str, str] | None:
        """Return code and sub-code of what is wrong with a request's form."""
        if fields.get("app_id") != self.keys["app_id"]:
            return "40002", "isv.invalid-app-id"
        text = signing.request_text(fields)
        if not signing.fits(self.keys["app_public_key"], text, fields.get("sign", "")):
            return "40002", "isv.invalid-signature"
        at = datetime.strptime(fields["timestamp"] + "+0800", "%Y-%m-%d %H:%M:%S%z")
        if abs((datetime.now(UTC) - at).total_seconds()) > MINUTES * 60:
            return "40002", "isv.invalid-timestamp"
        if "app_cert_sn" in fields:
            right = signing.number_of_file(self.keys["app_cert"])
            roots = signing.number_of_roots(self.keys["alipay_root_cert"])
            if (fields["app_cert_sn"], fields.get("alipay_root_cert_sn")) != (right, roots):
                return "40002", "isv.invalid-app-cert-sn"
        return None

    def _signed(self, node: str, said: _Fields, asked: Mapping[str, str]) -> Said:
        raw = json.dumps(said, ensure_ascii=False, separators=(",", ":")).replace("/", "\\/")
        ends = ""
        if said.get("sub_code") != "isv.invalid-app-id":
            ends = f',"sign":"{signing.sign(self.keys["alipay_private_key"], raw)}"'
        if "app_cert_sn" in asked:
            number = signing.number_of_file(self.keys["alipay_cert"])
            ends += f',"alipay_cert_sn":"{number}"'
        return Said(f'{{"{node}":{raw}{ends}}}'.encode())

    def _shown(self, asked: Asked) -> Trade | Said | None:
        if asked.path.startswith("/qr/"):
            number = self._codes.get(asked.path.removeprefix("/qr/"), "")
            return self.trades.get(number) or Said(b"no such code", "text/plain", 404)
        pairs = Asked("GET", asked.path, asked.query, {}, b"").form()
        if pairs.get("method") not in PAGES:
            return None
        wrong = self._wrong(pairs)
        content = json.loads(pairs.get("biz_content", "{}"))
        if wrong or content.get("product_code") != PAGES[pairs["method"]]:
            return Said(str(wrong or "product_code").encode(), "text/plain", 400)
        return self.open(content, pairs)

    def open(self, content: _Fields, fields: Mapping[str, str]) -> Trade:
        """Return the trade that a request is about; it is made at the first look."""
        with self.lock:
            number = str(content["out_trade_no"])
            minor = round(float(content["total_amount"]) * 100)
            return self.trades.setdefault(
                number,
                Trade(
                    number,
                    minor,
                    str(content.get("subject", "")),
                    fields.get("notify_url", ""),
                    fields.get("return_url", ""),
                ),
            )

    def _precreate(self, content: _Fields, fields: _Fields) -> _Fields:
        known = self.trades.get(content["out_trade_no"])
        if known and known.status != WAITING:
            return _refused("ACQ.TRADE_HAS_SUCCESS" if known.paid_at else "ACQ.TRADE_HAS_CLOSE")
        trade = self.open(content, fields)
        trade.is_scanned = known is not None and known.is_scanned
        code = secrets.token_urlsafe(12)
        self._codes[code] = trade.out_trade_no
        return _done(out_trade_no=trade.out_trade_no, qr_code=f"{self.url}/qr/{code}")

    def _query(self, content: _Fields, _fields: _Fields) -> _Fields:
        trade = self.trades.get(content["out_trade_no"])
        if trade is None or not trade.is_scanned:
            return _refused("ACQ.TRADE_NOT_EXIST")
        said = _done(
            out_trade_no=trade.out_trade_no,
            trade_no=trade.trade_no,
            trade_status=trade.status,
            total_amount=yuan(trade.minor),
            buyer_user_id="2088102177846880",
        )
        return said if trade.currency == "CNY" else {**said, "trans_currency": trade.currency}

    def _close(self, content: _Fields, _fields: _Fields) -> _Fields:
        trade = self.trades.get(content["out_trade_no"])
        if trade is None or not trade.is_scanned:
            return _refused("ACQ.TRADE_NOT_EXIST")
        if trade.status != WAITING:
            return _refused("ACQ.TRADE_STATUS_ERROR")
        trade.status = CLOSED
        return _done(out_trade_no=trade.out_trade_no, trade_no=trade.trade_no)

    def _refund(self, content: _Fields, _fields: _Fields) -> _Fields:
        trade = self.trades.get(content["out_trade_no"])
        minor = round(float(content["refund_amount"]) * 100)
        number = content.get("out_request_no") or content["out_trade_no"]
        if trade is None:
            return _refused("ACQ.TRADE_NOT_EXIST")
        known = trade.refunds.get(number)
        if known and known.minor != minor:
            return _refused("ACQ.DISCORDANT_REPEAT_REQUEST")
        if known is None and not (trade.paid_at and 0 < minor <= trade.minor - trade.refunded):
            return _refused("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL" if trade.paid_at
                            else "ACQ.TRADE_STATUS_ERROR")  # fmt: skip
        is_new = known is None
        at_once = self.mood.refunds is RefundWay.AT_ONCE
        if is_new:
            trade.refunds[number] = Refund(number, minor, "done" if at_once else "pending")
            if trade.refunded == trade.minor and at_once:
                trade.status = CLOSED
            # A message that looks like one about a payment; `refund_fee` is the sum so far.
            told = {"out_biz_no": number, "refund_fee": yuan(trade.refunded)}
            self.late.append((trade.notify_url, self.message(trade, **told)))
        return _done(
            out_trade_no=trade.out_trade_no,
            trade_no=trade.trade_no,
            fund_change="Y" if is_new and at_once else "N",
            refund_fee=yuan(trade.refunded),
        )

    def _refund_query(self, content: _Fields, _fields: _Fields) -> _Fields:
        trade = self.trades.get(content["out_trade_no"])
        if trade is None:
            return _refused("ACQ.TRADE_NOT_EXIST")
        known = trade.refunds.get(content["out_request_no"])
        if known is None:
            return _done()
        words = {"done": "REFUND_SUCCESS", "pending": "REFUND_PROCESSING", "failed": "REFUND_FAIL"}
        return _done(
            out_trade_no=trade.out_trade_no,
            out_request_no=known.number,
            refund_amount=yuan(known.minor),
            refund_status=words[known.status],
        )

    def _bill(self, content: _Fields, _fields: _Fields) -> _Fields:
        day = date.fromisoformat(content["bill_date"])
        if bill(self.keys["seller_id"], list(self.trades.values()), day, self.mood.bill) is None:
            return _refused("isp.bill_not_exist")
        return _done(bill_download_url=f"{self.url}/bill/{day.isoformat()}")


def _done(**fields: str) -> _Fields:
    return {"code": "10000", "msg": "Success", **fields}


def _refused(sub_code: str) -> _Fields:
    return {"code": BUSINESS, "msg": "Business Failed", "sub_code": sub_code, "sub_msg": sub_code}
