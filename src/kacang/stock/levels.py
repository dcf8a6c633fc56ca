"""How many pieces are where: sums of movements, at a cost that history does not raise (S1).

A count is what `goods_level` holds up to a transaction number plus the movements from that
number on. `compact_levels` moves the number up. Both read in one statement, thus in one snapshot.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection

from kacang.merchants.compacting import compact
from kacang.merchants.tenancy import acting_as
from kacang.stock.models import GoodsMark, PieceState

_COUNTS = """
select m.sku_id, m.warehouse_id, m.state, sum(m.pieces)::bigint from (
    select sku_id, warehouse_id, state, pieces from goods_level
    where merchant_id = %(merchant)s::bigint and sku_id = any(%(ids)s::bigint[])
    union all
    select m.sku_id, m.warehouse_id, v.state, v.pieces
    from goods_movement m cross join lateral
         (values (m.to_state, m.pieces), (m.from_state, -m.pieces)) as v(state, pieces)
    where m.merchant_id = %(merchant)s::bigint and m.sku_id = any(%(ids)s::bigint[])
      and v.state is not null and m.xid >= coalesce(
          (select upto_xid from goods_mark where merchant_id = %(merchant)s::bigint), 0)
) m group by 1, 2, 3
"""
_OVERDUE = """
select sku_id, warehouse_id, sum(pieces)::bigint from goods_hold
where merchant_id = %(merchant)s::bigint and sku_id = any(%(ids)s::bigint[]) and state = 1
  and reserved_until <= clock_timestamp() + make_interval(secs => %(shift)s::float8)
group by 1, 2
"""
_COMPACT = """
with bound as materialized (
    -- Whatever is below has ended, so its movements are all here; nothing more can appear there.
    select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as xid
),
moved as (
    select m.sku_id, m.warehouse_id, v.state, sum(v.pieces)::bigint as pieces
    from goods_movement m cross join lateral
         (values (m.to_state, m.pieces), (m.from_state, -m.pieces)) as v(state, pieces)
    where m.merchant_id = %(merchant)s::bigint and m.xid >= %(from)s::bigint
      and m.xid < (select xid from bound) and v.state is not null
    group by 1, 2, 3
),
summed as (
    insert into goods_level (merchant_id, sku_id, warehouse_id, state, pieces)
    select %(merchant)s::bigint, sku_id, warehouse_id, state, pieces from moved
    where pieces <> 0 order by sku_id, warehouse_id, state
    on conflict (merchant_id, sku_id, warehouse_id, state)
    do update set pieces = goods_level.pieces + excluded.pieces
    returning 1
)
update goods_mark set upto_xid = (select xid from bound)
where merchant_id = %(merchant)s::bigint returning (select count(*) from summed)
"""


@dataclass(frozen=True, slots=True)
class GoodsLevel:
    """Pieces by where they are. A reservation that has run out counts as available."""

    available: int = 0
    reserved: int = 0
    sold: int = 0
    in_transit: int = 0

    @property
    def on_hand(self) -> int:
        """What lies in the warehouses: free, reserved, and sold but not picked up."""
        return self.available + self.reserved + self.sold


def goods_levels(*, merchant_id: int, sku_ids: Sequence[int]) -> dict[int, GoodsLevel]:
    """Return the counts of each of these SKUs, also of one that never had a piece."""
    found: dict[int, dict[str, int]] = {}
    for (sku_id, _), states in _counts(merchant_id, list(sku_ids)).items():
        whole = found.setdefault(sku_id, {})
        for name, pieces in states.items():
            whole[name] = whole.get(name, 0) + pieces
    return {sku_id: GoodsLevel(**found.get(sku_id, {})) for sku_id in sku_ids}


def warehouse_levels(*, merchant_id: int, sku_id: int) -> dict[int, GoodsLevel]:
    """Return the counts of one SKU by the id of the warehouse."""
    found = _counts(merchant_id, [sku_id])
    return {place: GoodsLevel(**states) for (_, place), states in found.items()}


def goods_available(*, merchant_id: int, sku_ids: Sequence[int]) -> dict[int, int]:
    """Return how many pieces of each of these SKUs can be bought now."""
    levels = goods_levels(merchant_id=merchant_id, sku_ids=sku_ids)
    return {sku_id: max(level.available, 0) for sku_id, level in levels.items()}


def compact_levels(*, merchant_id: int) -> int:
    """Sum movements of ended transactions into the levels; return how many levels changed."""
    return compact(merchant_id=merchant_id, marks=GoodsMark.objects, sql=_COMPACT)


def _counts(merchant_id: int, ids: list[int]) -> dict[tuple[int, int], dict[str, int]]:
    if not ids:
        return {}
    shift = float(settings.HOT_CLOCK_SHIFT_SECONDS)
    values: dict[str, Any] = {"merchant": merchant_id, "ids": ids, "shift": shift}
    found: dict[tuple[int, int], dict[str, int]] = {}
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(_COUNTS, values)
        for sku_id, place, state, pieces in cursor.fetchall():
            found.setdefault((sku_id, place), {})[PieceState(state).name.lower()] = int(pieces)
        cursor.execute(_OVERDUE, values)
        for sku_id, place, pieces in cursor.fetchall():
            states = found.setdefault((sku_id, place), {})
            states["available"] = states.get("available", 0) + int(pieces)
            states["reserved"] = states.get("reserved", 0) - int(pieces)
    return found
