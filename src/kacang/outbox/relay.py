"""From news to jobs: what hot transactions left in the outbox is queued for whoever listens.

The news leave the outbox in the transaction that queues their jobs: each is queued once.
"""

import json
from collections.abc import Mapping

from django.db import connection, transaction

from kacang.queue import enqueue

BATCH = 100

# kind of news → (job, queue). News that nobody listens to are dropped here.
Listeners = Mapping[str, tuple[tuple[str, str], ...]]


@transaction.atomic
def relay_batch(*, listeners: Listeners, most: int = BATCH) -> int:
    """Queue jobs for up to `most` news, of every merchant; return how many news there were."""
    with connection.cursor() as cursor:
        cursor.execute("select merchant_id, kind, payload from outbox_take(%s::int)", [most])
        news = cursor.fetchall()
    for merchant_id, kind, payload in news:
        arguments = json.loads(payload) if isinstance(payload, str) else payload
        for job, queue in listeners.get(kind, ()):
            enqueue(job, queue=queue, merchant_id=merchant_id, **arguments)
    return len(news)
