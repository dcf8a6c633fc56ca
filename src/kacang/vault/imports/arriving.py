"""Cards that come over from another system with what happened to them there (V7).

They are loaded as any others, sealed and fingerprinted, and brought to their state in the same
transaction: nobody sees a sold card free for a moment. What was sold there cost nothing here, so
that no money of the past enters today's books; what is unsold is stock, at the SKU's cost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from kacang.ledger.accounts import TransferKind
from kacang.merchants import queries as merchants
from kacang.merchants.keys import cipher_for
from kacang.vault.imports.intake import (
    Arrival,
    Lot,
    Purchase,
    book,
    card_sku,
    close_batch,
    lock_loads,
    open_batch,
)
from kacang.vault.imports.loading import known_cards, load_cards, prints_of
from kacang.vault.models import Batch, CardState
from kacang.vault.reading.lines import NUMBER_MAX, REMARK_MAX, SECRET_BYTES_MAX, Entry

SOURCE = "move"
_IDS = """
select fingerprint, id from card
where merchant_id = %s::bigint and batch_id = %s::bigint and fingerprint = any(%s::bytea[])
"""
_BRING = """
with due as materialized (
    select c.id, c.sku_id, c.pool_id, c.batch_id, w.at from card c
    join unnest(%(ids)s::bigint[], %(times)s::timestamptz[]) as w(id, at) on w.id = c.id
    where c.merchant_id = %(merchant)s::bigint and c.state = 0 and not c.is_loop
    order by c.id for no key update of c
),
done as (
    update card c set state = %(to)s::smallint, sold_at = due.at from due
    where c.merchant_id = %(merchant)s::bigint and c.id = due.id
),
told as (
    insert into card_movement (merchant_id, sku_id, pool_id, batch_id, from_state, to_state, cards)
    select %(merchant)s::bigint, sku_id, pool_id, batch_id, 0, %(to)s::smallint, count(*)
    from due group by sku_id, pool_id, batch_id
)
select d.batch_id, count(*), count(c.cost_minor), coalesce(sum(c.cost_minor), 0)
from due d join card c on c.merchant_id = %(merchant)s::bigint and c.id = d.id
group by d.batch_id
"""
_HAND_OVER = """
with given as materialized (
    select * from unnest(%(cards)s::bigint[], %(lines)s::bigint[], %(units)s::int[],
                         %(times)s::timestamptz[])
        with ordinality as g(card_id, line_id, unit_no, at, place)
),
free as materialized (
    select c.id, c.is_loop from card c
    where c.merchant_id = %(merchant)s::bigint and c.id = any(%(cards)s::bigint[])
      and (c.is_loop or (c.state in (2, 3, 4) and c.line_id is null))
    order by c.id for no key update of c
),
taken as materialized (
    select g.*, f.is_loop, row_number() over (partition by g.card_id order by g.place) as turn
    from given g join free f on f.id = g.card_id
),
held as (
    update card c set line_id = t.line_id, sold_at = coalesce(c.sold_at, t.at)
    from taken t
    where c.merchant_id = %(merchant)s::bigint and c.id = t.card_id
      and not t.is_loop and t.turn = 1
)
insert into allocation (merchant_id, card_id, line_id, unit_no, exclusive, delivered_at,
    shared_at)
select %(merchant)s::bigint, card_id, line_id, unit_no, not is_loop, at,
    case when is_loop then at end
from taken where is_loop or turn = 1
returning line_id, unit_no
"""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One card of another system, under its key there."""

    key: str
    entry: Entry
    sold_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """That a card was a unit of an order line, since when."""

    card_id: int
    line_id: int
    unit_no: int
    at: datetime


def problem_of(entry: Entry) -> str:
    """Return why a card cannot be taken; empty when it can."""
    if not entry.secret.strip():
        return "missing_secret"
    if len(entry.body) > SECRET_BYTES_MAX:
        return "secret_too_long"
    if entry.number is not None and len(entry.number) > NUMBER_MAX:
        return "number_too_long"
    if len(entry.remark) > REMARK_MAX:
        return "remark_too_long"
    texts = (entry.number or "", entry.remark, entry.secret)
    return "control_character" if any("\0" in text for text in texts) else ""


def bring_in(
    *, merchant_id: int, sku_uid: str, state: CardState, cards: Sequence[Incoming], arrival: Arrival
) -> dict[str, int]:
    """Load cards of one SKU and state as a batch; return their ids by key.

    What is not in the answer was in the vault already, or stands twice in `cards`. Must run
    inside the caller's transaction.
    """
    assert connection.in_atomic_block
    sku = card_sku(merchant_id, sku_uid)
    fresh: dict[bytes, Incoming] = {}
    prints = prints_of(cipher_for(merchant_id), [card.entry for card in cards])
    for mark, card in zip(prints, cards, strict=True):
        fresh.setdefault(mark, card)
    lock_loads(merchant_id)
    is_stock = state in (CardState.AVAILABLE, CardState.FROZEN)
    for mark in known_cards(merchant_id, prints):
        del fresh[mark]
    if not fresh:
        return {}
    batch = open_batch(
        merchant=merchants.merchant(merchant_id=merchant_id),
        sku=sku,
        purchase=Purchase(unit_cost_minor=None if is_stock else 0),
        arrival=arrival,
    )
    load_cards(batch, sku, [card.entry for card in fresh.values()], list(fresh))
    with connection.cursor() as cursor:
        cursor.execute(_IDS, [merchant_id, batch.pk, list(fresh)])
        ids = {fresh[bytes(mark)].key: card_id for mark, card_id in cursor.fetchall()}
    close_batch(merchant_id, batch.pk)
    if state != CardState.AVAILABLE:
        times = {ids[card.key]: card.sold_at for card in fresh.values() if card.key in ids}
        _bring(merchant_id, times, state)
    return ids


def in_vault(*, merchant_id: int, entries: Sequence[Entry]) -> set[int]:
    """Return the places of those that the vault has already. Inside the caller's transaction."""
    prints = prints_of(cipher_for(merchant_id), entries)
    known = known_cards(merchant_id, prints)
    return {place for place, mark in enumerate(prints) if mark in known}


def sell_elsewhere(*, merchant_id: int, cards: Mapping[int, datetime | None]) -> int:
    """Take cards off the shelf that the other system sold since they came; return how many.

    Those that were sold, reserved or changed here stay as they are. Must run inside the caller's
    transaction.
    """
    lots = _bring(merchant_id, cards, CardState.SOLD)
    for batch_id, lot in lots.items():
        batch = Batch.objects.get(merchant_id=merchant_id, id=batch_id)
        book(merchant_id, batch, lot, TransferKind.WRITTEN_OFF)
    return sum(lot.cards for lot in lots.values())


def hand_over(*, merchant_id: int, given: Sequence[Given]) -> set[tuple[int, int]]:
    """Note which cards orders got elsewhere; return the (line, unit)s that have theirs now.

    A card that belongs to another order is not given again; of two who name it, the first gets
    it. Must run inside the caller's transaction.
    """
    assert connection.in_atomic_block
    values: dict[str, Any] = {
        "merchant": merchant_id,
        "cards": [item.card_id for item in given],
        "lines": [item.line_id for item in given],
        "units": [item.unit_no for item in given],
        "times": [item.at for item in given],
    }
    with connection.cursor() as cursor:
        cursor.execute(_HAND_OVER, values)
        return {(line_id, unit_no) for line_id, unit_no in cursor.fetchall()}


def _bring(
    merchant_id: int, cards: Mapping[int, datetime | None], state: CardState
) -> dict[int, Lot]:
    assert connection.in_atomic_block
    values: dict[str, Any] = {
        "merchant": merchant_id,
        "ids": list(cards),
        "times": list(cards.values()),
        "to": int(state),
    }
    with connection.cursor() as cursor:
        cursor.execute(_BRING, values)
        return {
            batch_id: Lot(count, priced, int(minor))
            for batch_id, count, priced, minor in cursor.fetchall()
        }
