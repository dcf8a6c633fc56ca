"""What epusdt remembers, and how it signs: as Go writes numbers. Amounts of coins are text."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

WAITING, PAID, EXPIRED, CANCELLED = 1, 2, 3, 4
WALLET = "TNEns8t9jbWENbStkQdVQtHMGpbsYsQjZK"
RATE = Decimal("7.13")
STEP = Decimal("0.0001")


def go_f(value: Any) -> str:
    """Write a value as `strconv.FormatFloat(v, 'f', -1, 64)` does a number."""
    if isinstance(value, str):
        return value
    text = f"{Decimal(str(value)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def go_v(value: Any) -> str:
    """Write a value as `%v` does: numbers from a million on with an exponent."""
    if isinstance(value, str):
        return value
    number = float(value)
    if number != 0 and not 1e-4 <= abs(number) < 1e6:  # noqa: PLR2004 - Go's
        mantissa, _, exponent = f"{Decimal(repr(number)).normalize():e}".partition("e")
        return f"{mantissa}e{int(exponent):+03d}"
    return go_f(value)


def signature(said: Mapping[str, Any], token: str, *, dialect: str) -> str:
    """Return the signature over every field that says something."""
    write = go_v if dialect == "bepusdt" else go_f
    kept = {k: v for k, v in said.items() if k != "signature" and v is not None and v != ""}
    text = "&".join(f"{k}={write(kept[k])}" for k in sorted(kept))
    return hashlib.md5((text + token).encode()).hexdigest()  # noqa: S324 - the protocol's


@dataclass
class Trade:
    """One order of the shop, and the coins that pay it."""

    order_id: str
    amount: float
    coins: Decimal
    notify_url: str
    redirect_url: str
    status: int = WAITING
    hash: str = ""
    trade_id: str = field(default_factory=lambda: secrets.token_hex(9))

    def pay(self) -> None:
        """Take the coins in: exactly the trade's own amount came."""
        self.status, self.hash = PAID, secrets.token_hex(32)


class Books:
    """Every trade, by its own number and by the shop's."""

    def __init__(self) -> None:
        self.trades: dict[str, Trade] = {}

    def of_order(self, order_id: str) -> Trade | None:
        """Return the shop's order, if it is known."""
        return next((one for one in self.trades.values() if one.order_id == order_id), None)

    def open(self, said: Mapping[str, Any]) -> Trade:
        """Make a trade with an amount of coins that no other open one of the wallet has."""
        coins = (Decimal(str(said["amount"])) / RATE).quantize(STEP)
        taken = {one.coins for one in self.trades.values() if one.status == WAITING}
        while coins in taken:
            coins += STEP
        trade = Trade(
            order_id=said["order_id"],
            amount=said["amount"],
            coins=coins,
            notify_url=said["notify_url"],
            redirect_url=said.get("redirect_url", ""),
        )
        self.trades[trade.trade_id] = trade
        return trade

    def receive(self, coins: Decimal) -> Trade | None:
        """Match coins that arrived in the wallet to the trade that waits for exactly so many."""
        for trade in self.trades.values():
            if trade.status == WAITING and trade.coins == coins:
                trade.pay()
                return trade
        return None
