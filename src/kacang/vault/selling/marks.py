"""Low-water marks: below them no free card of a SKU is left (rule 7).

First-in and soonest-expiry sales start looking there; without a mark they would walk over the
dead index entries of all that was sold before. A mark that is too low costs time only, and one
that is too high is found out when nothing is left above it.
"""

from django.db import connection

from kacang.catalog import queries as catalog
from kacang.catalog.queries import Strategy
from kacang.merchants.tenancy import acting_as
from kacang.vault.models import PickMark

# Reserved cards hold the mark down too: one that is given back lies at its old place.
_LOWEST = """
select least(
    (select min(pick_key) from card where merchant_id = %(merchant)s::bigint
        and sku_id = %(sku)s::bigint and pool_id = 0 and state = 0
        and pick_key >= %(from)s::bigint),
    (select min(pick_key) from card where merchant_id = %(merchant)s::bigint
        and sku_id = %(sku)s::bigint and pool_id = 0 and state = 1)
)
"""
_LOWER = """
update pick_mark set pick_key = least(pick_key, %s::bigint)
where merchant_id = %s::bigint and sku_id = %s::bigint and pool_id = 0
"""
_ORDERED = (Strategy.FIRST_IN, Strategy.SOONEST_EXPIRY)


def move_marks(*, merchant_id: int) -> int:
    """Move the marks of SKUs that are sold in order up to their first free or reserved card.

    Returns how many marks moved. Each is locked before the cards are looked at: cards that come
    in meanwhile wait for the mark and then lower it.
    """
    skus = catalog.all_skus(merchant_id=merchant_id, strategies=_ORDERED)
    return sum(_move(merchant_id, sku.id) for sku in skus)


def lower_mark(merchant_id: int, sku_id: int, pick_key: int) -> None:
    """See to it that a card with this key is found. Must run inside the caller's transaction.

    The mark is written even where it is low enough: its lock is what makes this safe.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOWER, [pick_key, merchant_id, sku_id])


def reset_mark(merchant_id: int, sku_id: int) -> None:
    """Start from the beginning again. Must run inside the caller's transaction."""
    lower_mark(merchant_id, sku_id, 0)


def _move(merchant_id: int, sku_id: int) -> bool:
    with acting_as(merchant_id), connection.cursor() as cursor:
        PickMark.objects.get_or_create(merchant_id=merchant_id, sku_id=sku_id, pool_id=0)
        mark = PickMark.objects.select_for_update().get(
            merchant_id=merchant_id, sku_id=sku_id, pool_id=0
        )
        cursor.execute(_LOWEST, {"merchant": merchant_id, "sku": sku_id, "from": mark.pick_key})
        (lowest,) = cursor.fetchone()
        if lowest is None or lowest <= mark.pick_key:
            return False
        mark.pick_key = lowest
        mark.save(update_fields=["pick_key"])
        return True
