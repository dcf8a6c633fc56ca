"""Figures that the database knows, for Prometheus: told the same by whichever process is asked.

What one process counts (`kacang_request_seconds`) is its own; for the sum of all, set
`PROMETHEUS_MULTIPROC_DIR` to an empty folder before the web server starts. No label holds an id,
a path, a merchant or anything that a caller wrote.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import DatabaseError, connection
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

# A worker writes its heartbeat every ten seconds.
HEARTBEAT_SECONDS = 60
_JOBS = """
select queue_name, status::text, count(*) from procrastinate_jobs
where status in ('todo', 'doing') group by 1, 2
"""
_WORK = """
select (select count(*) from procrastinate_workers
        where last_heartbeat > clock_timestamp() - make_interval(secs => %s::int)),
       (select extract(epoch from clock_timestamp())::bigint - max(defer_timestamp)
        from procrastinate_periodic_defers)
"""
_WAITING = "select news, oldest_seconds from outbox_waiting()"
# Rows that were ever written: kept by the server itself, so that nothing is counted twice.
_WRITTEN = """
select relname, n_tup_ins from pg_stat_user_tables
where schemaname = 'public' and relname in ('sale_order', 'receipt', 'notice', 'allocation')
"""
_FORGED = "select forgeries_seen()"
_TABLES = {
    "sale_order": "orders placed",
    "receipt": "receipts of money",
    "notice": "notices of payment companies",
    "allocation": "cards given to orders",
}


@dataclass(frozen=True, slots=True)
class JobsHealth:
    """Whether somebody works. Seconds are None when nothing was ever due."""

    workers: int
    schedule_seconds: int | None
    news: int
    oldest_news_seconds: float

    @property
    def is_well(self) -> bool:
        """Whether workers are alive, the clock's jobs are queued and news is passed on."""
        return (
            self.workers > 0
            and (self.schedule_seconds or 0) < 3 * HEARTBEAT_SECONDS
            and self.oldest_news_seconds < HEARTBEAT_SECONDS
        )


def jobs_health() -> JobsHealth:
    """Ask the database how jobs are doing."""
    with connection.cursor() as cursor:
        cursor.execute(_WORK, [HEARTBEAT_SECONDS])
        workers, schedule = cursor.fetchone()
        cursor.execute(_WAITING)
        news, oldest = cursor.fetchone()
    return JobsHealth(int(workers), None if schedule is None else int(schedule), news, oldest or 0)


class DatabaseFigures(Collector):
    """Reads the figures when they are asked for; none when the database does not answer."""

    def collect(self) -> Iterator[Metric]:
        """Yield each figure with its labels."""
        up = GaugeMetricFamily("kacang_database_up", "Whether the database answers.")
        try:
            found = [*_jobs(), *_written()]
            up.add_metric([], 1)
        except DatabaseError:
            found = []
            up.add_metric([], 0)
        yield up
        yield from found


def _jobs() -> Iterator[Metric]:
    health = jobs_health()
    yield GaugeMetricFamily("kacang_workers", "Workers that are alive.", value=health.workers)
    yield GaugeMetricFamily(
        "kacang_schedule_lag_seconds",
        "Since a job was last queued by the clock.",
        value=health.schedule_seconds or 0,
    )
    yield GaugeMetricFamily(
        "kacang_news_waiting", "News of sales not passed on yet.", value=health.news
    )
    yield GaugeMetricFamily(
        "kacang_news_oldest_seconds", "Age of the oldest of them.", value=health.oldest_news_seconds
    )
    depth = GaugeMetricFamily("kacang_jobs", "Jobs that wait or run.", labels=["queue", "status"])
    with connection.cursor() as cursor:
        cursor.execute(_JOBS)
        for queue, status, count in cursor.fetchall():
            depth.add_metric([queue, status], count)
    yield depth


def _written() -> Iterator[Metric]:
    rows = CounterMetricFamily(
        "kacang_rows_written",
        "Rows ever written, by what they are: " + ", ".join(_TABLES.values()) + ".",
        labels=["table"],
    )
    with connection.cursor() as cursor:
        cursor.execute(_WRITTEN)
        for table, count in cursor.fetchall():
            rows.add_metric([table], count)
        cursor.execute(_FORGED)
        (forged,) = cursor.fetchone()
    yield rows
    yield CounterMetricFamily(
        "kacang_notices_forged", "Notices with a wrong signature.", value=forged
    )


def with_database(registry: CollectorRegistry) -> CollectorRegistry:
    """Add the database's figures to a registry."""
    registry.register(DatabaseFigures())
    return registry
