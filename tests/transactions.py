"""Other transactions of the cluster: jobs that read up to the oldest one look no further."""

import time

from django.db import connection

PATIENCE_SECONDS = 60
_AHEAD = "select pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
_BOUND = "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint"


def let_others_end() -> None:
    """Wait until all that runs now has ended, in other tests' databases too.

    What was committed before is below the bound of whoever looks next.
    """
    ahead, until = _one(_AHEAD), time.monotonic() + PATIENCE_SECONDS
    while _one(_BOUND) < ahead:
        assert time.monotonic() < until, "a transaction of some other test does not end"
        time.sleep(0.02)


def _one(text: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(text)
        ((number,),) = cursor.fetchall()
    return int(number)
