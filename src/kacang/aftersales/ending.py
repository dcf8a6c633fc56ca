"""How a case ends: the buyer is content, rates it, or opens it again (X1, X2)."""

from datetime import datetime

from django.db import IntegrityError, transaction

from kacang.aftersales.content import UNHAPPY
from kacang.aftersales.errors import (
    BadStars,
    DecidedAlready,
    NotObserved,
    OpenAlready,
    TooManyCases,
)
from kacang.aftersales.models import Author, Case, CaseEvent, CaseState
from kacang.aftersales.rules import REOPENED_MAX, Rules, rules_of
from kacang.aftersales.talking import check_pace
from kacang.aftersales.turning import checked_text, locked, note, say, shut_units, tell, turn
from kacang.merchants.audit import Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.shared.clock import utc_now

STARS = range(1, 6)


@retry_conflicts
def close(*, merchant_id: int, order_id: int, uid: str, actor: Actor) -> None:
    """Let the buyer end a case: solved, or opened by mistake. Closing it again does nothing.

    Raises:
        UnknownCase: The order has no such case.
    """
    rules = rules_of(merchant_id)
    with acting_as(merchant_id):
        now = utc_now()
        case = locked(merchant_id, uid, order_id=order_id)
        if case.state == CaseState.CLOSED:
            return
        shut(case, rules, now, CaseEvent.CLOSED, actor)


def shut(case: Case, rules: Rules, now: datetime, event: CaseEvent, actor: Actor) -> None:
    """Close a case that is locked."""
    turn(case, CaseState.CLOSED, rules, now)
    case.save()
    shut_units(case, is_open=False)
    note(case, event, actor, now)


@retry_conflicts
def rate(*, merchant_id: int, order_id: int, uid: str, stars: int, text: str, actor: Actor) -> None:
    """Note how content the buyer is, 1 to 5, once the case is decided; a later rating replaces it.

    Raises:
        UnknownCase: The order has no such case.
        BadStars: There are no such stars.
        TextMissing: Too much is said.
        DecidedAlready: Not decided yet.
        TooManyCases, TooManyAttempts: So much was written in it already.
    """
    if stars not in STARS:
        raise BadStars
    text = checked_text(text) if text.strip() else ""
    with acting_as(merchant_id):
        now = utc_now()
        case = locked(merchant_id, uid, order_id=order_id)
        if case.state not in (CaseState.DECIDED, CaseState.CLOSED):
            raise DecidedAlready(by=case.decided_by)
        check_pace(case)
        case.stars = stars
        case.save(update_fields=["stars"])
        if text:
            say(case, Author.BUYER, "", text, now)
        note(case, CaseEvent.RATED, actor, now, stars=stars)
        if stars <= UNHAPPY:
            # Somebody should hear it, while it can still be opened again.
            tell(case, "tell_written", now)


@retry_conflicts
def reopen(*, merchant_id: int, order_id: int, uid: str, text: str, actor: Actor) -> None:
    """Let the buyer open a case again, with a reason, within the time of observation.

    What was decided stays in the log; the clocks start anew.

    Raises:
        UnknownCase: The order has no such case.
        TextMissing: Nobody says why.
        NotObserved: The time for it is over.
        OpenAlready: It is open, or another case is for the same unit.
        TooManyCases, TooManyAttempts: It was opened again too often.
    """
    text = checked_text(text)
    rules = rules_of(merchant_id)
    with acting_as(merchant_id):
        now = utc_now()
        case = locked(merchant_id, uid, order_id=order_id)
        if case.state not in (CaseState.DECIDED, CaseState.CLOSED):
            raise OpenAlready
        if not can_reopen(case, rules, now):
            raise NotObserved(days=rules.observe.days)
        if case.reopened >= REOPENED_MAX:
            raise TooManyCases(limit=REOPENED_MAX)
        check_pace(case)
        say(case, Author.BUYER, "", text, now)
        case.reopened += 1
        start_again(case, rules, now)
        note(case, CaseEvent.REOPENED, actor, now)
        tell(case, "tell_written", now)


def can_reopen(case: Case, rules: Rules, now: datetime) -> bool:
    """Whether a case ended not too long ago to be opened again."""
    ended = case.decided_at or case.closed_at
    return ended is not None and now < ended + rules.observe


def start_again(case: Case, rules: Rules, now: datetime) -> None:
    """Bring an ended case back to the desk, its decision forgotten but for the log.

    Raises:
        OpenAlready: Another case is open for the same unit.
    """
    case.decision = case.decided_at = case.amount_minor = None
    case.decided_by = case.reason = case.currency = ""
    case.outcome = {}
    case.answered_at = None
    case.answer_by = rules.after(now, rules.answer)
    case.decide_by = rules.after(now, rules.decide)
    turn(case, CaseState.OURS, rules, now)
    case.save()
    try:
        with transaction.atomic():
            shut_units(case, is_open=True)
    except IntegrityError:
        raise OpenAlready from None
