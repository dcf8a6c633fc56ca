"""What payment companies say of refunds, in whatever order and however often (P4).

As with money that comes in: the message is stored once and acted on in the same transaction; when
acting fails it is stored by another one, the company is answered "success", and a job takes over.
"""

from datetime import timedelta

import structlog
from django.db import connection

from kacang.merchants.audit import Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders.models import Event, Order
from kacang.orders.refunding import booking, telling, units
from kacang.orders.refunding.approving import change_total, finish
from kacang.orders.refunding.asking import locked_by_id
from kacang.orders.refunding.types import NothingLeft, RefundInfo, RefundStatus
from kacang.payments.ports import AccountInfo, RefundNotice, RefundResult, RefundState
from kacang.payments.refunding import refund_rows, refunds
from kacang.payments.refunding.refund_rows import Told
from kacang.payments.refunding.refunds import RefundHeard, Said
from kacang.queue import enqueue
from kacang.shared.clock import utc_now

log = structlog.get_logger(__name__)
COMPANY = Actor(kind="provider")
# Given up or refused by us: what the company still pays of it, it pays without us.
_OVER = (RefundStatus.REJECTED, RefundStatus.DROPPED)
_PAYABLE = (RefundStatus.APPROVED, RefundStatus.SENT, RefundStatus.FAILED)
TRY_AGAIN = timedelta(hours=1)


def pursue_refund(*, merchant_id: int, refund_id: int) -> RefundStatus | None:
    """Have a refund sent, or ask about it, and act on the answer. Never in a transaction."""
    now = utc_now()
    told = _retold(merchant_id, refund_id)
    if told is not None:
        return told
    said = refunds.pursue(merchant_id=merchant_id, refund_id=refund_id, now=now)
    return None if said is None else _take_answer(merchant_id, said)


def settle_refund_notice(*, account: AccountInfo, notice: RefundNotice) -> RefundHeard:
    """Act on one verified message about a refund. Must not be called inside a transaction.

    Safe to repeat, in any order, at any time, in parallel. After this returns, the company may be
    answered "success": the message is stored.
    """
    assert not connection.in_atomic_block
    try:
        return _settle(account, notice)
    except Exception as error:
        log.exception("refund.failed", account=account.uid, error=type(error).__name__)
        return _store_only(account, notice)


def settle_waiting_refunds(*, most: int = 200) -> int:
    """Try again the messages that were stored but not acted on, of every merchant."""
    waiting = refunds.messages_waiting(most=most)
    for merchant_id, message_id in waiting:
        account, notice = refunds.stored_message(merchant_id=merchant_id, message_id=message_id)
        settle_refund_notice(account=account, notice=notice)
    return len(waiting)


@retry_conflicts
def _settle(account: AccountInfo, notice: RefundNotice) -> RefundHeard:
    with acting_as(account.merchant_id):
        message_id, was_acted_on = refunds.store_message(account=account, notice=notice)
        if was_acted_on:
            return RefundHeard.REPEATED
        heard = _act(account, notice)
        refunds.mark_message(merchant_id=account.merchant_id, message_id=message_id, heard=heard)
    return heard


@retry_conflicts
def _store_only(account: AccountInfo, notice: RefundNotice) -> RefundHeard:
    with acting_as(account.merchant_id):
        message_id, _ = refunds.store_message(account=account, notice=notice)
        waits = RefundHeard.WAITING
        refunds.mark_message(merchant_id=account.merchant_id, message_id=message_id, heard=waits)
    return waits


def _act(account: AccountInfo, notice: RefundNotice) -> RefundHeard:
    named = refunds.named(account=account, notice=notice)
    if named is None:
        return _take_outside(account, notice)
    order = None if named.order_id is None else locked_by_id(account.merchant_id, named.order_id)
    refund = refund_rows.locked(merchant_id=account.merchant_id, number=named.number)
    if refund.state in _OVER:
        return _take_outside(account, notice)
    if refund.amount != notice.amount:
        return _doubt(account.merchant_id, refund)
    result = RefundResult(notice.state, notice.provider_number)
    return _take(account.merchant_id, order, refund, result)


@retry_conflicts
def _take_answer(merchant_id: int, said: Said) -> RefundStatus:
    """Act on what the company answers, together with all that it has told meanwhile."""
    with acting_as(merchant_id):
        order = None if said.order_id is None else locked_by_id(merchant_id, said.order_id)
        refund = refund_rows.locked(merchant_id=merchant_id, number=said.number)
        _take(merchant_id, order, refund, said.result)
        return refund_rows.locked(merchant_id=merchant_id, number=said.number).state


def _take(
    merchant_id: int, order: Order | None, refund: RefundInfo, result: RefundResult
) -> RefundHeard:
    ref = result.provider_ref or refund.provider_ref
    if result.state is RefundState.DONE:
        if refund.state is RefundStatus.DONE:
            return RefundHeard.REPEATED
        if refund.state is RefundStatus.TOLD:
            return RefundHeard.ACTED if _count(merchant_id, refund) else RefundHeard.REPEATED
        if refund.state not in _PAYABLE:
            return RefundHeard.CONTRADICTS
        finish(merchant_id, order, refund, COMPANY, utc_now(), provider_ref=ref, said="")
        return RefundHeard.ACTED
    if result.state is RefundState.FAILED:
        return _take_failure(merchant_id, order, refund, result)
    if ref != refund.provider_ref and refund.state is RefundStatus.SENT:
        refund_rows.note(merchant_id=merchant_id, refund_id=refund.id, provider_ref=ref)
    return RefundHeard.NOT_FINAL


def _take_failure(
    merchant_id: int, order: Order | None, refund: RefundInfo, result: RefundResult
) -> RefundHeard:
    if refund.state is RefundStatus.FAILED:
        return RefundHeard.REPEATED
    why = " ".join(result.why.split())[: refund_rows.SAID_MAX]
    if refund.state is RefundStatus.DONE:
        # Banks send money back that they have reported as paid: a person has to look.
        said = why or "failed after it was done"
        refund_rows.note(merchant_id=merchant_id, refund_id=refund.id, said=said)
        _tell(merchant_id, refund, "orders.tell_refund_failed")
    if refund.state is not RefundStatus.SENT:
        return RefundHeard.CONTRADICTS
    ref = result.provider_ref or refund.provider_ref
    refund = refund_rows.step(
        merchant_id=merchant_id,
        refund=refund,
        to=RefundStatus.FAILED,
        said=why,
        provider_ref=ref,
        ask_at=None,
    )
    telling.note(order, [refund], Event.REFUND_FAILED, COMPANY, why)
    _tell(merchant_id, refund, "orders.tell_refund_failed")
    return RefundHeard.ACTED


def _doubt(merchant_id: int, refund: RefundInfo) -> RefundHeard:
    """Ask the company itself what became of a refund that it tells another amount of."""
    if refund.state is RefundStatus.SENT:
        refund_rows.note(merchant_id=merchant_id, refund_id=refund.id, ask_at=utc_now())
    return RefundHeard.CONTRADICTS


def _take_outside(account: AccountInfo, notice: RefundNotice) -> RefundHeard:
    """Take in money that the company gave back without us: shown, and counted if it can be."""
    if notice.state is not RefundState.DONE or notice.amount.minor <= 0:
        return RefundHeard.NOT_FINAL
    found = refunds.receipts_of_payment(account=account, payment_number=notice.payment_number)
    order_id = next((order_id for _, order_id in found if order_id is not None), None)
    if order_id is not None:
        locked_by_id(account.merchant_id, order_id)
    refund = refund_rows.write_told(
        merchant_id=account.merchant_id,
        told=Told(
            account_id=account.id,
            order_id=order_id,
            payment_number=notice.payment_number,
            provider_number=notice.provider_number or notice.notice_id,
            amount=notice.amount,
        ),
        now=utc_now(),
    )
    if refund is None:
        return RefundHeard.REPEATED
    _count(account.merchant_id, refund)
    _tell(account.merchant_id, refund, "orders.tell_refund_outside")
    return RefundHeard.ACTED


def _count(merchant_id: int, refund: RefundInfo) -> bool:
    """Count a refund that we were told of against the money that it is of, if there is room."""
    payment_number = refund.said
    account_id = refund.account_id
    for money in refund_rows.of_payment(
        merchant_id=merchant_id, account_id=account_id, payment_number=payment_number
    ):
        if money.left.minor < refund.amount.minor or money.left.currency != refund.amount.currency:
            continue
        fits = not money.fit
        order = None if money.order_id is None else locked_by_id(merchant_id, money.order_id)
        if order is not None and fits and not booking.can_be_due(order, refund.amount):
            # A deposit that was spent: a person has to look.
            continue
        try:
            refund_rows.earmark(
                merchant_id=merchant_id,
                receipt_id=money.receipt_id,
                amount=refund.amount,
                fits=fits,
            )
        except NothingLeft:
            continue
        told = refund_rows.assign(merchant_id=merchant_id, refund=refund, money=money, fits=fits)
        booking.book_due(merchant_id, order, told)
        if order is not None and fits:
            change_total(order, told.amount.minor)
            # With the last of its money nothing of the order is to come any more.
            units.take_units(order, told, is_last=order.refund_minor == order.payable_minor)
        finish(merchant_id, order, told, COMPANY, utc_now())
        return True
    refund_rows.note(merchant_id=merchant_id, refund_id=refund.id, ask_at=utc_now() + TRY_AGAIN)
    return False


@retry_conflicts
def _retold(merchant_id: int, refund_id: int) -> RefundStatus | None:
    """Try once more to count a refund that we were told of; None: it is none of these."""
    with acting_as(merchant_id):
        found = refund_rows.told(merchant_id=merchant_id, refund_id=refund_id)
        if found is None:
            return None
        if found.order_id is not None:
            locked_by_id(merchant_id, found.order_id)
        refund = refund_rows.locked(merchant_id=merchant_id, number=found.number)
        if refund.state is not RefundStatus.TOLD:
            return refund.state
        return RefundStatus.DONE if _count(merchant_id, refund) else RefundStatus.TOLD


def _tell(merchant_id: int, refund: RefundInfo, job: str) -> None:
    enqueue(job, queue="mail", merchant_id=merchant_id, refund=refund.number)
