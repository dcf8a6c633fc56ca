"""Background jobs, kept in the same database as everything else.

A job is a row, so it is queued if and only if the transaction that queued it commits.
"""

from kacang.queue.enqueue import QUEUES, URGENT, enqueue, enqueue_each
from kacang.queue.stalled import retry_stalled

__all__ = ["QUEUES", "URGENT", "enqueue", "enqueue_each", "retry_stalled"]
