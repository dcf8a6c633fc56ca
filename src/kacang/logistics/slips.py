"""How often packing slips were printed, so that a second one says that it is one (D5)."""

from collections.abc import Collection

from django.db import connection

from kacang.merchants.tenancy import acting_as

_COUNT = """
insert into slip_print (merchant_id, order_id, times, printed_at)
select %s::bigint, order_id, 1, clock_timestamp() from unnest(%s::bigint[]) as t(order_id)
order by order_id
on conflict (merchant_id, order_id) do update
    set times = slip_print.times + 1, printed_at = excluded.printed_at
returning order_id, times
"""


def count_prints(*, merchant_id: int, order_ids: Collection[int]) -> dict[int, int]:
    """Say that the slips of these orders are printed now; return the how manieth time that is."""
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(_COUNT, [merchant_id, sorted(set(order_ids))])
        return dict(cursor.fetchall())
