"""Our way out: the outbound client with the operator's settings, closed inside transactions."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

from django.conf import settings
from django.db import connection

from kacang.shared.outbound import Guard, Outbound

_nobody_waits: ContextVar[bool] = ContextVar("nobody_waits", default=False)


class NotHere(RuntimeError):
    """A call was tried where all would wait for it. It was not made."""


@contextmanager
def no_calls() -> Iterator[None]:
    """Refuse calls to the outside: for an event loop, which serves everybody."""
    token = _nobody_waits.set(True)
    try:
        yield
    finally:
        _nobody_waits.reset(token)


def refuse_here() -> None:
    """Stop a call that would keep others waiting.

    Raises:
        NotHere: Inside `no_calls`.
        RuntimeError: Inside a transaction.
    """
    if _nobody_waits.get():
        raise NotHere
    refuse_in_transaction()


def refuse_in_transaction() -> None:
    """Stop a call that would keep a transaction, its locks and its connection waiting (L18)."""
    if connection.in_atomic_block:
        raise RuntimeError("no outside call inside a transaction")


@cache
def client() -> Outbound:
    """Return the client of this process."""
    guard = Guard.build(networks=settings.PRIVATE_NETWORKS_ALLOWED, own_urls=[settings.PUBLIC_URL])
    return Outbound(guard, before=refuse_here)
