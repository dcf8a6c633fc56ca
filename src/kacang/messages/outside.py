"""Our way out to merchants' own addresses and to senders, closed inside transactions (L18).

The installation's own address is no exception here: what a merchant names must be the internet's.
"""

from functools import cache
from ipaddress import ip_address

from django.conf import settings
from django.db import connection

from kacang.shared.outbound import Guard, Outbound

SECONDS = 15.0


def refuse_in_transaction() -> None:
    """Stop a call that would keep a transaction, its locks and its connection waiting."""
    if connection.in_atomic_block:
        raise RuntimeError("no outside call inside a transaction")


@cache
def client() -> Outbound:
    """Return the client of this process."""
    guard = Guard.build(networks=settings.PRIVATE_NETWORKS_ALLOWED)
    return Outbound(guard, before=refuse_in_transaction, seconds=SECONDS)


@cache
def operators_client(base_url: str) -> Outbound:
    """Return a client for a company whose address is the operator's."""
    networks = settings.PRIVATE_NETWORKS_ALLOWED
    guard = Guard.build(networks=networks, own_urls=[base_url])
    return Outbound(guard, before=refuse_in_transaction, seconds=SECONDS)


def allows_plain(host: str) -> bool:
    """Whether `host` is an address of a network that the operator allows: plain http will do."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in client().guard.networks)
