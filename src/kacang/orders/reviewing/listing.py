"""Rules, their versions and what they decided, as pages read them (O9)."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kacang.merchants.tenancy import acting_as
from kacang.orders.deadlines.cursors import make_cursor, read_cursor
from kacang.orders.reviewing.books import read_body
from kacang.orders.reviewing.conditions import from_json
from kacang.orders.reviewing.facts import from_json as facts_from_json
from kacang.orders.reviewing.types import (
    Deed,
    HitView,
    ReviewState,
    ReviewView,
    Rule,
    RuleVersion,
    UnknownRule,
    Verdict,
)
from kacang.orders.statements import rows

COUNT_MOST = 9_999
_RULES = """
select r.id, r.uid, v.version, r.is_on, v.name, v.conditions::text, v.verdict, v.priority,
       v.assignee_id, v.people, v.limit_minutes, v.limit_deed, v.limit_working
from review_rule r
join review_rule_version v on v.merchant_id = r.merchant_id and v.rule_id = r.id
    and v.version = r.version
where r.merchant_id = %(merchant)s::bigint and r.deleted_at is null {one}
order by r.position, r.id
"""
_VERSIONS = """
select v.version, v.made_by, v.made_at, v.name, v.conditions::text, v.verdict, v.priority,
       v.assignee_id, v.people, v.limit_minutes, v.limit_deed, v.limit_working
from review_rule_version v
where v.merchant_id = %(merchant)s::bigint and v.rule_id = %(rule)s::bigint
order by v.version desc limit 50
"""
# Few are counted: the list behind the number goes on by pages.
_COUNTS = """
select r.id, (
    select count(*)::int from (
        select from review_hit h
        where h.merchant_id = %(merchant)s::bigint and h.rule_id = r.id limit %(most)s::int) few)
from review_rule r
where r.merchant_id = %(merchant)s::bigint and r.deleted_at is null
"""
_REVIEWS = """
select o.number, v.order_id, v.verdict, v.state, v.facts::text, o.priority, v.decided_at,
       v.closed_at, v.closed_by, v.closing, v.people, v.first_id, v.first_by, v.first_at,
       v.limit_at, v.limit_deed, v.limit_done_at
from order_review v
join sale_order o on o.merchant_id = v.merchant_id and o.id = v.order_id
where v.merchant_id = %(merchant)s::bigint and v.order_id = any(%(orders)s::bigint[])
"""
_HITS = """
select h.order_id, r.uid, w.name, h.version, h.is_deciding, r.deleted_at is null,
       w.conditions::text
from review_hit h
join review_rule r on r.merchant_id = h.merchant_id and r.id = h.rule_id
join review_rule_version w on w.merchant_id = h.merchant_id and w.rule_id = h.rule_id
    and w.version = h.version
where h.merchant_id = %(merchant)s::bigint and h.order_id = any(%(orders)s::bigint[])
order by h.order_id, h.is_deciding desc, r.position, r.id
"""
_OF_RULE = """
select h.order_id, o.number, h.version, h.is_deciding, v.verdict, v.state, v.decided_at
from review_hit h
join order_review v on v.merchant_id = h.merchant_id and v.order_id = h.order_id
join sale_order o on o.merchant_id = h.merchant_id and o.id = h.order_id
where h.merchant_id = %(merchant)s::bigint and h.rule_id = %(rule)s::bigint {after}
order by h.order_id desc limit %(limit)s::int
"""
_LIMITS = """
select o.number, v.limit_at, v.limit_deed
from sale_order o
join order_review v on v.merchant_id = o.merchant_id and v.order_id = o.id
where o.merchant_id = %(merchant)s::bigint and o.number = any(%(numbers)s::text[])
  and v.state = 1 and v.limit_at is not null and v.limit_done_at is null
"""
_MARKS = """
select o.number, o.priority from sale_order o
where o.merchant_id = %(merchant)s::bigint and o.number = any(%(numbers)s::text[])
  and o.priority > 0
"""


@dataclass(frozen=True, slots=True)
class HitRow:
    """An order that a rule had a part in."""

    number: str
    version: int
    is_deciding: bool
    verdict: Verdict
    state: ReviewState
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class HitPage:
    """A page of a rule's orders, the newest first. `next_cursor` is empty on the last one."""

    rows: tuple[HitRow, ...]
    next_cursor: str


def rules(*, merchant_id: int) -> list[Rule]:
    """Return a merchant's rules in the order in which they are asked, those that are off too."""
    with acting_as(merchant_id):
        return rules_in(merchant_id)


def rule(*, merchant_id: int, uid: str) -> Rule:
    """Return one rule.

    Raises:
        UnknownRule: There is none.
    """
    with acting_as(merchant_id):
        return rule_in(merchant_id, uid)


def rules_in(merchant_id: int) -> list[Rule]:
    """As `rules`, in the caller's transaction."""
    found = rows(_RULES.replace("{one}", ""), {"merchant": merchant_id})
    return [_rule(row) for row in found]


def rule_in(merchant_id: int, uid: str) -> Rule:
    """As `rule`, in the caller's transaction."""
    text = _RULES.replace("{one}", "and r.uid = %(uid)s::text")
    found = rows(text, {"merchant": merchant_id, "uid": uid[:32]})
    if not found:
        raise UnknownRule
    return _rule(found[0])


def versions_of(*, merchant_id: int, uid: str) -> list[RuleVersion]:
    """Return what a rule said, the newest first, at most fifty.

    Raises:
        UnknownRule: There is none.
    """
    with acting_as(merchant_id):
        one = rule_in(merchant_id, uid)
        found = rows(_VERSIONS, {"merchant": merchant_id, "rule": one.id})
    return [RuleVersion(row[0], read_body(row[3:]), row[1], row[2]) for row in found]


def counts_by_rule(*, merchant_id: int) -> Mapping[int, int]:
    """Return in how many decisions each rule had a part, counted to COUNT_MOST."""
    with acting_as(merchant_id):
        return dict(rows(_COUNTS, {"merchant": merchant_id, "most": COUNT_MOST}))


def orders_of_rule(*, merchant_id: int, uid: str, cursor: str = "", limit: int = 20) -> HitPage:
    """Return a page of the orders that a rule had a part in.

    Raises:
        UnknownRule: There is none.
    """
    with acting_as(merchant_id):
        one = rule_in(merchant_id, uid)
        asked: dict[str, Any] = {"merchant": merchant_id, "rule": one.id, "limit": limit + 1}
        after = ""
        if place := read_cursor(cursor):
            after, asked["after"] = "and h.order_id < %(after)s::bigint", place[1]
        found = rows(_OF_RULE.replace("{after}", after), asked)
    shown = [
        HitRow(number, version, is_deciding, Verdict(verdict), ReviewState(state), at)
        for _, number, version, is_deciding, verdict, state, at in found[:limit]
    ]
    last = make_cursor(found[limit - 1][6], found[limit - 1][0]) if len(found) > limit else ""
    return HitPage(tuple(shown), last)


def reviews_of(*, merchant_id: int, order_ids: Collection[int]) -> dict[int, ReviewView]:
    """Return what was decided about orders, by id; those that no rule fitted are left out."""
    asked = {"merchant": merchant_id, "orders": list(order_ids)}
    with acting_as(merchant_id):
        found = rows(_REVIEWS, asked)
        hits: dict[int, list[HitView]] = {}
        for order_id, uid, name, version, is_deciding, is_kept, said in (
            rows(_HITS, asked) if found else ()
        ):
            view = HitView(uid, name, version, is_deciding, is_kept, from_json(json.loads(said)))
            hits.setdefault(order_id, []).append(view)
    return {
        order_id: ReviewView(
            number, Verdict(verdict), ReviewState(state), facts_from_json(json.loads(facts)),
            priority, tuple(hits.get(order_id, ())), decided_at, closed_at, closed_by, closing,
            people, first_id, first_by, first_at, limit_at, Deed(deed), limit_done_at,
        )
        for number, order_id, verdict, state, facts, priority, decided_at, closed_at, closed_by,
        closing, people, first_id, first_by, first_at, limit_at, deed, limit_done_at in found
    }  # fmt: skip


def priorities_of(*, merchant_id: int, numbers: Collection[str]) -> dict[str, int]:
    """Return the priority of orders that have one, by number."""
    with acting_as(merchant_id):
        return dict(rows(_MARKS, {"merchant": merchant_id, "numbers": list(numbers)}))


def limits_of(*, merchant_id: int, numbers: Collection[str]) -> dict[str, tuple[datetime, Deed]]:
    """Return until when orders wait for a person, and what becomes of them then, by number."""
    with acting_as(merchant_id):
        found = rows(_LIMITS, {"merchant": merchant_id, "numbers": list(numbers)})
    return {number: (at, Deed(deed)) for number, at, deed in found}


def _rule(row: tuple[Any, ...]) -> Rule:
    rule_id, uid, version, is_on, *body = row
    return Rule(rule_id, uid, version, is_on, read_body(body))
