"""Jobs of payouts: statements, when their period is over."""

from kacang.jobs.running import EVERY_HOUR, by_the_clock, for_each_merchant
from kacang.payouts import operations as payouts


@by_the_clock("payouts.issue_due", "delivery", EVERY_HOUR)
def issue_due() -> None:
    """Make the statements of periods that are over, in each merchant's zone (F4)."""
    for_each_merchant(lambda merchant_id: payouts.issue_due(merchant_id=merchant_id))
