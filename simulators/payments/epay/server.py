"""A gateway of 易支付 with one merchant: V1 and V2, cashier's page, messages, refunds."""

import json
import threading
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from simulators.payments.company import Asked, Company, Deed, RefundWay, Said, page, tell
from simulators.payments.epay.books import (
    GIVEN_BACK,
    PAID,
    REFUND_DONE,
    REFUND_FAILED,
    REFUND_RUNS,
    WAITS,
    Books,
    Order,
    Refund,
    fen_of,
    yuan,
)
from simulators.payments.epay.signing import md5, rsa_fits, rsa_sign

TOLERANCE = 300
STATES = {WAITS: "待支付", PAID: "已支付", GIVEN_BACK: "已退款"}
Fields = dict[str, str]


class Gateway(Company):
    """One gateway. `mood` is how it behaves.

    Args:
        keys: `pid`, `key`, `merchant_public`, `platform_private`, as `new_keys` makes them.
        notify_by: "GET" or "POST", how the shop is told.
        can_refund: False: V1 has no such call, as with many forks.
        late_seconds: After how long a late message is told by itself; None: `deliver` does it.
    """

    def __init__(self, keys: Mapping[str, Any], **options: Any) -> None:
        self.notify_by = str(options.pop("notify_by", "GET"))
        self.can_refund = bool(options.pop("can_refund", True))
        self.late_seconds: float | None = options.pop("late_seconds", None)
        self.keys = keys
        self.books = Books()
        self.untold: list[Order] = []
        super().__init__(**options)

    def pay(self, number: str, deed: Deed = Deed.PAY) -> list[tuple[int, bytes]]:
        """Do what somebody does at the cashier's page; return what the shop answered."""
        with self.lock:
            order = self.books.orders[number]
            if order.status != WAITS or order.is_closed or deed is Deed.FAIL:
                return []
            order.status = PAID
            order.paid_fen = order.fen + {Deed.LESS: -1, Deed.MORE: 1}.get(deed, 0)
            if deed is Deed.LATE:
                self.untold.append(order)
                if self.late_seconds is not None:
                    threading.Timer(self.late_seconds, self.deliver).start()
        if deed in {Deed.LOSE, Deed.LATE}:
            return []
        told = [self.tell_of(order, deed) for _ in range(5 if deed is Deed.REPEAT else 1)]
        if deed is Deed.UNORDERED:
            told.append(self.tell_of(order, status="WAIT_BUYER_PAY"))
        return told

    def deliver(self) -> list[tuple[int, bytes]]:
        """Tell what is late, and again whatever was not answered with `success`."""
        with self.lock:
            waiting, self.untold = self.untold, []
        return [self.tell_of(order) for order in waiting]

    def tell_of(
        self, order: Order, deed: Deed = Deed.PAY, *, status: str = "TRADE_SUCCESS"
    ) -> tuple[int, bytes]:
        """Send one message about an order."""
        said = self.message(order, status=status)
        if deed is Deed.CURRENCY:
            # The protocol knows yuan only: this is what a gateway gone wrong would say.
            said = self.signed({**said, "money": f"{said['money']} USD"}, order.version)
        if deed is Deed.FORGED:
            said["sign"] = "0" * len(said["sign"])
        text = urlencode(said)
        form = {"content-type": "application/x-www-form-urlencoded"}
        answer = (
            tell(f"{order.notify_url}?{text}", None, {})
            if self.notify_by == "GET"
            else tell(order.notify_url, text.encode(), form)
        )
        if b"success" not in answer[1] and deed is Deed.PAY:
            self.untold.append(order)
        return answer

    def message(self, order: Order, **changes: str) -> Fields:
        """Return what the shop is told about an order, signed."""
        said = {
            "pid": str(self.keys["pid"]),
            "trade_no": order.trade_no,
            "out_trade_no": order.number,
            "type": order.type or "alipay",
            "name": order.name,
            "money": yuan(order.paid_fen or order.fen),
            "trade_status": changes.pop("status", "TRADE_SUCCESS"),
            "param": order.param,
            **changes,
        }
        return self.signed(said, order.version)

    def signed(self, said: Mapping[str, str], version: int) -> Fields:
        """Sign fields as one of the versions does."""
        fields = {name: value for name, value in said.items() if name not in {"sign", "sign_type"}}
        if version == 1:
            return {**fields, "sign": md5(fields, self.keys["key"]), "sign_type": "MD5"}
        fields.setdefault("timestamp", str(int(time.time())))
        sign = rsa_sign(fields, self.keys["platform_private"])
        return {**fields, "sign": sign, "sign_type": "RSA"}

    def finish_refunds(self) -> None:
        """Bring what runs to its end, as the mood is."""
        for order in self.books.orders.values():
            for refund in order.refunds.values():
                if refund.state == REFUND_RUNS:
                    fails = self.mood.refunds is RefundWay.FAILS_LATER
                    refund.state = REFUND_FAILED if fails else REFUND_DONE

    def visit(self, asked: Asked) -> Said | None:
        """Serve the page of V1, and the cashier's page of an order."""
        if asked.path == "/submit.php":
            said = asked.form()
            if not self._is_ours(said):
                return Said("签名校验失败".encode(), "text/plain; charset=utf-8", 400)
            try:
                order = self.books.open(said, 1)
            except (KeyError, ValueError):
                return Said("参数错误".encode(), "text/plain; charset=utf-8", 400)
            return Said(b"", "text/html", 302, {"location": self._cashier(order)})
        if not asked.path.startswith("/cashier/"):
            return None
        found = self.books.by_trade(asked.path.removeprefix("/cashier/"))
        if found is None:
            return Said(b"no such order", "text/plain", 404)
        if asked.method == "POST":
            self.pay(found.number, Deed(asked.form().get("deed", "pay")))
        back = f"{found.return_url}?{urlencode(self.message(found))}"
        return page(
            title="易支付 收银台",
            what=found.name,
            amount=f"¥{yuan(found.fen)}",
            state="已关闭" if found.is_closed else STATES[found.status],
            action=asked.path,
            is_open=found.status == WAITS and not found.is_closed,
            back=back if found.status == PAID else found.return_url,
        )

    def answer(self, asked: Asked) -> Said:
        """Answer the shop."""
        said = asked.form()
        if asked.path == "/mapi.php":
            return _json(self._mapi(said))
        if asked.path == "/api.php":
            return _json(self._api(said))
        if asked.path.startswith("/api/"):
            return _json(self._v2(asked.path.removeprefix("/api/"), said))
        return Said(b"<html>404</html>", "text/html", 404)

    def _mapi(self, said: Fields) -> dict[str, Any]:
        if not self._is_ours(said):
            return {"code": -3, "msg": "签名校验失败"}
        if not said.get("clientip") or not said.get("type"):
            return {"code": -1, "msg": "参数不完整"}
        try:
            order = self.books.open(said, 1)
        except (KeyError, ValueError):
            return {"code": -1, "msg": "参数错误"}
        place = {"payurl" if said.get("device") == "mobile" else "qrcode": self._cashier(order)}
        return {"code": 1, "msg": "", "trade_no": order.trade_no, **place}

    def _api(self, said: Fields) -> dict[str, Any]:
        pid = str(self.keys["pid"])
        if said.get("pid") != pid:
            return {"code": -3, "msg": "PID不存在"}
        if said.get("key") != self.keys["key"]:
            return {"code": -2, "msg": "KEY校验失败"}
        order = self.books.find(said)
        match said.get("act"):
            case "query":
                answer = {"code": 1, "pid": int(pid), "key": said["key"], "active": 1}
            case "refund" if self.can_refund:
                answer = self._refund_v1(order, said)
            case "order" if order is not None:
                answer = {"code": 1, "msg": "查询订单号成功！", **self._told(order)}
            case "order":
                answer = {"code": -1, "msg": "订单号不存在"}
            case _:
                answer = {"code": -5, "msg": "No Act!"}
        return answer

    def _refund_v1(self, order: Order | None, said: Fields) -> dict[str, Any]:
        if order is None or order.status != PAID:
            return {"code": -1, "msg": "订单状态不允许退款"}
        fen = fen_of(said["money"])
        if fen > order.paid_fen:
            return {"code": -1, "msg": "退款金额大于订单金额"}
        order.refunds[f"v1-{len(order.refunds)}"] = Refund("", fen, REFUND_DONE)
        order.status = GIVEN_BACK
        return {"code": 1, "msg": "退款成功！"}

    def _v2(self, what: str, said: Fields) -> dict[str, Any]:
        stamp = said.get("timestamp", "")
        if said.get("pid") != str(self.keys["pid"]):
            return {"code": -3, "msg": "商户不存在"}
        if not rsa_fits(said, self.keys["merchant_public"]):
            return {"code": -3, "msg": "RSA签名校验失败"}
        if not stamp.isdigit() or abs(time.time() - int(stamp)) > TOLERANCE:
            return {"code": -3, "msg": "时间戳已过期"}
        deeds = {
            "pay/create": self._create,
            "pay/query": self._query,
            "pay/close": self._close,
            "pay/refund": self._refund_v2,
            "pay/refundquery": self._refund_query,
            "merchant/info": self._info,
        }
        answer = deeds[what](said) if what in deeds else {"code": -4, "msg": "接口不存在"}
        if answer["code"] != 0:
            return answer
        texts = {name: str(value) for name, value in answer.items()}
        signed = self.signed(texts, 2)
        return {**answer, **{name: signed[name] for name in ("timestamp", "sign", "sign_type")}}

    def _create(self, said: Fields) -> dict[str, Any]:
        if not said.get("type") or not said.get("clientip") or not said.get("method"):
            return {"code": -4, "msg": "参数不完整"}
        try:
            order = self.books.open(said, 2)
        except (KeyError, ValueError):
            return {"code": -4, "msg": "参数错误"}
        kind = "jump" if said["method"] == "jump" or said.get("device") != "pc" else "qrcode"
        return {
            "code": 0, "msg": "", "trade_no": order.trade_no, "pay_type": kind,
            "pay_info": self._cashier(order),
        }  # fmt: skip

    def _query(self, said: Fields) -> dict[str, Any]:
        order = self.books.find(said)
        if order is None:
            return {"code": -1, "msg": "订单不存在"}
        return {"code": 0, "msg": "", **self._told(order)}

    def _close(self, said: Fields) -> dict[str, Any]:
        order = self.books.find(said)
        if order is None or order.status != WAITS:
            return {"code": -1, "msg": "订单状态不允许关闭"}
        order.is_closed = True
        return {"code": 0, "msg": "关闭成功"}

    def _refund_v2(self, said: Fields) -> dict[str, Any]:
        order, number = self.books.find(said), said.get("out_refund_no", "")
        if order is None or order.status not in {PAID, GIVEN_BACK}:
            return {"code": -1, "msg": "订单不存在或未支付"}
        if not number or self.books.refund_of(number):
            return {"code": -1, "msg": "商户退款单号已存在"}
        fen = fen_of(said["money"])
        if order.given_back + fen > order.paid_fen:
            return {"code": -1, "msg": "退款金额大于可退金额"}
        state = REFUND_DONE if self.mood.refunds is RefundWay.AT_ONCE else REFUND_RUNS
        refund = Refund(number, fen, state)
        order.refunds[number] = refund
        order.status = GIVEN_BACK
        return {
            "code": 0, "msg": "", "refund_no": refund.refund_no, "out_refund_no": number,
            "money": yuan(fen), "reducemoney": yuan(fen),
        }  # fmt: skip

    def _refund_query(self, said: Fields) -> dict[str, Any]:
        found = self.books.refund_of(said.get("out_refund_no", ""))
        if found is None:
            return {"code": -1, "msg": "退款单号不存在"}
        order, refund = found
        return {
            "code": 0, "msg": "", "refund_no": refund.refund_no, "out_refund_no": refund.number,
            "trade_no": order.trade_no, "out_trade_no": order.number, "money": yuan(refund.fen),
            "reducemoney": yuan(refund.fen), "status": refund.state,
        }  # fmt: skip

    def _info(self, _said: Fields) -> dict[str, Any]:
        return {"code": 0, "msg": "", "pid": int(self.keys["pid"]), "status": 1, "money": "0.00"}

    def _told(self, order: Order) -> dict[str, Any]:
        return {
            "trade_no": order.trade_no, "out_trade_no": order.number, "type": order.type,
            "pid": int(self.keys["pid"]), "name": order.name, "status": order.status,
            "money": yuan(order.paid_fen or order.fen), "refundmoney": yuan(order.given_back),
        }  # fmt: skip

    def _is_ours(self, said: Fields) -> bool:
        right = md5(said, self.keys["key"])
        return said.get("pid") == str(self.keys["pid"]) and said.get("sign") == right

    def _cashier(self, order: Order) -> str:
        return f"{self.url}/cashier/{order.trade_no}"


def _json(said: Mapping[str, Any]) -> Said:
    return Said(json.dumps(said, ensure_ascii=False).encode())
