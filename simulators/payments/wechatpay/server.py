"""The company's server: what people do there, and what happens by itself."""

import secrets
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

from simulators.payments import company
from simulators.payments.company import Asked, Deed, RefundWay, Said
from simulators.payments.wechatpay import signing
from simulators.payments.wechatpay.books import CLOSED, FAILED, OPEN, PAID, REFUNDED, No
from simulators.payments.wechatpay.desk import Desk
from simulators.payments.wechatpay.speaking import Message


class WechatPay(Desk):
    """The company with one merchant.

    Args:
        keys: Of `new_keys`.
        host, port: As of `Speaker`.
        deliver_seconds: How often waiting messages are sent by themselves; None: when `deliver`
            is called.
    """

    def __init__(self, keys: Mapping[str, Any], **options: Any) -> None:
        super().__init__(keys, **options)
        self._seconds: float | None = options.get("deliver_seconds")
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        super().__enter__()
        if self._seconds is not None:
            threading.Thread(target=self._deliver_always, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        super().__exit__(*error)

    def pay(self, number: str, deed: Deed = Deed.PAY) -> list[tuple[int, bytes]]:
        """Do what somebody does at the cashier's page; return what the shop answered."""
        trade = self.books.find(number)
        if trade.state not in {OPEN, FAILED}:
            raise No(400, "ORDERPAID", "订单不是待支付")
        if deed is Deed.FAIL:
            trade.state = FAILED
            return []
        trade.total += {Deed.LESS: -1, Deed.MORE: 1}.get(deed, 0)
        trade.currency = "HKD" if deed is Deed.CURRENCY else trade.currency
        trade.state, trade.paid_at = PAID, datetime.now(UTC)
        message = self.paid(trade)
        if deed is Deed.LATE:
            self.waiting.append(message)
        if deed in {Deed.LOSE, Deed.LATE}:
            return []
        times = 5 if deed is Deed.REPEAT else 1
        answers = [self.send(message, is_forged=deed is Deed.FORGED) for _ in range(times)]
        if deed is Deed.UNORDERED:
            waits = trade.told("USERPAYING")
            event = ("TRANSACTION.USERPAYING", "transaction", trade.event_id + "W")
            answers.append(self.send(Message(message.url, *event, waits)))
        return answers

    def pay_in_app(
        self, called: Mapping[str, str], deed: Deed = Deed.PAY
    ) -> list[tuple[int, bytes]]:
        """Pay as a page inside WeChat has it, if the merchant has signed the call."""
        assert signing.is_page_call(self.keys["merchant_public_key"], dict(called)), "paySign"
        assert called["appId"] == self.keys["appid"]
        (trade,) = [
            each
            for each in self.books.trades.values()
            if called["package"] == f"prepay_id={each.prepay_id}"
        ]
        return self.pay(trade.number, deed)

    def finish_refunds(self) -> None:
        """End the refunds that wait, well or badly as the mood is; `deliver` tells of it."""
        fails = self.mood.refunds is RefundWay.FAILS_LATER
        for each in self.books.refunds.values():
            if each.status == "PROCESSING":
                each.status = "ABNORMAL" if fails else "SUCCESS"
                self.waiting.append(self.refunded(each))

    def sign_in(self, openid: str) -> str:
        """Return the code that a buyer's browser brings to the shop."""
        code = secrets.token_hex(16)
        self.codes[code] = openid
        return code

    def visit(self, asked: Asked) -> Said | None:
        """Show the cashier's page, or send a browser back from signing in."""
        if asked.path == "/connect/oauth2/authorize":
            return self._authorize(asked)
        if not asked.path.startswith("/cashier/"):
            return None
        number = asked.path.removeprefix("/cashier/")
        trade = self.books.trades.get(number)
        if trade is None:
            return Said("没有这笔订单".encode(), "text/plain; charset=utf-8", 404)
        given = asked.form()
        if asked.method == "POST" and trade.state in {OPEN, FAILED}:
            self.pay(number, Deed(given.get("deed", "pay")))
        names = {OPEN: "待支付", PAID: "已支付", CLOSED: "已关闭", FAILED: "支付失败，可以再试"}
        back = given.get("redirect_url", "")
        return company.page(
            title="微信支付（模拟）",
            what=str(trade.asked["description"]),
            amount=f"¥{trade.total // 100}.{trade.total % 100:02d}",
            state={**names, REFUNDED: "已退款"}[trade.state],
            action=f"{asked.path}?{asked.query}",
            is_open=trade.state in {OPEN, FAILED},
            back=back if back.startswith(("https://", "http://")) else "",
        )

    def _authorize(self, asked: Asked) -> Said:
        given = asked.form()
        if given.get("appid") != self.keys["appid"] or given.get("scope") != "snsapi_base":
            return Said("参数错误".encode(), "text/plain; charset=utf-8", 400)
        code = self.sign_in("oSim" + secrets.token_hex(12))
        back = given["redirect_uri"]
        joint = "&" if urlsplit(back).query else "?"
        place = back + joint + urlencode({"code": code, "state": given.get("state", "")})
        return Said(b"", "text/plain", 302, {"location": place})

    def _deliver_always(self) -> None:
        while not self._ended.wait(self._seconds):
            self.deliver()
