"""What rules would have done with the last orders, before they are switched on (O9).

The last orders that were paid are asked as they were when they were placed, as far as their rows
still say so: a level, a customer and refunds are those of today. Nothing is written.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kacang.merchants.tenancy import acting_as
from kacang.orders.reviewing.books import asked_of
from kacang.orders.reviewing.conditions import checked, decide
from kacang.orders.reviewing.facts import read_facts
from kacang.orders.reviewing.listing import rules_in
from kacang.orders.reviewing.types import (
    BadRule,
    Decision,
    Facts,
    Rule,
    RuleBody,
    Verdict,
)
from kacang.orders.statements import rows
from kacang.shared.ids import new_uid

LAST = (100, 500, 2_000)
AT_ONCE = 500
SAMPLE = 30
_LAST = """
select id from sale_order
where merchant_id = %(merchant)s::bigint and paid_at is not null and payable_minor > 0
  and channel in ('shop', 'api', 'staff')
order by paid_at desc limit %(most)s::int
"""


@dataclass(frozen=True, slots=True)
class Tried:
    """One order, and what the rules would have come to."""

    number: str
    facts: Facts
    decision: Decision


@dataclass(frozen=True, slots=True)
class Trial:
    """What rules would have done.

    Args:
        orders: How many orders were asked about.
        verdicts: How many would have passed, been held, been looked at afterwards.
        first: How many would have had a priority.
        by_rule: In how many each rule would have had a part, by uid.
        sample: Some of those that a rule fits, the newest first; stopped ones before others.
        draft: The uid that the rule on trial has in `by_rule`.
    """

    orders: int
    verdicts: Mapping[Verdict, int]
    first: int
    by_rule: Mapping[str, int]
    sample: Sequence[Tried]
    draft: str


def try_rules(
    *, merchant_id: int, last: int, uid: str = "", draft: RuleBody | None = None
) -> Trial:
    """Ask the rules that are on, and one that is not yet, about the last orders.

    Args:
        merchant_id: Whose.
        last: How many orders, one of LAST.
        uid: A rule that is asked as if it were on; at its place in the list.
        draft: What that rule says, instead of what is kept; without `uid` a new one, at the end.

    Raises:
        UnknownRule, BadRule: As they say.
    """
    if last not in LAST:
        raise BadRule(field="last")
    body = checked(draft) if draft is not None else None
    with acting_as(merchant_id, snapshot=True):
        asked, name = _with_draft(rules_in(merchant_id), uid, body)
        wanted = asked_of(merchant_id, asked)
        ids = last_orders(merchant_id, last)
        tried = [
            Tried(one.number, one.facts, decide(asked, one.facts))
            for start in range(0, len(ids), AT_ONCE)
            for one in read_facts(merchant_id, ids[start : start + AT_ONCE], wanted).values()
        ]
    return Trial(
        orders=len(tried),
        verdicts=Counter(one.decision.verdict for one in tried),
        first=sum(one.decision.priority > 0 for one in tried),
        by_rule=Counter(hit.rule.uid for one in tried for hit in one.decision.hits),
        sample=_sample(tried, name),
        draft=name,
    )


def last_orders(merchant_id: int, most: int) -> list[int]:
    """Return the last orders that were paid and that rules are asked of, the newest first."""
    return [row[0] for row in rows(_LAST, {"merchant": merchant_id, "most": most})]


def _with_draft(
    rules: Sequence[Rule], uid: str, body: RuleBody | None
) -> tuple[tuple[Rule, ...], str]:
    """Return which rules are asked, and the name of the one on trial; "": none is."""
    if not uid and body is None:
        return tuple(one for one in rules if one.is_on), ""
    if not uid:
        name = new_uid("rul")
        assert body is not None
        new = Rule(0, name, 0, is_on=True, body=body)
        return (*(one for one in rules if one.is_on), new), name
    known = [replace(one, body=body or one.body) if one.uid == uid else one for one in rules]
    return tuple(one for one in known if one.is_on or one.uid == uid), uid


def _sample(tried: Sequence[Tried], draft: str) -> tuple[Tried, ...]:
    """Return what is worth looking at: what the rule on trial touches, stopped orders first."""
    touched = [
        one
        for one in tried
        if one.decision.hits
        and (not draft or any(hit.rule.uid == draft for hit in one.decision.hits))
    ]
    order = {Verdict.HOLD: 0, Verdict.DUAL: 1}
    touched.sort(key=lambda one: order.get(one.decision.verdict, 2))
    return tuple(touched[:SAMPLE])
