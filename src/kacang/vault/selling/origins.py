"""From whom the newest cards of SKUs came."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from kacang.merchants.tenancy import acting_as
from kacang.vault.models import BatchState

# One step in the index of a SKU's batches for each SKU.
_LAST = """
select s.id, b.uid, b.number, b.supplier, b.unit_cost_minor
from unnest(%s::bigint[]) as s(id) cross join lateral (
    select uid, number, supplier, unit_cost_minor from batch
    where merchant_id = %s::bigint and sku_id = s.id and state = %s::smallint
      and source in ('import', 'generate', 'move')
    order by id desc limit 1
) b
"""


@dataclass(frozen=True, slots=True)
class LastBatch:
    """The batch of a SKU that came in last, and what a card of it cost; 0: that was not said."""

    uid: str
    number: str
    supplier: str
    unit_cost_minor: int


def last_batches(*, merchant_id: int, sku_ids: Sequence[int]) -> dict[int, LastBatch]:
    """Return the newest batch that came in of each SKU; those without one are left out."""
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(_LAST, [list(sku_ids), merchant_id, BatchState.STOCKED])
        return {row[0]: LastBatch(*row[1:]) for row in cursor.fetchall()}
