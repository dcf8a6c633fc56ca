"""The list of rules: added, changed, moved, switched, deleted; every version is kept (O9).

Whoever changes anything locks the merchant's book of rules first, and gives it a new stamp: so
changes come one after another, and settling sees the list before or after one, never between.
"""

import json
from collections.abc import Sequence

from kacang.merchants import audit
from kacang.merchants import queries as merchants
from kacang.merchants.audit import Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders.reviewing.conditions import checked, to_json
from kacang.orders.reviewing.listing import rule_in, rules_in
from kacang.orders.reviewing.types import (
    RULES_MAX,
    BadRule,
    Deed,
    Rule,
    RuleBody,
    RuleChanged,
    TooManyRules,
    UnknownRule,
)
from kacang.orders.statements import rows
from kacang.shared.ids import new_uid

LOCK = """
insert into review_book (merchant_id, stamp, rules_on) values (%(merchant)s::bigint, 1, 0)
on conflict (merchant_id) do update set stamp = review_book.stamp + 1
"""
COUNT = """
update review_book set rules_on = (
    select count(*) from review_rule r
    where r.merchant_id = %(merchant)s::bigint and r.is_on and r.deleted_at is null)
where merchant_id = %(merchant)s::bigint
"""
ADD = """
insert into review_rule (merchant_id, uid, position)
select %(merchant)s::bigint, %(uid)s::text, coalesce(max(position), 0) + 1
from review_rule where merchant_id = %(merchant)s::bigint and deleted_at is null
returning id
"""
VERSION = """
insert into review_rule_version (merchant_id, rule_id, version, name, conditions, verdict,
    priority, assignee_id, people, limit_minutes, limit_deed, limit_working, made_by)
values (%(merchant)s::bigint, %(rule)s::bigint, %(version)s::int, %(name)s::text,
    %(conditions)s::jsonb, %(verdict)s::smallint, %(priority)s::smallint, %(assignee)s::bigint,
    %(people)s::smallint, %(minutes)s::int, %(deed)s::smallint, %(working)s::boolean, %(by)s::text)
"""
SET = """
update review_rule set version = %(version)s::int, is_on = %(on)s::boolean,
    deleted_at = case when %(deleted)s::boolean then clock_timestamp() end
where merchant_id = %(merchant)s::bigint and id = %(rule)s::bigint
"""
PLACE = """
update review_rule r set position = p.position
from unnest(%(rules)s::bigint[], %(places)s::int[]) as p(id, position)
where r.merchant_id = %(merchant)s::bigint and r.id = p.id
"""


@retry_conflicts
def add_rule(*, merchant_id: int, body: RuleBody, actor: Actor) -> str:
    """Add a rule at the end of the list, off; return its uid.

    Raises:
        BadRule, TooManyRules: As they say.
    """
    body = checked(body)
    with acting_as(merchant_id):
        _lock(merchant_id)
        if len(rules_in(merchant_id)) >= RULES_MAX:
            raise TooManyRules(most=RULES_MAX)
        _check_assignee(merchant_id, body)
        uid = new_uid("rul")
        rule_id = rows(ADD, {"merchant": merchant_id, "uid": uid})[0][0]
        _write_version(merchant_id, rule_id, 1, body, actor)
        _log(merchant_id, uid, actor, "rules.add", after={"name": body.name})
    return uid


@retry_conflicts
def change_rule(*, merchant_id: int, uid: str, version: int, body: RuleBody, actor: Actor) -> int:
    """Let a rule say something else from now on; return its version. Nothing new: it stays.

    Args:
        merchant_id: Whose.
        uid: Which rule.
        version: The version that the person has changed.
        body: What it says now.
        actor: Who.

    Raises:
        UnknownRule, BadRule: As they say.
        RuleChanged: It has another version meanwhile.
    """
    body = checked(body)
    with acting_as(merchant_id):
        _lock(merchant_id)
        rule = rule_in(merchant_id, uid)
        if rule.version != version:
            raise RuleChanged
        if rule.body == body:
            return rule.version
        _check_assignee(merchant_id, body)
        _write_version(merchant_id, rule.id, rule.version + 1, body, actor)
        _set(merchant_id, rule, version=rule.version + 1, is_on=rule.is_on)
        before, after = {"version": rule.version}, {"name": body.name, "version": rule.version + 1}
        _log(merchant_id, uid, actor, "rules.change", before=before, after=after)
    return rule.version + 1


@retry_conflicts
def switch_rule(*, merchant_id: int, uid: str, is_on: bool, actor: Actor) -> None:
    """Switch a rule on or off, from the next payment on. May be repeated.

    Raises:
        UnknownRule: There is none.
    """
    with acting_as(merchant_id):
        _lock(merchant_id)
        rule = rule_in(merchant_id, uid)
        if rule.is_on is is_on:
            return
        _set(merchant_id, rule, version=rule.version, is_on=is_on)
        action = "rules.switch_on" if is_on else "rules.switch_off"
        _log(merchant_id, uid, actor, action, after={"name": rule.body.name})


@retry_conflicts
def move_rule(*, merchant_id: int, uid: str, place: int, actor: Actor) -> None:
    """Put a rule at a place of the list, from 0; what is beyond its end is its end.

    Raises:
        UnknownRule: There is none.
    """
    with acting_as(merchant_id):
        _lock(merchant_id)
        rule = rule_in(merchant_id, uid)
        ids = [one.id for one in rules_in(merchant_id)]
        before = ids.index(rule.id)
        ids.remove(rule.id)
        ids.insert(max(0, min(place, len(ids))), rule.id)
        if ids.index(rule.id) == before:
            return
        _place(merchant_id, ids)
        _log(
            merchant_id, uid, actor, "rules.move",
            before={"place": before + 1}, after={"place": ids.index(rule.id) + 1},
        )  # fmt: skip


@retry_conflicts
def delete_rule(*, merchant_id: int, uid: str, actor: Actor) -> None:
    """Take a rule off the list; what it decided still names it.

    Raises:
        UnknownRule: There is none.
    """
    with acting_as(merchant_id):
        _lock(merchant_id)
        rule = rule_in(merchant_id, uid)
        _set(merchant_id, rule, version=rule.version, is_on=False, is_deleted=True)
        _log(merchant_id, uid, actor, "rules.delete", before={"name": rule.body.name})


def _lock(merchant_id: int) -> None:
    rows(LOCK, {"merchant": merchant_id})


def _set(
    merchant_id: int, rule: Rule, *, version: int, is_on: bool, is_deleted: bool = False
) -> None:
    asked = {"version": version, "on": is_on, "deleted": is_deleted}
    rows(SET, {"merchant": merchant_id, "rule": rule.id, **asked})
    rows(COUNT, {"merchant": merchant_id})


def _place(merchant_id: int, ids: Sequence[int]) -> None:
    places = list(range(1, len(ids) + 1))
    rows(PLACE, {"merchant": merchant_id, "rules": list(ids), "places": places})


def _write_version(
    merchant_id: int, rule_id: int, version: int, body: RuleBody, actor: Actor
) -> None:
    limit = body.limit
    rows(
        VERSION,
        {
            "merchant": merchant_id,
            "rule": rule_id,
            "version": version,
            "name": body.name,
            "conditions": json.dumps(to_json(body.conditions)),
            "verdict": int(body.verdict),
            "priority": body.priority,
            "assignee": body.assignee_id,
            "people": body.people,
            "minutes": limit.minutes if limit else None,
            "deed": int(limit.deed if limit else Deed.NOTHING),
            "working": limit is not None and limit.is_working,
            "by": (actor.label or actor.kind)[:120],
        },
    )


def _check_assignee(merchant_id: int, body: RuleBody) -> None:
    if body.assignee_id is None:
        return
    people = merchants.staff(merchant_id=merchant_id)
    if not any(one.member_id == body.assignee_id and one.is_active for one in people):
        raise BadRule(field="assignee")


def _log(merchant_id: int, uid: str, actor: Actor, action: str, **details: object) -> None:
    audit.record(
        merchant_id=merchant_id,
        actor=actor,
        action=action,
        object_kind="rule",
        object_uid=uid,
        **details,
    )


__all__ = ["UnknownRule", "add_rule", "change_rule", "delete_rule", "move_rule", "switch_rule"]
