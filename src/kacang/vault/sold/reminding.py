"""Sold cards that nobody has activated and that expire soon: which, and that it was told (V8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from kacang.merchants.tenancy import acting_as

# By the index of sold cards that expire, the soonest first; what was told is looked up by key.
_DUE = """
select c.line_id from card c
where c.merchant_id = %(merchant)s::bigint and c.state = 2 and c.line_id is not null
  and c.expires_at > %(now)s::timestamptz and c.expires_at < %(before)s::timestamptz
  and not exists (select from card_notice n where n.merchant_id = c.merchant_id
                  and n.card_id = c.id and n.line_id = c.line_id)
order by c.expires_at limit %(most)s::int
"""
_NOTE = """
with due as materialized (
    select c.id, a.line_id, c.sku_id, c.expires_at
    from allocation a join card c on c.merchant_id = a.merchant_id and c.id = a.card_id
    where a.merchant_id = %(merchant)s::bigint and a.line_id = any(%(lines)s::bigint[])
      and a.released_at is null and a.exclusive and c.state = 2
      and c.expires_at > %(now)s::timestamptz and c.expires_at < %(before)s::timestamptz
),
noted as (
    insert into card_notice (merchant_id, card_id, line_id)
    select %(merchant)s::bigint, id, line_id from due order by id
    on conflict do nothing returning card_id, line_id
)
select n.line_id, n.card_id, d.sku_id, d.expires_at
from noted n join due d on d.id = n.card_id and d.line_id = n.line_id
order by d.expires_at, n.card_id
"""


@dataclass(frozen=True, slots=True)
class SoldCard:
    """A card that a line has, not activated, and when it expires."""

    line_id: int
    card_id: int
    sku_id: int
    expires_at: datetime


def lines_to_remind(*, merchant_id: int, now: datetime, before: datetime, most: int) -> list[int]:
    """Return lines whose buyers are to be told, what expires first at the top.

    They have cards that are sold, not activated, expire before an instant and were not told;
    those of up to `most` cards are looked for.
    """
    with acting_as(merchant_id), connection.cursor() as cursor:
        values: dict[str, Any] = {
            "merchant": merchant_id,
            "now": now,
            "before": before,
            "most": most,
        }
        cursor.execute(_DUE, values)
        return list(dict.fromkeys(row[0] for row in cursor.fetchall()))


def note_reminded(
    *, merchant_id: int, line_ids: Sequence[int], now: datetime, before: datetime
) -> list[SoldCard]:
    """Write down that the buyers of these lines are told of such cards; return the new ones.

    Inside the caller's transaction, with what is told. A card is told once for each line.
    """
    assert connection.in_atomic_block
    with connection.cursor() as cursor:
        cursor.execute(
            _NOTE,
            {"merchant": merchant_id, "lines": list(line_ids), "now": now, "before": before},
        )
        return [SoldCard(*row) for row in cursor.fetchall()]
