"""What others may do with exceptions and changes (O6)."""

from kacang.orders.exceptions.changes import ChangeWish, ask_change, decide_change
from kacang.orders.exceptions.escalating import EscalationStep, escalate, set_escalation
from kacang.orders.exceptions.handling import assign, claim, give_back, report, resolve
from kacang.orders.exceptions.syncing import sync_exceptions, sync_order

__all__ = [
    "ChangeWish", "EscalationStep", "ask_change", "assign", "claim", "decide_change", "escalate",
    "give_back", "report", "resolve", "set_escalation", "sync_exceptions", "sync_order",
]  # fmt: skip
