"""Threads that keep a database connection each."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import close_old_connections, connection

from kacang.web import connections

Result = TypeVar("Result")


class DatabaseThreads(ThreadPoolExecutor):
    """Looks after the threads' connections as Django does around a request."""

    def __init__(self, most: int, *, name: str) -> None:
        super().__init__(most, thread_name_prefix=name)
        self._opened: dict[int, Any] = {}

    def submit(self, work: Callable[..., Result], /, *given: Any, **named: Any) -> Future[Result]:
        """Run some work on a connection that lives."""
        return super().submit(self._look_after, work, *given, **named)

    def close(self) -> None:
        """Finish what was begun, then close the connections."""
        self.shutdown(wait=True)
        for opened in self._opened.values():
            opened.close()

    def _look_after(self, work: Callable[..., Result], /, *given: Any, **named: Any) -> Result:
        close_old_connections()
        connections.trust()
        try:
            return work(*given, **named)
        finally:
            connections.note_use()
            self._note()

    def _note(self) -> None:
        """Keep this thread's connection: with the thread it would be lost, not closed."""
        if connection.connection is not None:
            self._opened[threading.get_ident()] = connection.connection
