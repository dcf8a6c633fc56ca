"""The operator looks into a merchant's console: begins, asks first, is let in, ends (I1, I3).

Every step is in the merchant's log and in the operators' own, under the operator's name; owners
are told by a job that exists if and only if the step has committed.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import connection

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.models import User, Visit, VisitRequest
from kacang.merchants.operations.deciding import ASK, OPERATOR_VISITS, check_decides
from kacang.merchants.operations.visits import (
    AS_OPERATOR,
    REASON_MAX,
    BadVisit,
    end_visit,
    note_of,
)
from kacang.merchants.queries.operator import NotAnOperator
from kacang.merchants.queries.setting_values import setting
from kacang.merchants.tenancy import acting_as
from kacang.queue import enqueue
from kacang.shared.errors import Conflict, NotFound
from kacang.shared.ids import new_uid

MINUTES = (15, 30, 60, 120)
REQUEST_WAITS = timedelta(days=7)
# For how long a consent holds, as an owner chooses.
ALLOWED_HOURS = (4, 24, 72)


class MustAsk(Conflict):
    """This shop wants to be asked before the operator looks into it."""

    code = "visits.must_ask"


class UnknownRequest(NotFound):
    """There is no such request of the operator."""

    code = "visits.unknown_request"


class RequestOver(Conflict):
    """The request was answered, taken back or used, or its time is over."""

    code = "visits.request_over"


@dataclass(frozen=True, slots=True)
class OperatorDraft:
    """Why, for how long, and whether anything may be changed.

    Args:
        reason: The merchant reads it.
        may_change: Must be asked for.
        minutes: One of MINUTES.
        once: By what the form is known: sent twice, it is one visit.
        request: The uid of a consent: it says why and how long then.
    """

    reason: str = ""
    may_change: bool = False
    minutes: int = 30
    once: str = ""
    request: str = ""

    def checked(self) -> "OperatorDraft":
        """Return it with a clean reason, or raise BadVisit."""
        reason = self.reason.strip()
        if not 0 < len(reason) <= REASON_MAX or self.minutes not in MINUTES:
            raise BadVisit
        return replace(self, reason=reason)


def start_operator_visit(
    *,
    merchant_id: int,
    user_id: int,
    draft: OperatorDraft,
    actor: Actor,
    now: datetime,
    is_confirmed: Callable[[], bool] = lambda: True,
) -> str:
    """Let an operator look into a merchant's console; return the visit's uid.

    Another click on the same form, or on the same consent, waits and gets the same visit. An
    earlier visit of theirs to this merchant ends.

    `is_confirmed` is asked last, inside the transaction: a second factor, counted and used up.
    When it says no, nothing began, and "" is returned.

    Raises:
        BadVisit: No reason, or another length.
        NotAnOperator: They are none now, or have no second factor.
        MustAsk: The merchant wants to be asked, and `draft` names no consent.
        UnknownRequest, RequestOver: Of the consent.
    """
    draft = draft if draft.request else draft.checked()
    once = draft.request or draft.once
    with acting_as(merchant_id):
        _lock_operator(user_id)
        if once and (found := Visit.objects.filter(user_id=user_id, once=once).first()):
            return found.uid
        consent = _consent(merchant_id, user_id, draft.request, now) if draft.request else None
        if consent is None and setting(merchant_id=merchant_id, name=OPERATOR_VISITS) == ASK:
            raise MustAsk
        if not is_confirmed():
            return ""
        if consent is not None:
            draft = OperatorDraft(consent.reason, consent.may_change, consent.minutes)
            consent.used_at = now
            consent.save(update_fields=["used_at"])
        _end_earlier(merchant_id, user_id, actor, now)
        row = Visit.objects.create(
            merchant_id=merchant_id, uid=new_uid("vis"), user_id=user_id, kind=AS_OPERATOR,
            reason=draft.reason, until=now + timedelta(minutes=draft.minutes),
            may_change=draft.may_change, once=once, request=consent,
        )  # fmt: skip
        _record(row, actor, "visits.start", minutes=draft.minutes, may_change=draft.may_change)
        enqueue("visits.tell_begun", queue="mail", merchant_id=merchant_id, uid=row.uid)
    return row.uid


def ask_for_visit(
    *, merchant_id: int, user_id: int, draft: OperatorDraft, actor: Actor, now: datetime
) -> str:
    """Ask a merchant's owners to be let in; return the request's uid.

    While one waits, another is not made: its uid is returned.

    Raises:
        BadVisit: No reason, or another length.
        NotAnOperator: They are none now, or have no second factor.
    """
    draft = draft.checked()
    with acting_as(merchant_id):
        _lock_operator(user_id)
        mine = VisitRequest.objects.filter(merchant_id=merchant_id, user_id=user_id)
        waiting = mine.filter(state=VisitRequest.WAITING, until__gt=now).first()
        if waiting is not None:
            return waiting.uid
        row = VisitRequest.objects.create(
            merchant_id=merchant_id, uid=new_uid("vrq"), user_id=user_id, reason=draft.reason,
            may_change=draft.may_change, minutes=draft.minutes, until=now + REQUEST_WAITS,
        )  # fmt: skip
        _record(row, actor, "visits.ask", minutes=draft.minutes, may_change=draft.may_change)
        enqueue("visits.tell_asked", queue="mail", merchant_id=merchant_id, uid=row.uid)
    return row.uid


def withdraw_request(
    *, merchant_id: int, user_id: int, uid: str, actor: Actor, now: datetime
) -> None:
    """Take one's own request, or a consent that was not used, back.

    Raises:
        UnknownRequest, RequestOver: As they say.
    """
    with acting_as(merchant_id):
        row = _locked(merchant_id, uid)
        if row.user_id != user_id:
            raise UnknownRequest
        if row.used_at is not None or row.state not in (VisitRequest.WAITING, VisitRequest.ALLOWED):
            raise RequestOver
        row.state, row.decided_at = VisitRequest.WITHDRAWN, now
        row.save(update_fields=["state", "decided_at"])
        _record(row, actor, "visits.withdraw")


def answer_request(
    *, merchant_id: int, uid: str, allowed_hours: int, actor: Actor, now: datetime
) -> None:
    """Let the operator in once within so many hours, or refuse: 0.

    Raises:
        NotTheirsToDecide: `actor` is on a visit, or has no role that decides.
        UnknownRequest, RequestOver: As they say. The first answer counts.
        BadVisit: Other hours than ALLOWED_HOURS.
    """
    if allowed_hours and allowed_hours not in ALLOWED_HOURS:
        raise BadVisit
    with acting_as(merchant_id):
        check_decides(merchant_id, actor)
        row = _locked(merchant_id, uid)
        if row.state != VisitRequest.WAITING or row.until <= now:
            raise RequestOver
        row.state = VisitRequest.ALLOWED if allowed_hours else VisitRequest.REFUSED
        row.decided_at, row.decided_by = now, actor.label[:120]
        row.allowed_until = now + timedelta(hours=allowed_hours) if allowed_hours else None
        row.save(update_fields=["state", "decided_at", "decided_by", "allowed_until"])
        action = "visits.allow" if allowed_hours else "visits.refuse"
        _record(row, actor, action, hours=allowed_hours)


def end_operators_visit(*, merchant_id: int, uid: str, actor: Actor, now: datetime) -> None:
    """End a visit of the operator for the merchant: from their next click it is over.

    Raises:
        NotTheirsToDecide: `actor` is on a visit, or has no role that decides.
        UnknownRequest: There is no such visit.
    """
    with acting_as(merchant_id):
        check_decides(merchant_id, actor)
        row = Visit.objects.filter(merchant_id=merchant_id, uid=uid, kind=AS_OPERATOR).first()
        if row is None:
            raise UnknownRequest
        going = Visit.objects.filter(
            merchant_id=merchant_id, id=row.pk, ended_at=None, until__gt=now
        )
        if going.update(ended_at=now, ended_by=actor.label[:120]):
            _record(row, actor, "visits.end")


def _lock_operator(user_id: int) -> None:
    """Lock the person, so that two clicks come one after the other.

    Raises:
        NotAnOperator: They are none now, or have no second factor.
    """
    User.objects.select_for_update(no_key=True).filter(id=user_id).first()
    with connection.cursor() as cursor:
        cursor.execute("select operator_may(%s::bigint)", [user_id])
        if not cursor.fetchone()[0]:
            raise NotAnOperator


def _locked(merchant_id: int, uid: str) -> VisitRequest:
    rows = VisitRequest.objects.select_for_update(no_key=True, of=("self",))
    row = rows.select_related("user").filter(merchant_id=merchant_id, uid=uid).first()
    if row is None:
        raise UnknownRequest
    return row


def _consent(merchant_id: int, user_id: int, uid: str, now: datetime) -> VisitRequest:
    row = _locked(merchant_id, uid)
    if row.user_id != user_id:
        raise UnknownRequest
    ends = row.allowed_until
    if row.state != VisitRequest.ALLOWED or row.used_at or ends is None or ends <= now:
        raise RequestOver
    return row


def _end_earlier(merchant_id: int, user_id: int, actor: Actor, now: datetime) -> None:
    going = Visit.objects.filter(
        merchant_id=merchant_id, user_id=user_id, kind=AS_OPERATOR, ended_at=None, until__gt=now
    )
    for row in going:
        own = replace(actor, id=user_id)
        end_visit(merchant_id=merchant_id, uid=row.uid, actor=own, now=now)


def _record(row: Visit | VisitRequest, actor: Actor, action: str, **after: object) -> None:
    """Write a step to the merchant's log and to the operators'."""
    kind = "visit" if isinstance(row, Visit) else "visit_request"
    of_visit = row.uid if isinstance(row, Visit) else ""
    audit.record(
        merchant_id=row.merchant_id, actor=replace(actor, visit=of_visit), action=action,
        object_kind=kind, object_uid=row.uid, reason=row.reason,
        after={"as": AS_OPERATOR, **after} if after else None,
    )  # fmt: skip
    note_of(row, actor, action)
