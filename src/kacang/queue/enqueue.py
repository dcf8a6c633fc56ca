"""Queue a job by its name."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

# Each has its own workers, so that a large import never delays a payment (rule 25).
QUEUES = ("money", "delivery", "bulk", "mail")
# Somebody waits for it: it overtakes what its queue holds.
URGENT = 10


def enqueue(
    job: str,
    *,
    queue: str,
    lock: str | None = None,
    once: str | None = None,
    after_seconds: int = 0,
    priority: int = 0,
    **arguments: int | str,
) -> None:
    """Queue the job called `job`. Arguments are ids and plain values, never rows.

    Args:
        job: The name it has in `kacang.jobs`.
        queue: One of QUEUES.
        lock: Jobs of the same lock run one after the other.
        once: While a job of this name waits, no second one is queued.
        after_seconds: How long it waits before it may run.
        priority: Of what waits in a queue, the highest runs first.
        arguments: What the job is called with; `merchant_id` nearly always.
    """
    assert queue in QUEUES, queue
    deferrer = app.configure_task(
        job,
        queue=queue,
        lock=lock,
        queueing_lock=once,
        priority=priority,
        schedule_in={"seconds": after_seconds} if after_seconds else None,
        allow_unknown=True,
    )
    try:
        # The refusal of a second one must not end the caller's transaction.
        with transaction.atomic(savepoint=once is not None):
            deferrer.defer(**arguments)
    except AlreadyEnqueued:
        return


def enqueue_each(
    job: str, *, queue: str, arguments: Sequence[dict[str, Any]], after_seconds: int = 0
) -> None:
    """Queue the job called `job` once for each of the arguments, in one statement."""
    assert queue in QUEUES, queue
    if not arguments:
        return
    deferrer = app.configure_task(
        job,
        queue=queue,
        schedule_in={"seconds": after_seconds} if after_seconds else None,
        allow_unknown=True,
    )
    deferrer.batch_defer(*arguments)
