"""What a gateway remembers of orders and refunds. Amounts are in fen."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

WAITS, PAID, GIVEN_BACK = 0, 1, 2
REFUND_FAILED, REFUND_DONE, REFUND_RUNS = 0, 1, 2


def yuan(fen: int) -> str:
    """Return an amount as the protocol writes it."""
    return f"{fen // 100}.{fen % 100:02d}"


def fen_of(text: str) -> int:
    """Read an amount; ValueError when it is none."""
    whole, _, rest = text.partition(".")
    if not whole.isdigit() or len(rest) > 2 or (rest and not rest.isdigit()):  # noqa: PLR2004
        raise ValueError(text)
    return int(whole) * 100 + int(rest.ljust(2, "0"))


def _trade_no() -> str:
    return time.strftime("%Y%m%d%H%M%S") + str(secrets.randbelow(10**9)).zfill(9)


@dataclass
class Refund:
    """Money that goes back under the shop's number."""

    number: str
    fen: int
    state: int
    refund_no: str = field(default_factory=_trade_no)


@dataclass
class Order:
    """One order of the shop. `paid_fen` is what came, which may be another amount."""

    number: str
    fen: int
    type: str
    name: str
    notify_url: str
    return_url: str = ""
    param: str = ""
    version: int = 1
    status: int = WAITS
    paid_fen: int = 0
    is_closed: bool = False
    trade_no: str = field(default_factory=_trade_no)
    refunds: dict[str, Refund] = field(default_factory=dict)

    @property
    def given_back(self) -> int:
        """How much went back, or is on its way."""
        return sum(one.fen for one in self.refunds.values() if one.state != REFUND_FAILED)


class Books:
    """Every order, by the shop's number."""

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}

    def open(self, said: Mapping[str, str], version: int) -> Order:
        """Return the shop's order, opening it at the first call. ValueError: it says nonsense."""
        number = said["out_trade_no"]
        order = self.orders.get(number)
        if order is None:
            order = Order(
                number=number,
                fen=fen_of(said["money"]),
                type=said.get("type", ""),
                name=said["name"],
                notify_url=said["notify_url"],
                return_url=said.get("return_url", ""),
                param=said.get("param", ""),
                version=version,
            )
            self.orders[number] = order
        if order.fen != fen_of(said["money"]):
            raise ValueError("another amount")
        return order

    def find(self, said: Mapping[str, str]) -> Order | None:
        """Return the order that is asked about, by either number."""
        if said.get("trade_no"):
            return self.by_trade(said["trade_no"])
        return self.orders.get(said.get("out_trade_no", ""))

    def by_trade(self, trade_no: str) -> Order | None:
        """Return an order by the gateway's own number."""
        return next((one for one in self.orders.values() if one.trade_no == trade_no), None)

    def refund_of(self, number: str) -> tuple[Order, Refund] | None:
        """Return a refund by the shop's number, with its order."""
        for order in self.orders.values():
            if number in order.refunds:
                return order, order.refunds[number]
        return None
