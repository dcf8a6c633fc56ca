"""What the company remembers: trades and refunds, in fen."""

import secrets
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

CHINA = timezone(timedelta(hours=8))
OPEN, PAID, CLOSED, FAILED, REFUNDED = "NOTPAY", "SUCCESS", "CLOSED", "PAYERROR", "REFUND"
TYPES = {"native": "NATIVE", "jsapi": "JSAPI", "h5": "MWEB"}


class No(Exception):
    """What the company refuses: its status, code and words."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


@dataclass
class Trade:
    """An order of the merchant's."""

    asked: dict[str, Any]
    product: str
    state: str = OPEN
    # What was paid, which may not be what was asked when somebody misbehaves.
    total: int = 0
    currency: str = "CNY"
    openid: str = ""
    paid_at: datetime | None = None
    transaction_id: str = field(default_factory=lambda: f"42000{secrets.randbelow(10**23):023d}")
    prepay_id: str = field(default_factory=lambda: f"wx{secrets.token_hex(17)}")
    event_id: str = field(default_factory=lambda: f"EV-{secrets.token_hex(12)}")

    @property
    def number(self) -> str:
        """The merchant's own number."""
        return str(self.asked["out_trade_no"])

    def told(self, state: str | None = None) -> dict[str, Any]:
        """Return what is said of it, in an answer or inside a notice."""
        said: dict[str, Any] = {
            "mchid": self.asked["mchid"],
            "appid": self.asked["appid"],
            "out_trade_no": self.number,
            "trade_state": state or self.state,
            "trade_state_desc": "支付成功" if self.state == PAID else "",
            "attach": "",
            "amount": {"total": self.total, "currency": self.currency},
        }
        if self.paid_at is None:
            return said
        return {
            **said,
            "transaction_id": self.transaction_id,
            "trade_type": TYPES[self.product],
            "bank_type": "OTHERS",
            "success_time": self.paid_at.astimezone(CHINA).isoformat(timespec="seconds"),
            "payer": {"openid": self.openid},
            "amount": {**said["amount"], "payer_total": self.total, "payer_currency": "CNY"},
        }


@dataclass
class Refund:
    """Money that goes back."""

    asked: dict[str, Any]
    trade: Trade
    status: str = "SUCCESS"
    made_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    refund_id: str = field(default_factory=lambda: f"50300{secrets.randbelow(10**23):023d}")
    event_id: str = field(default_factory=lambda: f"EV-{secrets.token_hex(12)}")

    @property
    def fen(self) -> int:
        """How much."""
        return int(self.asked["amount"]["refund"])

    def told(self, *, state_name: str) -> dict[str, Any]:
        """Return what is said of it; the state is called `status` in answers only."""
        amount = {"total": self.trade.total, "refund": self.fen, "payer_total": self.trade.total}
        return {
            "out_trade_no": self.trade.number,
            "transaction_id": self.trade.transaction_id,
            "out_refund_no": self.asked["out_refund_no"],
            "refund_id": self.refund_id,
            state_name: self.status,
            "user_received_account": "支付用户零钱",
            "amount": {**amount, "payer_refund": self.fen},
        }


class Books:
    """Every trade and refund, by the merchant's numbers."""

    def __init__(self) -> None:
        self.trades: dict[str, Trade] = {}
        self.refunds: dict[str, Refund] = {}
        self.is_broke = False
        self._lock = threading.Lock()

    def open(self, product: str, asked: dict[str, Any]) -> Trade:
        """Open an order, or return it when the same is asked again."""
        with self._lock:
            found = self.trades.get(str(asked["out_trade_no"]))
            if found is None:
                amount = asked["amount"]
                found = Trade(asked, product, total=amount["total"], currency=amount["currency"])
                found.openid = asked.get("payer", {}).get("openid", "oSim" + secrets.token_hex(12))
                self.trades[found.number] = found
            if found.state == PAID:
                raise No(400, "ORDERPAID", "该订单已支付")
            if found.state == CLOSED:
                raise No(400, "ORDER_CLOSED", "该订单已关闭")
            if (found.product, found.asked["amount"]) != (product, asked["amount"]):
                raise No(403, "OUT_TRADE_NO_USED", "商户订单号重复")
            return found

    def find(self, number: str) -> Trade:
        """Return a trade."""
        found = self.trades.get(number)
        if found is None:
            raise No(404, "ORDER_NOT_EXIST", "订单不存在")
        return found

    def of_transaction(self, transaction_id: str) -> Trade:
        """Return the trade that the company knows by this number."""
        for trade in list(self.trades.values()):
            if trade.transaction_id == transaction_id and trade.paid_at:
                return trade
        raise No(404, "RESOURCE_NOT_EXISTS", "订单号不存在")

    def close(self, number: str) -> None:
        """Take no money for it any more."""
        trade = self.find(number)
        if trade.state in {PAID, REFUNDED}:
            raise No(400, "ORDERPAID", "该订单已支付，不能关闭")
        trade.state = CLOSED

    def refund(self, asked: dict[str, Any], trade: Trade, status: str) -> tuple[Refund, bool]:
        """Give money back, once per number; also says whether it is new."""
        with self._lock:
            found = self.refunds.get(str(asked["out_refund_no"]))
            if found is not None:
                if found.asked["amount"] != asked["amount"] or found.trade is not trade:
                    raise No(400, "INVALID_REQUEST", "请求参数与原退款单不一致")
                return found, False
            if asked["amount"]["total"] != trade.total:
                raise No(400, "INVALID_REQUEST", "订单金额与之前请求不一致")
            if asked["amount"]["refund"] > trade.total - self.refunded(trade):
                raise No(400, "INVALID_REQUEST", "申请退款金额大于订单剩余可退金额")
            if self.is_broke:
                raise No(403, "NOTENOUGH", "基本账户余额不足，请充值后重新发起")
            made = Refund(asked, trade, status)
            self.refunds[str(asked["out_refund_no"])] = made
            trade.state = REFUNDED
            return made, True

    def refunded(self, trade: Trade) -> int:
        """Return how much of a trade goes back, in fen."""
        return sum(
            each.fen
            for each in self.refunds.values()
            if each.trade is trade and each.status in {"SUCCESS", "PROCESSING"}
        )
