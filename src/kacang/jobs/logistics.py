"""Jobs of parcels: what buyers are told, and those that have long arrived."""

from kacang.jobs.running import EVERY_HOUR, by_the_clock, for_each_merchant, task
from kacang.orders.shipping import operations as shipping
from kacang.shared.clock import utc_now
from kacang.web.mails import shipping as shipping_mails


@task("orders.tell_shipped", "mail")
def tell_shipped(*, merchant_id: int, order_id: int, shipment: str) -> None:
    """Mail the buyer that goods were sent (L1)."""
    shipping_mails.tell_shipped(merchant_id=merchant_id, order_id=order_id, shipment=shipment)


@by_the_clock("orders.arrive_overdue", "delivery", EVERY_HOUR)
def arrive_overdue() -> None:
    """Take parcels for arrived that were sent as long ago as the merchant says (O1)."""
    now = utc_now()
    for_each_merchant(lambda merchant_id: shipping.arrive_overdue(merchant_id=merchant_id, now=now))


@by_the_clock("orders.complete_overdue", "delivery", EVERY_HOUR)
def complete_overdue() -> None:
    """Complete orders whose goods were there as long ago as the merchant says (O1)."""
    now = utc_now()
    for_each_merchant(
        lambda merchant_id: shipping.complete_overdue(merchant_id=merchant_id, now=now)
    )
