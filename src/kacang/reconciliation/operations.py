"""What others may do about bills."""

from kacang.reconciliation.bills import (
    DayClosed,
    DayNotOver,
    NoBills,
    OpenDifferences,
    UnknownBill,
    close_day,
    fetch_bill,
    fetch_due,
    plan_bills,
    run_read,
    upload_bill,
)
from kacang.reconciliation.resolving import (
    NoteNeeded,
    NotProven,
    UnknownDifference,
    compare_again,
    explain,
    heal,
    reopen,
    take_in,
)

__all__ = [
    "DayClosed",
    "DayNotOver",
    "NoBills",
    "NotProven",
    "NoteNeeded",
    "OpenDifferences",
    "UnknownBill",
    "UnknownDifference",
    "close_day",
    "compare_again",
    "explain",
    "fetch_bill",
    "fetch_due",
    "heal",
    "plan_bills",
    "reopen",
    "run_read",
    "take_in",
    "upload_bill",
]
