"""Many at once: real threads, each with a connection of its own, that start together."""

import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

from django.db import connection

from kacang.shared.errors import DomainError

START_SECONDS = 60


def at_once(jobs: Sequence[Callable[[], object]], threads: int = 16) -> list[object]:
    """Run the jobs; return for each its result or the DomainError it raised, in order.

    Any other error is raised here, after all have ended.
    """
    waiting: SimpleQueue[int] = SimpleQueue()
    for number in range(len(jobs)):
        waiting.put(number)
    results: list[object] = [None] * len(jobs)
    _together(min(threads, len(jobs)), lambda: _work_off(waiting, jobs, results))
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, DomainError):
            raise result
    return results


def _together(crew: int, work: Callable[[], None]) -> None:
    """Run `work` in so many threads that start together; one that cannot start ends it for all."""
    gate = threading.Barrier(crew)
    troubles: list[Exception] = []

    def run() -> None:
        try:
            connection.ensure_connection()
            gate.wait(timeout=START_SECONDS)
            work()
        except Exception as error:  # noqa: BLE001 - raised below, in the thread of the test
            # Nobody waits for who does not come; and the first trouble is the cause of the others.
            troubles.append(error)
            gate.abort()
        finally:
            connection.close()

    workers = [threading.Thread(target=run) for _ in range(crew)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if troubles:
        raise troubles[0]


def _work_off(
    waiting: "SimpleQueue[int]", jobs: Sequence[Callable[[], object]], results: list[object]
) -> None:
    while True:
        try:
            number = waiting.get_nowait()
        except Empty:
            return
        try:
            results[number] = jobs[number]()
        except Exception as error:  # noqa: BLE001 - raised by at_once, in the thread of the test
            results[number] = error
