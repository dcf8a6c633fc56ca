"""What others may do with exports of orders. Who may do it is judged by the faces."""

from kacang.orders.exports.columns import COLUMNS, USUAL
from kacang.orders.exports.running import (
    FORMATS,
    KIND,
    ExportRequest,
    UnknownExport,
    fetch_export,
    run_export,
    start_export,
)

__all__ = [
    "COLUMNS",
    "FORMATS",
    "KIND",
    "USUAL",
    "ExportRequest",
    "UnknownExport",
    "fetch_export",
    "run_export",
    "start_export",
]
