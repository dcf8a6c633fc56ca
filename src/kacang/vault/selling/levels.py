"""How many cards are in which state: sums of movements, at a cost that history does not raise.

A count is what `card_level` holds up to a transaction number plus the movements from that number
on. `compact_levels` moves the number up. Both read in one statement, thus in one snapshot.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from kacang.merchants.compacting import compact
from kacang.merchants.tenancy import acting_as
from kacang.vault.models import CardState, LevelMark

_COUNTS = """
select {column}, m.pool_id, m.state, sum(m.cards)::bigint from (
    select sku_id, pool_id, batch_id, state, cards from card_level m
    where merchant_id = %(merchant)s::bigint and {column} = any(%(ids)s::bigint[])
    union all
    select m.sku_id, m.pool_id, m.batch_id, v.state, v.cards
    from card_movement m cross join lateral
         (values (m.to_state, m.cards), (m.from_state, -m.cards)) as v(state, cards)
    where m.merchant_id = %(merchant)s::bigint and {column} = any(%(ids)s::bigint[])
      and v.state is not null and m.xid >= coalesce(
          (select upto_xid from level_mark where merchant_id = %(merchant)s::bigint), 0)
) m group by 1, 2, 3 having sum(m.cards) <> 0
"""
_OVERDUE = """
select sku_id, count(*) from card
where merchant_id = %(merchant)s::bigint and sku_id = any(%(ids)s::bigint[]) and pool_id = 0
  and state = 1 and reserved_until <= clock_timestamp()
group by sku_id
"""
_LOOPS = """
select sku_id from card
where merchant_id = %(merchant)s::bigint and sku_id = any(%(ids)s::bigint[]) and pool_id = 0
  and state = 0 and is_loop and (expires_at is null or expires_at > clock_timestamp())
group by sku_id
"""
_COMPACT = """
with bound as materialized (
    -- Whatever is below has ended, so its movements are all here; nothing more can appear there.
    select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as xid
),
moved as (
    select m.sku_id, m.pool_id, m.batch_id, v.state, sum(v.cards)::bigint as cards
    from card_movement m cross join lateral
         (values (m.to_state, m.cards), (m.from_state, -m.cards)) as v(state, cards)
    where m.merchant_id = %(merchant)s::bigint and m.xid >= %(from)s::bigint
      and m.xid < (select xid from bound) and v.state is not null
    group by 1, 2, 3, 4
),
summed as (
    insert into card_level (merchant_id, sku_id, pool_id, batch_id, state, cards)
    select %(merchant)s::bigint, sku_id, pool_id, batch_id, state, cards from moved
    where cards <> 0 order by sku_id, pool_id, batch_id, state
    on conflict (merchant_id, sku_id, pool_id, batch_id, state)
    do update set cards = card_level.cards + excluded.cards
    returning 1
)
update level_mark set upto_xid = (select xid from bound)
where merchant_id = %(merchant)s::bigint returning (select count(*) from summed)
"""


@dataclass(frozen=True, slots=True)
class StockLevel:
    """Cards by state. A reservation that has run out counts as available: it can be sold.

    `set_aside` are free cards of separate pools (S3): the shop does not sell them.
    """

    available: int = 0
    reserved: int = 0
    sold: int = 0
    activated: int = 0
    redeemed: int = 0
    expired: int = 0
    void: int = 0
    faulty: int = 0
    frozen: int = 0
    set_aside: int = 0

    @property
    def on_hand(self) -> int:
        """What is there and not sold: available, set aside and reserved."""
        return self.available + self.set_aside + self.reserved

    @property
    def total(self) -> int:
        """All that came in and was not undone."""
        names = [state.name.lower() for state in CardState]
        return sum(int(getattr(self, name)) for name in [*names, "set_aside"])


def stock_levels(*, merchant_id: int, sku_ids: Sequence[int]) -> dict[int, StockLevel]:
    """Return the counts of each of these SKUs, also of one that never had a card."""
    ids = list(sku_ids)
    with acting_as(merchant_id):
        found = _counts(merchant_id, "m.sku_id", ids)
        overdue = _rows(_OVERDUE, merchant_id, ids)
    for sku_id, count in overdue:
        states = found.setdefault(sku_id, {})
        states["available"] = states.get("available", 0) + count
        states["reserved"] = states.get("reserved", 0) - count
    return {sku_id: StockLevel(**found.get(sku_id, {})) for sku_id in ids}


def availability(*, merchant_id: int, sku_ids: Sequence[int]) -> dict[int, int]:
    """Return how many cards of each of these SKUs can be bought now."""
    levels = stock_levels(merchant_id=merchant_id, sku_ids=sku_ids)
    return {sku_id: max(level.available, 0) for sku_id, level in levels.items()}


def pool_levels(*, merchant_id: int, sku_id: int) -> dict[int, dict[CardState, int]]:
    """Return the cards of a SKU by pool and state; pool 0 is the one that the shop sells from."""
    return levels_by_pool(merchant_id=merchant_id, sku_ids=[sku_id]).get(sku_id, {})


def levels_by_pool(
    *, merchant_id: int, sku_ids: Sequence[int]
) -> dict[int, dict[int, dict[CardState, int]]]:
    """Return the cards of SKUs by pool and state, as they were moved.

    A reservation that has run out is still one here; SKUs that never had a card are left out.
    """
    with acting_as(merchant_id):
        rows = _rows(_COUNTS.format(column="m.sku_id"), merchant_id, list(sku_ids))
    found: dict[int, dict[int, dict[CardState, int]]] = {}
    for sku_id, pool_id, state, cards in rows:
        found.setdefault(sku_id, {}).setdefault(pool_id, {})[CardState(state)] = int(cards)
    return found


def levels_of_pools(merchant_id: int, ids: Sequence[int]) -> dict[int, dict[CardState, int]]:
    """Return the cards of separate pools by state. Runs in the caller's transaction."""
    found: dict[int, dict[CardState, int]] = {pool_id: {} for pool_id in ids}
    for pool_id, _same, state, cards in _rows(
        _COUNTS.format(column="m.pool_id"), merchant_id, list(ids)
    ):
        found[pool_id][CardState(state)] = int(cards)
    return found


def loop_filled(*, merchant_id: int, sku_ids: Sequence[int]) -> set[int]:
    """Return which of these SKUs have a card that every buyer gets (L21)."""
    with acting_as(merchant_id):
        return {sku_id for (sku_id,) in _rows(_LOOPS, merchant_id, list(sku_ids))}


def batch_levels(*, merchant_id: int, batch_ids: Sequence[int]) -> dict[int, StockLevel]:
    """Return the counts of each of these batches."""
    ids = list(batch_ids)
    with acting_as(merchant_id):
        found = _counts(merchant_id, "m.batch_id", ids)
    return {batch_id: StockLevel(**found.get(batch_id, {})) for batch_id in ids}


def compact_levels(*, merchant_id: int) -> int:
    """Sum movements of ended transactions into the levels; return how many levels changed."""
    return compact(merchant_id=merchant_id, marks=LevelMark.objects, sql=_COMPACT)


def _counts(merchant_id: int, column: str, ids: list[int]) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    for key, pool_id, state, cards in _rows(_COUNTS.format(column=column), merchant_id, ids):
        name = CardState(state).name.lower()
        if pool_id and state == CardState.AVAILABLE:
            name = "set_aside"
        states = found.setdefault(key, {})
        states[name] = states.get(name, 0) + int(cards)
    return found


def _rows(sql: str, merchant_id: int, ids: list[int]) -> list[tuple[int, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"merchant": merchant_id, "ids": ids})
        return list(cursor.fetchall())
