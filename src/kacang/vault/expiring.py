"""Cards on sale that will expire before somebody buys them (V8)."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from kacang.merchants.tenancy import acting_as
from kacang.shared.clock import utc_now
from kacang.shared.money import Money

# By the index of cards on sale that expire: as many rows as there are in the answer's counts.
_EXPIRING = """
select c.sku_id, b.uid, b.number, b.supplier, b.currency, count(*), min(c.expires_at),
       coalesce(sum(coalesce(c.cost_minor, b.unit_cost_minor)), 0)::bigint
from card c join batch b on b.merchant_id = c.merchant_id and b.id = c.batch_id
where c.merchant_id = %s::bigint and c.state = 0
  and c.expires_at > %s::timestamptz and c.expires_at < %s::timestamptz
group by c.sku_id, b.id order by min(c.expires_at), b.id
"""


@dataclass(frozen=True, slots=True)
class Expiring:
    """Cards of one batch and SKU that are on sale and expire; `first_at` is when the first does."""

    sku_id: int
    batch_uid: str
    batch_number: str
    supplier: str
    cards: int
    first_at: datetime
    cost: Money


def expiring(*, merchant_id: int, before: datetime) -> list[Expiring]:
    """Return what is on sale now and expires before an instant, what expires first at the top."""
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(_EXPIRING, [merchant_id, utc_now(), before])
        return [
            Expiring(sku_id, uid, number, supplier, int(cards), first_at, Money(minor, currency))
            for sku_id, uid, number, supplier, currency, cards, first_at, minor in cursor.fetchall()
        ]
