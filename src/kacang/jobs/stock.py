"""Jobs of goods: counts and their proof."""

from kacang.jobs.running import (
    EVERY_NIGHT,
    EVERY_TEN_SECONDS,
    by_the_clock,
    for_each_merchant,
    report_findings,
)
from kacang.stock import operations as stock


@by_the_clock("stock.compact_levels", "delivery", EVERY_TEN_SECONDS)
def compact_goods() -> None:
    """Sum movements of goods up, so that counting costs the same for ever (S1)."""
    for_each_merchant(lambda merchant_id: stock.compact_levels(merchant_id=merchant_id))


@by_the_clock("stock.check_references", "delivery", EVERY_NIGHT)
def check_goods() -> None:
    """Prove that the goods on hand are the sum of their movements (S1)."""
    report_findings("stock.reference", stock.check_references)
