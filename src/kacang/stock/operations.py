"""What others may do to the stock of goods. Who may do it is judged by the faces."""

from kacang.stock.checking import Finding, check_references
from kacang.stock.entries import (
    BadEntry,
    NotEnoughFree,
    NotGoods,
    Purchase,
    ReasonNeeded,
    SameWarehouse,
    UnknownTransfer,
    Wish,
    adjust,
    arrive,
    receive,
    send,
)
from kacang.stock.handing import Leaving, hand_over, hand_over_many
from kacang.stock.holding import (
    Holding,
    hold_longer,
    hold_pieces,
    overdue_lines,
    put_back,
    release_held,
    sell_held,
    take_pieces,
)
from kacang.stock.levels import compact_levels
from kacang.stock.returning import Back, come_back, let_go, take_back
from kacang.stock.slots import Basket, Parcel
from kacang.stock.warehouses import (
    BadWarehouse,
    UnknownWarehouse,
    WarehouseTaken,
    create_warehouse,
    rename_warehouse,
)

__all__ = [
    "Back",
    "BadEntry",
    "BadWarehouse",
    "Basket",
    "Finding",
    "Holding",
    "Leaving",
    "NotEnoughFree",
    "NotGoods",
    "Parcel",
    "Purchase",
    "ReasonNeeded",
    "SameWarehouse",
    "UnknownTransfer",
    "UnknownWarehouse",
    "WarehouseTaken",
    "Wish",
    "adjust",
    "arrive",
    "check_references",
    "come_back",
    "compact_levels",
    "create_warehouse",
    "hand_over",
    "hand_over_many",
    "hold_longer",
    "hold_pieces",
    "let_go",
    "overdue_lines",
    "put_back",
    "receive",
    "release_held",
    "rename_warehouse",
    "sell_held",
    "send",
    "take_back",
    "take_pieces",
]
