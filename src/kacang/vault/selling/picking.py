"""The order in which a SKU's free cards are sold: one key serves every strategy (V5).

random           any number below 2³¹−1
first in, chosen the batch's number in the upper half, the place in the batch in the lower
soonest expiry   the instant of expiry in microseconds; without one: last of all
"""

from django.db import connection

from kacang.catalog import queries as catalog
from kacang.merchants.tenancy import acting_as
from kacang.vault.selling.marks import reset_mark

NO_EXPIRY = 2**62
CHUNK = 20_000
# Names: `l.seq` and `l.expires_at` of a card, parameters `strategy` and `batch`.
PICK_KEY = f"""
case %(strategy)s::int
    when 0 then floor(random() * 2147483647)::bigint
    when 2 then coalesce((extract(epoch from l.expires_at) * 1000000)::bigint, {NO_EXPIRY})
    else (%(batch)s::bigint << 32) + l.seq
end
"""
_REKEY = f"""
with due as materialized (
    select id from card
    where merchant_id = %(merchant)s::bigint and id > %(after)s::bigint
      and sku_id = %(sku)s::bigint and state in (0, 1, 7, 8)
    order by id limit %(most)s::int for no key update
),
changed as (
    update card c set pick_key = case %(strategy)s::int
        when 0 then floor(random() * 2147483647)::bigint
        when 2 then coalesce((extract(epoch from c.expires_at) * 1000000)::bigint, {NO_EXPIRY})
        else (c.batch_id << 32) + c.id - coalesce(b.first_card_id, 0)
    end
    from due d, batch b
    where c.merchant_id = %(merchant)s::bigint and c.id = d.id
      and b.merchant_id = %(merchant)s::bigint and b.id = c.batch_id
)
select max(id), count(*) from due
"""  # noqa: S608 - our own text


def rekey(*, merchant_id: int, sku_id: int) -> int:
    """Put a SKU's cards that may be sold yet into the order of its strategy; return how many.

    Runs in chunks while sales go on; running it again does no harm.
    """
    total, after = 0, 0
    while True:
        with acting_as(merchant_id):
            sku = catalog.skus_by_id(merchant_id=merchant_id, ids=[sku_id]).get(sku_id)
            if sku is None:
                return total
            with connection.cursor() as cursor:
                cursor.execute(
                    _REKEY,
                    {
                        "merchant": merchant_id,
                        "sku": sku_id,
                        "after": after,
                        "most": CHUNK,
                        "strategy": int(sku.strategy),
                    },
                )
                last, count = cursor.fetchone()
            # Below the old mark may lie new keys. Cards first, then marks, as everybody does.
            reset_mark(merchant_id, sku_id)
        if not count:
            return total
        after, total = last, total + count
