"""From whom the newest goods of SKUs came."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from kacang.merchants.tenancy import acting_as
from kacang.stock.models import EntryKind

# By the index of a SKU's entries, from the newest on.
_LAST = """
select s.id, e.number, e.supplier, e.unit_cost_minor
from unnest(%s::bigint[]) as s(id) cross join lateral (
    select number, supplier, unit_cost_minor from goods_entry
    where merchant_id = %s::bigint and sku_id = s.id and kind = %s::smallint
    order by id desc limit 1
) e
"""


@dataclass(frozen=True, slots=True)
class LastReceipt:
    """The receipt of a SKU that came in last, and what a piece of it cost."""

    number: str
    supplier: str
    unit_cost_minor: int


def last_receipts(*, merchant_id: int, sku_ids: Sequence[int]) -> dict[int, LastReceipt]:
    """Return the newest receipt of each SKU; those without one are left out."""
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(_LAST, [list(sku_ids), merchant_id, EntryKind.RECEIPT])
        return {row[0]: LastReceipt(*row[1:]) for row in cursor.fetchall()}
