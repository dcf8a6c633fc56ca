"""Which unit of which order has a card: what staff see of an order's cards, never a secret."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from kacang.merchants.keys import cipher_for
from kacang.merchants.tenancy import acting_as
from kacang.vault.card_ids import open_card_id, seal_card_id
from kacang.vault.models import CardState

# Whether a unit had another card before: an index of replaced units alone answers it. Not by
# `exists`, which might be answered by reading all of them.
WAS_REPLACED = """(
    select f.id from allocation f
    where f.merchant_id = a.merchant_id and f.line_id = a.line_id and f.unit_no = a.unit_no
      and f.released_at is not null and f.delivered_at is not null limit 1) is not null"""
_OF_CARD = f"""
select a.line_id, a.unit_no, c.id, c.state, c.number, c.number_mask, a.delivered_at, a.exclusive,
       {WAS_REPLACED}
from allocation a
join card c on c.merchant_id = a.merchant_id and c.id = a.card_id
where a.merchant_id = %(merchant)s::bigint and a.card_id = %(card)s::bigint and a.exclusive
  and a.delivered_at is not null and a.released_at is null
"""  # noqa: S608 - our own text
_LINES_OF = """
select distinct line_id from allocation
where merchant_id = %(merchant)s::bigint and card_id = any(%(cards)s::bigint[]) and exclusive
  and delivered_at is not null and released_at is null
"""
_OF_LINES = f"""
select a.line_id, a.unit_no, c.id, c.state, c.number, c.number_mask, a.delivered_at, a.exclusive,
       {WAS_REPLACED}
from allocation a
join card c on c.merchant_id = a.merchant_id and c.id = a.card_id
where a.merchant_id = %(merchant)s::bigint and a.line_id = any(%(lines)s::bigint[])
  and a.delivered_at is not null and a.released_at is null
order by a.line_id, a.unit_no offset %(offset)s::int limit %(limit)s::int
"""  # noqa: S608 - our own text


@dataclass(frozen=True, slots=True)
class UnitCard:
    """The card that a unit has got. `shown_number` is masked where the number is a secret.

    `is_loop`: every buyer has this card. `was_replaced`: the unit had another card before.
    """

    line_id: int
    unit_no: int
    card_uid: str
    shown_number: str
    state: CardState
    delivered_at: datetime
    is_loop: bool
    was_replaced: bool


def unit_of_card(*, merchant_id: int, card_uid: str) -> UnitCard | None:
    """Return the unit that has this card for itself; None: nobody got it, or has it any more.

    Raises:
        UnknownCard: The name was made up.
    """
    card_id = open_card_id(cipher_for(merchant_id), card_uid)
    found = _read(merchant_id, _OF_CARD, {"card": card_id})
    return found[0] if found else None


def lines_of_cards(*, merchant_id: int, card_ids: Sequence[int]) -> list[int]:
    """Return the order lines that have these cards for themselves now."""
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(_LINES_OF, {"merchant": merchant_id, "cards": list(card_ids)})
        return [row[0] for row in cursor.fetchall()]


def cards_of_units(
    *, merchant_id: int, line_ids: Sequence[int], offset: int = 0, limit: int = 50
) -> list[UnitCard]:
    """Return the cards that these order lines have got, in order of line and unit."""
    asked = {"lines": list(line_ids), "offset": offset, "limit": limit}
    return _read(merchant_id, _OF_LINES, asked)


def uid_of(*, merchant_id: int, card_id: int) -> str:
    """Return what a card that a statement of orders has found is called outside."""
    return seal_card_id(cipher_for(merchant_id), card_id)


def _read(merchant_id: int, sql: str, asked: dict[str, Any]) -> list[UnitCard]:
    cipher = cipher_for(merchant_id)
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(sql, {"merchant": merchant_id, **asked})
        rows = cursor.fetchall()
    return [
        UnitCard(
            line_id=line_id,
            unit_no=unit_no,
            card_uid=seal_card_id(cipher, card_id),
            shown_number=number if number is not None else mask or "",
            state=CardState(state),
            delivered_at=delivered_at,
            is_loop=not exclusive,
            was_replaced=was_replaced,
        )
        for line_id, unit_no, card_id, state, number, mask, delivered_at, exclusive, was_replaced
        in rows
    ]  # fmt: skip
