"""What others may ask about how long stages of orders take (O7)."""

from kacang.orders.stages.measuring import (
    NAMES,
    StageFilter,
    StageOrder,
    StageOrders,
    stage_orders,
)
from kacang.orders.stages.summing import DAYS_MAX, StageFigures, StageReport, stage_report

__all__ = [
    "DAYS_MAX", "NAMES", "StageFigures", "StageFilter", "StageOrder", "StageOrders",
    "StageReport", "stage_orders", "stage_report",
]  # fmt: skip
