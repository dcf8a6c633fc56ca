"""How many cards were sold lately."""

from collections.abc import Sequence

from django.db import connection

from kacang.merchants.tenancy import acting_as
from kacang.vault.models import CardState

_SOLD = """
select sku_id,
       (sum(cards) filter (where at >= clock_timestamp() - make_interval(days => %s::int)))::bigint,
       sum(cards)::bigint
from card_movement
where merchant_id = %s::bigint and sku_id = any(%s::bigint[]) and to_state = %s::smallint
  -- What went from batch to batch was not sold again.
  and from_state is not null
  and at >= clock_timestamp() - make_interval(days => %s::int)
group by sku_id
"""


def sold_in(
    *, merchant_id: int, sku_ids: Sequence[int], days: tuple[int, int]
) -> dict[int, tuple[int, int]]:
    """Return how many cards of each SKU were sold in a short and a longer span of days up to now.

    SKUs of which none was sold are left out.
    """
    short, long = days
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(_SOLD, [short, merchant_id, list(sku_ids), CardState.SOLD, long])
        return {sku_id: (int(one or 0), int(both)) for sku_id, one, both in cursor.fetchall()}
