"""Unsold cards that will expire before somebody buys them (V8)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from kacang.merchants.tenancy import acting_as
from kacang.shared.clock import utc_now
from kacang.shared.money import Money

# By the indexes of cards on sale and of frozen ones that expire: as many rows as the answer counts.
_EXPIRING = """
select c.sku_id, b.uid, b.number, b.supplier, b.currency, count(*) filter (where c.state = 0),
       min(c.expires_at), coalesce(sum(coalesce(c.cost_minor, b.unit_cost_minor)), 0)::bigint,
       count(*) filter (where c.state = 8)
from (
    select sku_id, batch_id, state, expires_at, cost_minor from card
    where merchant_id = %(merchant)s::bigint and state = 0
      and expires_at > %(now)s::timestamptz and expires_at < %(before)s::timestamptz
    union all
    select sku_id, batch_id, state, expires_at, cost_minor from card
    where merchant_id = %(merchant)s::bigint and state = 8
      and expires_at > %(now)s::timestamptz and expires_at < %(before)s::timestamptz
) c join batch b on b.merchant_id = %(merchant)s::bigint and b.id = c.batch_id
group by c.sku_id, b.id order by min(c.expires_at), b.id
"""


@dataclass(frozen=True, slots=True)
class Expiring:
    """Unsold cards of one batch and SKU that expire; `first_at` is when the first does.

    `cards` are on sale, `frozen` are held back; `cost` is that of both.
    """

    sku_id: int
    batch_uid: str
    batch_number: str
    supplier: str
    cards: int
    first_at: datetime
    cost: Money
    frozen: int = 0


def expiring(*, merchant_id: int, before: datetime) -> list[Expiring]:
    """Return what is unsold now and expires before an instant, what expires first at the top."""
    with acting_as(merchant_id), connection.cursor() as cursor:
        values: dict[str, Any] = {"merchant": merchant_id, "now": utc_now(), "before": before}
        cursor.execute(_EXPIRING, values)
        return [
            Expiring(
                row[0],
                row[1],
                row[2],
                row[3],
                int(row[5]),
                row[6],
                Money(row[7], row[4]),
                int(row[8]),
            )
            for row in cursor.fetchall()
        ]
