"""Jobs of orders: what waits, what expires, and what buyers are told."""

from kacang.jobs.running import (
    EVERY_NIGHT,
    EVERY_TEN_SECONDS,
    by_the_clock,
    for_each_merchant,
    report_findings,
    task,
)
from kacang.orders import operations as orders
from kacang.orders.batches import operations as batches
from kacang.orders.exports import operations as exports
from kacang.orders.slips import operations as slips
from kacang.web.mails import orders as order_mails
from kacang.web.mails import refunds as refund_mails


@task("orders.run_move", "bulk")
def run_move(*, merchant_id: int, work_uid: str) -> None:
    """Take over another system's shop, or the rest of it after a crash (V7)."""
    orders.run_move(merchant_id=merchant_id, work_uid=work_uid)


@task("orders.run_move_check", "bulk")
def run_move_check(*, merchant_id: int, work_uid: str) -> None:
    """Look at another system's file, without bringing anything (V7)."""
    orders.run_move_check(merchant_id=merchant_id, work_uid=work_uid)


@task("orders.run_replace", "bulk")
def run_replace(*, merchant_id: int, work_uid: str) -> None:
    """Replace the cards of a job for their buyers, or the rest of them after a crash (V3, V6)."""
    orders.run_replace(merchant_id=merchant_id, work_uid=work_uid)


@task("orders.run_batch", "bulk")
def run_batch(*, merchant_id: int, work_uid: str) -> None:
    """Do one thing with many orders, or the rest of it after a crash (O4)."""
    batches.run_batch(merchant_id=merchant_id, work_uid=work_uid)


@task("orders.run_ship_check", "bulk")
def run_ship_check(*, merchant_id: int, work_uid: str) -> None:
    """Look at a list of tracking numbers before anything is sent (L2)."""
    batches.run_ship_check(merchant_id=merchant_id, work_uid=work_uid)


@task("orders.run_export", "bulk")
def run_export(*, merchant_id: int, work_uid: str) -> None:
    """Write orders into a file, or the rest of them after a crash (O10)."""
    exports.run_export(merchant_id=merchant_id, work_uid=work_uid)


@task("orders.run_slips", "bulk")
def run_slips(*, merchant_id: int, work_uid: str) -> None:
    """Print the slips of many orders, or the rest of them after a crash (D5)."""
    slips.run_slips(merchant_id=merchant_id, work_uid=work_uid)


@task("orders.continue_waiting", "delivery")
def continue_waiting(*, merchant_id: int, sku_id: int) -> None:
    """Deliver orders that waited for a SKU, now that stock came (O6)."""
    orders.continue_waiting(merchant_id=merchant_id, sku_id=sku_id)


@by_the_clock("orders.expire_due", "delivery", EVERY_TEN_SECONDS)
def expire_due() -> None:
    """Cancel orders whose time to pay has passed."""

    def expire(merchant_id: int) -> None:
        while orders.expire_due(merchant_id=merchant_id) > 0:
            pass

    for_each_merchant(expire)


@by_the_clock("orders.check_references", "delivery", EVERY_NIGHT)
def check_orders() -> None:
    """Prove what no constraint holds of orders and money (rule 18)."""
    report_findings("orders.reference", orders.check_references)


@task("orders.tell_delivered", "mail")
def tell_delivered(*, merchant_id: int, order_id: int, again: int = 0) -> None:
    """Mail the buyer the way to the codes."""
    order_mails.tell_delivered(merchant_id=merchant_id, order_id=order_id, again=again)


@task("orders.tell_ready", "mail")
def tell_ready(*, merchant_id: int, order_id: int) -> None:
    """Mail the buyer that goods are paid for."""
    order_mails.tell_ready(merchant_id=merchant_id, order_id=order_id)


@task("orders.tell_replaced", "mail")
def tell_replaced(*, merchant_id: int, order_id: int, occasion: str) -> None:
    """Mail the buyer that other cards took the place of faulty ones."""
    order_mails.tell_replaced(merchant_id=merchant_id, order_id=order_id, occasion=occasion)


@task("orders.tell_on_hold", "mail")
def tell_on_hold(*, merchant_id: int, order_id: int) -> None:
    """Tell buyer and staff that a paid order waits."""
    order_mails.tell_on_hold(merchant_id=merchant_id, order_id=order_id)


@task("orders.tell_cancelled", "mail")
def tell_cancelled(*, merchant_id: int, order_id: int) -> None:
    """Tell the buyer that an unpaid order was cancelled."""
    order_mails.tell_cancelled(merchant_id=merchant_id, order_id=order_id)


@task("orders.send_code", "mail")
def send_code(*, merchant_id: int, code_id: int) -> None:
    """Mail a buyer the one-time code to an order."""
    order_mails.send_code(merchant_id=merchant_id, code_id=code_id)


@task("orders.tell_refunded", "mail")
def tell_refunded(*, merchant_id: int, order_id: int, refund: str) -> None:
    """Mail the buyer that money went back (P4)."""
    refund_mails.tell_refunded(merchant_id=merchant_id, order_id=order_id, refund=refund)


@task("orders.tell_refund_asked", "mail")
def tell_refund_asked(*, merchant_id: int, refund: str) -> None:
    """Tell the staff that a refund waits for approval."""
    refund_mails.tell_asked(merchant_id=merchant_id, refund=refund)


@task("orders.tell_refund_failed", "mail")
def tell_refund_failed(*, merchant_id: int, refund: str) -> None:
    """Tell the staff that a refund failed."""
    refund_mails.tell_failed(merchant_id=merchant_id, refund=refund)


@task("orders.tell_refund_outside", "mail")
def tell_refund_outside(*, merchant_id: int, refund: str) -> None:
    """Tell the staff of a refund that was made at the company's website."""
    refund_mails.tell_outside(merchant_id=merchant_id, refund=refund)


@task("orders.refund_second", "money")
def refund_second(*, merchant_id: int, receipt_id: int) -> None:
    """Give money back that was paid a second time, where the merchant has it so (P3)."""
    orders.refund_second(merchant_id=merchant_id, receipt_id=receipt_id)


@task("orders.refund_late", "money")
def refund_late(*, merchant_id: int, order_id: int) -> None:
    """Give money back that came too late, where the merchant has it so (L4)."""
    orders.refund_late(merchant_id=merchant_id, order_id=order_id)
