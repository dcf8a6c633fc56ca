"""Whether a message may come from where it comes from (P1, L9)."""

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from kacang.payments.ports import AccountInfo
from kacang.shared.errors import Refused


class Stranger(Refused):
    """A message comes from where the account's messages do not come from."""

    code = "payments.stranger"


def is_expected(account: AccountInfo, address: str) -> bool:
    """Say whether an account's messages may come from an address."""
    if not account.networks:
        return True
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in _networks(account.networks))


@lru_cache(maxsize=1_000)
def _networks(texts: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(text) for text in texts)
