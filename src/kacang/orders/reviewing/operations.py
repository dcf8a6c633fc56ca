"""What others may do with rules of review and with the orders that they stop (O9)."""

from kacang.orders.reviewing.handling.limits import obey_limits
from kacang.orders.reviewing.handling.people import approve_order, reject_order
from kacang.orders.reviewing.setting import (
    add_rule,
    change_rule,
    delete_rule,
    move_rule,
    switch_rule,
)

__all__ = [
    "add_rule", "approve_order", "change_rule", "delete_rule", "move_rule", "obey_limits",
    "reject_order", "switch_rule",
]  # fmt: skip
