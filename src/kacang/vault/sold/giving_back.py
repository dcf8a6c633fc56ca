"""Cards that buyers give back with a refund: on sale again when nobody saw them, else void (P4).

The one way by which a sold card comes back on sale (L3): its code was never shown, and whoever
would show it now waits for the same rows and then finds that the unit has no card.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from django.db import connection

from kacang.ledger.accounts import TransferKind
from kacang.shared.money import Money
from kacang.vault.changing.ending import move_cards
from kacang.vault.imports.intake import Lot, book
from kacang.vault.imports.loading import announce
from kacang.vault.models import Batch, CardState
from kacang.vault.selling.marks import reset_mark
from kacang.vault.sold.owing import release_owed

Place = tuple[int, int]
# What a card may be that is made void when its buyer gives it back.
_VOIDABLE = frozenset({CardState.SOLD, CardState.ACTIVATED, CardState.EXPIRED, CardState.FAULTY})
_LOCK = """
select a.id, a.line_id, a.unit_no, a.exclusive, a.is_shown, c.id, c.state
from unnest(%(line)s::bigint[], %(unit)s::int[]) as u(line_id, unit_no)
cross join lateral (
    select id, card_id, line_id, unit_no, exclusive, is_shown from allocation
    where merchant_id = %(merchant)s::bigint and line_id = u.line_id and unit_no = u.unit_no
      and delivered_at is not null and released_at is null
    for no key update
) a
join card c on c.merchant_id = %(merchant)s::bigint and c.id = a.card_id
order by c.id for no key update of c
"""
_RELEASE = """
update allocation set released_at = clock_timestamp()
where merchant_id = %(merchant)s::bigint and id = any(%(ids)s::bigint[])
"""
_RETURN = """
with back as (
    update card set state = 0, line_id = null, sold_at = null, reserved_until = null
    where merchant_id = %(merchant)s::bigint and id = any(%(ids)s::bigint[]) and state = 2
    returning sku_id, pool_id, batch_id, cost_minor
),
moved as (
    insert into card_movement (merchant_id, sku_id, pool_id, batch_id, from_state, to_state, cards)
    select %(merchant)s::bigint, sku_id, pool_id, batch_id, 2, 0, count(*)
    from back group by sku_id, pool_id, batch_id
)
select batch_id, sku_id, count(*), count(cost_minor), coalesce(sum(cost_minor), 0)::bigint
from back group by batch_id, sku_id order by batch_id
"""
_SHOW = """
update allocation set is_shown = true
where merchant_id = %(merchant)s::bigint and {which} and delivered_at is not null
  and released_at is null and not is_shown
"""
_OF_LINES = _SHOW.format(which="line_id = any(%(ids)s::bigint[])")
_OF_CARDS = _SHOW.format(which="exclusive and card_id = any(%(ids)s::bigint[])")
_SHOWN = """
select line_id, unit_no, is_shown from allocation
where merchant_id = %(merchant)s::bigint and line_id = any(%(ids)s::bigint[])
  and delivered_at is not null and released_at is null
"""


class Fate(IntEnum):
    """What became of a unit that was given back."""

    KEPT = 0  # the buyer keeps it, or has used it up
    RETURNED = 1  # it can be sold again
    VOIDED = 2
    TAKEN = 3  # nothing was delivered yet, or everybody's card: the buyer has it no more


@dataclass(frozen=True, slots=True)
class GivenBack:
    """What became of each unit, and what was paid for cards that are not to be redeemed now.

    `owed` stands on the account of deferred revenue: the caller moves it on. None: nothing does.
    """

    fates: Mapping[Place, Fate]
    owed: Money | None


@dataclass(frozen=True, slots=True)
class _Held:
    allocation_id: int
    place: Place
    is_exclusive: bool
    is_shown: bool
    card_id: int
    state: CardState


def give_back(*, merchant_id: int, places: Sequence[Place], to_stock: bool) -> GivenBack:
    """Take delivered cards from their units, by line and unit; say what became of each.

    With `to_stock` those whose code was never shown go on sale again and take their cost with
    them; all others become void, and their cost stays one. A card that is redeemed stays its
    buyer's. Must run inside the caller's transaction, with the order locked.
    """
    assert connection.in_atomic_block
    fates: dict[Place, Fate] = {}
    owed: Money | None = None
    returned: list[int] = []
    voided: dict[CardState, list[int]] = defaultdict(list)
    released: list[int] = []
    found = _locked(merchant_id, places)
    for held in found:
        fate = _fate(held, to_stock=to_stock)
        fates[held.place] = fate
        if fate is Fate.RETURNED:
            returned.append(held.card_id)
        if fate is Fate.VOIDED and held.state != CardState.VOID:
            voided[held.state].append(held.card_id)
        if fate is not Fate.KEPT:
            released.append(held.allocation_id)
    if released:
        _run(_RELEASE, merchant_id, released)
        gone = [held.card_id for held in found if fates[held.place] is not Fate.KEPT]
        owed = release_owed(merchant_id=merchant_id, card_ids=gone)
    for state, ids in voided.items():
        move_cards(merchant_id, ids, state, CardState.VOID)
    if returned:
        _put_on_sale(merchant_id, returned)
    return GivenBack(fates, owed)


def note_shown(
    *, merchant_id: int, line_ids: Sequence[int] = (), card_ids: Sequence[int] = ()
) -> None:
    """Remember that the codes of these lines, or of these cards, are about to be shown.

    Must be committed before they are read: a code that somebody saw is never sold again.
    """
    assert connection.in_atomic_block
    if line_ids:
        _run(_OF_LINES, merchant_id, line_ids)
    if card_ids:
        _run(_OF_CARDS, merchant_id, card_ids)


def shown_of_lines(*, merchant_id: int, line_ids: Sequence[int]) -> dict[Place, bool]:
    """Return of each delivered unit whether its code was shown. In the caller's transaction."""
    found = _run(_SHOWN, merchant_id, line_ids)
    return {(line_id, unit_no): is_shown for line_id, unit_no, is_shown in found}


def _locked(merchant_id: int, places: Sequence[Place]) -> list[_Held]:
    values: dict[str, Any] = {
        "merchant": merchant_id,
        "line": [line_id for line_id, _ in places],
        "unit": [unit_no for _, unit_no in places],
    }
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, values)
        rows = cursor.fetchall()
    return [
        _Held(allocation_id, (line_id, unit_no), exclusive, is_shown, card_id, CardState(state))
        for allocation_id, line_id, unit_no, exclusive, is_shown, card_id, state in rows
    ]


def _fate(held: _Held, *, to_stock: bool) -> Fate:
    if not held.is_exclusive:
        return Fate.TAKEN
    if held.state == CardState.REDEEMED:
        return Fate.KEPT
    if to_stock and not held.is_shown and held.state == CardState.SOLD:
        return Fate.RETURNED
    assert held.state in _VOIDABLE or held.state == CardState.VOID
    return Fate.VOIDED


def _put_on_sale(merchant_id: int, card_ids: Sequence[int]) -> None:
    rows = _run(_RETURN, merchant_id, card_ids)
    batches = Batch.objects.filter(merchant_id=merchant_id).in_bulk([row[0] for row in rows])
    for batch_id, _sku_id, cards, priced, priced_minor in rows:
        lot = Lot(cards, priced, priced_minor)
        book(merchant_id, batches[batch_id], lot, TransferKind.RETURNED)
    for sku_id in sorted({row[1] for row in rows}):
        reset_mark(merchant_id, sku_id)
        announce(merchant_id, sku_id)


def _run(sql: str, merchant_id: int, ids: Sequence[int]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"merchant": merchant_id, "ids": list(ids)})
        return list(cursor.fetchall()) if cursor.description else []
