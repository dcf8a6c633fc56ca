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
from kacang.orders.deadlines.shares import FULL_BP, WEEKS, WeekShare, met_shares
from kacang.orders.deadlines.watching import WATCHED

__all__ = [
    "ANY", "BY_KIND", "FULL_BP", "LATE", "MINUTES_MAX", "MISSED", "SOON", "WATCHED", "WEEKS",
    "MarkFilter", "MarkPage", "MarkRow", "MissedDay", "Rule", "RuleBook", "Stage", "WeekShare",
    "count_marks", "hours_of", "marks_page", "met_shares", "missed_days", "missed_of", "rule_book",
    "working_days",
]  # fmt: skip
