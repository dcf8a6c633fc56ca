"""What people decide about orders that a rule stopped: let them go on, or give the money back (O9).

The order is locked first, so of two clerks one decides and the other is told by whom it was.
"""

from dataclasses import dataclass

from kacang.merchants import audit
from kacang.merchants import queries as merchants
from kacang.merchants.audit import Actor
from kacang.merchants.permissions import Role
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.settings import SPECS
from kacang.merchants.tenancy import acting_as
from kacang.orders.errors import NotNow
from kacang.orders.exceptions.syncing import sync_order
from kacang.orders.exceptions.types import RISK_REVIEW
from kacang.orders.fulfilling.delivering import Due, deliver, locked
from kacang.orders.fulfilling.keeping import let_go
from kacang.orders.models import Event, Order, OrderState, TimelineEntry, Unit, UnitState
from kacang.orders.refunding.asking import checked_reason, gives_back, request_refund
from kacang.orders.refunding.to_wallets import has_wallet
from kacang.orders.refunding.types import Asked, Cards, NothingLeft, RefundWay, RefundWish
from kacang.orders.reviewing.types import (
    TWO,
    Deed,
    NotReviewed,
    ReviewDecided,
    ReviewState,
    SecondPerson,
    Verdict,
)
from kacang.orders.statements import rows
from kacang.payments.refunding import refund_rows
from kacang.queue import enqueue
from kacang.shared.clock import utc_now
from kacang.shared.money import EXPONENTS

WORDS_MAX = 300
APPROVE, REJECT = "orders.review_approve", "orders.review_reject"
_BACK = frozenset({OrderState.REFUNDING, OrderState.REFUNDED})
FIND = """
select v.verdict, v.state, v.closed_by, v.people, v.first_at is not null, v.first_id,
       v.limit_at <= clock_timestamp() + make_interval(secs => %(shift)s::float8)
           and v.limit_done_at is null as is_due,
       v.limit_deed,
       exists (select from refund r where r.merchant_id = v.merchant_id and r.order_id = v.order_id
               and r.state in (0, 1, 2, 4)) as is_going_back
from order_review v
where v.merchant_id = %(merchant)s::bigint and v.order_id = %(order)s::bigint
"""
CLOSE = """
update order_review v set state = %(state)s::smallint, closed_by = %(by)s::text,
    closing = %(words)s::text, closed_at = %(at)s::timestamptz,
    -- Rejected, it may come back: then two people begin anew.
    first_id = case when %(state)s::smallint = 2 then first_id end,
    first_by = case when %(state)s::smallint = 2 then first_by else '' end,
    first_at = case when %(state)s::smallint = 2 then first_at end
where v.merchant_id = %(merchant)s::bigint and v.order_id = %(order)s::bigint
"""
FIRST = """
update order_review v set first_id = %(person)s::bigint, first_by = %(by)s::text,
    first_at = %(at)s::timestamptz
where v.merchant_id = %(merchant)s::bigint and v.order_id = %(order)s::bigint
"""


@dataclass(frozen=True, slots=True)
class Opened:
    """An order that waits for a decision. `is_due`: nobody has made it in time."""

    verdict: Verdict
    people: int
    has_first: bool
    first_id: int | None
    is_due: bool
    deed: Deed


@retry_conflicts
def approve_order(
    *, merchant_id: int, number: str, actor: Actor, words: str = "", role: str = Role.OWNER
) -> OrderState | None:
    """Let an order go on that a rule stopped; return in which state that leaves it.

    One that was held is delivered now, or waits for stock; one that was delivered at once stays.
    Where a rule asks for two people, or the order is more than `role` approves alone, this one is
    noted as the first, and nothing else happens until another one approves: None.

    Raises:
        UnknownOrder: There is no such order.
        NotReviewed: It waits for nobody's look.
        ReviewDecided: Somebody was quicker; `by` says who.
        SecondPerson: Two have to approve it, and this one did already.
    """
    words = " ".join(words.split())[:WORDS_MAX]
    with acting_as(merchant_id):
        order = locked(merchant_id, number)
        found = opened(order)
        needed = TWO if role_needs_another(order, role) else found.people
        if needed == TWO and not found.has_first:
            _approve_first(order, words, actor)
            return None
        if needed == TWO and found.first_id == actor.id:
            raise SecondPerson
        return go_on(order, found.verdict, words, actor, APPROVE)


@retry_conflicts
def reject_order(*, merchant_id: int, number: str, reason: str, actor: Actor, role: str) -> Asked:
    """Have an order's money given back that a rule stopped; what was reserved is on sale again.

    The refund goes the usual way: within what `role` may give back alone it is approved at once,
    else somebody approves it. Codes that were delivered are void once it is. One person is enough.

    Raises:
        UnknownOrder: There is no such order.
        NotReviewed: It waits for nobody's look.
        ReviewDecided: Somebody was quicker; `by` says who.
        RefundReasonMissing: Nobody says why; the buyer reads it.
        NothingLeft: All its money is going back already.
    """
    reason = checked_reason(reason)
    with acting_as(merchant_id):
        order = locked(merchant_id, number)
        return turn_away(order, opened(order).verdict, reason, actor, (REJECT, role))


def go_on(order: Order, verdict: Verdict, words: str, actor: Actor, action: str) -> OrderState:
    """Do what `approve_order` says of an order that is locked and open, in the transaction."""
    merchant_id = order.merchant_id
    _close(order, ReviewState.APPROVED, words, actor)
    tell_order(order, Event.REVIEW_APPROVED, words, actor)
    note_review(order, actor, action, words)
    state = OrderState(order.state)
    if verdict is Verdict.HOLD:
        due = Due(order.pk, actor=actor, has_goods=order.has_goods)
        state = deliver(merchant_id, [due])[order.pk]
    sync_order(merchant_id=merchant_id, order_id=order.pk, actor=actor)
    return state


def turn_away(
    order: Order, verdict: Verdict, reason: str, actor: Actor, by: tuple[str, str]
) -> Asked:
    """Do what `reject_order` says of an order that is locked and open, in the transaction.

    `by`: what the log calls it, and whose limits hold for the refund.
    """
    merchant_id, (action, role) = order.merchant_id, by
    _close(order, ReviewState.REJECTED, reason, actor)
    tell_order(order, Event.REVIEW_REJECTED, reason, actor)
    note_review(order, actor, action, reason)
    places = _places(order, delivered=verdict is Verdict.DUAL)
    if verdict is Verdict.HOLD:
        _free(order, places)
    asked = request_refund(
        merchant_id=merchant_id,
        number=order.number,
        wish=RefundWish(
            amount=None,
            reason=reason,
            units=places if verdict is Verdict.DUAL else (),
            cards=Cards.VOID,
            way=_way(order),
        ),
        actor=actor,
        role=role,
    )
    sync_order(merchant_id=merchant_id, order_id=order.pk, actor=actor)
    return asked


def opened(order: Order) -> Opened:
    """Return what stopped an order that waits for a decision, or say why it does not."""
    found = rows(FIND, {"merchant": order.merchant_id, "order": order.pk})
    if not found:
        raise NotReviewed
    verdict, state, by, people, has_first, first_id, is_due, deed, is_going_back = found[0]
    is_held = order.state == OrderState.ON_HOLD and order.hold_reason == RISK_REVIEW
    if state == ReviewState.REJECTED and is_held and not is_going_back:
        # Its refund was refused or given up: somebody has to decide again.
        return Opened(Verdict.HOLD, people, has_first, first_id, is_due=False, deed=Deed.NOTHING)
    if state in (ReviewState.APPROVED, ReviewState.REJECTED):
        raise ReviewDecided(by=by)
    if state == ReviewState.NOTHING or order.state in _BACK:
        raise NotReviewed
    if verdict == Verdict.HOLD and not is_held:
        raise NotNow
    return Opened(Verdict(verdict), people, has_first, first_id, bool(is_due), Deed(deed))


def role_needs_another(order: Order, role: str) -> bool:
    """Whether an order is more than somebody of this role approves alone."""
    if role == Role.OWNER:
        return False
    name = f"review_alone_{role}"
    name = name if name in SPECS else "review_alone_other"
    most = int(str(merchants.setting(merchant_id=order.merchant_id, name=name)))
    return most > 0 and order.payable_minor > most * 10 ** EXPONENTS[order.currency]


def _approve_first(order: Order, words: str, actor: Actor) -> None:
    asked = {
        "merchant": order.merchant_id,
        "order": order.pk,
        "person": actor.id,
        "by": (actor.label or actor.kind)[:120],
        "at": utc_now(),
    }
    rows(FIRST, asked)
    tell_order(order, Event.REVIEW_FIRST, words, actor)
    note_review(order, actor, "orders.review_first", words)


def _close(order: Order, state: ReviewState, words: str, actor: Actor) -> None:
    asked = {
        "merchant": order.merchant_id,
        "order": order.pk,
        "state": int(state),
        "by": (actor.label or actor.kind)[:120],
        "words": words,
        "at": utc_now(),
    }
    rows(CLOSE, asked)


def note_review(order: Order, actor: Actor, action: str, reason: str) -> None:
    """Write to the audit log what a person, or the clock by a rule, decided about an order."""
    audit.record(
        merchant_id=order.merchant_id,
        actor=actor,
        action=action,
        object_kind="order",
        object_uid=order.number,
        reason=reason,
    )


def tell_order(order: Order, event: Event, words: str, actor: Actor) -> None:
    """Write into an order's timeline what was decided about it."""
    TimelineEntry.objects.create(
        merchant_id=order.merchant_id,
        order_id=order.pk,
        event=event,
        actor_kind=actor.kind,
        actor_label=actor.label[:120],
        detail={"text": words},
        address=actor.address[:50],
        at=utc_now(),
    )


def _places(order: Order, *, delivered: bool) -> tuple[tuple[int, int], ...]:
    """Return the order's units that are with the buyer, or those that are not yet."""
    units = Unit.objects.filter(
        merchant_id=order.merchant_id,
        line__merchant_id=order.merchant_id,
        line__order_id=order.pk,
        state__in=(UnitState.DELIVERED, UnitState.SHIPPED)
        if delivered
        else (UnitState.WAITING, UnitState.SHORT),
    )
    return tuple((unit.line_id, unit.unit_no) for unit in units.order_by("line_id", "unit_no"))


def _free(order: Order, places: tuple[tuple[int, int], ...]) -> None:
    """Put what the order reserved on sale; whoever waits for it is served."""
    for sku_id in let_go(order.merchant_id, order.pk, places):
        enqueue(
            "orders.continue_waiting",
            queue="delivery",
            merchant_id=order.merchant_id,
            sku_id=sku_id,
        )


def _way(order: Order) -> RefundWay:
    money = refund_rows.refundable(merchant_id=order.merchant_id, order_id=order.pk)
    if not money:
        raise NothingLeft
    if all(gives_back(part.provider) for part in money):
        return RefundWay.ORIGIN
    is_from_wallet = all(part.provider == "wallet" for part in money)
    return RefundWay.WALLET if is_from_wallet and has_wallet(order) else RefundWay.BY_HAND
