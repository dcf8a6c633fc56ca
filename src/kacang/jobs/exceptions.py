"""Jobs of exceptions: finding them, taking them up, and telling of them (O6, O8)."""

from kacang.jobs.running import (
    EVERY_HOUR,
    EVERY_MINUTE,
    EVERY_TEN_SECONDS,
    by_the_clock,
    for_each_merchant,
    task,
)
from kacang.orders.deadlines import operations as deadlines
from kacang.orders.exceptions import operations as exceptions
from kacang.orders.reviewing import operations as reviewing
from kacang.orders.stages import summing
from kacang.shared.clock import utc_now
from kacang.web.mails import exceptions as exception_mails


@by_the_clock("orders.sync_exceptions", "delivery", EVERY_TEN_SECONDS)
def sync_exceptions() -> None:
    """Open what holds orders up, and close what is over (O6)."""
    for_each_merchant(lambda merchant_id: exceptions.sync_exceptions(merchant_id=merchant_id))


@by_the_clock("orders.escalate", "delivery", EVERY_MINUTE)
def escalate() -> None:
    """Take up what is past its deadline (O6)."""
    for_each_merchant(lambda merchant_id: exceptions.escalate(merchant_id=merchant_id))


@by_the_clock("orders.obey_limits", "delivery", EVERY_MINUTE)
def obey_limits() -> None:
    """Let go on, give back or take up what nobody has reviewed in time (O9)."""
    for_each_merchant(lambda merchant_id: reviewing.obey_limits(merchant_id=merchant_id))


@by_the_clock("orders.watch_deadlines", "delivery", EVERY_MINUTE)
def watch() -> None:
    """Mark what is due soon and what is late (O8)."""
    for_each_merchant(
        lambda merchant_id: deadlines.watch_deadlines(merchant_id=merchant_id, now=utc_now())
    )


@by_the_clock("orders.sum_stages", "delivery", EVERY_HOUR)
def sum_stages() -> None:
    """Sum up how long stages took on days that are over (O7)."""
    for_each_merchant(
        lambda merchant_id: summing.sum_stages(merchant_id=merchant_id, now=utc_now())
    )


@task("orders.tell_deadlines", "mail")
def tell_deadlines(*, merchant_id: int, near: int, late: int, occasion: str) -> None:
    """Tell the staff of what is due soon, and of what is late (O8)."""
    exception_mails.tell_deadlines(merchant_id=merchant_id, near=near, late=late, occasion=occasion)


@task("orders.look_at_order", "delivery")
def look_at_order(*, merchant_id: int, order_id: int) -> None:
    """Look at once at an order of which is known that it waits (O6)."""
    exceptions.sync_order(merchant_id=merchant_id, order_id=order_id)


@task("orders.remind_to_pay", "mail")
def remind_to_pay(*, merchant_id: int, order_id: int) -> None:
    """Mail the buyer once that an order is still to be paid (O6, O8)."""
    exception_mails.remind_to_pay(merchant_id=merchant_id, order_id=order_id)


@task("orders.tell_escalated", "mail")
def tell_escalated(*, merchant_id: int, uid: str, level: int) -> None:
    """Tell whom a level names of an exception that has come to it (O6)."""
    exception_mails.tell_escalated(merchant_id=merchant_id, uid=uid, level=level)


@task("orders.tell_change", "mail")
def tell_change(*, merchant_id: int, uid: str) -> None:
    """Mail the buyer what was decided about a change (O6)."""
    exception_mails.tell_change(merchant_id=merchant_id, uid=uid)
