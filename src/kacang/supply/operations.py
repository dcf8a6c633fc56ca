"""What others may do about supply."""

from kacang.supply.alarms import Alarm, claim_digest, watch_stock
from kacang.supply.purchasing import purchase_workbook
from kacang.supply.reminding import remind_buyers
from kacang.supply.waiting import (
    UnknownWait,
    address_of,
    forget_waits,
    stop_waiting,
    tell_waiting,
    wait_for,
)

__all__ = [
    "Alarm",
    "UnknownWait",
    "address_of",
    "claim_digest",
    "forget_waits",
    "purchase_workbook",
    "remind_buyers",
    "stop_waiting",
    "tell_waiting",
    "wait_for",
    "watch_stock",
]
