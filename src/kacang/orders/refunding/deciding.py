"""What people decide about refunds: approve, reject, pay by hand, try again, give up (P4)."""

from collections.abc import Iterator
from contextlib import contextmanager

from kacang.merchants.audit import Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders.exceptions.syncing import sync_order
from kacang.orders.models import Event, Order
from kacang.orders.refunding import telling, units
from kacang.orders.refunding.approving import approve, drop, finish, settle_order
from kacang.orders.refunding.asking import check_way, checked_reason, is_beyond, locked_by_id
from kacang.orders.refunding.types import (
    OwnRefund,
    RefundInfo,
    RefundStatus,
    RefundWay,
)
from kacang.payments.refunding import refund_lists, refund_rows
from kacang.payments.refunding.refund_rows import NewRefund
from kacang.shared.clock import utc_now
from kacang.shared.states import WrongState


@retry_conflicts
def approve_refund(*, merchant_id: int, number: str, actor: Actor, role: str) -> RefundInfo:
    """Approve a refund that was asked for: its cards are taken and the company is called.

    Raises:
        UnknownRefund: There is no such refund.
        OwnRefund: `actor` asked for it, and it is more than `role` may give back alone.
        WrongState: It does not wait for that.
    """
    with _opened(merchant_id, number, actor) as (order, refund):
        is_own = (refund.asked_kind, refund.asked_id) == (actor.kind, actor.id)
        if is_own and is_beyond(merchant_id, refund, order, role):
            raise OwnRefund
        return approve(merchant_id, order, refund, actor, utc_now())


@retry_conflicts
def reject_refund(*, merchant_id: int, number: str, actor: Actor, reason: str) -> RefundInfo:
    """Reject a refund that was asked for: nothing happens, and its money is free again.

    Raises:
        UnknownRefund: There is no such refund.
        RefundReasonMissing: Nobody says why.
        WrongState: It does not wait for that.
    """
    reason = checked_reason(reason)
    with _opened(merchant_id, number, actor) as (order, refund):
        now = utc_now()
        rejected = refund_rows.step(
            merchant_id=merchant_id,
            refund=refund,
            to=RefundStatus.REJECTED,
            decided_by=actor.label[:120],
            decided_at=now,
            decision=reason,
            ended_at=now,
        )
        refund_rows.let_go(merchant_id=merchant_id, refund=rejected)
        telling.note(order, [rejected], Event.REFUND_REJECTED, actor, reason)
        telling.log(merchant_id, rejected, actor, "refunds.reject", reason)
        return rejected


@retry_conflicts
def finish_by_hand(*, merchant_id: int, number: str, actor: Actor, note: str) -> RefundInfo:
    """Note that a person has paid a refund, and how. One that the company may pay is not.

    Raises:
        UnknownRefund: There is no such refund.
        RefundReasonMissing: Nobody says how it was paid.
        WrongState: It is the company's to pay, or is done.
    """
    note = checked_reason(note)
    with _opened(merchant_id, number, actor) as (order, refund):
        is_ready = refund.state is RefundStatus.FAILED or (
            refund.state is RefundStatus.APPROVED and refund.way is RefundWay.BY_HAND
        )
        if not is_ready:
            raise WrongState(now=refund.state.name.lower(), to="done")
        by_hand = {"way": RefundWay.BY_HAND, "decision": note}
        done = finish(merchant_id, order, refund, actor, utc_now(), **by_hand)
        telling.log(merchant_id, done, actor, "refunds.by_hand", note)
        return done


@retry_conflicts
def retry_refund(*, merchant_id: int, number: str, actor: Actor) -> RefundInfo:
    """Try a failed refund again: a new one, with a number of its own, takes its place.

    Raises:
        UnknownRefund: There is no such refund.
        WayNotOffered: Its company gives nothing back by a call.
        WrongState: It has not failed.
    """
    with _opened(merchant_id, number, actor) as (order, old):
        if old.state is not RefundStatus.FAILED or old.receipt_id is None:
            raise WrongState(now=old.state.name.lower(), to="sent")
        (money,) = refund_rows.refundable(merchant_id=merchant_id, receipt_id=old.receipt_id)
        check_way(RefundWay.ORIGIN, [money], order)
        now = utc_now()
        drop(merchant_id, order, old, now, decision="")
        refund_rows.earmark(
            merchant_id=merchant_id, receipt_id=old.receipt_id, amount=old.amount, fits=old.fits
        )
        new = NewRefund(
            order_id=old.order_id,
            receipt_id=old.receipt_id,
            amount=old.amount,
            fits=old.fits,
            way=RefundWay.ORIGIN,
            cards=old.cards,
            reason=old.reason,
            follows_id=old.id,
        )
        made = refund_rows.write(merchant_id=merchant_id, new=new, actor=actor, now=now)
        units.hand_units_on(merchant_id, old.id, made.id)
        return approve(merchant_id, order, made, actor, now)


@retry_conflicts
def drop_refund(*, merchant_id: int, number: str, actor: Actor, reason: str) -> RefundInfo:
    """Give up a refund that failed, or that nobody has paid by hand.

    What was taken from the buyer is owed again, and waits to be delivered.

    Raises:
        UnknownRefund: There is no such refund.
        RefundReasonMissing: Nobody says why.
        WrongState: It is done, or the company may be about to pay it.
    """
    reason = checked_reason(reason)
    with _opened(merchant_id, number, actor) as (order, refund):
        if refund.state is RefundStatus.APPROVED and refund.way is RefundWay.ORIGIN:
            # Its call is queued: it may be under way this moment.
            raise WrongState(now="approved", to="dropped")
        dropped = drop(merchant_id, order, refund, utc_now(), decision=reason)
        if order is not None and dropped.fits:
            settle_order(merchant_id, order, dropped)
        telling.note(order, [dropped], Event.REFUND_DROPPED, actor, reason)
        telling.log(merchant_id, dropped, actor, "refunds.drop", reason)
        return dropped


@contextmanager
def _opened(
    merchant_id: int, number: str, actor: Actor
) -> Iterator[tuple[Order | None, RefundInfo]]:
    """Lock a refund's order, then the refund: everybody in this order.

    Then the order's exceptions are looked at: what is decided waits in no queue any more.
    """
    with acting_as(merchant_id):
        order_id = refund_lists.order_of(merchant_id=merchant_id, number=number)
        order = None if order_id is None else locked_by_id(merchant_id, order_id)
        refund = refund_rows.locked(merchant_id=merchant_id, number=number)
        yield order, refund
        if order is not None:
            sync_order(merchant_id=merchant_id, order_id=order.pk, actor=actor)
