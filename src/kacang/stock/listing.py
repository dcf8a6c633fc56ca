"""What came and went, the newest first, each with its cause (S1)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from kacang.merchants.tenancy import acting_as
from kacang.shared.money import Money
from kacang.stock.models import Entry, EntryKind, GoodsMovement, PieceState

PAGE_MAX = 200


@dataclass(frozen=True, slots=True)
class EntryView:
    """A receipt, adjustment or transfer."""

    id: int
    uid: str
    kind: EntryKind
    sku_id: int
    warehouse_id: int
    to_warehouse_id: int | None
    pieces: int
    unit_cost: Money
    supplier: str
    number: str
    reason: str
    note: str
    actor_label: str
    created_at: datetime
    arrived_at: datetime | None

    @property
    def is_under_way(self) -> bool:
        """Whether it is a transfer that has not arrived."""
        return self.kind == EntryKind.TRANSFER and self.arrived_at is None


@dataclass(frozen=True, slots=True)
class MovementView:
    """So many pieces from one state to another; the cause is an entry or an order's line."""

    id: int
    warehouse_id: int
    was: PieceState | None
    now: PieceState | None
    pieces: int
    entry: EntryView | None
    line_id: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class MovementPage:
    """One page. `next_cursor` is empty on the last one."""

    items: tuple[MovementView, ...]
    next_cursor: str


def movements(*, merchant_id: int, sku_id: int, cursor: str = "", limit: int = 50) -> MovementPage:
    """Return one page of what happened to a SKU's pieces. A cursor that is none means the start."""
    limit = min(limit, PAGE_MAX)
    with acting_as(merchant_id):
        rows = GoodsMovement.objects.filter(merchant_id=merchant_id, sku_id=sku_id)
        if cursor.isdecimal() and len(cursor) < 19:  # noqa: PLR2004 - digits of a bigint
            rows = rows.filter(id__lt=int(cursor))
        found = list(rows.order_by("-id")[: limit + 1])
        causes = _entries(merchant_id, {row.entry_id for row in found if row.entry_id})
    shown = found[:limit]
    return MovementPage(
        tuple(_movement(row, causes) for row in shown),
        str(shown[-1].pk) if len(found) > limit else "",
    )


def transfers_under_way(*, merchant_id: int, sku_id: int) -> Sequence[EntryView]:
    """Return the transfers of a SKU that have not arrived, the newest first."""
    with acting_as(merchant_id):
        rows = Entry.objects.filter(
            merchant_id=merchant_id,
            sku_id=sku_id,
            kind=EntryKind.TRANSFER,
            arrived_at__isnull=True,
        )
        return [_view(row) for row in rows.order_by("-id")[:PAGE_MAX]]


def skus_of_entries(*, merchant_id: int, ids: Iterable[int]) -> dict[int, str]:
    """Return the SKUs' public ids of receipts, adjustments and transfers, for the books."""
    with acting_as(merchant_id):
        rows = Entry.objects.filter(merchant_id=merchant_id, id__in=list(ids))
        return dict(rows.values_list("id", "sku__uid"))


def _entries(merchant_id: int, ids: Iterable[int]) -> dict[int, EntryView]:
    rows = Entry.objects.filter(merchant_id=merchant_id, id__in=list(ids))
    return {row.pk: _view(row) for row in rows}


def _movement(row: GoodsMovement, causes: dict[int, EntryView]) -> MovementView:
    return MovementView(
        id=row.pk,
        warehouse_id=row.warehouse_id,
        was=None if row.from_state is None else PieceState(row.from_state),
        now=None if row.to_state is None else PieceState(row.to_state),
        pieces=row.pieces,
        entry=causes.get(row.entry_id or 0),
        line_id=row.line_id,
        at=row.at,
    )


def _view(row: Entry) -> EntryView:
    return EntryView(
        id=row.pk,
        uid=row.uid,
        kind=EntryKind(row.kind),
        sku_id=row.sku_id,
        warehouse_id=row.warehouse_id,
        to_warehouse_id=row.to_warehouse_id,
        pieces=row.pieces,
        unit_cost=Money(row.unit_cost_minor, row.currency),
        supplier=row.supplier,
        number=row.number,
        reason=row.reason,
        note=row.note,
        actor_label=row.actor_label,
        created_at=row.created_at,
        arrived_at=row.arrived_at,
    )
