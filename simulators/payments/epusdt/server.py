"""epusdt or BEpusdt with one wallet: trades, cashier's page, a chain on which coins arrive."""

import json
import threading
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from simulators.payments.company import Asked, Company, Deed, Said, page, tell
from simulators.payments.epusdt.books import (
    CANCELLED,
    EXPIRED,
    PAID,
    STEP,
    WAITING,
    WALLET,
    Books,
    Trade,
    signature,
)

STATES = {WAITING: "等待支付", PAID: "已支付", EXPIRED: "已过期", CANCELLED: "已取消"}
NEEDED = ("order_id", "amount", "notify_url")


class Wallet(Company):
    """One program with one wallet. `mood` is how it behaves.

    Args:
        token: What both sign with.
        dialect: "epusdt" or "bepusdt".
        late_seconds: After how long a late message is told by itself; None: `deliver` does it.
    """

    def __init__(self, token: str, dialect: str = "epusdt", **options: Any) -> None:
        self.late_seconds: float | None = options.pop("late_seconds", None)
        self.token = token
        self.dialect = dialect
        self.books = Books()
        self.untold: list[Trade] = []
        super().__init__(**options)

    @property
    def is_be(self) -> bool:
        """Whether it is BEpusdt."""
        return self.dialect == "bepusdt"

    def pay(self, trade: Trade, deed: Deed = Deed.PAY) -> list[tuple[int, bytes]]:
        """Do what somebody does with a wallet; return what the shop answered."""
        if deed is Deed.FAIL:
            return self.expire(trade)
        wrong = {Deed.LESS: -STEP, Deed.MORE: STEP}.get(deed, Decimal(0))
        with self.lock:
            # Another amount, or another coin, is not the trade's: the chain matches nothing.
            if deed is Deed.CURRENCY or self.books.receive(trade.coins + wrong) is None:
                return []
            if deed is Deed.LATE:
                self.untold.append(trade)
                if self.late_seconds is not None:
                    threading.Timer(self.late_seconds, self.deliver).start()
        if deed in {Deed.LOSE, Deed.LATE}:
            return []
        is_forged = deed is Deed.FORGED
        told = [
            self.tell_of(trade, is_forged=is_forged) for _ in range(5 if deed is Deed.REPEAT else 1)
        ]
        if deed is Deed.UNORDERED:
            told.append(self.tell_of(trade, status=WAITING))
        return told

    def expire(self, trade: Trade) -> list[tuple[int, bytes]]:
        """Let a trade's time pass; BEpusdt tells of it."""
        trade.status = EXPIRED
        return [self.tell_of(trade)] if self.is_be else []

    def deliver(self) -> list[tuple[int, bytes]]:
        """Tell what is late, and again whatever was not answered as it must be."""
        with self.lock:
            waiting, self.untold = self.untold, []
        return [self.tell_of(trade) for trade in waiting]

    def tell_of(
        self, trade: Trade, *, is_forged: bool = False, **changes: Any
    ) -> tuple[int, bytes]:
        """Send one message about a trade."""
        said = self.message(trade, **changes)
        if is_forged:
            said["signature"] = "0" * 32
        answer = tell(
            trade.notify_url, json.dumps(said).encode(), {"content-type": "application/json"}
        )
        is_heard = answer[0] == 200 if self.is_be else answer == (200, b"ok")  # noqa: PLR2004
        if not is_heard and not is_forged:
            self.untold.append(trade)
        return answer

    def message(self, trade: Trade, **changes: Any) -> dict[str, Any]:
        """Return what the shop is told about a trade, signed."""
        coins = trade.coins.normalize()
        said = {
            "trade_id": trade.trade_id,
            "order_id": trade.order_id,
            "amount": trade.amount,
            "actual_amount": f"{coins:f}" if self.is_be else float(coins),
            "token": WALLET,
            "block_transaction_id": trade.hash,
            "status": trade.status,
            **changes,
        }
        return {**said, "signature": signature(said, self.token, dialect=self.dialect)}

    def visit(self, asked: Asked) -> Said | None:
        """Serve the cashier's page of a trade."""
        if not asked.path.startswith("/pay/checkout-counter/"):
            return None
        trade = self.books.trades.get(asked.path.rpartition("/")[2])
        if trade is None:
            return Said("订单不存在".encode(), "text/plain; charset=utf-8")
        if asked.method == "POST":
            self.pay(trade, Deed(asked.form().get("deed", "pay")))
        return page(
            title="USDT 收银台",
            what=f"{WALLET} · {trade.order_id}",
            amount=f"{trade.coins} USDT",
            state=STATES[trade.status],
            action=asked.path,
            is_open=trade.status == WAITING,
            back=trade.redirect_url,
        )

    def answer(self, asked: Asked) -> Said:
        """Answer the shop."""
        if asked.path.startswith("/pay/check-status/"):
            return _json(self._status(asked.path.rpartition("/")[2]))
        calls = {"create-transaction": self._create}
        if self.is_be:
            calls["cancel-transaction"] = self._cancel
        call = calls.get(asked.path.removeprefix("/api/v1/order/"))
        if call is None:
            return Said(b"404 page not found", "text/plain", 404)
        try:
            said = json.loads(asked.body)
        except ValueError:
            return _json(_refusal(10009, "无法解析请求参数"))
        if said.get("signature") != signature(said, self.token, dialect=self.dialect):
            refusal = _refusal(400, "签名错误") if self.is_be else _refusal(401, "签名认证错误")
            return _json(refusal)
        return _json(call(said))

    def _create(self, said: dict[str, Any]) -> dict[str, Any]:
        needed = (*NEEDED, "redirect_url") if self.is_be else NEEDED
        if not all(said.get(name) for name in needed) or len(said["order_id"]) > 32:  # noqa: PLR2004
            return _refusal(400, "请求参数错误")
        known = self.books.of_order(said["order_id"])
        if known is not None and not self.is_be:
            return _refusal(10002, "支付交易已存在，请勿重复创建")
        if known is not None:
            del self.books.trades[known.trade_id]
        trade = self.books.open(said)
        amounts: dict[str, Any] = {"amount": trade.amount, "actual_amount": float(trade.coins)}
        if self.is_be:
            amounts = {name: str(value) for name, value in amounts.items()}
        return _success({
            **amounts,
            "trade_id": trade.trade_id,
            "order_id": trade.order_id,
            "token": WALLET,
            "expiration_time": 600 if self.is_be else 1648381192,
            "payment_url": f"{self.url}/pay/checkout-counter/{trade.trade_id}",
        })  # fmt: skip

    def _cancel(self, said: dict[str, Any]) -> dict[str, Any]:
        trade = self.books.trades.get(str(said.get("trade_id")))
        if trade is None or trade.status != WAITING:
            return _refusal(400, "订单不存在")
        trade.status = CANCELLED
        return _success({"trade_id": trade.trade_id})

    def _status(self, trade_id: str) -> dict[str, Any]:
        trade = self.books.trades.get(trade_id)
        if trade is None:
            return _refusal(400 if self.is_be else 10008, "订单不存在")
        told = {"trade_id": trade_id, "status": trade.status}
        if self.is_be:
            return {**told, "trade_hash": trade.hash, "return_url": trade.redirect_url}
        return _success(told)


def _success(data: Mapping[str, Any]) -> dict[str, Any]:
    return {"status_code": 200, "message": "success", "data": data, "request_id": ""}


def _refusal(code: int, message: str) -> dict[str, Any]:
    return {"status_code": code, "message": message, "data": None, "request_id": ""}


def _json(said: Mapping[str, Any]) -> Said:
    return Said(json.dumps(said, ensure_ascii=False).encode())
