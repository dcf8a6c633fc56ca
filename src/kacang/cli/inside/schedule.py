"""The schedule: passes news on from sales to jobs, as soon as they are there.

What happens by the clock is queued by the workers themselves, each minute once (procrastinate's
periodic tasks); only news cannot wait that long.
"""

import signal
import threading
from collections.abc import Callable

import structlog
from django.db import DatabaseError, close_old_connections
from django.utils.module_loading import import_string

log = structlog.get_logger(__name__)

# Named as text: jobs are beside us, and know who listens to which news.
RELAY = "kacang.jobs.relay_news"
_IDLE_SECONDS = 0.2
_FAILED_SECONDS = 2.0


def run() -> None:
    """Pass news on until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    relay: Callable[[], int] = import_string(RELAY)
    log.info("schedule started")
    while not stop.is_set():
        stop.wait(once(relay))
    log.info("schedule stopped")


def once(relay: Callable[[], int]) -> float:
    """Pass on what is there; return how many seconds to wait before looking again."""
    close_old_connections()
    try:
        passed = relay()
    except DatabaseError:
        log.exception("news could not be passed on")
        return _FAILED_SECONDS
    return 0.0 if passed else _IDLE_SECONDS
