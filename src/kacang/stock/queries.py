"""What others may ask about goods."""

from kacang.stock.levels import GoodsLevel, goods_available, goods_levels, warehouse_levels
from kacang.stock.listing import (
    EntryView,
    MovementPage,
    MovementView,
    movements,
    skus_of_entries,
    transfers_under_way,
)
from kacang.stock.models import EntryKind, PieceState
from kacang.stock.origins import LastReceipt, last_receipts
from kacang.stock.rates import sold_in
from kacang.stock.warehouses import WarehouseView, warehouses

__all__ = [
    "EntryKind",
    "EntryView",
    "GoodsLevel",
    "LastReceipt",
    "MovementPage",
    "MovementView",
    "PieceState",
    "WarehouseView",
    "goods_available",
    "goods_levels",
    "last_receipts",
    "movements",
    "skus_of_entries",
    "sold_in",
    "transfers_under_way",
    "warehouse_levels",
    "warehouses",
]
