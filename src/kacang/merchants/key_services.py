"""Services that keep a master key for us (KMS): the port, and which there are (V4, J4).

Ours and those of other packages are found by entry points, as payment companies are.
"""

from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Protocol

from kacang.shared.errors import Unavailable

GROUP = "kacang.key_services"
PORT_VERSION = 1


class NoKeyService(Unavailable):
    """No package brings the key service that is set, or it is not set up rightly."""

    code = "secrets.no_key_service"


class KeyServiceFailed(Exception):
    """The service did not answer, or refused. The text is for the operator; it holds no key."""


@dataclass(frozen=True, slots=True)
class ServicePlace:
    """Which key of the service, and where the service is; "": where the service's rules say."""

    key: str
    url: str = ""


class KeyService(Protocol):
    """Keeps a key that never leaves it, and wraps ours under that. Calls end within seconds."""

    port_version: int

    def new_key(self) -> tuple[bytes, bytes]:
        """Return 32 random bytes, and the same wrapped. Raises KeyServiceFailed."""

    def unwrap(self, wrapped: bytes) -> bytes:
        """Return what `new_key` wrapped. Raises KeyServiceFailed."""


def service(name: str, place: ServicePlace) -> KeyService:
    """Return the service of this name.

    Raises:
        NoKeyService: There is none, or the package it needs is not installed.
    """
    for entry in entry_points(group=GROUP, name=name):
        try:
            made: KeyService = entry.load()(place)
        except (ImportError, ValueError) as error:
            raise NoKeyService(service=name, problem=str(error)[:200]) from error
        if made.port_version == PORT_VERSION:
            return made
    raise NoKeyService(service=name[:40], problem="unknown")
