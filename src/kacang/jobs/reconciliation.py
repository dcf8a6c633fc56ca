"""Jobs of reconciliation: getting bills, reading them, and asking about what they alone have."""

from kacang.jobs.running import EVERY_HOUR, EVERY_TEN_MINUTES, by_the_clock, for_each_merchant, task
from kacang.reconciliation import operations as reconciliation
from kacang.reconciliation.exports import running as exports
from kacang.web.design.formats import mask_contact


@by_the_clock("reconciliation.plan", "delivery", EVERY_HOUR)
def plan() -> None:
    """Put days that are over on the calendar (F2)."""
    for_each_merchant(lambda merchant_id: reconciliation.plan_bills(merchant_id=merchant_id))


@by_the_clock("reconciliation.fetch_due", "delivery", EVERY_TEN_MINUTES)
def fetch_due() -> None:
    """Queue the bills that are to be fetched now."""
    reconciliation.fetch_due()


@task("reconciliation.run_read", "bulk")
def run_read(*, merchant_id: int, work_uid: str) -> None:
    """Get a bill, read it, and set it beside our books; again after a crash."""
    reconciliation.run_read(merchant_id=merchant_id, work_uid=work_uid)


@task("reconciliation.heal", "money")
def heal(*, merchant_id: int, bill_uid: str) -> None:
    """Have the company asked about payments that only its bill has (L8)."""
    reconciliation.heal(merchant_id=merchant_id, bill_uid=bill_uid)


@task("reconciliation.compare", "bulk")
def compare(*, merchant_id: int, bill_uid: str) -> None:
    """Look whether what differed differs no more."""
    reconciliation.compare_again(merchant_id=merchant_id, bill_uid=bill_uid)


@task("reconciliation.run_export", "bulk")
def run_export(*, merchant_id: int, work_uid: str) -> None:
    """Write a list of money into a file, or the rest of it after a crash (O10)."""
    exports.run_export(merchant_id=merchant_id, work_uid=work_uid, mask=mask_contact)
