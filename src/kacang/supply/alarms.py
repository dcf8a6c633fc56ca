"""Which SKUs run low: one alarm for each crossing of the line, not one for each sale (S4, L20).

An alarm goes off when fewer cards or pieces are left than the line says, and can go off again
only after stock has risen clearly above it: a count that goes up and down by one around the line
is one alarm. The line is a number, or as many as the last days would sell in so many days,
whichever is higher. What never runs out is not watched.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.db import connection

from kacang.catalog import queries as catalog
from kacang.catalog.queries import SkuView, StockMode
from kacang.merchants.tenancy import acting_as
from kacang.supply.levels import available_of
from kacang.supply.models import StockAlarm
from kacang.supply.rates import WEEK, sold_of
from kacang.supply.terms import Terms, default_terms

_CLAIM_DAY = """
insert into digest_mark (merchant_id, day) values (%s::bigint, %s::date)
on conflict (merchant_id) do update set day = excluded.day where digest_mark.day < excluded.day
returning day
"""


@dataclass(frozen=True, slots=True)
class Alarm:
    """A SKU that is low now. `crossing` counts how often it fell below its line.

    `sold` is what went in the last 7 days.
    """

    sku: SkuView
    crossing: int
    available: int
    line: int
    sold: int

    @property
    def days_left(self) -> int | None:
        """For how many whole days stock lasts, selling as lately; None when nothing was sold."""
        return self.available * WEEK // self.sold if self.sold else None


def clear_of(line: int) -> int:
    """Return how many are clearly more than the line: a quarter above it, one at least."""
    return line + max(1, -(-line // 4))


def line_of(*, threshold: int, sold: int, cover_days: int) -> int:
    """Return below how many cards or pieces a SKU is low.

    Args:
        threshold: The number that its owner set; 0 when none is set.
        sold: How many were sold in the last 7 days.
        cover_days: For how many days stock is to last; 0 when that does not matter.
    """
    return max(threshold, -(-sold * cover_days // WEEK))


def watch_stock(*, merchant_id: int) -> list[Alarm]:
    """Note which SKUs on sale fell below their line or rose clear of it; return what is low.

    Who is told of a crossing once, by its number, is told once. SKUs that have no line any more
    are not watched. The rows are locked before stock is counted: whoever counted earlier has
    noted it, so that an old count never undoes a newer one.
    """
    defaults = default_terms(merchant_id=merchant_id)
    with acting_as(merchant_id):
        watched = _watched(merchant_id, defaults)
        rows = _locked(merchant_id, sorted(watched))
        skus = [sku for sku, _terms in watched.values()]
        sold = sold_of(merchant_id, skus, days=WEEK)
        available = available_of(merchant_id, skus)
        low = []
        for sku_id, row in rows.items():
            sku, terms = watched[sku_id]
            week = sold[sku_id].week
            line = line_of(threshold=terms.low_stock_at, sold=week, cover_days=terms.cover_days)
            _judge(row, available[sku_id], line)
            if row.is_low and available[sku_id] < line:
                low.append(Alarm(sku, row.crossings, available[sku_id], line, week))
    return low


def claim_digest(*, merchant_id: int, day: date) -> bool:
    """Say whether the digest of a day is still to be seen to, and note that it is.

    Inside the caller's transaction, with what is told: both are kept, or neither. Whoever else
    asks at the same time waits, and is told no.
    """
    assert connection.in_atomic_block
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM_DAY, [merchant_id, day])
        return cursor.fetchone() is not None


def _watched(merchant_id: int, defaults: Terms) -> Mapping[int, tuple[SkuView, Terms]]:
    found = {}
    for sku in catalog.all_skus(merchant_id=merchant_id, on_sale_only=True):
        terms = defaults.of(sku)
        # A card that serves every buyer never runs out.
        if (terms.low_stock_at or terms.cover_days) and sku.stock_mode != StockMode.LOOP:
            found[sku.id] = (sku, terms)
    return found


def _locked(merchant_id: int, sku_ids: list[int]) -> dict[int, StockAlarm]:
    rows = StockAlarm.objects.filter(merchant_id=merchant_id)
    rows.filter(is_low=True).exclude(sku_id__in=sku_ids).update(is_low=False)
    StockAlarm.objects.bulk_create(
        [StockAlarm(merchant_id=merchant_id, sku_id=sku_id) for sku_id in sku_ids],
        ignore_conflicts=True,
    )
    found = rows.filter(sku_id__in=sku_ids).order_by("sku_id").select_for_update()
    return {row.sku_id: row for row in found}


def _judge(row: StockAlarm, available: int, line: int) -> None:
    if not row.is_low and available < line:
        row.is_low, row.crossings = True, row.crossings + 1
    elif row.is_low and available >= clear_of(line):
        row.is_low = False
    else:
        return
    row.save(update_fields=["is_low", "crossings", "changed_at"])
