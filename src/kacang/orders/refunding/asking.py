"""Asking for money to go back, of an order or of money in suspense (P4)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.db import connection

from kacang.merchants import queries as merchants
from kacang.merchants.audit import Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders.fulfilling.delivering import locked
from kacang.orders.models import Channel, Event, Order
from kacang.orders.refunding import telling, units
from kacang.orders.refunding.approving import approve
from kacang.orders.refunding.to_wallets import has_wallet
from kacang.orders.refunding.types import (
    Asked,
    BadRefund,
    Cards,
    NothingLeft,
    RefundInfo,
    RefundReasonMissing,
    RefundWay,
    RefundWish,
    WayNotOffered,
)
from kacang.payments.companies import registry
from kacang.payments.queries import ReceiptFit
from kacang.payments.refunding import refund_lists, refund_rows
from kacang.payments.refunding.refund_rows import GoesBack, NewRefund
from kacang.payments.resolving import UnknownReceipt
from kacang.queue import enqueue
from kacang.shared.clock import utc_now
from kacang.shared.money import EXPONENTS, MINOR_MAX, Money

REASON_MAX = 300
# What the house itself does by a rule that the merchant has set needs nobody's approval.
RULE = "rule"
# Who may give back something alone: the merchant sets how much.
ALONE = frozenset({"owner", "finance", "order_operator", "customer_service", "api"})
_REQUESTS_CLASS = 7154


@retry_conflicts
def request_refund(
    *, merchant_id: int, number: str, wish: RefundWish, actor: Actor, role: str
) -> Asked:
    """Ask for an order's money to go back, all of it or a part.

    It is approved at once as long as everything that is asked of this order lies within what
    `role` may give back alone; else it waits for somebody else. Nothing but the request is made
    until then: cards stay, and the buyer can use them.

    Raises:
        UnknownOrder: There is no such order.
        RefundReasonMissing, BadRefund, BadUnits: The wish says what it cannot.
        NothingLeft: So much is not left to give back.
        NotEnough, WalletBlocked: Of a deposit, the wallet has less, or may pay nothing.
        WayNotOffered: The company gives nothing back by a call.
    """
    reason = checked_reason(wish.reason)
    with acting_as(merchant_id):
        order = locked(merchant_id, number)
        if wish.request_uid and (known := _known(merchant_id, wish.request_uid)):
            return asked_of(known)
        if order.channel == Channel.DEPOSIT:
            wish = _of_deposit(wish)
        money = [
            part
            for part in refund_rows.refundable(merchant_id=merchant_id, order_id=order.pk)
            if part.fit is ReceiptFit.FITS
        ]
        amount = wish.amount or Money(sum(part.left.minor for part in money), order.currency)
        _check_amount(amount, order.currency)
        parts = _allotted(amount, money)
        check_way(wish.way, [part for part, _ in parts], order)
        units.check_places(order, wish.units)
        now = utc_now()
        made = [
            _write(merchant_id, part, share, wish, (actor, reason, now)) for part, share in parts
        ]
        units.name_units(merchant_id, made[0].id, wish.units)
        _note_request(merchant_id, order, made, actor, reason)
        if _is_within(merchant_id, order, role):
            made = [approve(merchant_id, order, refund, actor, now) for refund in made]
        else:
            _ask_staff(merchant_id, made)
    return asked_of(made)


@retry_conflicts
def request_suspense_refund(
    *,
    merchant_id: int,
    account_uid: str,
    provider_number: str,
    wish: RefundWish,
    actor: Actor,
    role: str,
) -> Asked:
    """Ask for money that fits no payment to go back. From then on it pays for nothing any more.

    Raises:
        UnknownReceipt: There is no such money in suspense.
        RefundReasonMissing, BadRefund, NothingLeft, WayNotOffered: As for an order.
    """
    reason = checked_reason(wish.reason)
    with acting_as(merchant_id):
        if wish.request_uid:
            _one_after_another(merchant_id)
            if known := _known(merchant_id, wish.request_uid):
                return asked_of(known)
        found = refund_lists.suspended(
            merchant_id=merchant_id, account_uid=account_uid, provider_number=provider_number
        )
        if found is None:
            raise UnknownReceipt
        order = None
        if found.order_id is not None:
            order = locked_by_id(merchant_id, found.order_id)
        amount = wish.amount or found.left
        _check_amount(amount, found.received.currency)
        check_way(wish.way, [found], order)
        now = utc_now()
        made = [_write(merchant_id, found, amount, wish, (actor, reason, now))]
        _note_request(merchant_id, order, made, actor, reason)
        if amount.minor <= _alone_minor(merchant_id, role, amount.currency):
            made = [approve(merchant_id, order, refund, actor, now) for refund in made]
        else:
            _ask_staff(merchant_id, made)
    return asked_of(made)


def _of_deposit(wish: RefundWish) -> RefundWish:
    """Return what can be wished of a deposit: it has nothing to take back but its money."""
    if wish.way is RefundWay.WALLET:
        raise WayNotOffered
    return replace(wish, units=(), cards=Cards.KEEP)


def checked_reason(reason: str) -> str:
    """Return a reason without space around it, or raise RefundReasonMissing."""
    reason = " ".join(reason.split())
    if not 0 < len(reason) <= REASON_MAX:
        raise RefundReasonMissing
    return reason


def check_way(way: RefundWay, money: Sequence[GoesBack], order: Order | None) -> None:
    """Refuse a way on which this money cannot go back."""
    if way is RefundWay.WALLET and (order is None or not has_wallet(order)):
        raise WayNotOffered
    if way is RefundWay.OUTSIDE:
        raise WayNotOffered
    if way is RefundWay.ORIGIN and not all(gives_back(part.provider) for part in money):
        raise WayNotOffered


def gives_back(provider: str) -> bool:
    """Whether a company gives money back by a call."""
    try:
        return registry.provider(provider).refunds
    except registry.UnknownProvider:
        return False


def locked_by_id(merchant_id: int, order_id: int) -> Order:
    """Return an order that a refund names, locked for the rest of the transaction."""
    return Order.objects.select_for_update(no_key=True).get(merchant_id=merchant_id, id=order_id)


def is_beyond(merchant_id: int, refund: RefundInfo, order: Order | None, role: str) -> bool:
    """Whether a refund is more than somebody in this role may give back alone."""
    if order is not None and refund.fits:
        return not _is_within(merchant_id, order, role)
    return refund.amount.minor > _alone_minor(merchant_id, role, refund.amount.currency)


def _check_amount(amount: Money, currency: str) -> None:
    if amount.currency != currency or amount.minor < 0:
        raise BadRefund
    if not amount.minor:
        raise NothingLeft


def _allotted(amount: Money, money: Sequence[GoesBack]) -> list[tuple[GoesBack, Money]]:
    """Take the amount from the receipts, the oldest first."""
    parts = []
    left = amount.minor
    for part in money:
        share = min(left, part.left.minor)
        if share:
            parts.append((part, Money(share, amount.currency)))
            left -= share
    if left or not parts:
        raise NothingLeft
    return parts


def _write(
    merchant_id: int,
    part: GoesBack,
    amount: Money,
    wish: RefundWish,
    who: tuple[Actor, str, datetime],
) -> RefundInfo:
    actor, reason, now = who
    fits = part.fit is ReceiptFit.FITS
    refund_rows.earmark(
        merchant_id=merchant_id, receipt_id=part.receipt_id, amount=amount, fits=fits
    )
    new = NewRefund(
        order_id=part.order_id,
        receipt_id=part.receipt_id,
        amount=amount,
        fits=fits,
        way=wish.way,
        cards=int(wish.cards),
        reason=reason,
        request_uid=wish.request_uid[:64],
    )
    return refund_rows.write(merchant_id=merchant_id, new=new, actor=actor, now=now)


def _is_within(merchant_id: int, order: Order, role: str) -> bool:
    """Whether all that is asked of an order together is within what a role may give back alone.

    Together: many small requests are one large one.
    """
    asked = refund_lists.asked_of_order(merchant_id=merchant_id, order_id=order.pk)
    return asked.minor <= _alone_minor(merchant_id, role, order.currency)


def _alone_minor(merchant_id: int, role: str, currency: str) -> int:
    if role == RULE:
        return MINOR_MAX
    if role not in ALONE:
        return 0
    whole = merchants.setting(merchant_id=merchant_id, name=f"refund_alone_{role}")
    assert isinstance(whole, int)
    return whole * int(10 ** EXPONENTS[currency])


def _known(merchant_id: int, request_uid: str) -> list[RefundInfo]:
    return refund_lists.of_request(merchant_id=merchant_id, request_uid=request_uid[:64])


def asked_of(made: Sequence[RefundInfo]) -> Asked:
    """Return what a wish has come to."""
    total = Money(sum(refund.amount.minor for refund in made), made[0].amount.currency)
    return Asked(tuple(refund.number for refund in made), total, made[0].state)


def _note_request(
    merchant_id: int, order: Order | None, made: Sequence[RefundInfo], actor: Actor, reason: str
) -> None:
    telling.note(order, made, Event.REFUND_ASKED, actor, reason)
    for refund in made:
        telling.log(merchant_id, refund, actor, "refunds.request", reason)


def _ask_staff(merchant_id: int, made: Sequence[RefundInfo]) -> None:
    for refund in made:
        enqueue(
            "orders.tell_refund_asked",
            queue="mail",
            merchant_id=merchant_id,
            refund=refund.number,
        )


def _one_after_another(merchant_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_advisory_xact_lock((%s::bigint << 40) + %s::bigint)",
            [_REQUESTS_CLASS, merchant_id],
        )
