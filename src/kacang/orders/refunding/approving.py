"""What follows once a refund is approved, is done, or comes to nothing. In the caller's locks."""

from datetime import datetime
from typing import Any

from kacang.merchants.audit import Actor
from kacang.orders.models import Event, Order
from kacang.orders.refunding import booking, telling, to_wallets, units
from kacang.orders.refunding.types import RefundInfo, RefundStatus, RefundWay
from kacang.payments.refunding import refund_lists, refund_rows, refunds


def approve(
    merchant_id: int, order: Order | None, refund: RefundInfo, actor: Actor, now: datetime
) -> RefundInfo:
    """Let a refund go: cards and books follow now, the company is called after the commit.

    Into a wallet, it is done at once.

    Raises:
        WrongState: It does not wait for that.
    """
    refund = refund_rows.step(
        merchant_id=merchant_id,
        refund=refund,
        to=RefundStatus.APPROVED,
        decided_by=actor.label[:120],
        decided_at=now,
    )
    booking.book_due(merchant_id, order, refund)
    if order is not None and refund.fits:
        change_total(order, refund.amount.minor)
        is_last = order.refund_minor == order.payable_minor
        units.take_units(order, refund, is_last=is_last)
        _restate(merchant_id, order)
    telling.note(order, [refund], Event.REFUND_APPROVED, actor)
    telling.log(merchant_id, refund, actor, "refunds.approve")
    if refund.way is RefundWay.ORIGIN:
        refunds.send_later(merchant_id, refund.id)
    if refund.way is RefundWay.WALLET and order is not None:
        to_wallets.put_back(order, refund)
        return finish(merchant_id, order, refund, actor, now)
    return refund


def finish(
    merchant_id: int,
    order: Order | None,
    refund: RefundInfo,
    actor: Actor,
    now: datetime,
    **fields: Any,
) -> RefundInfo:
    """Note that the money is gone. `fields` is what is known of it now.

    Raises:
        WrongState: It was not on its way.
    """
    refund = refund_rows.step(
        merchant_id=merchant_id,
        refund=refund,
        to=RefundStatus.DONE,
        ended_at=now,
        ask_at=None,
        **fields,
    )
    booking.book_gone(merchant_id, refund)
    if order is not None and refund.fits:
        _restate(merchant_id, order)
    telling.note(order, [refund], Event.REFUND_DONE, actor)
    if order is not None:
        telling.news(order, refund)
    return refund


def drop(
    merchant_id: int,
    order: Order | None,
    refund: RefundInfo,
    now: datetime,
    **fields: Any,
) -> RefundInfo:
    """Give a refund up: its money is free again, and so far nothing else has changed.

    Raises:
        WrongState: It is done, or may be on its way.
    """
    refund = refund_rows.step(
        merchant_id=merchant_id,
        refund=refund,
        to=RefundStatus.DROPPED,
        ended_at=now,
        ask_at=None,
        **fields,
    )
    refund_rows.let_go(merchant_id=merchant_id, refund=refund)
    booking.unbook_due(merchant_id, order if refund.fits else None, refund)
    if order is not None and refund.fits:
        change_total(order, -refund.amount.minor)
    return refund


def settle_order(merchant_id: int, order: Order, refund: RefundInfo) -> None:
    """Owe the buyer again what a dropped refund took, and say how the order stands."""
    units.restore_units(order, refund)
    _restate(merchant_id, order)


def change_total(order: Order, minor: int) -> None:
    """Add to what of an order's money goes back; the database holds it to what it cost."""
    order.refund_minor += minor
    Order.objects.filter(merchant_id=order.merchant_id, id=order.pk).update(
        refund_minor=order.refund_minor
    )


def _restate(merchant_id: int, order: Order) -> None:
    open_ones = refund_lists.under_way(merchant_id=merchant_id, order_id=order.pk)
    units.restate(order, all_done=not open_ones)
