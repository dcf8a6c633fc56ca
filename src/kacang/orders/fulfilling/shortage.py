"""How much is paid for and waits for stock (O6)."""

from collections.abc import Sequence

from django.db import connection

from kacang.merchants.tenancy import acting_as

# By way of the orders on hold: they are few, whatever was sold.
_SHORT = """
select l.sku_id, count(*) from sale_order o
join order_line l on l.merchant_id = o.merchant_id and l.order_id = o.id
join order_unit u on u.merchant_id = l.merchant_id and u.line_id = l.id
where o.merchant_id = %s::bigint and o.state = 9 and l.sku_id = any(%s::bigint[]) and u.state = 1
group by l.sku_id
"""


def short_units(*, merchant_id: int, sku_ids: Sequence[int]) -> dict[int, int]:
    """Return how many units of each of these SKUs are paid for and wait for stock."""
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(_SHORT, [merchant_id, list(sku_ids)])
        found = dict(cursor.fetchall())
    return {sku_id: int(found.get(sku_id, 0)) for sku_id in sku_ids}
