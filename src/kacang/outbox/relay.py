"""From news to jobs: what hot transactions left in the outbox is queued for whoever listens.

The news leave the outbox in the transaction that queues their jobs: each is queued once.
"""

import json
from collections.abc import Callable, Mapping

from django.db import connection, transaction

from kacang.queue import enqueue

BATCH = 100

# kind of news → (job, queue). News that nobody listens to are dropped here.
Listeners = Mapping[str, tuple[tuple[str, str], ...]]


# The beginning of a job's name → asks which merchants want such jobs at all.
Wanted = Mapping[str, Callable[[], frozenset[int]]]


@transaction.atomic
def relay_batch(*, listeners: Listeners, most: int = BATCH, wanted: Wanted | None = None) -> int:
    """Queue jobs for up to `most` news, of every merchant; return how many news there were.

    `wanted` spares the jobs of merchants who do not listen; it is asked once a batch.
    """
    with connection.cursor() as cursor:
        # What is taken comes in any order: jobs are queued in the order in which things happened.
        cursor.execute(
            "select merchant_id, kind, payload from outbox_take(%s::int) order by id", [most]
        )
        news = cursor.fetchall()
    who = {prefix: ask() for prefix, ask in (wanted or {}).items()} if news else {}
    for merchant_id, kind, payload in news:
        arguments = json.loads(payload) if isinstance(payload, str) else payload
        for job, queue in listeners.get(kind, ()):
            if merchant_id in who.get(job.partition(".")[0], (merchant_id,)):
                enqueue(job, queue=queue, merchant_id=merchant_id, **arguments)
    return len(news)
