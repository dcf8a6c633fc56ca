"""Which SKUs run low: one alarm for each crossing of the line, not one for each sale (S4, L20).

An alarm goes off when fewer cards are left than the line says, and can go off again only after
stock has risen clearly above it: a count that goes up and down by one around the line is one
alarm. The line is a number of cards, or as many as the last days would sell in so many days,
whichever is higher.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import connection

from kacang.merchants.tenancy import acting_as
from kacang.vault.levels import stock_levels
from kacang.vault.models import CardState, StockAlarm

RATE_DAYS = 7
_SOLD = """
select sku_id, sum(cards)::bigint from card_movement
where merchant_id = %s::bigint and sku_id = any(%s::bigint[]) and to_state = %s::smallint
  -- What went from batch to batch was not sold again.
  and from_state is not null
  and at >= clock_timestamp() - make_interval(days => %s::int)
group by sku_id
"""


@dataclass(frozen=True, slots=True)
class Alarm:
    """A SKU that is low now. `crossing` counts how often it fell below its line."""

    sku_id: int
    crossing: int
    available: int
    line: int


def clear_of(line: int) -> int:
    """Return how many cards are clearly more than the line: a quarter above it, one at least."""
    return line + max(1, -(-line // 4))


def line_of(*, threshold: int, sold: int, cover_days: int) -> int:
    """Return below how many cards a SKU is low.

    Args:
        threshold: The number that its owner set; 0 when none is set.
        sold: How many were sold in the last `RATE_DAYS` days.
        cover_days: For how many days stock is to last; 0 when that does not matter.
    """
    return max(threshold, -(-sold * cover_days // RATE_DAYS))


def recently_sold(*, merchant_id: int, sku_ids: Sequence[int]) -> dict[int, int]:
    """Return how many cards of each of these SKUs were sold in the last `RATE_DAYS` days."""
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(_SOLD, [merchant_id, list(sku_ids), CardState.SOLD, RATE_DAYS])
        sold = dict(cursor.fetchall())
    return {sku_id: int(sold.get(sku_id, 0)) for sku_id in sku_ids}


def watch_stock(
    *, merchant_id: int, thresholds: Mapping[int, int], cover_days: int = 0
) -> list[Alarm]:
    """Note which of these SKUs fell below their line or rose clear of it; return what is low.

    Who is told of a crossing once, by its number, is told once. SKUs that are not named are not
    watched any more. The rows are locked before stock is counted: whoever counted earlier has
    noted it, so that an old count never undoes a newer one.
    """
    with acting_as(merchant_id):
        rows = _locked(merchant_id, sorted(thresholds))
        ids = list(rows)
        sold = recently_sold(merchant_id=merchant_id, sku_ids=ids) if cover_days else {}
        levels = stock_levels(merchant_id=merchant_id, sku_ids=ids)
        low = []
        for sku_id, row in rows.items():
            line = line_of(
                threshold=thresholds[sku_id], sold=sold.get(sku_id, 0), cover_days=cover_days
            )
            available = max(levels[sku_id].available, 0)
            _judge(row, available, line)
            if row.is_low and available < line:
                low.append(Alarm(sku_id, row.crossings, available, line))
    return low


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
