"""Cards that are redeem codes: found by what a holder types, and redeemed once for ever (L21)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from kacang.merchants.keys import cipher_for
from kacang.vault.card_ids import seal_card_id
from kacang.vault.changing.ending import move_cards
from kacang.vault.finding.listing import prints_of_code
from kacang.vault.models import CardState

# One who comes second waits here, and then sees what the first has made of the card.
_FIND = """
select id, sku_id, state, expires_at from card
where merchant_id = %s::bigint and fingerprint = any(%s::bytea[]) {of_skus}
order by id {lock}
"""
_LOCK = _FIND.format(of_skus="and sku_id = any(%s::bigint[])", lock="for no key update")
_LOOK = _FIND.format(of_skus="", lock="")


@dataclass(frozen=True, slots=True)
class CodeCard:
    """A card that a code names. `id` stays in the house."""

    id: int
    uid: str
    sku_id: int
    state: CardState
    expires_at: datetime | None


def lock_codes(*, merchant_id: int, code: str, sku_ids: Collection[int]) -> list[CodeCard]:
    """Return the cards of these SKUs that this is the code of, locked. In the caller's transaction.

    Written as it was issued, or in small letters where it was issued in capitals.
    """
    return _find(merchant_id, code, list(sku_ids))


def look_up_code(*, merchant_id: int, code: str) -> list[CodeCard]:
    """Return every card that this is the code of. Must run inside the caller's transaction."""
    return _find(merchant_id, code, None)


def redeem_card(*, merchant_id: int, card_id: int) -> bool:
    """Make a sold card redeemed, which is final; say whether it was. In the caller's transaction.

    What it is owed stays in the books: the caller takes it (`release_owed`) to where it belongs.
    """
    return move_cards(merchant_id, [card_id], CardState.SOLD, CardState.REDEEMED) == 1


def _find(merchant_id: int, code: str, sku_ids: list[int] | None) -> list[CodeCard]:
    assert connection.in_atomic_block
    cipher = cipher_for(merchant_id)
    prints = list(prints_of_code(cipher, code) | prints_of_code(cipher, code.upper()))
    with connection.cursor() as cursor:
        if sku_ids is None:
            cursor.execute(_LOOK, [merchant_id, prints])
        else:
            cursor.execute(_LOCK, [merchant_id, prints, sku_ids])
        return [
            CodeCard(card_id, seal_card_id(cipher, card_id), sku_id, CardState(state), expires_at)
            for card_id, sku_id, state, expires_at in cursor.fetchall()
        ]
