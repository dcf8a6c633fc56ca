"""Holding the queue to the facts: what is found is opened, what is over is closed (O6).

Exceptions are not written by what causes them: a sale pays nothing for them, and a crash loses
none. A job looks every few seconds; who decides something at the desk has its order looked at in
the same transaction.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection

from kacang.merchants.audit import SYSTEM, Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders.deadlines.books import rule_book
from kacang.orders.deadlines.rules import RuleBook, Stage
from kacang.orders.exceptions import facts
from kacang.orders.exceptions.types import LOOK_AFTERWARDS, Fact, Kind
from kacang.orders.models import Event, OrderState
from kacang.orders.statements import rows, table
from kacang.queue import enqueue
from kacang.shared.clock import utc_now
from kacang.shared.ids import new_uid

_LOCK_CLASS = 7161
_NARROW = {
    "{one_order}": "and o.id = %(order)s::bigint",
    "{one_change}": "and c.order_id = %(order)s::bigint",
    "{one_refund}": "and r.order_id = %(order)s::bigint",
    "{one_known}": "and x.order_id = %(order)s::bigint",
}
_S = OrderState
# How an order has gone on, by the state that it is in now.
_ENDINGS = {
    _S.PENDING: "expired",
    _S.PAID: "ready",
    _S.FULFILLING: "ready",
    _S.SHIPPED: "delivered",
    _S.DELIVERED: "delivered",
    _S.COMPLETED: "delivered",
    _S.CANCELLED: "cancelled",
    _S.REFUNDING: "refunded",
    _S.REFUNDED: "refunded",
    _S.ON_HOLD: "on_hold",
}


@retry_conflicts
def sync_exceptions(*, merchant_id: int) -> int:
    """Open and close what is due of a merchant; return how many exceptions changed.

    Safe to repeat, at any time, in parallel.
    """
    book = rule_book(merchant_id=merchant_id)
    with acting_as(merchant_id):
        _one_after_another(merchant_id)
        rows(facts.FREE, {"merchant": merchant_id, "event": int(Event.EXCEPTION_TAKEN)})
        return _sync(merchant_id, book, SYSTEM, None)


@retry_conflicts
def sync_order(*, merchant_id: int, order_id: int, actor: Actor = SYSTEM) -> int:
    """Look at one order, for whoever has just changed it, inside the caller's transaction or not.

    What is over was ended by `actor`.
    """
    with acting_as(merchant_id):
        _one_after_another(merchant_id)
        return _sync(merchant_id, rule_book(merchant_id=merchant_id), actor, order_id)


def _sync(merchant_id: int, book: RuleBook, actor: Actor, order_id: int | None) -> int:
    text = _text(is_one=order_id is not None)
    cuts = book.cuts(Stage.PAYMENT, utc_now())
    asked: dict[str, Any] = {
        "merchant": merchant_id,
        "cuts": table(
            {
                "kind": cut.kind,
                "since": cut.since.isoformat(),
                "until": cut.until.isoformat(),
                "late_until": cut.late_until.isoformat(),
            }
            for cut in cuts
        ),
    }
    if order_id is not None:
        asked["order"] = order_id
    found: dict[str, list[tuple[int, Fact, OrderState]]] = {"open": [], "change": [], "close": []}
    for what, known, order, kind, reason, subject, since, product, pay_by, state in rows(
        text, asked
    ):
        fact = Fact(order, Kind(kind), reason, subject, since, product, pay_by)
        found[what].append((known, fact, OrderState(state)))
    closing = [(known, _ending(fact, state)) for known, fact, state in found["close"]]
    close_rows(merchant_id, closing, actor)
    _change(merchant_id, book, [(known, fact) for known, fact, _ in found["change"]])
    open_rows(merchant_id, book, [fact for _, fact, _ in found["open"]])
    return sum(map(len, found.values()))


def open_rows(
    merchant_id: int,
    book: RuleBook,
    found: Sequence[Fact],
    *,
    actor: Actor = SYSTEM,
    is_found: bool = True,
) -> list[str]:
    """Open exceptions, each with its deadline; return the uids of those that are new."""
    if not found:
        return []
    asked = {
        "merchant": merchant_id,
        "event": int(Event.EXCEPTION_OPENED),
        "found": table(
            {
                "uid": new_uid("exc"),
                "order_id": fact.order_id,
                "kind": int(fact.kind),
                "reason": fact.reason,
                "subject": fact.subject,
                "since": fact.since.isoformat(),
                "due_at": _due(book, fact),
                "is_found": is_found,
            }
            for fact in found
        ),
        **_by(actor),
    }
    new = rows(facts.OPEN, asked)
    for order_id, kind, _uid in new:
        if kind == Kind.PAYMENT:
            enqueue(
                "orders.remind_to_pay", queue="mail", merchant_id=merchant_id, order_id=order_id
            )
    return [uid for _order, _kind, uid in new]


def close_rows(
    merchant_id: int,
    closing: Sequence[tuple[int, str]],
    actor: Actor,
    *,
    closed_by: str = "",
    text: str = "",
) -> int:
    """Close exceptions by id, each with how it ended; return how many were still open."""
    if not closing:
        return 0
    asked = {
        "merchant": merchant_id,
        "event": int(Event.EXCEPTION_CLOSED),
        "found": table({"id": known, "ending": ending} for known, ending in closing),
        "closed_by": closed_by[:120],
        "text": text,
        **_by(actor),
    }
    return len(rows(facts.CLOSE, asked))


def _change(merchant_id: int, book: RuleBook, changed: Iterable[tuple[int, Fact]]) -> None:
    found = [
        {
            "id": known,
            "reason": fact.reason,
            "subject": fact.subject,
            "since": fact.since.isoformat(),
            "due_at": _due(book, fact),
        }
        for known, fact in changed
    ]
    if found:
        rows(facts.CHANGE, {"merchant": merchant_id, "found": table(found)})


def _due(book: RuleBook, fact: Fact) -> str:
    stage = fact.stage()
    due = fact.pay_by if stage is None else book.look_at(stage, fact.product_kind, fact.since)
    return due.isoformat()


def _ending(fact: Fact, state: OrderState) -> str:
    if fact.kind is Kind.REFUND:
        return "settled"
    if fact.kind is Kind.ADDRESS:
        return "decided"
    if fact.reason == "mail_failed":
        return "sent_again"
    if fact.reason == LOOK_AFTERWARDS and _ENDINGS[state] != "refunded":
        return "looked_at"
    return _ENDINGS[state]


def _by(actor: Actor) -> dict[str, str]:
    return {
        "actor_kind": actor.kind,
        "actor": actor.label[:120],
        "address": actor.address[:50],
    }


def _text(*, is_one: bool) -> str:
    text = facts.FACTS
    for name, condition in _NARROW.items():
        text = text.replace(name, condition if is_one else "")
    return text


def _one_after_another(merchant_id: int) -> None:
    """See what whoever looked before has written: none is opened that it has just closed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_advisory_xact_lock((%s::bigint << 40) + %s::bigint)",
            [_LOCK_CLASS, merchant_id],
        )
