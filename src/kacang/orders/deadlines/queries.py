"""What others may ask about deadlines (O8)."""

from kacang.orders.deadlines.books import hours_of, rule_book, working_days
from kacang.orders.deadlines.marks import (
    LATE,
    MISSED,
    SOON,
    MarkFilter,
    MarkPage,
    MarkRow,
    MissedDay,
    count_marks,
    marks_page,
    missed_days,
    missed_of,
)
from kacang.orders.deadlines.rules import ANY, BY_KIND, MINUTES_MAX, Rule, RuleBook, Stage
from kacang.orders.deadlines.watching import WATCHED

__all__ = [
    "ANY", "BY_KIND", "LATE", "MINUTES_MAX", "MISSED", "SOON", "WATCHED", "MarkFilter",
    "MarkPage", "MarkRow", "MissedDay", "Rule", "RuleBook", "Stage", "count_marks", "hours_of",
    "marks_page", "missed_days", "missed_of", "rule_book", "working_days",
]  # fmt: skip
