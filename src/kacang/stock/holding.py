"""Pieces that order lines hold: reserved, sold, handed over, or let go.

These are the stock's part of a sale. All of them run inside the transaction of the order that
they are for, whose row the caller has locked; they take many lines at once, and one is a set of
one. Nothing here judges time: an order whose time is over is cancelled by whoever wants its
pieces (`overdue_lines`), before anybody is told that there are none.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection

from kacang.merchants.tenancy import acting_as
from kacang.stock import slots
from kacang.stock.models import HoldState, PieceState
from kacang.stock.slots import Basket, Parcel

_HOLD = """
with held as (
    insert into goods_hold (merchant_id, line_id, sku_id, warehouse_id, pieces, state,
                            reserved_until, changed_at)
    select %(merchant)s::bigint, line_id, sku_id, warehouse_id, pieces, %(state)s::smallint,
           until, clock_timestamp() + make_interval(secs => %(shift)s::float8)
    from unnest(%(line)s::bigint[], %(sku)s::bigint[], %(place)s::bigint[], %(pieces)s::int[],
                %(until)s::timestamptz[])
        as h(line_id, sku_id, warehouse_id, pieces, until)
    returning line_id, sku_id, warehouse_id, pieces
)
insert into goods_movement (merchant_id, sku_id, warehouse_id, from_state, to_state, pieces,
                            line_id, at)
select %(merchant)s::bigint, sku_id, warehouse_id, 0, %(state)s::smallint, pieces, line_id,
       clock_timestamp() + make_interval(secs => %(shift)s::float8)
from held
"""
_STEP = """
with gone as (
    update goods_hold set state = %(to)s::smallint, reserved_until = null,
        changed_at = clock_timestamp() + make_interval(secs => %(shift)s::float8)
    where merchant_id = %(merchant)s::bigint and line_id = any(%(line)s::bigint[])
      and state = %(from)s::smallint
    returning line_id, sku_id, warehouse_id, pieces
),
moved as (
    insert into goods_movement (merchant_id, sku_id, warehouse_id, from_state, to_state, pieces,
                                line_id, at)
    select %(merchant)s::bigint, sku_id, warehouse_id, %(was)s::smallint, %(is)s::smallint, pieces,
           line_id, clock_timestamp() + make_interval(secs => %(shift)s::float8)
    from gone
)
select line_id, sku_id, warehouse_id, pieces from gone
"""
_LATER = """
update goods_hold set reserved_until = greatest(reserved_until, %(until)s::timestamptz)
where merchant_id = %(merchant)s::bigint and line_id = any(%(line)s::bigint[]) and state = 1
"""
_OVERDUE = """
select distinct line_id from (
    select line_id from goods_hold
    where merchant_id = %(merchant)s::bigint and sku_id = any(%(sku)s::bigint[]) and state = 1
      and reserved_until <= clock_timestamp() + make_interval(secs => %(shift)s::float8)
    order by sku_id, reserved_until limit %(most)s::int
) h
"""


@dataclass(frozen=True, slots=True)
class Holding:
    """A line with the pieces that were taken for it. `until`: None when they are paid for."""

    line_id: int
    parcels: Sequence[Parcel]
    until: datetime | None


def take_pieces(*, merchant_id: int, baskets: Sequence[Basket]) -> list[list[Parcel] | None]:
    """Take pieces out of the slots for each basket, all of it or nothing.

    Who gets None may try again after others were let go. What was taken must be held
    (`hold_pieces`) or put back (`put_back`) in the same transaction.
    """
    assert connection.in_atomic_block
    wanted: dict[int, int] = {}
    for basket in baskets:
        for sku_id, pieces in basket.items():
            wanted[sku_id] = wanted.get(sku_id, 0) + pieces
    if not wanted:
        return [[] for _ in baskets]
    quick = slots.take_quickly(merchant_id, wanted)
    if quick is None:
        return slots.take_in_turn(merchant_id, baskets)
    place_of = {parcel.sku_id: parcel.warehouse_id for parcel in quick}
    return [
        [Parcel(sku_id, place_of[sku_id], pieces) for sku_id, pieces in basket.items()]
        for basket in baskets
    ]


def put_back(*, merchant_id: int, parcels: Iterable[Parcel]) -> None:
    """Put taken pieces back that nobody will hold after all."""
    slots.give_back(merchant_id, parcels)


def hold_pieces(*, merchant_id: int, holdings: Sequence[Holding]) -> None:
    """Write down who has taken pieces now: reserved until a time, or sold at once."""
    for is_sold in (False, True):
        rows = [
            (one.line_id, parcel, one.until)
            for one in holdings
            for parcel in one.parcels
            if (one.until is None) == is_sold
        ]
        if rows:
            _hold(merchant_id, rows, HoldState.SOLD if is_sold else HoldState.RESERVED)


def sell_held(*, merchant_id: int, line_ids: Sequence[int]) -> dict[int, int]:
    """Make what these lines reserved sold; return how many pieces each has now sold."""
    return _pieces(
        _step(merchant_id, line_ids, (HoldState.RESERVED, HoldState.SOLD), PieceState.SOLD)
    )


def release_held(*, merchant_id: int, line_ids: Sequence[int]) -> dict[int, int]:
    """Let go of what these lines reserved; return how many pieces each had."""
    gone = _step(
        merchant_id, line_ids, (HoldState.RESERVED, HoldState.RELEASED), PieceState.AVAILABLE
    )
    slots.give_back(merchant_id, [parcel for _, parcel in gone])
    return _pieces(gone)


def hold_longer(*, merchant_id: int, line_ids: Sequence[int], until: datetime) -> None:
    """Let these lines keep what they reserved until a later time."""
    assert connection.in_atomic_block
    with connection.cursor() as cursor:
        cursor.execute(_LATER, _given(merchant_id, line=sorted(line_ids), until=until))


def overdue_lines(*, merchant_id: int, sku_ids: Sequence[int], most: int) -> list[int]:
    """Return lines whose time to pay for pieces of these SKUs is over (L7)."""
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(_OVERDUE, _given(merchant_id, sku=list(sku_ids), most=most))
        return [row[0] for row in cursor.fetchall()]


def _hold(
    merchant_id: int, rows: Sequence[tuple[int, Parcel, datetime | None]], state: HoldState
) -> None:
    assert connection.in_atomic_block
    with connection.cursor() as cursor:
        cursor.execute(
            _HOLD,
            _given(
                merchant_id,
                line=[line_id for line_id, _, _ in rows],
                sku=[parcel.sku_id for _, parcel, _ in rows],
                place=[parcel.warehouse_id for _, parcel, _ in rows],
                pieces=[parcel.pieces for _, parcel, _ in rows],
                until=[until for _, _, until in rows],
                state=int(state),
            ),
        )


def _step(
    merchant_id: int,
    line_ids: Sequence[int],
    step: tuple[HoldState, HoldState],
    state: PieceState,
) -> list[tuple[int, Parcel]]:
    assert connection.in_atomic_block
    with connection.cursor() as cursor:
        values = _given(merchant_id, line=sorted(line_ids), to=int(step[1]))
        values |= {"from": int(step[0]), "was": int(PieceState.RESERVED), "is": int(state)}
        cursor.execute(_STEP, values)
        return [(row[0], Parcel(*row[1:])) for row in cursor.fetchall()]


def _pieces(gone: Iterable[tuple[int, Parcel]]) -> dict[int, int]:
    pieces: dict[int, int] = {}
    for line_id, parcel in gone:
        pieces[line_id] = pieces.get(line_id, 0) + parcel.pieces
    return pieces


def _given(merchant_id: int, **values: Any) -> dict[str, Any]:
    shift = float(settings.HOT_CLOCK_SHIFT_SECONDS)
    return {"merchant": merchant_id, "shift": shift, **values}
