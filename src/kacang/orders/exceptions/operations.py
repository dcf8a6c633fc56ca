"""What others may do with exceptions and changes (O6)."""

from kacang.orders.exceptions.change_types import ChangeWish
from kacang.orders.exceptions.changes import (
    Decider,
    ask_change,
    decide_change,
    show_change_recipient,
)
from kacang.orders.exceptions.escalating import EscalationStep, escalate, set_escalation
from kacang.orders.exceptions.handling import assign, claim, give_back, report, resolve
from kacang.orders.exceptions.syncing import sync_exceptions, sync_order

__all__ = [
    "ChangeWish", "Decider", "EscalationStep", "ask_change", "assign", "claim", "decide_change",
    "escalate", "give_back", "report", "resolve", "set_escalation", "show_change_recipient",
    "sync_exceptions", "sync_order",
]  # fmt: skip
