"""What makes a function a job: of a queue, or by the clock (rule 26)."""

from collections.abc import Callable, Iterable
from contextvars import copy_context
from functools import wraps
from typing import Any, Protocol

import structlog
from django.db import OperationalError
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from kacang.merchants import queries as merchant_queries
from kacang.queue import URGENT
from kacang.shared.errors import Unavailable

log = structlog.get_logger(__name__)

Job = Callable[..., Any]

# Only what may heal by itself is tried again; every other error is a person's to look at.
RETRY = RetryStrategy(
    max_attempts=12, exponential_wait=2, retry_exceptions={Unavailable, OperationalError}
)
EVERY_MINUTE = "* * * * *"
EVERY_TEN_SECONDS = "* * * * * */10"
EVERY_TEN_MINUTES = "*/10 * * * *"
EVERY_HOUR = "7 * * * *"
EVERY_NIGHT = "23 19 * * *"  # 03:23 in Shanghai


def task(name: str, queue: str) -> Callable[[Job], Job]:
    """Make a function a job. It is tried again only when the reason may pass by itself."""

    def make(function: Job) -> Job:
        @wraps(function)
        def alone(**arguments: Any) -> Any:
            # What a job takes on for itself, such as its reach, ends with it.
            return copy_context().run(function, **arguments)

        app.task(name=name, queue=queue, retry=RETRY)(alone)
        return function

    return make


def by_the_clock(name: str, queue: str, cron: str) -> Callable[[Job], Job]:
    """Make a function without arguments a job that is queued by the clock, never twice at once.

    It overtakes what its queue holds: behind a heap of its own making it would not see what is new.
    """

    def make(function: Job) -> Job:
        def run(timestamp: int) -> None:
            del timestamp  # when it was due; what matters is that it runs now
            function()

        made = app.task(name=name, queue=queue, queueing_lock=name, lock=name, priority=URGENT)(run)
        app.periodic(cron=cron, periodic_id=name)(made)
        return function

    return make


def for_each_merchant(operation: Callable[[int], Any]) -> None:
    """Run an operation for every merchant; one that fails does not keep the others waiting."""
    failed = 0
    for merchant_id in merchant_queries.all_merchant_ids():
        try:
            operation(merchant_id)
        except Exception:
            failed += 1
            log.exception("job.failed_for_merchant", merchant_id=merchant_id)
    if failed:
        raise RuntimeError(f"failed for {failed} merchants")


class Finding(Protocol):
    """Something that no constraint holds and that is not so."""

    @property
    def what(self) -> str:
        """What was proved wrong."""

    @property
    def count(self) -> int:
        """In how many rows."""


def report_findings(event: str, check: Callable[..., Iterable[Finding]]) -> None:
    """Log what a check finds wrong, of every merchant."""

    def report(merchant_id: int) -> None:
        for finding in check(merchant_id=merchant_id):
            log.error(event, merchant_id=merchant_id, what=finding.what, count=finding.count)

    for_each_merchant(report)
