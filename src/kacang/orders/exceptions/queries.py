"""What others may ask about exceptions and changes (O6)."""

from kacang.orders.exceptions.change_types import ChangeState, ChangeView
from kacang.orders.exceptions.changes import (
    change,
    changes_by_uid,
    changes_of_order,
    masked_change_recipient,
    questions_of,
)
from kacang.orders.exceptions.escalating import (
    EscalationStep,
    emails_of,
    escalation_steps,
)
from kacang.orders.exceptions.listing import (
    COUNT_MAX,
    count_late,
    count_mine,
    counts_by_kind,
    exception,
    exceptions_of_order,
    exceptions_page,
    open_kinds,
)
from kacang.orders.exceptions.types import (
    LOOK_AFTERWARDS,
    ExceptionFilter,
    ExceptionPage,
    ExceptionRow,
    Kind,
)

__all__ = [
    "COUNT_MAX", "LOOK_AFTERWARDS", "ChangeState", "ChangeView", "EscalationStep",
    "ExceptionFilter", "ExceptionPage", "ExceptionRow", "Kind", "change", "changes_by_uid",
    "changes_of_order", "count_late", "count_mine", "counts_by_kind", "emails_of",
    "escalation_steps", "exception", "exceptions_of_order", "exceptions_page",
    "masked_change_recipient", "open_kinds",
    "questions_of",
]  # fmt: skip
