"""News of hot transactions become jobs in the order in which things happened."""

import psycopg
from django.db import connection, transaction

from kacang.outbox.relay import relay_batch

# Numbered as they happened, but lying in the table the other way round: so does a table whose
# room was used before.
_BACKWARDS = """
with numbered as (
    select n, nextval(pg_get_serial_sequence('outbox', 'id')) as id
    from generate_series(1, 40) as n
)
insert into outbox (id, merchant_id, kind, payload) overriding system value
select id, %s::bigint, 'tests.news', jsonb_build_object('order_id', n)
from numbered order by id desc
"""


def jobs_of(merchant: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select (args->>'order_id')::int from procrastinate_jobs"
            " where task_name = 'tests.job' and args->>'merchant_id' = %s::text order by id",
            [str(merchant)],
        )
        return [row[0] for row in cursor.fetchall()]


def test_a_batch_is_queued_in_the_order_of_its_news(database, merchant):
    while relay_batch(listeners={}):
        pass
    with psycopg.connect(database.dsn("kacang_owner")) as owner:
        owner.execute(_BACKWARDS, [merchant])

    with transaction.atomic():
        assert relay_batch(listeners={"tests.news": (("tests.job", "mail"),)}) == 40
        queued = jobs_of(merchant)
        # Nobody knows this job: no worker of another test shall find it.
        transaction.set_rollback(True)

    assert queued == list(range(1, 41))
