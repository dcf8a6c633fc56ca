"""Escalation: what is not dealt with by its deadline goes up, once for each level (O6)."""

from collections.abc import Sequence
from dataclasses import dataclass

from kacang.merchants import audit
from kacang.merchants import queries as merchants
from kacang.merchants.audit import Actor
from kacang.merchants.permissions import Role
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders.models import Event
from kacang.orders.statements import rows, table
from kacang.queue import enqueue
from kacang.shared.errors import Invalid

LEVELS_MAX = 5
AFTER_MAX = 43_200
STEPS = """
select s.level, s.after_minutes, s.role, coalesce(m.uid, '') from escalation_step s
left join membership m on m.merchant_id = s.merchant_id and m.user_id = s.person_id
where s.merchant_id = %(merchant)s::bigint order by s.level
"""
FORGET = "delete from escalation_step where merchant_id = %(merchant)s::bigint"
KEEP = """
insert into escalation_step (merchant_id, level, after_minutes, role, person_id)
select %(merchant)s::bigint, s.level, s.after_minutes, s.role, m.user_id
from jsonb_to_recordset(%(steps)s::jsonb) as s(level int, after_minutes int, role text, member text)
left join membership m on m.merchant_id = %(merchant)s::bigint and m.uid = s.member
"""
RISE = """
with step as materialized (
    select * from jsonb_to_recordset(%(steps)s::jsonb) as s(level int, after_minutes int, whom text)
),
due as materialized (
    select x.id, max(s.level) as level
    from order_exception x
    join step s on x.due_at <= clock_timestamp() + make_interval(
        secs => %(shift)s::float8 - s.after_minutes * 60)
    where x.merchant_id = %(merchant)s::bigint and x.closed_at is null and s.level > x.level
      and x.due_at <= clock_timestamp() + make_interval(secs => %(shift)s::float8)
    group by x.id order by x.id limit %(most)s::int
),
risen as (
    update order_exception x set level = d.level
    from due d where x.merchant_id = %(merchant)s::bigint and x.id = d.id and x.level < d.level
      and x.closed_at is null
    returning x.id, x.uid, x.order_id, x.kind, x.level
),
story as (
    insert into timeline (merchant_id, order_id, event, detail)
    select %(merchant)s::bigint, r.order_id, %(event)s::int,
           jsonb_build_object('kind', r.kind, 'level', r.level, 'to', s.whom)
    from risen r join step s on s.level = r.level
)
select uid, level from risen order by id
"""


class BadEscalation(Invalid):
    """Levels follow one another, each later than the one before, each to a role or a person."""

    code = "exceptions.bad_escalation"


@dataclass(frozen=True, slots=True)
class EscalationStep:
    """Who is told, and how long after the deadline: a role, or a member of staff by uid."""

    after_minutes: int
    role: str = ""
    member_uid: str = ""


# Where nobody said anything.
USUAL = (
    EscalationStep(0, Role.ORDER_OPERATOR.value),
    EscalationStep(240, Role.OWNER.value),
)


@dataclass(frozen=True, slots=True)
class Escalated:
    """An exception that went up to a level: whom to tell."""

    uid: str
    level: int


def escalation_steps(*, merchant_id: int) -> Sequence[EscalationStep]:
    """Return a merchant's levels, the first one first."""
    with acting_as(merchant_id):
        found = rows(STEPS, {"merchant": merchant_id})
    return [EscalationStep(*row[1:]) for row in found] or USUAL


@retry_conflicts
def set_escalation(*, merchant_id: int, steps: Sequence[EscalationStep], actor: Actor) -> None:
    """Say who is told of what is late, and when.

    Raises:
        BadEscalation: No level, too many, or not one after the other; nobody who works here.
    """
    times = [step.after_minutes for step in steps]
    members = {one.uid for one in merchants.staff(merchant_id=merchant_id) if one.is_active}
    if not 0 < len(steps) <= LEVELS_MAX or sorted(set(times)) != times:
        raise BadEscalation
    for step in steps:
        is_role = step.role in Role.values and not step.member_uid
        is_person = step.member_uid in members and not step.role
        if not (is_role or is_person) or not 0 <= step.after_minutes <= AFTER_MAX:
            raise BadEscalation
    with acting_as(merchant_id):
        before = [EscalationStep(*row[1:]) for row in rows(STEPS, {"merchant": merchant_id})]
        if list(before or USUAL) == list(steps):
            return
        rows(FORGET, {"merchant": merchant_id})
        records = [
            {
                "level": level,
                "after_minutes": step.after_minutes,
                "role": step.role,
                "member": step.member_uid,
            }
            for level, step in enumerate(steps, start=1)
        ]
        rows(KEEP, {"merchant": merchant_id, "steps": table(records)})
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action="exceptions.escalation",
            object_kind="settings",
            before=[_plain(step) for step in before or USUAL],
            after=[_plain(step) for step in steps],
        )


@retry_conflicts
def escalate(*, merchant_id: int, most: int = 500) -> int:
    """Take what is past its deadline up to the level that it has come to; return how many rose.

    Each level is told once, in the transaction that writes it down: a job that died tells nobody
    twice, and forgets nobody. What passes two levels at once is told to the higher one.
    """
    steps = escalation_steps(merchant_id=merchant_id)
    records = [
        {
            "level": level,
            "after_minutes": step.after_minutes,
            "whom": step.role or step.member_uid,
        }
        for level, step in enumerate(steps, start=1)
    ]
    with acting_as(merchant_id):
        risen = rows(
            RISE,
            {
                "merchant": merchant_id,
                "steps": table(records),
                "event": int(Event.EXCEPTION_ESCALATED),
                "most": most,
            },
        )
        for uid, level in risen:
            enqueue(
                "orders.tell_escalated",
                queue="mail",
                merchant_id=merchant_id,
                uid=uid,
                level=level,
            )
    return len(risen)


def emails_of(*, merchant_id: int, step: EscalationStep) -> list[str]:
    """Return the addresses of whom a level names; those of the owners where it names nobody."""
    people = [one for one in merchants.staff(merchant_id=merchant_id) if one.is_active]
    named = [
        one for one in people if one.uid == step.member_uid or (step.role and one.role == step.role)
    ]
    return [one.email for one in named or people if named or one.role == Role.OWNER]


def _plain(step: EscalationStep) -> dict[str, object]:
    return {
        "after_minutes": step.after_minutes,
        "to": step.role or step.member_uid,
    }
