"""Looking at a console as another one would: as a role or a member; ending any visit (I1)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.models import Membership, Merchant, User, Visit, VisitRequest
from kacang.merchants.operations.operator import Act, note
from kacang.merchants.operations.staff import UnknownStaff, check_gives, find_role, powers_of
from kacang.merchants.tenancy import acting_as
from kacang.shared.errors import Invalid
from kacang.shared.ids import new_uid

VISIT = timedelta(minutes=30)
REASON_MAX = 300
AS_ROLE, AS_MEMBER, AS_OPERATOR = "role", "member", "operator"


class BadVisit(Invalid):
    """A visit needs a reason, and somebody else to be; a role is only ever looked at."""

    code = "visits.bad"


@dataclass(frozen=True, slots=True)
class VisitDraft:
    """As whom: the uid of a member, or a role by name or uid. Changing things must be asked for."""

    reason: str
    member: str = ""
    role: str = ""
    may_change: bool = False


def start_visit(*, merchant_id: int, draft: VisitDraft, actor: Actor, now: datetime) -> str:
    """Let `actor`, who works here, look at the console as somebody else; return the visit's uid.

    Raises:
        BadVisit, UnknownStaff, BadRole: What was given.
        BeyondOwn: Who is to be looked as may do what `actor` may not.
    """
    reason = draft.reason.strip()
    is_role = bool(draft.role)
    if not 0 < len(reason) <= REASON_MAX or is_role == bool(draft.member):
        raise BadVisit
    if is_role and draft.may_change:
        raise BadVisit
    with acting_as(merchant_id):
        member, role = None, None
        if is_role:
            role = find_role(merchant_id, draft.role)
            check_gives(merchant_id, actor, role.powers())
        else:
            member = _member(merchant_id, draft.member)
            if member.user_id == actor.id:
                raise BadVisit
            check_gives(merchant_id, actor, powers_of(member))
        row = Visit.objects.create(
            merchant_id=merchant_id, uid=new_uid("vis"), user_id=actor.id or 0, member=member,
            kind=AS_ROLE if role else AS_MEMBER, reason=reason, until=now + VISIT,
            preset=role.role if role and not role.custom else "",
            custom_role=role.custom if role else None, may_change=draft.may_change,
        )  # fmt: skip
        _record(row, actor, "visits.start", role.word if role else draft.member)
    return row.uid


def end_visit(*, merchant_id: int, uid: str, actor: Actor, now: datetime) -> None:
    """End one's own visit before its time; one that is over stays so."""
    with acting_as(merchant_id):
        going = Visit.objects.filter(
            merchant_id=merchant_id, uid=uid, user_id=actor.id or 0, ended_at=None
        )
        row = going.first()
        if row is None or not going.update(ended_at=now):
            return
        _record(row, actor, "visits.end", row.kind)
        if row.kind == AS_OPERATOR:
            note_of(row, actor, "visits.end")


def note_of(row: Visit | VisitRequest, actor: Actor, action: str) -> None:
    """Write a step of the operator's to the operators' log. In the caller's transaction."""
    merchant = Merchant.objects.get(id=row.merchant_id)
    person = User.objects.only("email").get(id=row.user_id).email
    label = actor.label.partition(" → ")[0]
    act = Act(
        action, merchant.uid, merchant.name, row.uid, row.reason,
        person="" if label == person else person,
    )  # fmt: skip
    note(replace(actor, label=label), act)


def _member(merchant_id: int, uid: str) -> Membership:
    found = (
        Membership.objects.select_related("custom_role")
        .filter(merchant_id=merchant_id, uid=uid, disabled_at=None, user__is_active=True)
        .first()
    )
    if found is None:
        raise UnknownStaff
    return found


def _record(row: Visit, actor: Actor, action: str, whom: str) -> None:
    audit.record(
        merchant_id=row.merchant_id, actor=replace(actor, visit=row.uid), action=action,
        object_kind="visit",
        object_uid=row.uid, after={"as": whom, "may_change": row.may_change}, reason=row.reason,
    )  # fmt: skip
