"""What the clock starts does not wait behind what it started before."""

import pytest
from django.db import connection, transaction
from procrastinate.contrib.django import app

from kacang.queue import enqueue

app.perform_import_paths()
BY_THE_CLOCK = sorted({each.task.name for each in app.periodic_registry.periodic_tasks.values()})
TAKE = "select task_name from procrastinate_fetch_job_v2(array[%s]::varchar[], null::bigint)"


@pytest.mark.parametrize("name", BY_THE_CLOCK)
def test_a_job_by_the_clock_overtakes_the_heap(name):
    task = app.tasks[name]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("delete from procrastinate_jobs")
        enqueue("test.heap", queue=task.queue, merchant_id=1)
        task.defer(timestamp=0)

        cursor.execute(TAKE, [task.queue])

        assert cursor.fetchone() == (name,)
        transaction.set_rollback(True)
