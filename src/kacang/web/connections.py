"""Whether a thread's database connection may be trusted without asking (rule 31)."""

import threading
import time

from django.db import connection

# A connection that did well so lately is not asked whether it lives: one statement in six.
TRUSTED_SECONDS = 2.0


class _Used(threading.local):
    """When this thread's connection last did well."""

    at: float | None = None


_used = _Used()


def trust() -> None:
    """Spare the question whether the connection lives when it just did."""
    if _used.at is not None and time.perf_counter() - _used.at < TRUSTED_SECONDS:
        connection.health_check_done = True  # type: ignore[attr-defined]  # not in the stubs


def note_use() -> None:
    """Remember that the connection did well; an error on it forgets: then it is asked first."""
    _used.at = None if connection.errors_occurred else time.perf_counter()
