"""What is said in a case, by the buyer and by the staff, and who has taken it (X1)."""

from collections.abc import Sequence

from kacang.aftersales import evidence
from kacang.aftersales.errors import DecidedAlready, TooManyCases
from kacang.aftersales.models import (
    CASE_STEPS,
    OPEN,
    Author,
    Case,
    CaseEvent,
    CaseMessage,
    CaseState,
)
from kacang.aftersales.rules import BY_ORDER, HOUR_SECONDS, MESSAGES_PER_CASE, rules_of
from kacang.aftersales.turning import checked_text, locked, note, say, tell, turn
from kacang.aftersales.types import Evidence
from kacang.merchants.audit import Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.risk import operations as risk
from kacang.risk.operations import Scope
from kacang.shared import states
from kacang.shared.clock import utc_now


@retry_conflicts
def write(
    *,
    merchant_id: int,
    order_id: int,
    uid: str,
    text: str,
    files: Sequence[Evidence] = (),
    actor: Actor,
) -> None:
    """Let the buyer say something in an open case; it is then the shop's turn.

    Raises:
        UnknownCase: The order has no such case.
        TextMissing, TooMuchEvidence: What is said or shown is not taken.
        DecidedAlready: The case is decided or closed: it has to be opened again.
        TooManyCases, TooManyAttempts: So much was written in it already.
    """
    text = checked_text(text)
    evidence.check_count(files)
    rules = rules_of(merchant_id)
    with acting_as(merchant_id):
        now = utc_now()
        case = locked(merchant_id, uid, order_id=order_id)
        if case.state not in OPEN:
            raise DecidedAlready(by=case.decided_by)
        check_pace(case)
        message = say(case, Author.BUYER, "", text, now)
        evidence.keep(case, message, files, rules)
        if case.state == CaseState.BUYERS:
            turn(case, CaseState.OURS, rules, now)
            case.save()
        note(case, CaseEvent.BUYER_WROTE, actor, now, files=len(files))
        tell(case, "tell_written", now)


@retry_conflicts
def ask_person(*, merchant_id: int, order_id: int, uid: str, actor: Actor) -> None:
    """Let a buyer whom the automatic answer did not help have a person; again it does nothing.

    Raises:
        UnknownCase: The order has no such case.
        DecidedAlready: The case is decided or closed: it has to be opened again.
    """
    rules = rules_of(merchant_id)
    with acting_as(merchant_id):
        now = utc_now()
        case = locked(merchant_id, uid, order_id=order_id)
        if case.state not in OPEN:
            raise DecidedAlready(by=case.decided_by)
        if case.state != CaseState.BUYERS:
            return
        turn(case, CaseState.OURS, rules, now)
        case.save()
        note(case, CaseEvent.PERSON_ASKED, actor, now)
        tell(case, "tell_written", now)


@retry_conflicts
def take(*, merchant_id: int, uid: str, actor: Actor, owner_uid: str) -> None:
    """Make a case one's own; taking it from somebody else is allowed and logged.

    Raises:
        UnknownCase: There is no such case.
        DecidedAlready: It is decided or closed.
    """
    with acting_as(merchant_id):
        now = utc_now()
        case = _open_one(merchant_id, uid)
        before = case.owner_label
        own(case, actor, owner_uid)
        if case.state == CaseState.NEW:
            # Nobody has answered yet: the same clock goes on.
            states.check(CASE_STEPS, now=CaseState.NEW, to=CaseState.OURS)
            case.state = CaseState.OURS
        case.save()
        note(case, CaseEvent.TAKEN, actor, now, **({"from": before} if before else {}))


@retry_conflicts
def answer(
    *, merchant_id: int, uid: str, text: str, waits: bool, actor: Actor, owner_uid: str
) -> None:
    """Answer the buyer, who is told by mail. `waits`: the buyer has to say something next.

    Raises:
        UnknownCase: There is no such case.
        TextMissing: Nothing, or too much, is said.
        DecidedAlready: It is decided or closed.
    """
    text = checked_text(text)
    rules = rules_of(merchant_id)
    with acting_as(merchant_id):
        now = utc_now()
        case = _open_one(merchant_id, uid)
        _check_room(case)
        say(case, Author.STAFF, actor.label, text, now)
        if case.answered_at is None:
            case.answered_at = now
        if not case.owner_uid:
            own(case, actor, owner_uid)
        turn(case, CaseState.BUYERS if waits else CaseState.OURS, rules, now)
        case.save()
        note(case, CaseEvent.ANSWERED, actor, now, waits=waits)
        tell(case, "tell_answered", now)


def own(case: Case, actor: Actor, owner_uid: str) -> None:
    """Write who looks after a case; the caller saves it."""
    case.owner_uid = owner_uid[:32]
    case.owner_label = actor.label[:120]


def check_pace(case: Case) -> None:
    """Count one message of a buyer's; must run in the caller's transaction.

    Raises:
        TooManyCases, TooManyAttempts: There were too many.
    """
    _check_room(case)
    risk.count_attempt(
        merchant_id=case.merchant_id,
        scope=Scope.CASE_MESSAGES_OF_ORDER,
        value=str(case.order_id),
        limit=BY_ORDER,
        window_seconds=HOUR_SECONDS,
    )


def _check_room(case: Case) -> None:
    said = CaseMessage.objects.filter(merchant_id=case.merchant_id, case_id=case.pk)
    if said.count() >= MESSAGES_PER_CASE:
        raise TooManyCases(limit=MESSAGES_PER_CASE)


def _open_one(merchant_id: int, uid: str) -> Case:
    case = locked(merchant_id, uid)
    if case.state not in OPEN:
        raise DecidedAlready(by=case.decided_by)
    return case
