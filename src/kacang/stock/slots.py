"""Slots hold real pieces: a sale takes from any one of them, and nobody oversells (rule 8).

First from a random slot that has enough and that nobody else holds. Only when none looks so, all
slots of what is wanted are locked, one after another in order, and it is decided. What is taken
here is taken from the slots alone: the caller writes who has it now, in the same transaction.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

SLOTS = 16

_QUICK = """
with want as materialized (
    select * from unnest(%(sku)s::bigint[], %(wanted)s::int[]) as w(sku_id, wanted)
),
chosen as materialized (
    select w.sku_id, w.wanted, s.warehouse_id, s.slot_no
    from want w cross join lateral (
        select warehouse_id, slot_no from goods_slot
        where merchant_id = %(merchant)s::bigint and sku_id = w.sku_id and quantity >= w.wanted
        order by random() limit 1 for no key update skip locked
    ) s
)
update goods_slot s set quantity = s.quantity - c.wanted
from chosen c
where s.merchant_id = %(merchant)s::bigint and s.sku_id = c.sku_id
  and s.warehouse_id = c.warehouse_id and s.slot_no = c.slot_no
returning s.sku_id, s.warehouse_id, c.wanted
"""
_LOCK = """
select sku_id, warehouse_id, slot_no, quantity from goods_slot
where merchant_id = %(merchant)s::bigint and sku_id = any(%(sku)s::bigint[]) {where}
order by sku_id, warehouse_id, slot_no for no key update
"""
_TAKE = """
update goods_slot s set quantity = s.quantity - t.taken
from unnest(%(sku)s::bigint[], %(place)s::bigint[], %(slot)s::int[], %(taken)s::int[])
     as t(sku_id, warehouse_id, slot_no, taken)
where s.merchant_id = %(merchant)s::bigint and s.sku_id = t.sku_id
  and s.warehouse_id = t.warehouse_id and s.slot_no = t.slot_no
"""
_BACK = """
with back as materialized (
    select * from unnest(%(sku)s::bigint[], %(place)s::bigint[], %(pieces)s::int[])
        as b(sku_id, warehouse_id, pieces)
),
chosen as materialized (
    select b.*, s.slot_no from back b cross join lateral (
        select slot_no from goods_slot
        where merchant_id = %(merchant)s::bigint and sku_id = b.sku_id
          and warehouse_id = b.warehouse_id
        order by random() limit 1 for no key update skip locked
    ) s
)
update goods_slot s set quantity = s.quantity + c.pieces
from chosen c
where s.merchant_id = %(merchant)s::bigint and s.sku_id = c.sku_id
  and s.warehouse_id = c.warehouse_id and s.slot_no = c.slot_no
returning s.sku_id, s.warehouse_id
"""
_PUT = """
insert into goods_slot (merchant_id, sku_id, warehouse_id, slot_no, quantity)
select %(merchant)s::bigint, %(sku)s::bigint, %(place)s::bigint, n,
       %(pieces)s::int / %(slots)s::int
       + case when (n + %(first)s::int) %% %(slots)s::int < %(pieces)s::int %% %(slots)s::int
              then 1 else 0 end
from generate_series(0, %(slots)s::int - 1) as n order by n
on conflict (merchant_id, sku_id, warehouse_id, slot_no)
do update set quantity = goods_slot.quantity + excluded.quantity
"""


@dataclass(frozen=True, slots=True)
class Parcel:
    """So many pieces of a SKU from one warehouse."""

    sku_id: int
    warehouse_id: int
    pieces: int


Basket = Mapping[int, int]
"""How many pieces of which SKU somebody wants, all of them or nothing."""


def take_quickly(merchant_id: int, wanted: Basket) -> list[Parcel] | None:
    """Take what some one slot of each SKU has whole, waiting for nobody; all or nothing."""
    assert connection.in_atomic_block
    values = {"merchant": merchant_id, "sku": list(wanted), "wanted": list(wanted.values())}
    # A slot that somebody emptied meanwhile stays locked though it is passed over: whoever goes on
    # to wait for others must not hold it.
    mark = transaction.savepoint()
    parcels = [Parcel(*row) for row in _rows(_QUICK, values)]
    is_short = len(parcels) < len(wanted)
    (transaction.savepoint_rollback if is_short else transaction.savepoint_commit)(mark)
    return None if is_short else parcels


def take_in_turn(
    merchant_id: int, baskets: Sequence[Basket], *, warehouse_id: int | None = None
) -> list[list[Parcel] | None]:
    """Lock every slot of what is wanted in order, and serve the baskets one after another.

    Returns for each basket what it got, or None when there was not enough for all of it.
    """
    assert connection.in_atomic_block
    skus = sorted({sku_id for basket in baskets for sku_id in basket})
    where = "" if warehouse_id is None else "and warehouse_id = %(place)s::bigint"
    values = {"merchant": merchant_id, "sku": skus, "place": warehouse_id}
    left = {(row[0], row[1], row[2]): row[3] for row in _rows(_LOCK.format(where=where), values)}
    before = dict(left)
    served = [_serve(basket, left) for basket in baskets]
    taken = [(key, before[key] - left[key]) for key in left if left[key] != before[key]]
    if taken:
        _execute(
            _TAKE,
            {
                "merchant": merchant_id,
                "sku": [key[0] for key, _ in taken],
                "place": [key[1] for key, _ in taken],
                "slot": [key[2] for key, _ in taken],
                "taken": [pieces for _, pieces in taken],
            },
        )
    return served


def _serve(basket: Basket, left: dict[tuple[int, int, int], int]) -> list[Parcel] | None:
    for sku_id, wanted in basket.items():
        if sum(quantity for key, quantity in left.items() if key[0] == sku_id) < wanted:
            return None
    parcels: dict[tuple[int, int], int] = {}
    for sku_id, wanted in basket.items():
        missing = wanted
        for key in [key for key in left if key[0] == sku_id]:
            part = min(left[key], missing)
            if part:
                left[key] -= part
                missing -= part
                parcels[key[0], key[1]] = parcels.get((key[0], key[1]), 0) + part
    return [Parcel(sku_id, place, pieces) for (sku_id, place), pieces in parcels.items()]


def give_back(merchant_id: int, parcels: Iterable[Parcel]) -> None:
    """Put pieces back into some slot each: one that nobody holds, or the first, by waiting."""
    assert connection.in_atomic_block
    together: dict[tuple[int, int], int] = {}
    for parcel in parcels:
        key = (parcel.sku_id, parcel.warehouse_id)
        together[key] = together.get(key, 0) + parcel.pieces
    if not together:
        return
    keys = sorted(together)
    done = _rows(
        _BACK,
        {
            "merchant": merchant_id,
            "sku": [sku_id for sku_id, _ in keys],
            "place": [place for _, place in keys],
            "pieces": [together[key] for key in keys],
        },
    )
    left = [key for key in keys if key not in {(row[0], row[1]) for row in done}]
    if left:
        _execute(
            _TAKE,
            {
                "merchant": merchant_id,
                "sku": [sku_id for sku_id, _ in left],
                "place": [place for _, place in left],
                "slot": [0] * len(left),
                "taken": [-together[key] for key in left],
            },
        )


def spread(merchant_id: int, parcel: Parcel, *, first: int) -> None:
    """Put pieces that came in into all slots alike; what is left over from slot `first` on."""
    _execute(
        _PUT,
        {
            "merchant": merchant_id,
            "sku": parcel.sku_id,
            "place": parcel.warehouse_id,
            "pieces": parcel.pieces,
            "slots": SLOTS,
            "first": first,
        },
    )


def _rows(sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def _execute(sql: str, values: Mapping[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
