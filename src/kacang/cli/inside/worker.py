"""Workers: take jobs from their queues and do them (rule 25)."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from django.db import close_old_connections
from procrastinate import App
from procrastinate.contrib.django import app
from procrastinate.contrib.django.utils import connector_params
from procrastinate.psycopg_connector import PsycopgConnector

log = structlog.get_logger(__name__)

# How many jobs of a queue one process does at a time. Bulk work keeps a core busy by itself.
CONCURRENCY = {"money": 4, "delivery": 4, "mail": 2, "bulk": 1}
_GRACE_SECONDS = 15.0
# When the database is gone, so is our work: do not hang on for long.
_POOL_SECONDS = 5.0


def with_fresh_connection(job: Callable[[], Any], *_: object) -> Any:
    """Do a job on a connection that works: the database may have been restarted since."""
    close_old_connections()
    try:
        return job()
    finally:
        close_old_connections()


def run(queues: Sequence[str]) -> None:
    """Work until SIGTERM or SIGINT; jobs in hand get some seconds to end."""
    asyncio.run(_run(queues))


async def _run(queues: Sequence[str]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    connector = PsycopgConnector(
        kwargs=connector_params(),
        min_size=1,
        # Each queue has one connection that listens and needs another one to work with.
        max_size=2 * len(queues) + 1,
        timeout=_POOL_SECONDS,
    )
    with app.replace_connector(connector) as working:
        async with working.open_async():
            workers = [asyncio.create_task(_work(working, queue)) for queue in queues]
            log.info("worker started", queues=list(queues))
            waiting = asyncio.create_task(stop.wait())
            done, _ = await asyncio.wait([*workers, waiting], return_when=asyncio.FIRST_COMPLETED)
            _end_at_the_latest()
            for task in (*workers, waiting):
                task.cancel()
            await asyncio.gather(*workers, waiting, return_exceptions=True)
            log.info("worker stopped", queues=list(queues))
    for task in done - {waiting}:
        task.result()


def _end_at_the_latest() -> None:
    """End hard when ending well takes too long: a job cut off is run again by another worker."""
    timer = threading.Timer(_GRACE_SECONDS + _POOL_SECONDS, os._exit, args=[1])
    timer.daemon = True
    timer.start()


async def _work(working: App, queue: str) -> None:
    await working.run_worker_async(
        queues=[queue],
        name=f"{queue}-{os.getpid()}",
        concurrency=CONCURRENCY[queue],
        # The connection that listens is not there behind a pooler in transaction mode; polling is.
        fetch_job_polling_interval=1.0,
        shutdown_graceful_timeout=_GRACE_SECONDS,
        install_signal_handlers=False,
        task_middleware=[with_fresh_connection],
    )
