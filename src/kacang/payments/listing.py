"""Lists of payments and of money that waits for a person's decision, page by page."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, QuerySet

from kacang.merchants.tenancy import acting_as
from kacang.payments.models import Account, Payment, PaymentState, Receipt, ReceiptFit
from kacang.shared.money import Money

__all__ = [
    "PaymentFilter",
    "PaymentPage",
    "PaymentRow",
    "PaymentState",
    "ReceiptFit",
    "SuspensePage",
    "SuspenseRow",
    "payments_page",
    "suspense_count",
    "suspense_page",
]


@dataclass(frozen=True, slots=True)
class PaymentFilter:
    """What a list of payments is narrowed to. Empty values mean: all."""

    state: PaymentState | None = None
    number: str = ""


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """One attempt to pay, as a list shows it."""

    number: str
    order_id: int
    provider: str
    account_name: str
    state: PaymentState
    amount: Money
    created_at: datetime
    paid_at: datetime | None


@dataclass(frozen=True, slots=True)
class PaymentPage:
    """A page of payments, the newest first. `next_cursor` is empty on the last one."""

    rows: tuple[PaymentRow, ...]
    next_cursor: str


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


def payments_page(
    *, merchant_id: int, where: PaymentFilter, cursor: str = "", limit: int = 50
) -> PaymentPage:
    """Return attempts to pay. A cursor that is none is taken as the start."""
    with acting_as(merchant_id):
        rows = Payment.objects.filter(merchant_id=merchant_id)
        before = rows.filter(number=cursor).values_list("id", flat=True).first() if cursor else None
        if where.state is not None:
            rows = rows.filter(state=where.state)
        if where.number:
            rows = rows.filter(number=where.number)
        if before is not None:
            rows = rows.filter(id__lt=before)
        found = list(rows.prefetch_related(_accounts(merchant_id)).order_by("-id")[: limit + 1])
    shown = tuple(_payment(row) for row in found[:limit])
    return PaymentPage(shown, shown[-1].number if len(found) > limit else "")


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


def _payment(row: Payment) -> PaymentRow:
    return PaymentRow(
        number=row.number,
        order_id=row.order_id,
        provider=row.account.provider,
        account_name=row.account.name,
        state=PaymentState(row.state),
        amount=Money(row.amount_minor, row.currency),
        created_at=row.created_at,
        paid_at=row.paid_at,
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
