"""Meeting others in the database: who lost begins again, and nobody is refused for it (L1)."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection
from psycopg import errors

P = ParamSpec("P")
R = TypeVar("R")
TRIES = 4
# Somebody else was in the way; nothing is wrong with the request.
_CONFLICTS = (errors.DeadlockDetected, errors.LockNotAvailable, errors.SerializationFailure)


def retry_conflicts(operation: Callable[P, R]) -> Callable[P, R]:
    """Run a whole transaction again when the database met a conflict.

    Only at the top: inside somebody's transaction the conflict is theirs to meet.
    """

    @wraps(operation)
    def again(*arguments: P.args, **named: P.kwargs) -> R:
        for last in range(TRIES):
            try:
                return operation(*arguments, **named)
            except OperationalError as error:
                is_conflict = isinstance(error.__cause__, _CONFLICTS)
                if not is_conflict or connection.in_atomic_block or last == TRIES - 1:
                    raise
        raise AssertionError("unreachable")

    return again
