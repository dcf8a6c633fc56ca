"""Money that waits for a person's decision, page by page."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, QuerySet

from kacang.merchants.tenancy import acting_as
from kacang.payments.models import Account, Receipt, ReceiptFit
from kacang.shared.money import Money

__all__ = [
    "ReceiptFit",
    "SuspensePage",
    "SuspenseRow",
    "suspense_count",
    "suspense_page",
]


@dataclass(frozen=True, slots=True)
class SuspenseRow:
    """Money that fits no payment. Account and provider number together name it."""

    account_uid: str
    account_name: str
    provider_number: str
    payment_number: str
    order_id: int | None
    amount: Money
    fit: ReceiptFit
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class SuspensePage:
    """A page of such money, the newest first."""

    rows: tuple[SuspenseRow, ...]
    next_cursor: str


def suspense_page(*, merchant_id: int, cursor: str = "", limit: int = 50) -> SuspensePage:
    """Return money that waits for a decision. A cursor that is none is taken as the start."""
    with acting_as(merchant_id):
        rows = _waiting(merchant_id)
        account, _, number = cursor.partition(":")
        last = rows.filter(account__uid=account, provider_number=number) if number else rows.none()
        before = last.values_list("id", flat=True).first()
        if before is not None:
            rows = rows.filter(id__lt=before)
        rows = rows.select_related("payment").prefetch_related(_accounts(merchant_id))
        found = list(rows.order_by("-id")[: limit + 1])
    shown = tuple(_suspense(row) for row in found[:limit])
    last_shown = shown[-1] if len(found) > limit else None
    following = f"{last_shown.account_uid}:{last_shown.provider_number}" if last_shown else ""
    return SuspensePage(shown, following)


def suspense_count(*, merchant_id: int) -> int:
    """Return how many receipts wait for a decision."""
    with acting_as(merchant_id):
        return _waiting(merchant_id).count()


def _accounts(merchant_id: int) -> "Prefetch[str]":
    # Read apart: joined, the few accounts tempt the planner to sort all the payments.
    return Prefetch("account", queryset=Account.objects.filter(merchant_id=merchant_id))


def _waiting(merchant_id: int) -> QuerySet[Receipt]:
    # In the words of the partial index, which a list of millions needs.
    return Receipt.objects.filter(
        merchant_id=merchant_id, resolved_at__isnull=True, fit__gt=ReceiptFit.FITS
    )


def _suspense(row: Receipt) -> SuspenseRow:
    return SuspenseRow(
        account_uid=row.account.uid,
        account_name=row.account.name,
        provider_number=row.provider_number,
        payment_number=row.payment_number,
        order_id=row.payment.order_id if row.payment else None,
        amount=Money(row.amount_minor, row.currency),
        fit=ReceiptFit(row.fit) if row.fit is not None else ReceiptFit.UNMATCHED,
        seen_at=row.seen_at,
    )
