"""Conditions: what can be said, whether it holds, and what a list of rules comes to. Pure (O9)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from kacang.catalog.queries import ProductKind
from kacang.orders.models import Channel
from kacang.orders.reviewing.types import (
    BELOW_LIST,
    BY_HOURS,
    CONDITIONS_MAX,
    DAY_MINUTES,
    FULL,
    HOURS_MAX,
    KNOWN,
    LIMIT_MINUTES_MAX,
    LOWERED,
    NAME_MAX,
    PLACE_MAX,
    PRIORITY_MAX,
    SCORE_MAX,
    TWO,
    UNKNOWN,
    VALUES_MAX,
    WEEKDAYS,
    WORDS,
    BadRule,
    Condition,
    Decision,
    Deed,
    Fact,
    Facts,
    Hit,
    Op,
    Rule,
    RuleBody,
    Verdict,
)
from kacang.shared.money import MINOR_MAX

# Orders that were paid for here: what came over from another system or costs nothing is none.
CHANNELS = (Channel.SHOP, Channel.API, Channel.STAFF)
KNOWN_WORDS: Mapping[Fact, frozenset[str]] = {
    Fact.KIND: frozenset(ProductKind.values),
    Fact.CHANNEL: frozenset(str(channel) for channel in CHANNELS),
    Fact.CUSTOMER: frozenset({KNOWN, UNKNOWN}),
    Fact.COST: frozenset({KNOWN, UNKNOWN}),
    Fact.PRICE: frozenset({FULL, BELOW_LIST, LOWERED}),
    Fact.WEEKDAY: frozenset(WEEKDAYS),
}
# Words that are the merchant's own: places as recipients write them, companies, accounts.
OWN_WORDS: Mapping[Fact, re.Pattern[str]] = {
    Fact.REGION: re.compile(rf"[^\W\d_]{{1,{PLACE_MAX}}}"),
    Fact.COMPANY: re.compile(r"[a-z][a-z0-9_]{0,29}"),
    Fact.ACCOUNT: re.compile(r"[a-z]{3}_[0-9A-Za-z]{1,28}"),
}
MOST: Mapping[Fact, int] = {
    Fact.AMOUNT: MINOR_MAX,
    Fact.QUANTITY: 1_000_000,
    Fact.LEVEL: 99,
    # So many of a buyer's orders are looked at, and no more.
    Fact.PAID_ORDERS: 200,
    Fact.RISK: SCORE_MAX,
    Fact.MARGIN: MINOR_MAX,
    Fact.MARGIN_PERCENT: 100,
    Fact.DISCOUNT: 100,
    Fact.RECENT_ORDERS: 200,
    Fact.RECENT_PIECES: 1_000_000,
}
# What is sold at a loss has less than nothing left.
LEAST: Mapping[Fact, int] = {Fact.MARGIN: -MINOR_MAX, Fact.MARGIN_PERCENT: -1_000}
OPS: Mapping[Fact, tuple[Op, ...]] = {
    fact: (Op.IS, Op.IS_NOT) if fact in WORDS else (Op.AT_LEAST, Op.AT_MOST) for fact in Fact
} | {Fact.HOUR: (Op.WITHIN,)}


def checked(body: RuleBody) -> RuleBody:
    """Return a rule as it may be kept.

    Raises:
        BadRule: Its name, a condition or what it does cannot be; `field` says which.
    """
    name = " ".join(body.name.split())
    if not 0 < len(name) <= NAME_MAX or not name.isprintable():
        raise BadRule(field="name")
    if len(body.conditions) > CONDITIONS_MAX:
        raise BadRule(field="conditions")
    if not 0 <= body.priority <= PRIORITY_MAX:
        raise BadRule(field="priority")
    if not body.verdict and not body.priority and body.assignee_id is None:
        raise BadRule(field="action")
    conditions = tuple(_checked(condition) for condition in body.conditions)
    _check_waiting(body)
    return replace(body, name=name, conditions=conditions)


def holds(condition: Condition, facts: Facts) -> bool:
    """Say whether a condition holds for an order."""
    if condition.fact in WORDS:
        words = words_of(condition.fact, facts)
        if words is None:
            return False
        return bool(words & set(condition.words)) is (condition.op is Op.IS)
    number = number_of(condition, facts)
    return number is not None and _compares(condition, number)


def fits(body: RuleBody, facts: Facts) -> bool:
    """Say whether all conditions of a rule hold for an order."""
    return all(holds(condition, facts) for condition in body.conditions)


def decide(rules: Iterable[Rule], facts: Facts) -> Decision:
    """Ask the rules in order: the first that fits and decides does; all that fit say how soon."""
    verdict, priority, assignee = Verdict.NONE, 0, None
    people, limit = 1, None
    hits = []
    for rule in rules:
        body = rule.body
        if not fits(body, facts):
            continue
        is_deciding = not verdict and bool(body.verdict)
        if is_deciding:
            verdict, people, limit = body.verdict, body.people, body.limit
        has_part = is_deciding or body.priority > priority
        priority = max(priority, body.priority)
        if assignee is None and body.assignee_id is not None:
            assignee, has_part = body.assignee_id, True
        if has_part:
            hits.append(Hit(rule, is_deciding))
    return Decision(verdict or Verdict.PASS, priority, assignee, tuple(hits), people, limit)


def to_json(conditions: Sequence[Condition]) -> list[dict[str, Any]]:
    """Return conditions as they are stored."""
    return [_plain(one) for one in conditions]


def from_json(stored: Sequence[Mapping[str, Any]]) -> tuple[Condition, ...]:
    """Undo `to_json`."""
    found = []
    for one in stored:
        fact, op, value = Fact(one["fact"]), Op(one["op"]), one["value"]
        if fact in WORDS:
            found.append(Condition(fact, op, tuple(value)))
        elif op is Op.WITHIN:
            found.append(Condition(fact, op, number=value[0], until=value[1]))
        else:
            found.append(Condition(fact, op, number=int(value), hours=one.get("hours", 0)))
    return tuple(found)


def words_of(fact: Fact, facts: Facts) -> frozenset[str] | None:
    """Return what words an order has of a fact; None: it is not known."""
    known: Mapping[Fact, frozenset[str] | None] = {
        Fact.KIND: facts.kinds,
        Fact.CHANNEL: frozenset({facts.channel}),
        Fact.CUSTOMER: frozenset({KNOWN if facts.is_customer else UNKNOWN}),
        Fact.COST: frozenset({UNKNOWN if facts.cost is None else KNOWN}),
        Fact.PRICE: facts.prices,
        Fact.WEEKDAY: _one(facts.weekday),
        Fact.REGION: facts.regions,
        Fact.COMPANY: _one(facts.company),
        Fact.ACCOUNT: _one(facts.account),
    }
    return known[fact]


def number_of(condition: Condition, facts: Facts) -> int | None:
    """Return what number an order has of what a condition looks at; None: it is not known."""
    if condition.fact in BY_HOURS:
        counted = facts.recent.get(condition.hours)
        return counted and counted[condition.fact is Fact.RECENT_PIECES]
    numbers: Mapping[Fact, int | None] = {
        Fact.AMOUNT: facts.amount,
        Fact.QUANTITY: facts.quantity,
        Fact.LEVEL: facts.level,
        Fact.PAID_ORDERS: facts.paid_orders,
        Fact.RISK: facts.risk,
        Fact.MARGIN: facts.margin,
        Fact.MARGIN_PERCENT: facts.margin_percent,
        Fact.DISCOUNT: facts.discount,
        Fact.HOUR: facts.minute,
    }
    return numbers[condition.fact]


def _compares(condition: Condition, number: int) -> bool:
    start, end = condition.number, condition.until
    if condition.op is Op.WITHIN:
        is_after, is_before = number >= start, number < end
        return is_after and is_before if start < end else is_after or is_before
    return number >= start if condition.op is Op.AT_LEAST else number <= start


def _one(word: str) -> frozenset[str] | None:
    return frozenset({word}) if word else None


def _plain(one: Condition) -> dict[str, Any]:
    stored: dict[str, Any] = {"fact": str(one.fact), "op": str(one.op)}
    if one.fact in WORDS:
        return {**stored, "value": list(one.words)}
    if one.op is Op.WITHIN:
        return {**stored, "value": [one.number, one.until]}
    stored["value"] = one.number
    return {**stored, "hours": one.hours} if one.hours else stored


def _checked(condition: Condition) -> Condition:
    fact = condition.fact
    if condition.op not in OPS[fact]:
        raise BadRule(field=str(fact))
    if fact in WORDS:
        words = tuple(sorted(set(condition.words)))
        if not 0 < len(words) <= VALUES_MAX or not all(_is_word(fact, word) for word in words):
            raise BadRule(field=str(fact))
        return Condition(fact, condition.op, words)
    if fact is Fact.HOUR:
        ends = (condition.number, condition.until)
        if ends[0] == ends[1] or not all(0 <= end < DAY_MINUTES for end in ends):
            raise BadRule(field=str(fact))
        return Condition(fact, condition.op, number=ends[0], until=ends[1])
    least, most = LEAST.get(fact, 0), MOST[fact]
    hours = condition.hours if fact in BY_HOURS else 0
    if not least <= condition.number <= most or (fact in BY_HOURS) is not (
        0 < condition.hours <= HOURS_MAX
    ):
        raise BadRule(field=str(fact))
    return Condition(fact, condition.op, number=condition.number, hours=hours)


def _is_word(fact: Fact, word: str) -> bool:
    if fact in OWN_WORDS:
        return OWN_WORDS[fact].fullmatch(word) is not None
    return word in KNOWN_WORDS[fact]


def _check_waiting(body: RuleBody) -> None:
    """Hold what is said of waiting to what waits: held orders, or those looked at afterwards."""
    waits = body.verdict in (Verdict.HOLD, Verdict.DUAL)
    if body.people not in (1, TWO) or (body.people == TWO and not waits):
        raise BadRule(field="people")
    limit = body.limit
    if limit is None:
        return
    # What was delivered already is not taken back by the clock, and two people are not replaced.
    is_unfit = (limit.deed is Deed.REFUSE and body.verdict is Verdict.DUAL) or (
        limit.deed is Deed.PASS and body.people == TWO
    )
    is_known = limit.deed is not Deed.NOTHING and 0 < limit.minutes <= LIMIT_MINUTES_MAX
    if not waits or is_unfit or not is_known:
        raise BadRule(field="limit")
