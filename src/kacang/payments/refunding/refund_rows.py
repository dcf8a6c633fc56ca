"""Rows of refunds: earmarked, written, locked, stepped. All inside the caller's transaction (P4).

What a refund means for an order is the orders' to decide; here it is money of one receipt. The
receipt's own row holds that never more goes back than came in, whoever asks at once.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from kacang.merchants.audit import Actor
from kacang.payments.models import Receipt, ReceiptFit
from kacang.payments.refund_models import REFUND_STEPS, Refund, RefundStatus, RefundWay
from kacang.shared import states
from kacang.shared.errors import Conflict, NotFound
from kacang.shared.ids import new_payment_number
from kacang.shared.money import Money

__all__ = [
    "GoesBack",
    "NewRefund",
    "NothingLeft",
    "RefundInfo",
    "RefundStatus",
    "RefundWay",
    "Told",
    "UnknownRefund",
    "assign",
    "earmark",
    "info_of",
    "let_go",
    "locked",
    "note",
    "of_payment",
    "refundable",
    "step",
    "told",
    "write",
    "write_told",
]  # fmt: skip
SAID_MAX = 300
_EARMARK = """
update receipt set back_minor = back_minor + %(minor)s::bigint, back_fits = %(fits)s::boolean
where merchant_id = %(merchant)s::bigint and id = %(receipt)s::bigint
  and fit is not null and (fit = 0) = %(fits)s::boolean
  and back_minor + %(minor)s::bigint <= amount_minor
returning id
"""
_LET_GO = """
update receipt set back_minor = back_minor - %(minor)s::bigint
where merchant_id = %(merchant)s::bigint and id = %(receipt)s::bigint
"""


class UnknownRefund(NotFound):
    """The merchant has no such refund."""

    code = "payments.unknown_refund"


class NothingLeft(Conflict):
    """More would go back than came in and has not gone back. Nothing was kept."""

    code = "payments.nothing_left_to_refund"


@dataclass(frozen=True, slots=True)
class GoesBack:
    """Money of one receipt that can still go back."""

    receipt_id: int
    account_uid: str
    provider: str
    provider_number: str
    payment_number: str
    order_id: int | None
    fit: ReceiptFit
    received: Money
    left: Money


@dataclass(frozen=True, slots=True)
class NewRefund:
    """What a refund says when it is written. It never changes."""

    order_id: int | None
    receipt_id: int
    amount: Money
    fits: bool
    way: RefundWay
    cards: int = 0
    reason: str = ""
    request_uid: str = ""
    follows_id: int | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What a company says of money that it gave back without us, at its own website perhaps."""

    account_id: int
    order_id: int | None
    payment_number: str
    provider_number: str
    amount: Money


@dataclass(frozen=True, slots=True)
class RefundInfo:
    """One refund as it stands."""

    id: int
    number: str
    order_id: int | None
    account_id: int
    account_uid: str
    account_name: str
    provider: str
    receipt_id: int | None
    provider_number: str
    payment_number: str
    state: RefundStatus
    way: RefundWay
    amount: Money
    fits: bool
    cards: int
    reason: str
    asked_kind: str
    asked_id: int | None
    asked_by: str
    asked_at: datetime
    decided_by: str
    decided_at: datetime | None
    decision: str
    sent_at: datetime | None
    ended_at: datetime | None
    provider_ref: str
    said: str
    follows_id: int | None
    asked: int


def earmark(*, merchant_id: int, receipt_id: int, amount: Money, fits: bool) -> None:
    """Set so much of a receipt apart, so that nobody else can give it back.

    Raises:
        NothingLeft: There is not so much left of it, or it is not (any more) what `fits` says.
    """
    assert connection.in_atomic_block
    values = {"merchant": merchant_id, "receipt": receipt_id, "minor": amount.minor, "fits": fits}
    with connection.cursor() as cursor:
        cursor.execute(_EARMARK, values)
        if cursor.fetchone() is None:
            raise NothingLeft


def let_go(*, merchant_id: int, refund: RefundInfo) -> None:
    """Give up what was set apart for a refund that comes to nothing."""
    assert connection.in_atomic_block
    values = {
        "merchant": merchant_id,
        "receipt": refund.receipt_id,
        "minor": refund.amount.minor,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LET_GO, values)


def write(
    *,
    merchant_id: int,
    new: NewRefund,
    actor: Actor,
    now: datetime,
    state: RefundStatus = RefundStatus.REQUESTED,
) -> RefundInfo:
    """Write a refund whose money was set apart."""
    account_id = Receipt.objects.values_list("account_id", flat=True).get(
        merchant_id=merchant_id, id=new.receipt_id
    )
    row = Refund.objects.create(
        merchant_id=merchant_id,
        number=new_payment_number(),
        order_id=new.order_id,
        account_id=account_id,
        receipt_id=new.receipt_id,
        state=state,
        way=new.way,
        amount_minor=new.amount.minor,
        currency=new.amount.currency,
        fits=new.fits,
        cards=new.cards,
        reason=new.reason,
        request_uid=new.request_uid,
        asked_kind=actor.kind,
        asked_id=actor.id,
        asked_by=actor.label[:120],
        asked_at=now,
        follows_id=new.follows_id,
    )
    return info_of(_joined(merchant_id).get(id=row.pk))


def locked(*, merchant_id: int, number: str) -> RefundInfo:
    """Return a refund, locked. Its order is locked before, by the caller.

    Raises:
        UnknownRefund: There is none.
    """
    assert connection.in_atomic_block
    row = (
        _joined(merchant_id)
        .select_for_update(no_key=True, of=("self",))
        .filter(number=number[:32])
        .first()
    )
    if row is None:
        raise UnknownRefund
    return info_of(row)


def step(*, merchant_id: int, refund: RefundInfo, to: RefundStatus, **fields: Any) -> RefundInfo:
    """Bring a locked refund into another state, with what is known of it then.

    Raises:
        WrongState: That state does not follow from the present one.
    """
    states.check(REFUND_STEPS, now=refund.state, to=to)
    Refund.objects.filter(merchant_id=merchant_id, id=refund.id).update(state=to, **fields)
    return info_of(_joined(merchant_id).get(id=refund.id))


def note(*, merchant_id: int, refund_id: int, **fields: Any) -> None:
    """Write down more of a locked refund, whose state stays."""
    Refund.objects.filter(merchant_id=merchant_id, id=refund_id).update(**fields)


def refundable(
    *, merchant_id: int, order_id: int = 0, receipt_id: int | None = None
) -> list[GoesBack]:
    """Return the money of an order, or one receipt, that can still go back, the oldest first."""
    rows = Receipt.objects.filter(merchant_id=merchant_id, fit__isnull=False)
    if receipt_id is not None:
        rows = rows.filter(id=receipt_id)
    else:
        rows = rows.filter(payment__merchant_id=merchant_id, payment__order_id=order_id)
    return [
        GoesBack(
            receipt_id=row.pk,
            account_uid=row.account.uid,
            provider=row.account.provider,
            provider_number=row.provider_number,
            payment_number=row.payment_number,
            order_id=row.payment.order_id if row.payment else None,
            fit=ReceiptFit(row.fit or 0),
            received=Money(row.amount_minor, row.currency),
            left=Money(row.amount_minor - row.back_minor, row.currency),
        )
        for row in rows.select_related("account", "payment").order_by("id")
    ]


def of_payment(*, merchant_id: int, account_id: int, payment_number: str) -> list[GoesBack]:
    """Return the money that came for a payment of an account, known here or not, by age."""
    ids = Receipt.objects.filter(
        merchant_id=merchant_id,
        account_id=account_id,
        payment_number=payment_number,
        fit__isnull=False,
    ).values_list("id", flat=True)
    return [
        money
        for receipt_id in ids.order_by("id")
        for money in refundable(merchant_id=merchant_id, receipt_id=receipt_id)
    ]


def write_told(*, merchant_id: int, told: Told, now: datetime) -> RefundInfo | None:
    """Write a refund that the company made without us; None: it is written already.

    It is counted against the money of its payment when it can be.
    """
    made = Refund.objects.bulk_create(
        [
            Refund(
                merchant_id=merchant_id,
                number=new_payment_number(),
                order_id=told.order_id,
                account_id=told.account_id,
                state=RefundStatus.TOLD,
                way=RefundWay.OUTSIDE,
                amount_minor=told.amount.minor,
                currency=told.amount.currency,
                asked_kind="provider",
                asked_at=now,
                provider_ref=told.provider_number,
                said=told.payment_number,
            )
        ],
        ignore_conflicts=True,
    )
    row = _joined(merchant_id).filter(number=made[0].number).first()
    return None if row is None else info_of(row)


def assign(*, merchant_id: int, refund: RefundInfo, money: GoesBack, fits: bool) -> RefundInfo:
    """Say which money a refund is of that we were told of, now that it was set apart."""
    Refund.objects.filter(merchant_id=merchant_id, id=refund.id).update(
        receipt_id=money.receipt_id, order_id=money.order_id, fits=fits
    )
    return info_of(_joined(merchant_id).get(id=refund.id))


def told(*, merchant_id: int, refund_id: int) -> RefundInfo | None:
    """Return a refund that we were told of and that is not counted yet, by id."""
    row = _joined(merchant_id).filter(id=refund_id, state=RefundStatus.TOLD).first()
    return None if row is None else info_of(row)


def info_of(row: Refund) -> RefundInfo:
    """Return a row, read with its account and receipt, as others see it."""
    receipt = row.receipt
    return RefundInfo(
        id=row.pk,
        number=row.number,
        order_id=row.order_id,
        account_id=row.account_id,
        account_uid=row.account.uid,
        account_name=row.account.name,
        provider=row.account.provider,
        receipt_id=row.receipt_id,
        provider_number=receipt.provider_number if receipt else "",
        payment_number=receipt.payment_number if receipt else "",
        state=RefundStatus(row.state),
        way=RefundWay(row.way),
        amount=Money(row.amount_minor, row.currency),
        fits=row.fits,
        cards=row.cards,
        reason=row.reason,
        asked_kind=row.asked_kind,
        asked_id=row.asked_id,
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        decision=row.decision,
        sent_at=row.sent_at,
        ended_at=row.ended_at,
        provider_ref=row.provider_ref,
        said=row.said,
        follows_id=row.follows_id,
        asked=row.asked,
    )


def _joined(merchant_id: int) -> QuerySet[Refund]:
    rows = Refund.objects.filter(merchant_id=merchant_id)
    return rows.select_related("account", "receipt")
