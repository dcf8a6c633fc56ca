"""Changes of what a buyer gave: asked for, approved or refused, recorded (O6).

The buyer's contact, and answers to the form such as a game account. Nothing changes until somebody
approves it, and never by whoever asked for it, but for the owner.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any

from kacang.catalog.forms import FormField, check_answers, read_fields
from kacang.merchants.audit import Actor
from kacang.merchants.keys import cipher_for, sealing_cipher
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders.errors import NotNow
from kacang.orders.exceptions.syncing import sync_order
from kacang.orders.exceptions.types import WordsMissing
from kacang.orders.fulfilling.delivering import locked, note_staff
from kacang.orders.models import Event, Line, Order, OrderState, TimelineEntry
from kacang.orders.statements import rows
from kacang.queue import enqueue
from kacang.shared.clock import utc_now
from kacang.shared.contacts import read_contact
from kacang.shared.errors import Conflict, Invalid, NotFound, Refused
from kacang.shared.ids import new_uid

REASON_MAX = 300
# A buyer asks so often for an order, and no oftener.
ASKED_MAX = 10
FORM = "form."
# Answers are of use until the order is delivered; a contact as long as somebody may be written to.
_S = OrderState
_BEFORE_DELIVERY = frozenset({_S.PENDING, _S.PAID, _S.FULFILLING, _S.ON_HOLD})
_OVER = frozenset({_S.CANCELLED, _S.REFUNDED})
_ASK = """
insert into change_request (merchant_id, uid, order_id, changes, sealed, reason, asked_kind,
    asked_id, asked_by)
values (%(merchant)s::bigint, %(uid)s::text, %(order)s::bigint, %(changes)s::jsonb,
    %(sealed)s::bytea,
        %(reason)s::text, %(kind)s::text, %(id)s::bigint, %(by)s::text)
on conflict (merchant_id, order_id) where state = 0 do nothing returning uid
"""
_FIND = """
select c.id, c.uid, o.number, c.state, c.changes, c.sealed is not null, c.reason, c.asked_kind,
    c.asked_id,
       c.asked_by, c.asked_at, c.decided_by, c.decided_at, c.decision
from change_request c join sale_order o on o.merchant_id = c.merchant_id and o.id = c.order_id
where c.merchant_id = %(merchant)s::bigint and
"""
_DECIDE = """
update change_request set state = %(state)s::smallint, decided_by = %(by)s::text,
    decided_at = %(at)s::timestamptz, decision = %(decision)s::text
where merchant_id = %(merchant)s::bigint and uid = %(uid)s::text and state = 0
returning sealed
"""


class ChangeState(IntEnum):
    """What became of a request."""

    ASKED = 0
    APPROVED = 1
    REFUSED = 2
    WITHDRAWN = 3


class UnknownChange(NotFound):
    """There is no such request."""

    code = "changes.unknown"


class ChangeDecided(Conflict):
    """It is decided already."""

    code = "changes.decided"


class ChangeWaits(Conflict):
    """Another change of the order waits to be decided."""

    code = "changes.waits"


class NothingChanges(Invalid):
    """It would leave everything as it is."""

    code = "changes.nothing"


class TooManyChanges(Conflict):
    """Changes of this order were asked for too often."""

    code = "changes.too_many"


class OwnChange(Refused):
    """Whoever asks for a change does not approve it."""

    code = "changes.own"


@dataclass(frozen=True, slots=True)
class ChangeWish:
    """What is to be otherwise; None and missing answers: nothing of it."""

    email: str | None = None
    phone: str | None = None
    answers: Mapping[str, str] = field(default_factory=dict, repr=False)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A request: what it changes, from what to what. Secret answers are not told."""

    uid: str
    number: str
    state: ChangeState
    changes: Mapping[str, tuple[str, str]] = field(repr=False)
    has_secret: bool
    reason: str
    asked_kind: str
    asked_id: int | None
    asked_by: str
    asked_at: datetime
    decided_by: str
    decided_at: datetime | None
    decision: str


@retry_conflicts
def ask_change(*, merchant_id: int, number: str, wish: ChangeWish, actor: Actor) -> str:
    """Ask for a change of an order; return the request's uid.

    Raises:
        UnknownOrder: There is no such order.
        NotNow: It is over, or its answers are used.
        BadEmail, BadPhone, BadAnswer: What was given cannot be.
        NothingChanges, ChangeWaits, TooManyChanges: It makes no sense now.
    """
    contact = read_contact(email=wish.email, phone=wish.phone)
    reason = " ".join(wish.reason.split())[:REASON_MAX]
    uid = new_uid("chg")
    with acting_as(merchant_id):
        order = locked(merchant_id, number)
        if order.state in _OVER or (wish.answers and order.state not in _BEFORE_DELIVERY):
            raise NotNow
        changes: dict[str, tuple[str, str]] = {}
        if wish.email is not None:
            changes["email"] = (order.email, contact.email)
        if wish.phone is not None:
            changes["phone"] = (order.phone, contact.phone)
        open_ones, secret = _answers(order, wish.answers)
        changes |= open_ones
        changes = {name: pair for name, pair in changes.items() if pair[0] != pair[1]}
        if not changes and not secret:
            raise NothingChanges
        if len(_found(merchant_id, "c.order_id = %(order)s::bigint", order=order.pk)) >= ASKED_MAX:
            raise TooManyChanges
        sealed = None
        if secret:
            text = json.dumps(secret).encode()
            cipher = sealing_cipher(merchant_id)
            sealed = cipher.seal("change_request", "sealed", text, uid.encode())
        asked = {
            "merchant": merchant_id,
            "uid": uid,
            "order": order.pk,
            "changes": json.dumps(changes),
            "sealed": sealed,
            "reason": reason,
            "kind": actor.kind,
            "id": actor.id,
            "by": actor.label[:120],
        }
        if not rows(_ASK, asked):
            raise ChangeWaits
        names = sorted({*changes, *(FORM + name for name in secret)})
        _tell(order, Event.CHANGE_ASKED, actor, {"fields": names, "text": reason})
        note_staff(merchant_id, number, actor, "orders.ask_change", reason)
        sync_order(merchant_id=merchant_id, order_id=order.pk, actor=actor)
    return uid


@retry_conflicts
def decide_change(
    *, merchant_id: int, uid: str, approves: bool, words: str, actor: Actor, is_owner: bool = False
) -> ChangeView:
    """Approve a change, which then is made, or refuse it and say why.

    Raises:
        UnknownChange, ChangeDecided: There is none to decide.
        OwnChange: `actor` asked for it, and is no owner.
        WordsMissing: It is refused, and nobody says why.
        NotNow: The order is over meanwhile, or its answers are used: it can only be refused.
    """
    words = " ".join(words.split())[:REASON_MAX]
    if not approves and not words:
        raise WordsMissing
    with acting_as(merchant_id):
        change = _one(merchant_id, uid)
        order = locked(merchant_id, change.number)
        is_own = (change.asked_kind, change.asked_id) == (actor.kind, actor.id)
        if approves and is_own and not is_owner:
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
        if approves:
            _make(order, change, found[0][0])
        said = {
            "fields": sorted(change.changes),
            "decision": state.name.lower(),
            "text": words,
        }
        _tell(order, Event.CHANGE_DECIDED, actor, said)
        action = "orders.approve_change" if approves else "orders.refuse_change"
        note_staff(merchant_id, change.number, actor, action, words)
        sync_order(merchant_id=merchant_id, order_id=order.pk, actor=actor)
        enqueue("orders.tell_change", queue="mail", merchant_id=merchant_id, uid=change.uid)
    return change


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


def _make(order: Order, change: ChangeView, sealed: bytes | None) -> None:
    if order.state in _OVER:
        raise NotNow
    answers = {
        name.removeprefix(FORM): new
        for name, (_, new) in change.changes.items()
        if name.startswith(FORM)
    }
    if (answers or sealed) and order.state not in _BEFORE_DELIVERY:
        raise NotNow
    fields: dict[str, Any] = {}
    if "email" in change.changes:
        fields["email"] = change.changes["email"][1]
    if "phone" in change.changes:
        fields["phone"] = change.changes["phone"][1]
        fields["phone_tail"] = fields["phone"][-4:]
    if answers:
        fields["form"] = {**order.form, **answers}
    if sealed:
        fields["form_sealed"] = _resealed(order, change.uid, bytes(sealed))
    Order.objects.filter(merchant_id=order.merchant_id, id=order.pk).update(**fields)


def _resealed(order: Order, uid: str, sealed: bytes) -> bytes:
    """Put new secret answers in the place of the old ones; nobody looks at them (rule 27)."""
    cipher = cipher_for(order.merchant_id)
    new = json.loads(cipher.open("change_request", "sealed", sealed, uid.encode()))
    place = order.number.encode()
    old: dict[str, str] = {}
    if order.form_sealed is not None:
        old = json.loads(cipher.open("sale_order", "form", bytes(order.form_sealed), place))
    text = json.dumps({**old, **new}).encode()
    return sealing_cipher(order.merchant_id).seal("sale_order", "form", text, place)


def _tell(order: Order, event: Event, actor: Actor, detail: Mapping[str, object]) -> None:
    # The names of what changes alone: what it was and is are the buyer's, and can be erased.
    TimelineEntry.objects.create(
        merchant_id=order.merchant_id,
        order_id=order.pk,
        event=event,
        actor_kind=actor.kind,
        actor_label=actor.label[:120],
        detail=dict(detail),
        address=actor.address[:50],
        at=utc_now(),
    )


def _one(merchant_id: int, uid: str) -> ChangeView:
    found = _found(merchant_id, "c.uid = %(uid)s::text", uid=uid[:32])
    if not found:
        raise UnknownChange
    return found[0]


def _found(merchant_id: int, condition: str, **asked: object) -> list[ChangeView]:
    text = f"{_FIND} {condition} order by c.id desc limit 50"
    return [_view(row) for row in rows(text, {"merchant": merchant_id, **asked})]


def _view(row: tuple[Any, ...]) -> ChangeView:
    (_, uid, number, state, changes, has_secret, reason, kind, person, by, at, decider, decided,
     decision) = row  # fmt: skip
    return ChangeView(
        uid, number, ChangeState(state),
        {name: (pair[0], pair[1]) for name, pair in json.loads(changes).items()},
        has_secret, reason, kind, person, by, at, decider, decided, decision,
    )  # fmt: skip
