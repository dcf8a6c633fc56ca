"""News of hot transactions, passed on to the jobs that listen."""

import time

import structlog

from kacang.messages.webhooks import queries as webhooks
from kacang.outbox.relay import relay_batch
from kacang.queue import retry_stalled

log = structlog.get_logger(__name__)

# News of hot transactions → (job, queue).
LISTENERS: dict[str, tuple[tuple[str, str], ...]] = {
    "orders.cancelled": (
        ("orders.tell_cancelled", "mail"),
        ("webhooks.order_cancelled", "mail"),
    ),
    "orders.delivered": (
        ("orders.tell_delivered", "mail"),
        ("webhooks.order_delivered", "mail"),
    ),
    "orders.ready": (("orders.tell_ready", "mail"), ("webhooks.order_ready", "mail")),
    "orders.on_hold": (
        ("orders.tell_on_hold", "mail"),
        ("orders.refund_late", "money"),
        ("orders.look_at_order", "delivery"),
        ("webhooks.order_on_hold", "mail"),
    ),
    "orders.refunded": (("orders.tell_refunded", "mail"), ("webhooks.order_refunded", "mail")),
    "payments.suspense": (
        ("payments.tell_suspense", "mail"),
        ("orders.refund_second", "money"),
    ),
    "vault.stocked": (
        ("orders.continue_waiting", "delivery"),
        ("supply.tell_waiting", "mail"),
        ("webhooks.stock_arrived", "mail"),
    ),
}
# Most merchants have no webhook: of theirs no job is made.
WANTED = {"webhooks": webhooks.listening_merchants}


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
    return relay_batch(listeners=LISTENERS, wanted=WANTED)
