"""Where a request comes from. Only configured proxies are believed (rule 29)."""

from functools import cache, lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

Network = IPv4Network | IPv6Network


@cache
def _networks(written: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ip_network(one, strict=False) for one in written)


def is_within(address: str, networks: tuple[str, ...]) -> bool:
    """Say whether an address lies in one of these networks ("10.0.0.0/8", "192.0.2.7")."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in _networks(networks))


def is_trusted_proxy(request: HttpRequest) -> bool:
    """Say whether the peer itself is a proxy whose headers are believed."""
    return is_within(request.META.get("REMOTE_ADDR", ""), tuple(settings.TRUSTED_PROXIES))


def client_address(request: HttpRequest) -> str:
    """Return the address of who asks, or "" when the server does not know it.

    `X-Forwarded-For` is read from the right, past our own proxies, so that what a client wrote
    there itself never counts.
    """
    meta = request.META
    named = str(meta.get("HTTP_X_FORWARDED_FOR", ""))
    return _client(str(meta.get("REMOTE_ADDR", "")), named, tuple(settings.TRUSTED_PROXIES))


@lru_cache(maxsize=4096)
def _client(peer: str, named: str, proxies: tuple[str, ...]) -> str:
    if not is_within(peer, proxies):
        return _plain(peer)
    for hop in reversed([part.strip() for part in named.split(",") if part.strip()]):
        if not is_within(hop, proxies):
            return _plain(hop) or _plain(peer)
    return _plain(peer)


def _plain(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    mapped = getattr(parsed, "ipv4_mapped", None)
    return str(mapped or parsed)
