"""Jobs whose worker died: they are put back, or they would keep their lock for ever."""

from django.db import connection, transaction
from django.db.utils import IntegrityError

# A worker says every ten seconds that it lives.
SILENT_SECONDS = 45
_STALLED = """
select j.id from procrastinate_jobs j
left join procrastinate_workers w on w.id = j.worker_id
where j.status = 'doing'
  and (w.id is null or w.last_heartbeat < now() - make_interval(secs => %s::int))
order by j.id
"""
_AGAIN = "select procrastinate_retry_job_v2(%s::bigint, now(), null::int, null::text, null::text)"
_DROP = "select procrastinate_finish_job_v1(%s::bigint, 'failed', false)"


def retry_stalled() -> int:
    """Queue again the jobs of workers that were not heard of; return how many there were.

    A job by the clock of which the next one waits already is not done twice: it is dropped.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_STALLED, [SILENT_SECONDS])
        found = [row[0] for row in cursor.fetchall()]
        for job_id in found:
            try:
                with transaction.atomic():
                    cursor.execute(_AGAIN, [job_id])
            except IntegrityError:
                cursor.execute(_DROP, [job_id])
    return len(found)
