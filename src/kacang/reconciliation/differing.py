"""What others may ask about differences; `queries` has it all."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, F, Q, QuerySet

from kacang.merchants.tenancy import acting_as
from kacang.reconciliation.models import Difference, DifferenceKind, Movement, Resolution
from kacang.shared.money import Money

PAGE_MAX = 200
NAMES_MAX = 500
NAME_PARTS = 4


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
    copy: int
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

    @property
    def name(self) -> str:
        """What names it within its bill: numbers of rows stay in the house (rule 21)."""
        return f"{self.kind:d}-{self.what:d}-{self.copy}-{self.provider_number}"

    @property
    def is_money_unseen(self) -> bool:
        """Whether it is a payment that the company has and we have not."""
        is_theirs = self.kind is DifferenceKind.THEIRS_ONLY and self.what is Movement.PAYMENT
        return is_theirs and self.resolution is None

    @property
    def can_take_in(self) -> bool:
        """Whether its row may be settled like a notice."""
        return self.is_money_unseen and self.is_proven and self.copy == 1


@dataclass(frozen=True, slots=True)
class DifferenceFilter:
    """Which differences are asked for; days are those of the bills."""

    bill_uid: str = ""
    account_id: int | None = None
    first: date | None = None
    last: date | None = None
    kind: DifferenceKind | None = None
    is_open: bool | None = None


@dataclass(frozen=True, slots=True)
class DifferenceCounts:
    """How many differences there are by kind, how many wait, and what can be asked about."""

    all: int
    open: int
    kinds: dict[DifferenceKind, int]
    askable: int


def differences(
    *,
    merchant_id: int,
    where: DifferenceFilter = DifferenceFilter(),
    limit: int = 50,
    offset: int = 0,
) -> list[DifferenceView]:
    """Return differences, those not resolved first, the newest day first."""
    with acting_as(merchant_id):
        found = _narrowed(_differences(merchant_id, where), where)
        ordered = found.select_related("bill").order_by(
            F("resolution").asc(nulls_first=True), "-bill__day", "kind", "id"
        )
        rows = list(ordered[offset : offset + min(limit, PAGE_MAX)])
    return [_difference(row) for row in rows]


def differences_after(
    *, merchant_id: int, where: DifferenceFilter, after_id: int, limit: int
) -> list[DifferenceView]:
    """Return the next differences in the order in which they were found: for exports.

    One that is resolved meanwhile keeps its place, unlike in the list.
    """
    with acting_as(merchant_id):
        found = _narrowed(_differences(merchant_id, where), where).filter(id__gt=after_id)
        return [_difference(row) for row in found.select_related("bill").order_by("id")[:limit]]


def count_differences(*, merchant_id: int, where: DifferenceFilter, most: int) -> int:
    """Return how many differences fit, counted up to a limit."""
    with acting_as(merchant_id):
        return _narrowed(_differences(merchant_id, where), where).values("id")[:most].count()


def difference_counts(
    *, merchant_id: int, where: DifferenceFilter = DifferenceFilter()
) -> DifferenceCounts:
    """Count differences by kind; `kind` and `is_open` of the filter are not looked at."""
    with acting_as(merchant_id):
        rows = list(
            _differences(merchant_id, where)
            .values_list("kind")
            .annotate(
                found=Count("id"),
                waits=Count("id", filter=Q(resolution__isnull=True)),
                askable=Count(
                    "id",
                    filter=Q(resolution__isnull=True, what=Movement.PAYMENT)
                    & ~Q(payment_number=""),
                ),
            )
            .order_by("kind")
        )
    asked = sum(row[3] for row in rows if row[0] == DifferenceKind.THEIRS_ONLY)
    return DifferenceCounts(
        all=sum(row[1] for row in rows),
        open=sum(row[2] for row in rows),
        kinds={DifferenceKind(row[0]): row[1] for row in rows},
        askable=asked,
    )


def difference_ids(*, merchant_id: int, bill_uid: str, names: Collection[str]) -> list[int]:
    """Return the numbers of a bill's differences by their names; what there is not is left out."""
    wanted = set(sorted(names)[:NAMES_MAX])
    # The number is the last part and may hold hyphens itself.
    parts = [name.split("-", NAME_PARTS - 1) for name in wanted]
    numbers = [part[-1] for part in parts if len(part) == NAME_PARTS]
    with acting_as(merchant_id):
        rows = list(
            _differences(merchant_id, DifferenceFilter(bill_uid=bill_uid))
            .filter(provider_number__in=numbers)
            .select_related("bill")
            .order_by("id")
        )
    return [row.pk for row in rows if _difference(row).name in wanted]


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


def _differences(merchant_id: int, where: DifferenceFilter) -> QuerySet[Difference]:
    found = Difference.objects.filter(merchant_id=merchant_id, bill__merchant_id=merchant_id)
    if where.bill_uid:
        found = found.filter(bill__uid=where.bill_uid)
    if where.account_id is not None:
        found = found.filter(account_id=where.account_id)
    if where.first is not None:
        found = found.filter(bill__day__gte=where.first)
    if where.last is not None:
        found = found.filter(bill__day__lte=where.last)
    return found


def _narrowed(found: QuerySet[Difference], where: DifferenceFilter) -> QuerySet[Difference]:
    if where.kind is not None:
        found = found.filter(kind=where.kind)
    if where.is_open is not None:
        found = found.filter(resolution__isnull=where.is_open)
    return found


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
        copy=row.copy,
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
