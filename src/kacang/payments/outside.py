"""Our way out: the outbound client with the operator's settings, closed inside transactions."""

from functools import cache

from django.conf import settings
from django.db import connection

from kacang.shared.outbound import Guard, Outbound


def refuse_in_transaction() -> None:
    """Stop a call that would keep a transaction, its locks and its connection waiting (L18)."""
    if connection.in_atomic_block:
        raise RuntimeError("no outside call inside a transaction")


@cache
def client() -> Outbound:
    """Return the client of this process."""
    guard = Guard.build(networks=settings.PRIVATE_NETWORKS_ALLOWED, own_urls=[settings.PUBLIC_URL])
    return Outbound(guard, before=refuse_in_transaction)
