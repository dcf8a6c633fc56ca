"""Jobs of supply: telling those who wait for a SKU, and forgetting them (S4)."""

from kacang.jobs.running import EVERY_HOUR, EVERY_MINUTE, by_the_clock, for_each_merchant, task
from kacang.shared.clock import utc_now
from kacang.supply import operations as supply


@task("supply.tell_waiting", "mail")
def tell_waiting(*, merchant_id: int, sku_id: int) -> None:
    """Tell who waits for a SKU that some of it came."""
    supply.tell_waiting(merchant_id=merchant_id, sku_ids=[sku_id])


@by_the_clock("supply.tell_all_waiting", "mail", EVERY_MINUTE)
def tell_all_waiting() -> None:
    """Tell who waits, however it came that there is something: a release, an undo, an end."""
    for_each_merchant(lambda merchant_id: supply.tell_waiting(merchant_id=merchant_id))


@by_the_clock("supply.remind_buyers", "mail", EVERY_HOUR)
def remind_buyers() -> None:
    """Tell buyers of unused cards that expire soon (V8)."""
    for_each_merchant(
        lambda merchant_id: supply.remind_buyers(merchant_id=merchant_id, now=utc_now())
    )


@by_the_clock("supply.forget_waits", "mail", EVERY_HOUR)
def forget_waits() -> None:
    """Forget who was told, and who has waited too long."""
    for_each_merchant(
        lambda merchant_id: supply.forget_waits(merchant_id=merchant_id, now=utc_now())
    )
