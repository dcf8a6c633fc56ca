"""What others may ask about bills and differences."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from kacang.merchants.tenancy import acting_as
from kacang.reconciliation.bills import UnknownBill
from kacang.reconciliation.differing import (
    NAMES_MAX,
    PAGE_MAX,
    DifferenceCounts,
    DifferenceFilter,
    DifferenceView,
    difference_counts,
    difference_ids,
    differences,
    open_by_kind,
    open_count,
)
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
    "NAMES_MAX",
    "PAGE_MAX",
    "BillCounts",
    "BillFilter",
    "BillState",
    "BillView",
    "DifferenceCounts",
    "DifferenceFilter",
    "DifferenceKind",
    "DifferenceView",
    "Movement",
    "Resolution",
    "Sums",
    "bill",
    "bill_counts",
    "bill_id",
    "bill_names",
    "bills",
    "difference_counts",
    "difference_ids",
    "differences",
    "open_by_kind",
    "open_count",
]


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
    # The day's bounds in the company's zone.
    starts_at: datetime
    ends_at: datetime
    is_fetched: bool
    file_name: str
    digest: str
    rows: int
    sums: tuple[Sums, ...]
    problem: str
    read_at: datetime | None
    closed_at: datetime | None
    closed_by: str
    open: int
    resolved: int


@dataclass(frozen=True, slots=True)
class BillFilter:
    """Which bills are asked for. `has_open`: those with differences that wait for somebody."""

    first: date | None = None
    last: date | None = None
    account_id: int | None = None
    state: BillState | None = None
    has_open: bool = False


@dataclass(frozen=True, slots=True)
class BillCounts:
    """How many bills there are in all, with open differences, failed, and closed."""

    all: int
    open: int
    failed: int
    closed: int


def bills(
    *, merchant_id: int, where: BillFilter = BillFilter(), limit: int = PAGE_MAX, offset: int = 0
) -> list[BillView]:
    """Return days of bills, the newest first, then by account."""
    with acting_as(merchant_id):
        found = _bills(merchant_id, where)
        if where.state is not None:
            found = found.filter(state=where.state)
        if where.has_open:
            found = found.filter(_has_open(merchant_id))
        page = list(found.order_by("-day", "account_id")[offset : offset + limit])
        counts = _counts(merchant_id, [row.pk for row in page])
    return [_bill(row, counts.get(row.pk, (0, 0))) for row in page]


def bill_counts(*, merchant_id: int, where: BillFilter = BillFilter()) -> BillCounts:
    """Count the bills of an account and a period; `state` and `has_open` are not looked at."""
    with acting_as(merchant_id):
        found = _bills(merchant_id, where).aggregate(
            all=Count("id"),
            open=Count("id", filter=_has_open(merchant_id)),
            failed=Count("id", filter=Q(state=BillState.FAILED)),
            closed=Count("id", filter=Q(state=BillState.CLOSED)),
        )
    return BillCounts(**found)


def bill_names(*, merchant_id: int, ids: Collection[int]) -> dict[int, tuple[str, date]]:
    """Return the names and days of bills by their numbers, for the books."""
    with acting_as(merchant_id):
        rows = Bill.objects.filter(merchant_id=merchant_id, id__in=list(ids))
        return {id_: (uid, day) for id_, uid, day in rows.values_list("id", "uid", "day")}


def bill_id(*, merchant_id: int, uid: str) -> int:
    """Return a bill's number in the house, by which the books name it.

    Raises:
        UnknownBill: There is none.
    """
    with acting_as(merchant_id):
        found = Bill.objects.filter(merchant_id=merchant_id, uid=uid).values_list("id", flat=True)
        for number in found:
            return int(number)
    raise UnknownBill


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


def _bills(merchant_id: int, where: BillFilter) -> QuerySet[Bill]:
    found = Bill.objects.filter(merchant_id=merchant_id)
    if where.first is not None:
        found = found.filter(day__gte=where.first)
    if where.last is not None:
        found = found.filter(day__lte=where.last)
    if where.account_id is not None:
        found = found.filter(account_id=where.account_id)
    return found


def _has_open(merchant_id: int) -> Exists:
    return Exists(
        Difference.objects.filter(
            merchant_id=merchant_id, bill_id=OuterRef("id"), resolution__isnull=True
        )
    )


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
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        is_fetched=row.is_fetched,
        file_name=row.file_name,
        digest=row.digest,
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
