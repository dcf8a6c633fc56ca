"""What others may do with packing slips. Who may do it is judged by the faces."""

from kacang.orders.slips.drawing import SIZES
from kacang.orders.slips.running import (
    KIND,
    ORDERS_MAX,
    SlipsRequest,
    UnknownSlips,
    fetch_slips,
    run_slips,
    start_slips,
)

__all__ = [
    "KIND",
    "ORDERS_MAX",
    "SIZES",
    "SlipsRequest",
    "UnknownSlips",
    "fetch_slips",
    "run_slips",
    "start_slips",
]
