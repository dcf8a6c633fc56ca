"""Whose turn a case is, which clock runs, and what its log says. In the caller's transaction."""

from datetime import datetime, timedelta
from typing import Any

from kacang.aftersales.errors import TextMissing, UnknownCase
from kacang.aftersales.models import (
    CASE_STEPS,
    RUNNING,
    Author,
    Case,
    CaseEntry,
    CaseEvent,
    CaseMessage,
    CaseState,
    CaseUnit,
)
from kacang.aftersales.rules import TEXT_MAX, Rules
from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.keys import sealing_cipher
from kacang.messages.webhooks import events
from kacang.messages.webhooks import queries as webhooks
from kacang.queue import enqueue
from kacang.shared import states
from kacang.shared.ids import new_uid

# How often a refund that waits for approval is looked at.
LOOK_AGAIN = timedelta(minutes=10)


def locked(merchant_id: int, uid: str, *, order_id: int | None = None) -> Case:
    """Return a case locked for the rest of the transaction; of one order, if one is named.

    Raises:
        UnknownCase: There is none, or it is another order's.
    """
    found = Case.objects.select_for_update(no_key=True).filter(
        merchant_id=merchant_id, uid=uid[:32]
    )
    if order_id is not None:
        found = found.filter(order_id=order_id)
    case = found.first()
    if case is None:
        raise UnknownCase
    return case


def turn(case: Case, to: CaseState, rules: Rules, now: datetime) -> None:
    """Bring a case into a state, and set its clocks; the caller saves it.

    Raises:
        WrongState: The state does not follow from the present one.
    """
    was = CaseState(case.state)
    if to is not was:
        states.check(CASE_STEPS, now=was, to=to)
    if case.waiting_since is not None and to is not CaseState.BUYERS:
        # While the buyer was asked, the shop's time stood still.
        since = case.waiting_since
        case.decide_by = rules.put_off(case.decide_by, since, now)
        if case.answered_at is None:
            # Nobody of the shop has answered: what was said came by itself.
            case.answer_by = rules.put_off(case.answer_by, since, now)
        case.waiting_since = None
    if to is CaseState.BUYERS and case.waiting_since is None:
        case.waiting_since = now
    case.state = to
    case.closed_at = now if to is CaseState.CLOSED else None
    case.alarms = 0
    wind(case, rules, now)


def wind(case: Case, rules: Rules, now: datetime) -> None:
    """Set the deadline that runs, and when the clock looks next."""
    case.due_at = case.act_at = None
    if case.state in RUNNING:
        waits_for_answer = case.answered_at is None
        due = min(case.answer_by, case.decide_by) if waits_for_answer else case.decide_by
        case.due_at = due
        case.act_at = (rules.remind_at(due, now), due, None)[case.alarms]
    elif case.state == CaseState.BUYERS:
        assert case.waiting_since is not None
        case.act_at = case.waiting_since + rules.silence
    elif case.state == CaseState.DECIDED:
        assert case.decided_at is not None
        is_waiting = bool(case.outcome.get("waits"))
        case.act_at = now + LOOK_AGAIN if is_waiting else case.decided_at + rules.silence


def shut_units(case: Case, *, is_open: bool) -> None:
    """Say whether a case keeps others from being opened for the same units."""
    CaseUnit.objects.filter(merchant_id=case.merchant_id, case_id=case.pk).update(is_open=is_open)


def checked_text(text: str) -> str:
    """Return what somebody wrote without space around it, or raise TextMissing."""
    text = text.replace("\r\n", "\n").strip()
    if not 0 < len(text) <= TEXT_MAX or "\0" in text:
        raise TextMissing(limit=TEXT_MAX)
    return text


def say(case: Case, author: Author, label: str, text: str, now: datetime) -> CaseMessage:
    """Write a message into a case, sealed."""
    uid = new_uid("cms")
    sealed = sealing_cipher(case.merchant_id).seal(
        "case_message", "body", text.encode(), uid.encode()
    )
    return CaseMessage.objects.create(
        merchant_id=case.merchant_id,
        uid=uid,
        case=case,
        author=author,
        author_label=label[:120],
        body=sealed,
        at=now,
    )


def note(case: Case, event: CaseEvent, actor: Actor, now: datetime, **detail: Any) -> None:
    """Write into the log of a case what happened, and in the audit log what staff did (I3)."""
    CaseEntry.objects.create(
        merchant_id=case.merchant_id,
        case=case,
        event=event,
        actor_kind=actor.kind,
        actor_label=actor.label[:120],
        detail=detail,
        address=actor.address[:50],
        at=now,
    )
    if actor.kind in ("buyer", "system"):
        return
    audit.record(
        merchant_id=case.merchant_id,
        actor=actor,
        action=f"cases.{event.name.lower()}",
        object_kind="case",
        object_uid=case.uid,
        after={key: value for key, value in detail.items() if key != "reason"} or None,
        reason=detail.get("reason", ""),
    )


# What other systems are told of an occasion; of deadlines they are told nothing.
_NEWS = {
    "tell_opened": events.CASE_OPENED,
    "tell_written": events.CASE_UPDATED,
    "tell_answered": events.CASE_UPDATED,
    "tell_back": events.CASE_UPDATED,
    "tell_decided": events.CASE_DECIDED,
}


def tell(case: Case, what: str, now: datetime) -> None:
    """Queue a mail or notice about a case, and news for webhooks; each occasion is told once."""
    enqueue(
        f"aftersales.{what}",
        queue="mail",
        merchant_id=case.merchant_id,
        case_uid=case.uid,
        occasion=_occasion(now),
    )
    tell_systems(case, what, now)


def tell_systems(case: Case, what: str, now: datetime) -> None:
    """Queue news about a case for webhooks alone."""
    merchant_id = case.merchant_id
    # Most merchants have no webhook: of theirs no job is made.
    if what in _NEWS and webhooks.is_listening(merchant_id=merchant_id):
        enqueue(
            "webhooks.case",
            queue="mail",
            merchant_id=merchant_id,
            case_uid=case.uid,
            occasion=_occasion(now),
            event=_NEWS[what],
        )


def _occasion(now: datetime) -> str:
    return f"{now:%Y%m%d%H%M%S%f}"
