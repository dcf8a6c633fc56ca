"""What others may ask about bills and differences."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, F, Q

from kacang.merchants.tenancy import acting_as
from kacang.reconciliation.bills import UnknownBill
from kacang.reconciliation.models import (
    Bill,
    BillState,
    Difference,
    DifferenceKind,
    Movement,
    Resolution,
)
from kacang.shared.money import Money

__all__ = [
    "BillState",
    "BillView",
    "DifferenceKind",
    "DifferenceView",
    "Movement",
    "Resolution",
    "Sums",
    "bill",
    "bills",
    "differences",
    "open_by_kind",
    "open_count",
]
PAGE_MAX = 200


@dataclass(frozen=True, slots=True)
class Sums:
    """What a bill sums to in one currency."""

    currency: str
    paid: int
    paid_amount: Money
    refunded: int
    refunded_amount: Money
    fee: Money


@dataclass(frozen=True, slots=True)
class BillView:
    """One day of one account."""

    uid: str
    account_id: int
    day: date
    state: BillState
    is_fetched: bool
    file_name: str
    rows: int
    sums: tuple[Sums, ...]
    problem: str
    read_at: datetime | None
    closed_at: datetime | None
    closed_by: str
    open: int
    resolved: int


@dataclass(frozen=True, slots=True)
class DifferenceView:
    """One thing in which a bill and our books differ."""

    id: int
    bill_uid: str
    day: date
    account_id: int
    kind: DifferenceKind
    what: Movement
    provider_number: str
    payment_number: str
    refund_number: str
    theirs: Money | None
    ours: Money | None
    line: int | None
    found_at: datetime
    resolution: Resolution | None
    resolved_at: datetime | None
    resolved_by: str
    note: str
    # Whether the company itself gave us the bill: only then is its row taken in as money.
    is_proven: bool


def bills(
    *,
    merchant_id: int,
    first: date | None = None,
    last: date | None = None,
    account_ids: Sequence[int] | None = None,
    limit: int = PAGE_MAX,
    offset: int = 0,
) -> list[BillView]:
    """Return days of bills, the newest first, then by account."""
    with acting_as(merchant_id):
        found = Bill.objects.filter(merchant_id=merchant_id)
        if first is not None:
            found = found.filter(day__gte=first)
        if last is not None:
            found = found.filter(day__lte=last)
        if account_ids is not None:
            found = found.filter(account_id__in=list(account_ids))
        page = list(found.order_by("-day", "account_id")[offset : offset + limit])
        counts = _counts(merchant_id, [row.pk for row in page])
    return [_bill(row, counts.get(row.pk, (0, 0))) for row in page]


def bill(*, merchant_id: int, uid: str) -> BillView:
    """Return one bill.

    Raises:
        UnknownBill: There is none.
    """
    with acting_as(merchant_id):
        row = Bill.objects.filter(merchant_id=merchant_id, uid=uid).first()
        if row is None:
            raise UnknownBill
        counts = _counts(merchant_id, [row.pk])
    return _bill(row, counts.get(row.pk, (0, 0)))


def differences(
    *,
    merchant_id: int,
    bill_uid: str = "",
    kind: DifferenceKind | None = None,
    is_open: bool | None = None,
    limit: int = 50,
    offset: int = 0,
) -> list[DifferenceView]:
    """Return differences, those not resolved first, the newest day first."""
    with acting_as(merchant_id):
        found = Difference.objects.filter(merchant_id=merchant_id, bill__merchant_id=merchant_id)
        if bill_uid:
            found = found.filter(bill__uid=bill_uid)
        if kind is not None:
            found = found.filter(kind=kind)
        if is_open is not None:
            found = found.filter(resolution__isnull=is_open)
        ordered = found.select_related("bill").order_by(
            F("resolution").asc(nulls_first=True), "-bill__day", "kind", "id"
        )
        rows = list(ordered[offset : offset + min(limit, PAGE_MAX)])
    return [_difference(row) for row in rows]


def open_by_kind(*, merchant_id: int) -> dict[DifferenceKind, int]:
    """Count what waits for somebody, by kind."""
    with acting_as(merchant_id):
        counted = (
            Difference.objects.filter(merchant_id=merchant_id, resolution=None)
            .values_list("kind")
            .annotate(count=Count("id"))
        )
        return {DifferenceKind(kind): count for kind, count in counted}


def open_count(*, merchant_id: int) -> int:
    """Return how many differences wait for somebody."""
    with acting_as(merchant_id):
        return Difference.objects.filter(merchant_id=merchant_id, resolution=None).count()


def _counts(merchant_id: int, ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    counted = (
        Difference.objects.filter(merchant_id=merchant_id, bill_id__in=ids)
        .values_list("bill_id")
        .annotate(
            open=Count("id", filter=Q(resolution__isnull=True)),
            resolved=Count("id", filter=Q(resolution__isnull=False)),
        )
    )
    return {bill_id: (is_open, resolved) for bill_id, is_open, resolved in counted}


def _bill(row: Bill, counts: tuple[int, int]) -> BillView:
    return BillView(
        uid=row.uid,
        account_id=row.account_id,
        day=row.day,
        state=BillState(row.state),
        is_fetched=row.is_fetched,
        file_name=row.file_name,
        rows=row.rows,
        sums=tuple(_sums(name, said) for name, said in sorted(row.totals.items())),
        problem=row.problem,
        read_at=row.read_at,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
        open=counts[0],
        resolved=counts[1],
    )


def _sums(currency: str, said: dict[str, Any]) -> Sums:
    (paid, paid_minor), (refunded, refunded_minor) = said["paid"], said["refunded"]
    return Sums(
        currency,
        paid,
        Money(paid_minor, currency),
        refunded,
        Money(refunded_minor, currency),
        Money(said["fee"], currency),
    )


def _difference(row: Difference) -> DifferenceView:
    def money(minor: int | None) -> Money | None:
        return None if minor is None else Money(minor, row.currency)

    return DifferenceView(
        id=row.pk,
        bill_uid=row.bill.uid,
        day=row.bill.day,
        account_id=row.account_id,
        kind=DifferenceKind(row.kind),
        what=Movement(row.what),
        provider_number=row.provider_number,
        payment_number=row.payment_number,
        refund_number=row.refund_number,
        theirs=money(row.theirs_minor),
        ours=money(row.ours_minor),
        line=row.line,
        found_at=row.found_at,
        resolution=None if row.resolution is None else Resolution(row.resolution),
        resolved_at=row.resolved_at,
        resolved_by=row.resolved_by,
        note=row.note,
        is_proven=row.bill.is_fetched,
    )
