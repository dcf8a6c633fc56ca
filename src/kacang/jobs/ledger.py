"""Jobs of the ledger: sums by day, and their proof."""

import structlog

from kacang.jobs.running import EVERY_MINUTE, EVERY_NIGHT, by_the_clock, for_each_merchant
from kacang.ledger import sums

log = structlog.get_logger(__name__)


@by_the_clock("ledger.compact_sums", "delivery", EVERY_MINUTE)
def compact_sums() -> None:
    """Sum transfers up by day, so that reading the books costs the same for ever (F1)."""
    for_each_merchant(lambda merchant_id: sums.compact_sums(merchant_id=merchant_id))


@by_the_clock("ledger.check_sums", "delivery", EVERY_NIGHT)
def check_sums() -> None:
    """Prove that the sums of the books are the sums of their transfers (F1)."""

    def check(merchant_id: int) -> None:
        if count := sums.check_sums(merchant_id=merchant_id):
            log.error("ledger.wrong_sums", merchant_id=merchant_id, count=count)

    for_each_merchant(check)
