"""What others may do with deadlines (O8)."""

from kacang.orders.deadlines.setting import (
    drop_rule,
    forget_day,
    set_day,
    set_rule,
    set_week,
)
from kacang.orders.deadlines.watching import watch_deadlines

__all__ = ["drop_rule", "forget_day", "set_day", "set_rule", "set_week", "watch_deadlines"]
