"""Every background job: its name, its queue, and the one operation it calls.

Jobs are equals of pages and API: they read their arguments, make one call, and are done. What
must happen by the clock is queued by the workers, once each, however many workers there are.
"""

import time
from collections.abc import Callable
from typing import Any

import structlog
from django.db import OperationalError
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from kacang.merchants import operations as merchants
from kacang.merchants import queries as merchant_queries
from kacang.orders import operations as orders
from kacang.orders import sealed as orders_sealed
from kacang.outbox import files, idempotency, rotating
from kacang.outbox import sealed as outbox_sealed
from kacang.outbox.relay import relay_batch
from kacang.payments import cashier
from kacang.payments import operations as payments
from kacang.payments import sealed as payments_sealed
from kacang.queue import retry_stalled
from kacang.risk import operations as risk
from kacang.shared.clock import utc_now
from kacang.shared.errors import Unavailable
from kacang.stock import operations as stock
from kacang.vault import operations as vault
from kacang.vault import sealed as vault_sealed
from kacang.web import mails

log = structlog.get_logger(__name__)

Job = Callable[..., Any]

# Only what may heal by itself is tried again; every other error is a person's to look at.
RETRY = RetryStrategy(
    max_attempts=12, exponential_wait=2, retry_exceptions={Unavailable, OperationalError}
)
EVERY_MINUTE = "* * * * *"
EVERY_TEN_SECONDS = "* * * * * */10"
EVERY_TEN_MINUTES = "*/10 * * * *"
EVERY_HOUR = "7 * * * *"
EVERY_NIGHT = "23 19 * * *"  # 03:23 in Shanghai

# News of hot transactions → (job, queue).
LISTENERS: dict[str, tuple[tuple[str, str], ...]] = {
    "orders.cancelled": (("orders.tell_cancelled", "mail"),),
    "orders.delivered": (("orders.tell_delivered", "mail"),),
    "orders.ready": (("orders.tell_ready", "mail"),),
    "orders.on_hold": (("orders.tell_on_hold", "mail"),),
    "payments.suspense": (("payments.tell_suspense", "mail"),),
    "vault.stocked": (("orders.continue_waiting", "delivery"),),
}


STALLED_SECONDS = 10
_looked_at = [0.0]


def relay_news() -> int:
    """Pass one batch of news on to jobs; return how many there were. Called in a loop.

    Now and then, jobs whose worker died are queued again: that cannot be a job itself.
    """
    if time.monotonic() - _looked_at[0] > STALLED_SECONDS:
        _looked_at[0] = time.monotonic()
        if stalled := retry_stalled():
            log.warning("jobs.stalled", count=stalled)
    return relay_batch(listeners=LISTENERS)


def task(name: str, queue: str) -> Callable[[Job], Job]:
    """Make a function a job. It is tried again only when the reason may pass by itself."""

    def make(function: Job) -> Job:
        app.task(name=name, queue=queue, retry=RETRY)(function)
        return function

    return make


def by_the_clock(name: str, queue: str, cron: str) -> Callable[[Job], Job]:
    """Make a function without arguments a job that is queued by the clock, never twice at once."""

    def make(function: Job) -> Job:
        def run(timestamp: int) -> None:
            del timestamp  # when it was due; what matters is that it runs now
            function()

        made = app.task(name=name, queue=queue, queueing_lock=name, lock=name)(run)
        app.periodic(cron=cron, periodic_id=name)(made)
        return function

    return make


def for_each_merchant(operation: Callable[[int], Any]) -> None:
    """Run an operation for every merchant; one that fails does not keep the others waiting."""
    failed = 0
    for merchant_id in merchant_queries.all_merchant_ids():
        try:
            operation(merchant_id)
        except Exception:
            failed += 1
            log.exception("job.failed_for_merchant", merchant_id=merchant_id)
    if failed:
        raise RuntimeError(f"failed for {failed} merchants")


# ---- messages


@task("messages.send", "mail")
def send_message(*, merchant_id: int, uid: str) -> None:
    """Send a mail that waits."""
    mails.send(merchant_id=merchant_id, uid=uid)


@by_the_clock("messages.tell_low_stock", "mail", EVERY_TEN_MINUTES)
def tell_low_stock() -> None:
    """Tell the staff what runs low (S4, L20)."""
    for_each_merchant(lambda merchant_id: mails.tell_low_stock(merchant_id=merchant_id))


@by_the_clock("messages.tell_expiring", "mail", EVERY_HOUR)
def tell_expiring() -> None:
    """Tell the staff of unsold cards that expire soon (V8)."""
    for_each_merchant(lambda merchant_id: mails.tell_expiring(merchant_id=merchant_id))


# ---- merchants


@by_the_clock("merchants.seal_logs", "delivery", EVERY_MINUTE)
def seal_logs() -> None:
    """Seal what was written to the logs (I3, O7)."""
    for_each_merchant(lambda merchant_id: merchants.seal_logs(merchant_id=merchant_id))


@by_the_clock("merchants.make_partitions", "delivery", EVERY_NIGHT)
def make_partitions() -> None:
    """Make the coming months' partitions of the logs."""
    merchants.make_partitions()


# ---- outbox


@by_the_clock("outbox.sweep", "delivery", EVERY_HOUR)
def sweep_outbox() -> None:
    """Drop idempotency keys and sealed files that have expired."""
    while idempotency.sweep() > 0:
        pass
    while files.sweep() > 0:
        pass


# Every column that holds sealed bytes; a test holds this against the schema.
SEALED = (
    *payments_sealed.SEALED,
    *orders_sealed.SEALED,
    *outbox_sealed.SEALED,
    *vault_sealed.SEALED,
)


@task("secrets.run_rotation", "bulk")
def run_rotation(*, merchant_id: int, work_uid: str) -> None:
    """Seal everything of a merchant under its new key, or the rest of it after a crash (V4)."""
    rotating.run_rotation(merchant_id=merchant_id, work_uid=work_uid, tables=SEALED)


# ---- payments


@by_the_clock("payments.ask_due", "money", EVERY_TEN_SECONDS)
def ask_due() -> None:
    """Ask providers about payments that were not heard of (掉单, P3, L8)."""
    payments.enqueue_questions()


@task("payments.ask", "money")
def ask(*, merchant_id: int, payment_id: int) -> None:
    """Ask about one payment, and settle what is said."""
    orders.ask_about(merchant_id=merchant_id, payment_id=payment_id)


@by_the_clock("payments.settle_waiting", "money", EVERY_TEN_SECONDS)
def settle_waiting() -> None:
    """Try again the notices that were stored but not acted on."""
    orders.settle_waiting()


@task("payments.sandbox_send", "money")
def sandbox_send(*, merchant_id: int, account_uid: str, charge_id: int, message: str) -> None:
    """Bring the sandbox company's notice to our door, as any company would."""
    cashier.send(
        merchant_id=merchant_id,
        account_uid=account_uid,
        charge_id=charge_id,
        message=message,
        now=utc_now(),
    )


@task("payments.tell_suspense", "mail")
def tell_suspense(*, merchant_id: int, receipt_id: int) -> None:
    """Tell the staff of money that fits no order."""
    mails.tell_suspense(merchant_id=merchant_id, receipt_id=receipt_id)


# ---- risk


@by_the_clock("risk.sweep", "delivery", EVERY_HOUR)
def sweep_counters() -> None:
    """Delete counters that count nothing any more."""

    def sweep(merchant_id: int) -> None:
        while risk.sweep(merchant_id=merchant_id) > 0:
            pass

    for_each_merchant(sweep)


# ---- orders


@task("orders.run_move", "bulk")
def run_move(*, merchant_id: int, work_uid: str) -> None:
    """Take over another system's shop, or the rest of it after a crash (V7)."""
    orders.run_move(merchant_id=merchant_id, work_uid=work_uid)


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

    def check(merchant_id: int) -> None:
        for finding in orders.check_references(merchant_id=merchant_id):
            log.error(
                "orders.reference", merchant_id=merchant_id, what=finding.what, count=finding.count
            )

    for_each_merchant(check)


@task("orders.tell_delivered", "mail")
def tell_delivered(*, merchant_id: int, order_id: int, again: int = 0) -> None:
    """Mail the buyer the way to the codes."""
    mails.tell_delivered(merchant_id=merchant_id, order_id=order_id, again=again)


@task("orders.tell_ready", "mail")
def tell_ready(*, merchant_id: int, order_id: int) -> None:
    """Mail the buyer that goods are paid for."""
    mails.tell_ready(merchant_id=merchant_id, order_id=order_id)


@task("orders.tell_replaced", "mail")
def tell_replaced(*, merchant_id: int, order_id: int, card_uid: str) -> None:
    """Mail the buyer that another card took the place of a faulty one."""
    mails.tell_replaced(merchant_id=merchant_id, order_id=order_id, card_uid=card_uid)


@task("orders.tell_on_hold", "mail")
def tell_on_hold(*, merchant_id: int, order_id: int) -> None:
    """Tell buyer and staff that a paid order waits."""
    mails.tell_on_hold(merchant_id=merchant_id, order_id=order_id)


@task("orders.tell_cancelled", "mail")
def tell_cancelled(*, merchant_id: int, order_id: int) -> None:
    """Tell the buyer that an unpaid order was cancelled."""
    mails.tell_cancelled(merchant_id=merchant_id, order_id=order_id)


@task("orders.send_code", "mail")
def send_code(*, merchant_id: int, code_id: int) -> None:
    """Mail a buyer the one-time code to an order."""
    mails.send_code(merchant_id=merchant_id, code_id=code_id)


# ---- vault


@task("vault.run_import", "bulk")
def run_import(*, merchant_id: int, work_uid: str) -> None:
    """Load a file of card secrets, or go on with it after a crash (V2)."""
    vault.run_import(merchant_id=merchant_id, work_uid=work_uid)


@task("vault.run_check", "bulk")
def run_check(*, merchant_id: int, work_uid: str) -> None:
    """Look at a file of card secrets without loading it (V2)."""
    vault.run_check(merchant_id=merchant_id, work_uid=work_uid)


@task("vault.run_generate", "bulk")
def run_generate(*, merchant_id: int, work_uid: str) -> None:
    """Make card secrets, or the rest of them after a crash (V1)."""
    vault.run_generate(merchant_id=merchant_id, work_uid=work_uid)


@task("vault.run_change", "bulk")
def run_change(*, merchant_id: int, work_uid: str) -> None:
    """Change many card secrets, or go on with it after a crash (V3, V6)."""
    vault.run_change(merchant_id=merchant_id, work_uid=work_uid)


@task("vault.run_export", "bulk")
def run_export(*, merchant_id: int, work_uid: str) -> None:
    """Gather card secrets for a person, or go on with it after a crash (V4, V6)."""
    vault.run_export(merchant_id=merchant_id, work_uid=work_uid)


@task("vault.rekey", "bulk")
def rekey(*, merchant_id: int, sku_id: int) -> None:
    """Put the free cards of a SKU into the order of its new strategy (V5)."""
    vault.rekey(merchant_id=merchant_id, sku_id=sku_id)


@by_the_clock("vault.expire_cards", "delivery", EVERY_MINUTE)
def expire_cards() -> None:
    """Take cards whose time is over out of the stock (V8)."""
    for_each_merchant(lambda merchant_id: vault.expire_cards(merchant_id=merchant_id))


@by_the_clock("vault.compact_levels", "delivery", EVERY_TEN_SECONDS)
def compact_levels() -> None:
    """Sum movements up, so that counting costs the same for ever (S1)."""
    for_each_merchant(lambda merchant_id: vault.compact_levels(merchant_id=merchant_id))


@by_the_clock("stock.compact_levels", "delivery", EVERY_TEN_SECONDS)
def compact_goods() -> None:
    """Sum movements of goods up, so that counting costs the same for ever (S1)."""
    for_each_merchant(lambda merchant_id: stock.compact_levels(merchant_id=merchant_id))


@by_the_clock("stock.check_references", "delivery", EVERY_NIGHT)
def check_goods() -> None:
    """Prove that the goods on hand are the sum of their movements (S1)."""

    def check(merchant_id: int) -> None:
        for finding in stock.check_references(merchant_id=merchant_id):
            log.error(
                "stock.reference", merchant_id=merchant_id, what=finding.what, count=finding.count
            )

    for_each_merchant(check)


@by_the_clock("vault.move_marks", "delivery", EVERY_TEN_SECONDS)
def move_marks() -> None:
    """Move up where sales in order begin to look (rule 7)."""
    for_each_merchant(lambda merchant_id: vault.move_marks(merchant_id=merchant_id))


@by_the_clock("vault.check_references", "delivery", EVERY_NIGHT)
def check_references() -> None:
    """Prove what no constraint holds (rule 18)."""

    def check(merchant_id: int) -> None:
        for finding in vault.check_references(merchant_id=merchant_id):
            log.error(
                "vault.reference", merchant_id=merchant_id, what=finding.what, count=finding.count
            )

    for_each_merchant(check)
