"""A merchant's rules as the settling transaction asks them: kept in the process, by their stamp.

The statement that settling runs anyway says which stamp holds. A list that this process keeps is
used while its stamp is that one: a change is obeyed by the next payment, without a statement more.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from kacang.merchants import queries as merchants
from kacang.orders import sql
from kacang.orders.deadlines.books import rule_book
from kacang.orders.deadlines.rules import RuleBook
from kacang.orders.reviewing.conditions import from_json
from kacang.orders.reviewing.facts import Asked, asked_by, median_of
from kacang.orders.reviewing.types import (
    OF_TIME,
    Decision,
    Deed,
    Fact,
    Limit,
    Rule,
    RuleBody,
    Verdict,
)
from kacang.orders.statements import rows

# The middle of what orders cost changes slowly. Somebody who leaves is seen as late as this.
KEPT_SECONDS = 300
BOOKS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class RuleList:
    """Rules in the order in which they are asked, and what is to be read for them."""

    stamp: int
    rules: tuple[Rule, ...]
    asked: Asked
    # Working time, where some rule counts it.
    hours: RuleBook | None = None

    def limit_at(self, one: Decision, start: datetime) -> datetime | None:
        """Return by when somebody has to decide about an order that is stopped now."""
        if one.limit is None:
            return None
        time = timedelta(minutes=one.limit.minutes)
        if one.limit.is_working and self.hours is not None:
            return self.hours.calendar.add(start, time)
        return start + time


_kept: dict[int, tuple[float, RuleList]] = {}


def asked_of(merchant_id: int, rules: Sequence[Rule]) -> Asked:
    """Return what these rules look at. In the caller's transaction."""
    conditions = [one for rule in rules for one in rule.body.conditions]
    facts = {one.fact for one in conditions}
    median = median_of(merchant_id) if Fact.RISK in facts else 0
    zone = merchants.merchant(merchant_id=merchant_id).time_zone if facts & OF_TIME else "UTC"
    return asked_by(conditions, median, ZoneInfo(zone))


def rules_on(merchant_id: int, stamp: int) -> RuleList:
    """Return the rules that are on, of this stamp or a later one. In the caller's transaction."""
    kept = _kept.get(merchant_id)
    if kept is not None and kept[1].stamp == stamp and kept[0] > time.monotonic():
        return kept[1]
    book = load_rules(merchant_id)
    if len(_kept) >= BOOKS_MAX:
        _kept.clear()
    _kept[merchant_id] = (time.monotonic() + KEPT_SECONDS, book)
    return book


def load_rules(merchant_id: int) -> RuleList:
    """Read the rules that are on; all of one moment."""
    found = rows(sql.REVIEW_BOOK, {"merchant": merchant_id})
    rules = tuple(
        Rule(rule_id, uid, version, is_on=True, body=read_body(body))
        for _stamp, rule_id, uid, version, *body in found
    )
    is_working = any(rule.body.limit and rule.body.limit.is_working for rule in rules)
    hours = rule_book(merchant_id=merchant_id) if is_working else None
    return RuleList(found[0][0] if found else 0, rules, asked_of(merchant_id, rules), hours)


def read_body(row: Sequence[Any]) -> RuleBody:
    """Return what a version of a rule says, from its columns as statements name them."""
    name, conditions, verdict, priority, assignee, people, minutes, deed, is_working = row
    limit = Limit(minutes, Deed(deed), is_working) if minutes is not None else None
    kept = from_json(json.loads(conditions))
    return RuleBody(name, kept, Verdict(verdict), priority, assignee, people, limit)
