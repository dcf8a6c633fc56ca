"""Changes of what a buyer gave: asked for, approved or refused, recorded (O6).

The buyer's contact, answers to the form such as a game account, whom goods go to, and that the
order is given up. Nothing changes until somebody approves it, and never by whoever asked for it,
but for the owner.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kacang.catalog.forms import FormField, check_answers, read_fields
from kacang.logistics import operations as logistics
from kacang.logistics.queries import RecipientView, recipients_of
from kacang.merchants.audit import Actor
from kacang.merchants.keys import sealing_cipher
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders.errors import NotNow
from kacang.orders.exceptions import making
from kacang.orders.exceptions.change_types import (
    ASKED_MAX,
    CANCEL,
    FORM,
    REASON_MAX,
    RECIPIENT,
    ChangeDecided,
    ChangeState,
    ChangeView,
    ChangeWaits,
    ChangeWish,
    NothingChanges,
    OwnChange,
    ReasonNeeded,
    TooManyChanges,
    UnknownChange,
)
from kacang.orders.exceptions.syncing import sync_order
from kacang.orders.exceptions.types import WordsMissing
from kacang.orders.fulfilling.delivering import locked, note_staff
from kacang.orders.models import Event, Line, Order
from kacang.orders.shipping.telling import tell
from kacang.orders.statements import rows
from kacang.queue import enqueue
from kacang.shared.clock import utc_now
from kacang.shared.contacts import read_contact
from kacang.shared.ids import new_uid

_ASK = """
insert into change_request (merchant_id, uid, order_id, changes, sealed, recipient_sealed, reason,
    asked_kind, asked_id, asked_by)
values (%(merchant)s::bigint, %(uid)s::text, %(order)s::bigint, %(changes)s::jsonb,
    %(sealed)s::bytea, %(whom)s::bytea,
        %(reason)s::text, %(kind)s::text, %(id)s::bigint, %(by)s::text)
on conflict (merchant_id, order_id) where state = 0 do nothing returning uid
"""
_FIND = """
select c.id, c.uid, o.number, c.state, c.changes, c.sealed is not null,
    c.recipient_sealed is not null, c.reason, c.asked_kind, c.asked_id,
       c.asked_by, c.asked_at, c.decided_by, c.decided_at, c.decision
from change_request c join sale_order o on o.merchant_id = c.merchant_id and o.id = c.order_id
where c.merchant_id = %(merchant)s::bigint and
"""
_DECIDE = """
update change_request set state = %(state)s::smallint, decided_by = %(by)s::text,
    decided_at = %(at)s::timestamptz, decision = %(decision)s::text
where merchant_id = %(merchant)s::bigint and uid = %(uid)s::text and state = 0
returning sealed, recipient_sealed
"""
_WHOM = """
select recipient_sealed from change_request
where merchant_id = %(merchant)s::bigint and uid = %(uid)s::text
"""


@dataclass(frozen=True, slots=True)
class Decider:
    """Who decides: `role` bounds how much money goes back by their word when an order ends."""

    actor: Actor
    role: str = ""
    is_owner: bool = False


@retry_conflicts
def ask_change(*, merchant_id: int, number: str, wish: ChangeWish, actor: Actor) -> str:
    """Ask for a change of an order; return the request's uid.

    Raises:
        UnknownOrder: There is no such order.
        NotNow: It is over, its answers are used, or there is nothing to give up or to send.
        GoodsLeft: Goods have left: where they go, and that they go, is fixed.
        BadEmail, BadPhone, BadAnswer, BadRecipient: What was given cannot be.
        ReasonNeeded: The order is to be given up, and nobody says why.
        NothingChanges, ChangeWaits, TooManyChanges: It makes no sense now.
    """
    contact = read_contact(email=wish.email, phone=wish.phone)
    whom = logistics.read_recipient(wish.recipient) if wish.recipient else None
    reason = " ".join(wish.reason.split())[:REASON_MAX]
    uid = new_uid("chg")
    with acting_as(merchant_id):
        order = locked(merchant_id, number)
        if order.state in making.OVER or (
            wish.answers and order.state not in making.BEFORE_DELIVERY
        ):
            raise NotNow
        changes, secret = _cancelled(order, wish, reason) or _changed(
            order, wish, (contact.email, contact.phone)
        )
        if whom is not None:
            making.check_sendable(order)
            whom = None if _goes_there(order, whom) else whom
        if not changes and not secret and whom is None:
            raise NothingChanges
        if len(_found(merchant_id, "c.order_id = %(order)s::bigint", order=order.pk)) >= ASKED_MAX:
            raise TooManyChanges
        asked = {
            "merchant": merchant_id,
            "uid": uid,
            "order": order.pk,
            "changes": json.dumps(changes),
            "sealed": _sealed(merchant_id, uid, secret),
            "whom": making.seal_recipient(merchant_id, uid, whom) if whom else None,
            "reason": reason,
            "kind": actor.kind,
            "id": actor.id,
            "by": actor.label[:120],
        }
        if not rows(_ASK, asked):
            raise ChangeWaits
        names = {*changes, *(FORM + name for name in secret), *([RECIPIENT] if whom else ())}
        # The names of what changes alone: what it was and is are the buyer's, and can be erased.
        tell(order, Event.CHANGE_ASKED, actor, {"fields": sorted(names), "text": reason})
        note_staff(merchant_id, number, actor, "orders.ask_change", reason)
        sync_order(merchant_id=merchant_id, order_id=order.pk, actor=actor)
    return uid


@retry_conflicts
def decide_change(
    *, merchant_id: int, uid: str, approves: bool, words: str, by: Decider
) -> ChangeView:
    """Approve a change, which then is made, or refuse it and say why.

    Raises:
        UnknownChange, ChangeDecided: There is none to decide.
        OwnChange: Who decides asked for it, and is no owner.
        WordsMissing: It is refused, and nobody says why.
        NotNow, GoodsLeft: The order has gone on meanwhile: it can only be refused.
        CancelBeyond: The order is given up, and costs more than who decides may give back alone.
    """
    words = " ".join(words.split())[:REASON_MAX]
    if not approves and not words:
        raise WordsMissing
    actor = by.actor
    with acting_as(merchant_id):
        change = _one(merchant_id, uid)
        order = locked(merchant_id, change.number)
        is_own = (change.asked_kind, change.asked_id) == (actor.kind, actor.id)
        if approves and is_own and not by.is_owner:
            raise OwnChange
        state = ChangeState.APPROVED if approves else ChangeState.REFUSED
        asked = {
            "merchant": merchant_id,
            "uid": change.uid,
            "state": int(state),
            "by": (actor.label or actor.kind)[:120],
            "at": utc_now(),
            "decision": words,
        }
        found = rows(_DECIDE, asked)
        if not found:
            raise ChangeDecided
        if approves and change.cancels:
            making.cancel(order, change, actor, by.role)
        elif approves:
            making.make(order, change, *found[0])
        said = {"fields": change.names, "decision": state.name.lower(), "text": words}
        tell(order, Event.CHANGE_DECIDED, actor, said)
        if approves and change.has_recipient:
            making.note_recipient(order, actor)
        action = "orders.approve_change" if approves else "orders.refuse_change"
        note_staff(merchant_id, change.number, actor, action, words)
        sync_order(merchant_id=merchant_id, order_id=order.pk, actor=actor)
        enqueue("orders.tell_change", queue="mail", merchant_id=merchant_id, uid=change.uid)
    return change


def show_change_recipient(
    *, merchant_id: int, uid: str, actor: Actor, reason: str
) -> tuple[str, RecipientView]:
    """Return an order's number and whom it is to go to; who looks, and why, is noted first.

    Raises:
        UnknownChange: There is no such request, or it is about something else.
        ReasonMissing: No reason was given.
    """
    reason = reason.strip()[:200]
    if not reason:
        raise logistics.ReasonMissing
    with acting_as(merchant_id):
        change = _one(merchant_id, uid)
        if not change.has_recipient:
            raise UnknownChange
        order = locked(merchant_id, change.number)
        tell(order, Event.RECIPIENT_SHOWN, actor, {"text": reason})
        note_staff(merchant_id, change.number, actor, "orders.show_recipient", reason)
    return change.number, _whom(merchant_id, change.uid)


def masked_change_recipient(*, merchant_id: int, uid: str) -> RecipientView:
    """Return what may be seen without a reason of whom an order is to go to."""
    return _whom(merchant_id, uid).masked()


def change(*, merchant_id: int, uid: str) -> ChangeView:
    """Return one request.

    Raises:
        UnknownChange: There is none.
    """
    with acting_as(merchant_id):
        return _one(merchant_id, uid)


def changes_of_order(*, merchant_id: int, number: str) -> list[ChangeView]:
    """Return an order's requests, the newest first."""
    with acting_as(merchant_id):
        return _found(merchant_id, "o.number = %(number)s::text", number=number[:20])


def questions_of(*, merchant_id: int, number: str) -> list[FormField]:
    """Return what an order's products ask today: the answers that can be changed."""
    with acting_as(merchant_id):
        order = Order.objects.filter(merchant_id=merchant_id, number=number[:20]).first()
        return list(_questions(order).values()) if order else []


def changes_by_uid(*, merchant_id: int, uids: Sequence[str]) -> dict[str, ChangeView]:
    """Return some requests, by uid; at most fifty."""
    with acting_as(merchant_id):
        found = _found(merchant_id, "c.uid = any(%(uids)s::text[])", uids=list(uids))
    return {one.uid: one for one in found}


def _cancelled(
    order: Order, wish: ChangeWish, reason: str
) -> tuple[dict[str, tuple[str, str]], dict[str, str]] | None:
    if not wish.cancels:
        return None
    making.check_cancellable(order)
    if not reason:
        raise ReasonNeeded
    return {CANCEL: ("", "yes")}, {}


def _changed(
    order: Order, wish: ChangeWish, contact: tuple[str, str]
) -> tuple[dict[str, tuple[str, str]], dict[str, str]]:
    """Return what is otherwise in the open, each with what it was, and the secret answers."""
    changes: dict[str, tuple[str, str]] = {}
    if wish.email is not None:
        changes["email"] = (order.email, contact[0])
    if wish.phone is not None:
        changes["phone"] = (order.phone, contact[1])
    open_ones, secret = _answers(order, wish.answers)
    changes |= open_ones
    return {name: pair for name, pair in changes.items() if pair[0] != pair[1]}, secret


def _goes_there(order: Order, whom: RecipientView) -> bool:
    found = recipients_of(merchant_id=order.merchant_id, order_ids=[order.pk])
    return found.get(order.pk) == whom


def _sealed(merchant_id: int, uid: str, secret: Mapping[str, str]) -> bytes | None:
    if not secret:
        return None
    text = json.dumps(dict(secret)).encode()
    cipher = sealing_cipher(merchant_id)
    return cipher.seal(making.TABLE, making.SEALED_ANSWERS, text, uid.encode())


def _questions(order: Order) -> dict[str, FormField]:
    lines = Line.objects.filter(merchant_id=order.merchant_id, order_id=order.pk)
    forms = lines.values_list("sku__product__form_fields", flat=True)
    return {item.name: item for raw in forms for item in read_fields(raw)}


def _answers(
    order: Order, given: Mapping[str, str]
) -> tuple[dict[str, tuple[str, str]], dict[str, str]]:
    """Check new answers; return the plain ones with what they were, and the secret ones."""
    if not given:
        return {}, {}
    questions = _questions(order)
    checked = check_answers([questions[name] for name in given if name in questions], given)
    plain = {
        FORM + name: (str(order.form.get(name, "")), answer)
        for name, answer in checked.open.items()
    }
    return plain, dict(checked.secret)


def _whom(merchant_id: int, uid: str) -> RecipientView:
    with acting_as(merchant_id):
        found = rows(_WHOM, {"merchant": merchant_id, "uid": uid[:32]})
    if not found or found[0][0] is None:
        raise UnknownChange
    return making.open_recipient(merchant_id, uid, bytes(found[0][0]))


def _one(merchant_id: int, uid: str) -> ChangeView:
    found = _found(merchant_id, "c.uid = %(uid)s::text", uid=uid[:32])
    if not found:
        raise UnknownChange
    return found[0]


def _found(merchant_id: int, condition: str, **asked: object) -> list[ChangeView]:
    text = f"{_FIND} {condition} order by c.id desc limit 50"
    return [_view(row) for row in rows(text, {"merchant": merchant_id, **asked})]


def _view(row: tuple[Any, ...]) -> ChangeView:
    (_, uid, number, state, changes, has_secret, has_whom, reason, kind, person, by, at, decider,
     decided, decision) = row  # fmt: skip
    return ChangeView(
        uid, number, ChangeState(state),
        {name: (pair[0], pair[1]) for name, pair in json.loads(changes).items()},
        has_secret, has_whom, reason, kind, person, by, at, decider, decided, decision,
    )  # fmt: skip
