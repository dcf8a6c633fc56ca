"""Jobs of customers: figures of their orders, tags of many, exports (H1)."""

import structlog

from kacang.customers import exporting, tagging
from kacang.jobs.running import (
    EVERY_MINUTE,
    EVERY_NIGHT,
    by_the_clock,
    for_each_merchant,
    task,
)
from kacang.orders.customers import figures
from kacang.web.design.formats import mask_contact

log = structlog.get_logger(__name__)


@by_the_clock("customers.keep_figures", "delivery", EVERY_MINUTE)
def keep_figures() -> None:
    """Count anew what customers bought to whose orders something happened (H1)."""
    for_each_merchant(lambda merchant_id: figures.keep_figures(merchant_id=merchant_id))


@by_the_clock("customers.check_figures", "bulk", EVERY_NIGHT)
def check_figures() -> None:
    """Count what all customers bought, and mend figures that differ (H1)."""

    def check(merchant_id: int) -> None:
        if count := figures.check_figures(merchant_id=merchant_id):
            log.warning("customers.mended_figures", merchant_id=merchant_id, count=count)

    for_each_merchant(check)


@task("customers.run_tagging", "bulk")
def run_tagging(*, merchant_id: int, work_uid: str) -> None:
    """Put a tag on many customers or take it off, or the rest of it after a crash (H1)."""
    tagging.run_tagging(merchant_id=merchant_id, work_uid=work_uid)


@task("customers.run_export", "bulk")
def run_export(*, merchant_id: int, work_uid: str) -> None:
    """Write customers into a file, or the rest of them after a crash (H1)."""
    exporting.run_export(merchant_id=merchant_id, work_uid=work_uid, mask=mask_contact)
