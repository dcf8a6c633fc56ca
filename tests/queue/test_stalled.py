"""Jobs whose worker died are done by another."""

import pytest
from django.db import connection, transaction

from kacang.queue import enqueue, retry_stalled


def job(name: str) -> tuple[str, int | None]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select status::text, worker_id from procrastinate_jobs where task_name = %s::text"
            " order by id desc limit 1",
            [name],
        )
        found = cursor.fetchone()
    return found[0], found[1]


def take(name: str, heartbeat: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "insert into procrastinate_workers (last_heartbeat) values (now() - %s::interval)"
            " returning id",
            [heartbeat],
        )
        (worker_id,) = cursor.fetchone()
        cursor.execute(
            "update procrastinate_jobs set status = 'doing', worker_id = %s::bigint"
            " where task_name = %s::text and status = 'todo'",
            [worker_id, name],
        )


class TestRetryStalled:
    @pytest.mark.parametrize(
        ("heartbeat", "status"), [("5 seconds", "doing"), ("2 minutes", "todo")]
    )
    def test_puts_back_what_a_dead_worker_had(self, heartbeat, status):
        name = f"test.{heartbeat.replace(' ', '-')}"
        enqueue(name, queue="bulk", lock=name, merchant_id=1)
        take(name, heartbeat)

        retry_stalled()

        assert job(name)[0] == status

    def test_drops_one_whose_successor_waits(self):
        name = "test.clock"
        enqueue(name, queue="bulk", once=name)
        take(name, "2 minutes")
        enqueue(name, queue="bulk", once=name)

        retry_stalled()

        with connection.cursor() as cursor:
            cursor.execute(
                "select status::text from procrastinate_jobs where task_name = %s::text"
                " order by id",
                [name],
            )
            assert cursor.fetchall() == [("failed",), ("todo",)]
