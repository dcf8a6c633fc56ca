"""Cards that can no longer be sold: void, faulty, expired (V3, V8)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import connection

from kacang.ledger.accounts import TransferKind
from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.keys import cipher_for
from kacang.merchants.tenancy import acting_as
from kacang.shared.errors import Invalid
from kacang.vault.card_ids import open_card_id, seal_card_id
from kacang.vault.imports.intake import Lot, book
from kacang.vault.models import CARD_STEPS, Batch, CardState
from kacang.vault.selling.marks import reset_mark
from kacang.vault.sold.owing import lapse

CARDS_MAX = 10_000
CHUNK = 20_000
# Who still hold their cost in the inventory.
_UNSOLD = (CardState.AVAILABLE, CardState.FAULTY, CardState.FROZEN)
_TAKE = """
select id, state, line_id is not null or sold_at is not null from card
where merchant_id = %s::bigint and id = any(%s::bigint[]) order by id for no key update
"""
_CHANGE = """
with changed as (
    update card set state = %(to)s::smallint
    where merchant_id = %(merchant)s::bigint and id = any(%(ids)s::bigint[])
      and state = %(from)s::smallint
    returning sku_id, pool_id, batch_id,
        line_id is null and sold_at is null as unsold, cost_minor
),
moved as (
    insert into card_movement (merchant_id, sku_id, pool_id, batch_id, from_state, to_state, cards)
    select %(merchant)s::bigint, sku_id, pool_id, batch_id, %(from)s::smallint,
           %(to)s::smallint, count(*)
    from changed group by sku_id, pool_id, batch_id
)
select batch_id, sku_id, count(*), count(*) filter (where unsold),
       count(cost_minor) filter (where unsold),
       coalesce(sum(cost_minor) filter (where unsold), 0)::bigint
from changed group by batch_id, sku_id
"""
_EXPIRED = """
select id from card where merchant_id = %s::bigint and state = 0
  and expires_at <= clock_timestamp() order by expires_at limit %s::int
for no key update skip locked
"""


class ReasonMissing(Invalid):
    """What is done to cards by hand needs a reason of at most 300 characters."""

    code = "vault.reason_missing"


class TooManyCards(Invalid):
    """More cards at once than allowed."""

    code = "vault.too_many_cards"


@dataclass(frozen=True, slots=True)
class CardResult:
    """What became of one card: `changed`, or the state in which it stays."""

    uid: str
    changed: bool
    state: CardState


def void_cards(
    *, merchant_id: int, card_uids: Sequence[str], actor: Actor, reason: str
) -> list[CardResult]:
    """Make cards void for ever. Reserved ones stay: somebody is paying for them.

    Raises:
        UnknownCard: One of the names was made up. Nothing was changed.
        ReasonMissing, TooManyCards: As they say.
    """
    return _change(merchant_id, card_uids, CardState.VOID, actor, reason)


def mark_faulty(
    *, merchant_id: int, card_uids: Sequence[str], actor: Actor, reason: str
) -> list[CardResult]:
    """Mark free or sold cards as faulty: they are kept apart until somebody decides.

    Raises:
        UnknownCard: One of the names was made up. Nothing was changed.
        ReasonMissing, TooManyCards: As they say.
    """
    return _change(merchant_id, card_uids, CardState.FAULTY, actor, reason)


def freeze_cards(
    *, merchant_id: int, card_uids: Sequence[str], actor: Actor, reason: str
) -> list[CardResult]:
    """Take free cards off sale for a while; `restore_cards` puts them back.

    Raises:
        UnknownCard: One of the names was made up. Nothing was changed.
        ReasonMissing, TooManyCards: As they say.
    """
    return _change(merchant_id, card_uids, CardState.FROZEN, actor, reason)


def restore_cards(
    *, merchant_id: int, card_uids: Sequence[str], actor: Actor, reason: str
) -> list[CardResult]:
    """Put faulty or frozen cards on sale again. One that was ever sold stays as it is (L3).

    Raises:
        UnknownCard: One of the names was made up. Nothing was changed.
        ReasonMissing, TooManyCards: As they say.
    """
    return _change(merchant_id, card_uids, CardState.AVAILABLE, actor, reason)


def expire_cards(*, merchant_id: int) -> int:
    """Move free cards whose time is over to `expired`, and write off what they cost (V8).

    Returns how many. Reserved ones are their order's until it lets them go.
    """
    total = 0
    while True:
        with acting_as(merchant_id):
            ids = [row[0] for row in _rows(_EXPIRED, [merchant_id, CHUNK])]
            if ids:
                move_cards(merchant_id, ids, CardState.AVAILABLE, CardState.EXPIRED)
        total += len(ids)
        if len(ids) < CHUNK:
            return total


def check_reason(reason: str) -> str:
    """Return the reason without surrounding space, or raise ReasonMissing."""
    reason = reason.strip()
    if not 0 < len(reason) <= 300:  # noqa: PLR2004 - the length of the log's column
        raise ReasonMissing
    return reason


def _change(
    merchant_id: int, card_uids: Sequence[str], to: CardState, actor: Actor, reason: str
) -> list[CardResult]:
    reason = check_reason(reason)
    if len(card_uids) > CARDS_MAX:
        raise TooManyCards(limit=CARDS_MAX)
    cipher = cipher_for(merchant_id)
    ids = [open_card_id(cipher, uid) for uid in dict.fromkeys(card_uids)]
    name: Callable[[int], str] = lambda card_id: seal_card_id(cipher, card_id)  # noqa: E731
    results: list[CardResult] = []
    with acting_as(merchant_id):
        by_state: dict[CardState, list[int]] = {}
        for card_id, number, was_sold in _rows(_TAKE, [merchant_id, ids]):
            state = CardState(number)
            # By hand, a card is taken out of stock or put back; what is on its way stays.
            may = to in CARD_STEPS[state] and state != CardState.RESERVED
            # One that has expired comes back by more time only.
            may = may and not (to == CardState.AVAILABLE and state == CardState.EXPIRED)
            if may and not (to == CardState.AVAILABLE and was_sold):
                by_state.setdefault(state, []).append(card_id)
                results.append(CardResult(name(card_id), True, to))  # noqa: FBT003 - a field
            else:
                results.append(CardResult(name(card_id), False, state))  # noqa: FBT003 - a field
        for state, found in by_state.items():
            move_cards(merchant_id, found, state, to)
        for result in results:
            if result.changed:
                audit.record(
                    merchant_id=merchant_id,
                    actor=actor,
                    action=f"cards.{to.name.lower()}",
                    object_kind="card",
                    object_uid=result.uid,
                    reason=reason,
                )
    return results


def move_cards(merchant_id: int, ids: list[int], old: CardState, new: CardState) -> int:
    """Change the state of cards that are locked or still as they were, with their movements."""
    moved = 0
    with connection.cursor() as cursor:
        cursor.execute(
            _CHANGE, {"merchant": merchant_id, "ids": ids, "from": int(old), "to": int(new)}
        )
        rows = cursor.fetchall()
    batches = Batch.objects.filter(merchant_id=merchant_id).in_bulk([row[0] for row in rows])
    for batch_id, sku_id, cards, unsold, priced, priced_minor in rows:
        moved += cards
        if unsold and old in _UNSOLD and new in (CardState.VOID, CardState.EXPIRED):
            lot = Lot(unsold, priced, priced_minor)
            book(merchant_id, batches[batch_id], lot, TransferKind.WRITTEN_OFF)
        if new == CardState.AVAILABLE:
            reset_mark(merchant_id, sku_id)
    if new == CardState.VOID:
        lapse(merchant_id, ids)
    return moved


def _rows(sql: str, values: list[object]) -> list[tuple[int, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)  # type: ignore[arg-type] # ids and numbers
        return list(cursor.fetchall())
