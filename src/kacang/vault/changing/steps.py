"""What jobs do to a card, in one way for all of them: from one condition to another.

A condition is the card's state, SKU, pool, batch and expiry. Whatever changes of it, `take`
writes the movements, keeps the batches' sizes, the cost of each card and the books right, and
gives the card its place in the order of its SKU. The other way round is the same step backwards.

Lock order, for all that changes cards: batches, cards, pick marks, each by id.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from kacang.catalog import queries as catalog
from kacang.catalog.queries import SkuView, Strategy
from kacang.ledger.accounts import TransferKind
from kacang.vault.imports.intake import Lot, book
from kacang.vault.imports.loading import announce
from kacang.vault.models import CARD_STEPS, UNDO_STEPS, Batch, BatchState, CardState
from kacang.vault.selling.marks import reset_mark
from kacang.vault.selling.picking import NO_EXPIRY
from kacang.vault.sold.owing import lapse, owe_again

# Who hold their cost in the inventory, as long as they were never sold.
HOLDING = (CardState.AVAILABLE, CardState.FAULTY, CardState.FROZEN)
_LOCK = """
select id, state, sku_id, pool_id, batch_id, expires_at,
       line_id is not null or sold_at is not null, is_loop, number is not null, cost_minor
from card
where merchant_id = %(merchant)s::bigint and id = any(%(ids)s::bigint[])
  and state = any(%(states)s::smallint[])
  and (not %(unsold)s::boolean or line_id is null and sold_at is null)
  -- What is left of an undone batch is no card any more.
  and octet_length(secret) > 0
order by id for no key update
"""
_TAKE = f"""
with wanted as materialized (
    select * from unnest(
        %(ids)s::bigint[], %(states)s::smallint[], %(skus)s::bigint[], %(pools)s::bigint[],
        %(batches)s::bigint[], %(expiries)s::timestamptz[], %(costs)s::bigint[],
        %(strategies)s::int[]
    ) as w(id, state, sku_id, pool_id, batch_id, expires_at, cost_minor, strategy)
)
update card c set state = w.state, sku_id = w.sku_id, pool_id = w.pool_id, batch_id = w.batch_id,
    expires_at = w.expires_at, cost_minor = w.cost_minor,
    regrouped = not coalesce(c.id between b.first_card_id and b.last_card_id, false),
    pick_key = case
        when w.strategy is null then c.pick_key
        when w.strategy = 0 then floor(random() * 2147483647)::bigint
        when w.strategy = 2
            then coalesce((extract(epoch from w.expires_at) * 1000000)::bigint, {NO_EXPIRY})
        else (w.batch_id << 32) + c.id - coalesce(b.first_card_id, 0)
    end
from wanted w join batch b on b.merchant_id = %(merchant)s::bigint and b.id = w.batch_id
where c.merchant_id = %(merchant)s::bigint and c.id = w.id
"""  # noqa: S608 - our own text
_MOVED = """
insert into card_movement (merchant_id, sku_id, pool_id, batch_id, from_state, to_state, cards)
select %s::bigint, m.* from unnest(
    %s::bigint[], %s::bigint[], %s::bigint[], %s::smallint[], %s::smallint[], %s::int[]) as m
"""
_LOCK_BATCHES = """
select id from batch where merchant_id = %s::bigint and id = any(%s::bigint[])
order by id for no key update
"""
_BATCHES_OF = """
select distinct batch_id from card where merchant_id = %s::bigint and id = any(%s::bigint[])
"""


@dataclass(frozen=True, slots=True)
class Condition:
    """What can change of a card, other than by a sale."""

    state: CardState
    sku_id: int
    pool_id: int
    batch_id: int
    expires_at: datetime | None

    @property
    def shelf(self) -> tuple[int, int, int]:
        """Where it is counted: SKU, pool, batch."""
        return self.sku_id, self.pool_id, self.batch_id


@dataclass(frozen=True, slots=True)
class LockedCard:
    """A card that nobody else changes until the transaction ends."""

    id: int
    now: Condition
    was_sold: bool
    is_loop: bool
    has_open_number: bool
    cost_minor: int | None

    @property
    def holds_cost(self) -> bool:
        """Whether the inventory has what it cost."""
        return self.holds_cost_in(self.now.state)

    def holds_cost_in(self, state: CardState) -> bool:
        """Whether the inventory would have what it cost, in this state."""
        return not self.was_sold and state in HOLDING


Step = tuple[LockedCard, Condition]


def lock_cards(
    merchant_id: int, ids: Sequence[int], *, states: Iterable[CardState], unsold: bool
) -> list[LockedCard]:
    """Lock those of these cards that are in one of these states. In the caller's transaction."""
    values: dict[str, Any] = {
        "merchant": merchant_id,
        "ids": list(ids),
        "states": [int(state) for state in states],
        "unsold": unsold,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, values)
        rows = cursor.fetchall()
    return [LockedCard(row[0], Condition(CardState(row[1]), *row[2:6]), *row[6:10]) for row in rows]


def lock_batches(
    merchant_id: int, card_ids: Sequence[int], others: Iterable[int] = ()
) -> dict[int, Batch]:
    """Lock the batches of these cards, and others. Comes before the cards are locked."""
    with connection.cursor() as cursor:
        cursor.execute(_BATCHES_OF, [merchant_id, list(card_ids)])
        ids = {row[0] for row in cursor.fetchall()} | set(others)
        cursor.execute(_LOCK_BATCHES, [merchant_id, sorted(ids)])
    return Batch.objects.filter(merchant_id=merchant_id).in_bulk(list(ids))


def may_become(card: LockedCard, to: CardState, *, undoing: bool = False) -> bool:
    """Whether a card may go to a state: by the table, and never back on sale once sold (L3)."""
    now = card.now.state
    if to == now:
        return True
    steps = CARD_STEPS[now] | (UNDO_STEPS.get(now, frozenset()) if undoing else frozenset())
    return to in steps and not (to == CardState.AVAILABLE and card.was_sold)


def take(merchant_id: int, steps: Sequence[Step]) -> None:
    """Bring locked cards into new conditions, with all that follows from it.

    Must run inside the transaction that locked them, and their batches where those change.
    """
    assert connection.in_atomic_block
    if not steps:
        return
    batches = Batch.objects.filter(merchant_id=merchant_id).in_bulk(
        {batch for card, to in steps for batch in (card.now.batch_id, to.batch_id)}
    )
    skus = catalog.skus_by_id(merchant_id=merchant_id, ids={to.sku_id for _card, to in steps})
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, _columns(merchant_id, steps, batches, skus))
    _write_movements(merchant_id, steps)
    _resize(steps, batches)
    _book(merchant_id, steps, batches)
    lapse(merchant_id, [card.id for card, to in steps if to.state == CardState.VOID])
    owe_again(merchant_id, [card.id for card, to in steps if card.was_sold and _revives(card, to)])
    _offer(merchant_id, steps)


def _revives(card: LockedCard, to: Condition) -> bool:
    return card.now.state == CardState.VOID != to.state


def _columns(
    merchant_id: int, steps: Sequence[Step], batches: dict[int, Batch], skus: dict[int, SkuView]
) -> dict[str, Any]:
    return {
        "merchant": merchant_id,
        "ids": [card.id for card, _to in steps],
        "states": [int(to.state) for _card, to in steps],
        "skus": [to.sku_id for _card, to in steps],
        "pools": [to.pool_id for _card, to in steps],
        "batches": [to.batch_id for _card, to in steps],
        "expiries": [to.expires_at for _card, to in steps],
        "costs": [_own_cost(card, to, batches) for card, to in steps],
        "strategies": [_new_order(card, to, skus[to.sku_id]) for card, to in steps],
    }


def _new_order(card: LockedCard, to: Condition, sku: SkuView) -> int | None:
    """Return by which strategy the card is put in order anew; None: it keeps its place."""
    by_expiry = sku.strategy == Strategy.SOONEST_EXPIRY and to.expires_at != card.now.expires_at
    return int(sku.strategy) if by_expiry or to.sku_id != card.now.sku_id else None


def _cost(card: LockedCard, batches: dict[int, Batch]) -> int:
    own = card.cost_minor
    return batches[card.now.batch_id].unit_cost_minor if own is None else own


def _own_cost(card: LockedCard, to: Condition, batches: dict[int, Batch]) -> int | None:
    """Return what stands at the card itself: nothing where its batch says the same."""
    if to.batch_id == card.now.batch_id:
        return card.cost_minor
    cost = _cost(card, batches)
    return None if cost == batches[to.batch_id].unit_cost_minor else cost


def _write_movements(merchant_id: int, steps: Sequence[Step]) -> None:
    counts: Counter[tuple[tuple[int, int, int], CardState | None, CardState | None]] = Counter()
    for card, to in steps:
        if to.shelf != card.now.shelf:
            counts[card.now.shelf, card.now.state, None] += 1
            counts[to.shelf, None, to.state] += 1
        elif to.state != card.now.state:
            counts[to.shelf, card.now.state, to.state] += 1
    if not counts:
        return
    rows = [
        (*shelf, None if old is None else int(old), None if new is None else int(new), cards)
        for (shelf, old, new), cards in counts.items()
    ]
    with connection.cursor() as cursor:
        cursor.execute(_MOVED, [merchant_id, *(list(column) for column in zip(*rows, strict=True))])


def _resize(steps: Sequence[Step], batches: dict[int, Batch]) -> None:
    growth: Counter[int] = Counter()
    heir: dict[int, int] = {}
    for card, to in steps:
        if to.batch_id != card.now.batch_id:
            growth[to.batch_id] += 1
            growth[card.now.batch_id] -= 1
            heir[card.now.batch_id] = to.batch_id
    for batch_id in sorted(growth):
        batch = batches[batch_id]
        batch.card_count += growth[batch_id]
        if batch.state == BatchState.MERGED and batch.card_count:
            batch.state, batch.merged_into_id = BatchState.STOCKED, None
        elif batch.state == BatchState.STOCKED and not batch.card_count:
            batch.state, batch.merged_into_id = BatchState.MERGED, heir[batch_id]
        batch.save(update_fields=["card_count", "state", "merged_into_id"])


def _book(merchant_id: int, steps: Sequence[Step], batches: dict[int, Batch]) -> None:
    """Book what leaves the inventory or comes back; moves within it change no amount."""
    lots: dict[tuple[int, TransferKind], list[int]] = defaultdict(list)
    for card, to in steps:
        after = card.holds_cost_in(to.state)
        if card.holds_cost and not after:
            lots[card.now.batch_id, TransferKind.WRITTEN_OFF].append(_cost(card, batches))
        elif after and not card.holds_cost:
            lots[to.batch_id, TransferKind.WRITTEN_BACK].append(_cost(card, batches))
    for (batch_id, kind), costs in sorted(lots.items()):
        book(merchant_id, batches[batch_id], Lot(len(costs), len(costs), sum(costs)), kind)


def _offer(merchant_id: int, steps: Sequence[Step]) -> None:
    """See to it that sales find what is free now, and that orders that wait for it are told."""
    moved = [to for card, to in steps if to.state == CardState.AVAILABLE and to != card.now]
    for sku_id in sorted({to.sku_id for to in moved if to.pool_id == 0}):
        reset_mark(merchant_id, sku_id)
        announce(merchant_id, sku_id)
