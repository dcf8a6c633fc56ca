"""What others may do with many orders at once. Who may do it is judged by the faces."""

from kacang.orders.batches.acts import RULES, Act, Rule
from kacang.orders.batches.checking import CheckRequest, check_shipping, run_ship_check
from kacang.orders.batches.running import run_batch
from kacang.orders.batches.sending import ship_checked
from kacang.orders.batches.starting import (
    ORDERS_MAX,
    BatchRequest,
    BatchWeight,
    start_batch,
    weigh_batch,
)
from kacang.orders.batches.undoing import undo_batch

__all__ = [
    "ORDERS_MAX",
    "RULES",
    "Act",
    "BatchRequest",
    "BatchWeight",
    "CheckRequest",
    "Rule",
    "check_shipping",
    "run_batch",
    "run_ship_check",
    "ship_checked",
    "start_batch",
    "undo_batch",
    "weigh_batch",
]
