"""What others may ask of refunds: of an order, of a request, page by page."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet, Sum

from kacang.merchants.tenancy import acting_as
from kacang.payments.models import Receipt, ReceiptFit
from kacang.payments.refund_models import Refund, RefundStatus, RefundWay
from kacang.payments.refunding.refund_rows import (
    GoesBack,
    RefundInfo,
    UnknownRefund,
    info_of,
    refundable,
)
from kacang.shared.money import Money

__all__ = [
    "OPEN",
    "UNDER_WAY",
    "RefundFilter",
    "RefundPage",
    "RefundStatus",
    "asked_of_order",
    "count_up_to",
    "names_of_refunds",
    "of_request",
    "order_of",
    "refund",
    "refunds_of_order",
    "refunds_page",
    "suspended",
    "under_way",
    "waiting_counts",
]
# Approved, and not yet seen to be gone.
UNDER_WAY = (RefundStatus.APPROVED, RefundStatus.SENT, RefundStatus.FAILED)
_ASKED = (RefundStatus.REQUESTED, *UNDER_WAY, RefundStatus.DONE)
# A person is waited for.
OPEN = (RefundStatus.REQUESTED, RefundStatus.FAILED, RefundStatus.TOLD)


@dataclass(frozen=True, slots=True)
class RefundFilter:
    """What a list of refunds is narrowed to. Empty values mean: all.

    `by_hand`: those that wait for a person to pay them.
    """

    state: RefundStatus | None = None
    by_hand: bool = False
    number: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class RefundPage:
    """A page of refunds, the newest first. `next_cursor` is empty on the last one."""

    rows: tuple[RefundInfo, ...]
    next_cursor: str


def refund(*, merchant_id: int, number: str) -> RefundInfo:
    """Return one refund.

    Raises:
        UnknownRefund: There is none.
    """
    with acting_as(merchant_id):
        row = _joined(merchant_id).filter(number=number[:32]).first()
    if row is None:
        raise UnknownRefund
    return info_of(row)


def order_of(*, merchant_id: int, number: str) -> int | None:
    """Return which order a refund is of; None: of none.

    Raises:
        UnknownRefund: There is no such refund.
    """
    found = Refund.objects.filter(merchant_id=merchant_id, number=number[:32])
    row = found.values_list("order_id", flat=True)[:1]
    if not row:
        raise UnknownRefund
    return row[0]


def refunds_of_order(*, merchant_id: int, order_id: int) -> list[RefundInfo]:
    """Return an order's refunds, the oldest first."""
    with acting_as(merchant_id):
        rows = _joined(merchant_id).filter(order_id=order_id).order_by("id")
        return [info_of(row) for row in rows]


def of_request(*, merchant_id: int, request_uid: str) -> list[RefundInfo]:
    """Return what a request was made into before. In the caller's transaction."""
    rows = _joined(merchant_id).filter(request_uid=request_uid).order_by("id")
    return [info_of(row) for row in rows]


def asked_of_order(*, merchant_id: int, order_id: int) -> Money:
    """Return how much of an order's money was asked back, and not refused. In a transaction."""
    rows = Refund.objects.filter(
        merchant_id=merchant_id, order_id=order_id, fits=True, state__in=_ASKED
    ).exclude(way=RefundWay.OUTSIDE)
    currencies = set(rows.values_list("currency", flat=True))
    total = rows.aggregate(total=Sum("amount_minor"))["total"] or 0
    return Money(total, currencies.pop() if currencies else "CNY")


def under_way(*, merchant_id: int, order_id: int) -> bool:
    """Whether money of an order is still to be seen to be gone. In the caller's transaction."""
    rows = Refund.objects.filter(merchant_id=merchant_id, order_id=order_id, fits=True)
    return rows.filter(state__in=UNDER_WAY).exists()


def suspended(*, merchant_id: int, account_uid: str, provider_number: str) -> GoesBack | None:
    """Return money in suspense by the company's number of it. In the caller's transaction."""
    found = Receipt.objects.filter(
        merchant_id=merchant_id,
        account__merchant_id=merchant_id,
        account__uid=account_uid,
        provider_number=provider_number,
        fit__gt=ReceiptFit.FITS,
    )
    receipt_id = found.values_list("id", flat=True).first()
    if receipt_id is None:
        return None
    return refundable(merchant_id=merchant_id, receipt_id=receipt_id)[0]


def refunds_page(
    *, merchant_id: int, where: RefundFilter, cursor: str = "", limit: int = 50
) -> RefundPage:
    """Return refunds. A cursor that is none is taken as the start."""
    with acting_as(merchant_id):
        rows = _fitting(merchant_id, where)
        # Among all: the refund that a page ended with may be in another state by now.
        all_ids = Refund.objects.filter(merchant_id=merchant_id).values_list("id", flat=True)
        before = all_ids.filter(number=cursor).first() if cursor else None
        if before is not None:
            rows = rows.filter(id__lt=before)
        found = list(rows.order_by("-id")[: limit + 1])
    shown = tuple(info_of(row) for row in found[:limit])
    return RefundPage(shown, shown[-1].number if len(found) > limit else "")


def count_up_to(*, merchant_id: int, where: RefundFilter, most: int) -> int:
    """Return how many refunds fit, counted up to a limit."""
    with acting_as(merchant_id):
        return _fitting(merchant_id, where).values("id")[:most].count()


def waiting_counts(*, merchant_id: int) -> dict[RefundStatus, int]:
    """Return how many refunds wait for a person, by state; those to be paid by hand as approved."""
    with acting_as(merchant_id):
        rows = Refund.objects.filter(merchant_id=merchant_id)
        counts = {state: rows.filter(state=state).count() for state in OPEN}
        counts[RefundStatus.APPROVED] = rows.filter(
            state=RefundStatus.APPROVED, way=RefundWay.BY_HAND
        ).count()
    return counts


def names_of_refunds(*, merchant_id: int, ids: Iterable[int]) -> dict[int, tuple[str, int | None]]:
    """Return number and order of refunds that the books name by id."""
    with acting_as(merchant_id):
        rows = Refund.objects.filter(merchant_id=merchant_id, id__in=list(ids))
        found = rows.values_list("id", "number", "order_id")
        return {id_: (number, order_id) for id_, number, order_id in found}


def _fitting(merchant_id: int, where: RefundFilter) -> QuerySet[Refund]:
    rows = _joined(merchant_id)
    if where.by_hand:
        rows = rows.filter(state=RefundStatus.APPROVED, way=RefundWay.BY_HAND)
    elif where.state is not None:
        rows = rows.filter(state=where.state)
    if where.number:
        rows = rows.filter(number=where.number)
    if where.since is not None:
        rows = rows.filter(asked_at__gte=where.since)
    return rows


def _joined(merchant_id: int) -> QuerySet[Refund]:
    return Refund.objects.filter(Q(merchant_id=merchant_id)).select_related("account", "receipt")
