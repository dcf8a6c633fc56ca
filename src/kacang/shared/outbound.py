"""The one client for calls to the outside (rule 29).

It refuses addresses that are not public, looked at after resolution and for every hop: the
address that was checked is the address that is connected to, so a name that changes its answer
gains nothing. Names that the operator owns, and networks that the operator allows, pass.
Answers are limited in size and in time altogether, not per byte.
"""

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import httpcore
import httpx

from kacang.shared.errors import Refused, Unavailable

Address = IPv4Address | IPv6Address
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
# Python before 3.12.4 takes these for public; a cloud keeps its metadata at 192.0.0.192.
_SPECIAL = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"))
_PORTS = {"http": 80, "https": 443}
OK = 200
# A file may take longer than an answer.
DOWNLOAD_SECONDS = 300.0


class NotReached(Unavailable):
    """The other side did not answer in time, or not at all."""

    code = "outbound.not_reached"


class AnswerTooLarge(Unavailable):
    """The other side sent more than is read."""

    code = "outbound.answer_too_large"


class AddressRefused(Refused):
    """The address is private, local, or otherwise not the internet's."""

    code = "outbound.address_refused"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said. Redirects that were not followed are answers too."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float


@dataclass(frozen=True, slots=True)
class Guard:
    """Which addresses may be called.

    Args:
        networks: Private networks that the operator allows, such as "10.1.0.0/16".
        own_urls: Base URLs of the operator: their host and port are called whatever they
            resolve to.
    """

    networks: tuple[Any, ...] = ()
    own: frozenset[tuple[str, int]] = frozenset()

    @classmethod
    def build(cls, *, networks: Iterable[str] = (), own_urls: Iterable[str] = ()) -> "Guard":
        """Read what the operator configured. Raises ValueError for what is not a network."""
        return cls(
            tuple(ip_network(text, strict=False) for text in networks),
            frozenset(_origin(url) for url in own_urls),
        )

    def addresses(self, host: str, port: int) -> list[str]:
        """Resolve `host` and return the addresses that may be connected to.

        Raises:
            AddressRefused: One of its addresses is not public. All are refused then: a name
                that mixes them is up to something.
            NotReached: It does not resolve.
        """
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise NotReached(host=host[:100]) from None
        texts = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if (host.lower(), port) not in self.own:
            for text in texts:
                if not self.allows(ip_address(text.split("%")[0])):
                    raise AddressRefused(host=host[:100])
        return texts

    def allows(self, address: Address) -> bool:
        """Whether this address may be called."""
        inner = _inside(address)
        candidates = {address, inner}
        if any(one in network for network in self.networks for one in candidates):
            return True
        if any(one in network for network in _SPECIAL for one in candidates):
            return False
        return all(one.is_global and not one.is_multicast for one in candidates)


def _inside(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one carries, else itself."""
    if isinstance(address, IPv4Address):
        return address
    if any(address in network for network in _NAT64):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)


def _origin(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme, 443)


class _Deadline:
    """The moment by which a call must be over."""

    def __init__(self, seconds: float) -> None:
        self.at = time.monotonic() + seconds

    def left(self, wanted: float | None) -> float:
        left = self.at - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout
        return left if wanted is None else min(wanted, left)


class _Stream(httpcore.NetworkStream):
    """A connection on which no read or write outlives the whole call's deadline.

    Time-outs of sockets are per read: a peer that sends one byte a second would never end.
    """

    def __init__(self, inner: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, timeout=self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, timeout=self._deadline.left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = self._deadline.left(timeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Network(httpcore.NetworkBackend):
    """Connects to addresses that the guard lets through, and to nothing else."""

    def __init__(self, guard: Guard, deadline: _Deadline) -> None:
        self._guard = guard
        self._deadline = deadline
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        problem: httpcore.ConnectError | httpcore.ConnectTimeout = httpcore.ConnectError()
        for address in self._guard.addresses(host, port):
            try:
                stream = self._inner.connect_tcp(
                    address,
                    port,
                    timeout=self._deadline.left(timeout),
                    local_address=local_address,
                    socket_options=socket_options,
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                problem = error
            else:
                return _Stream(stream, self._deadline)
        raise problem


class _Transport(httpx.BaseTransport):
    """httpx over connections that the guard has let through. Lives for one call."""

    def __init__(self, guard: Guard, deadline: _Deadline, context: ssl.SSLContext) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=context, network_backend=_Network(guard, deadline)
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.SyncByteStream)
        answer = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        assert not isinstance(answer.stream, bytes)
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Body(answer.stream),  # type: ignore[arg-type] # sync pool, sync stream
        )

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, inner: Iterable[bytes]) -> None:
        self._inner = inner

    def __iter__(self) -> Any:
        yield from self._inner

    def close(self) -> None:
        closing = getattr(self._inner, "close", None)
        if closing:
            closing()


@cache
def _trusted() -> ssl.SSLContext:
    """Whose certificates are believed; read once, for that costs as much as three calls."""
    return ssl.create_default_context()


@dataclass(frozen=True, slots=True)
class Outbound:
    """Makes calls. One for the process; used by many threads at once.

    Args:
        guard: Which addresses may be called.
        before: Called before each call; it raises where none may be made, such as inside a
            transaction (L18).
        seconds: How long one call may take from name to last byte.
        bytes_max: How much of an answer is read.
    """

    guard: Guard
    before: Callable[[], None] | None = None
    seconds: float = 10.0
    bytes_max: int = 64 * 1024
    context: ssl.SSLContext = field(default_factory=_trusted, repr=False)

    def get(self, url: str, *, headers: Mapping[str, str] | None = None, hops: int = 0) -> Answer:
        """Fetch `url`, following up to `hops` redirects, each checked like the first."""
        return self._call(httpx.Request("GET", url, headers=_headers(headers)), hops)

    def post(self, url: str, body: bytes, *, headers: Mapping[str, str] | None = None) -> Answer:
        """Send `body` to `url`. A redirect is an answer: what was signed goes nowhere else.

        Raises:
            AddressRefused: The address is not one that may be called.
            NotReached: No answer, a broken one, or not in time. Whether the other side acted
                is unknown.
            AnswerTooLarge: The answer was longer than is read.
        """
        return self._call(httpx.Request("POST", url, headers=_headers(headers), content=body), 0)

    def download(
        self,
        url: str,
        into: BinaryIO,
        *,
        headers: Mapping[str, str] | None = None,
        bytes_max: int = 512 * 1024 * 1024,
    ) -> Answer:
        """Fetch a file piece by piece; the answer's body is empty when it is a 200.

        What else is answered is an answer as of `get`, and nothing is written.
        """
        request = httpx.Request("GET", url, headers=_headers(headers))
        longer = max(self.seconds, DOWNLOAD_SECONDS)
        with self._answer(request, 0, longer) as (answer, started):
            if answer.status_code != OK:
                return _told(answer, _whole(answer, self.bytes_max), started)
            _read(answer, bytes_max, into.write)
            return _told(answer, b"", started)

    def _call(self, request: httpx.Request, hops: int) -> Answer:
        with self._answer(request, hops, self.seconds) as (answer, started):
            return _told(answer, _whole(answer, self.bytes_max), started)

    @contextmanager
    def _answer(
        self, request: httpx.Request, hops: int, seconds: float
    ) -> Iterator[tuple[httpx.Response, float]]:
        """Make a call; yield its answer, of which no body was read, and when it began."""
        if self.before:
            self.before()
        if request.url.scheme not in _PORTS or not request.url.host:
            raise AddressRefused(host=request.url.host[:100])
        started = time.monotonic()
        transport = _Transport(self.guard, _Deadline(seconds), self.context)
        try:
            with httpx.Client(
                transport=transport, trust_env=False, max_redirects=hops, timeout=seconds
            ) as client:
                yield client.send(request, stream=True, follow_redirects=hops > 0), started
        except (httpx.HTTPError, httpx.InvalidURL, httpcore.NetworkError) as error:
            raise NotReached(host=request.url.host[:100], why=type(error).__name__) from error
        except (httpcore.TimeoutException, httpcore.ProtocolError, OSError) as error:
            raise NotReached(host=request.url.host[:100], why=type(error).__name__) from error


def _told(answer: httpx.Response, body: bytes, started: float) -> Answer:
    return Answer(answer.status_code, answer.headers, body, time.monotonic() - started)


def _whole(answer: httpx.Response, bytes_max: int) -> bytes:
    parts: list[bytes] = []
    _read(answer, bytes_max, parts.append)
    return b"".join(parts)


def _read(answer: httpx.Response, bytes_max: int, take: Callable[[bytes], object]) -> None:
    size = 0
    # Raw: a compressed answer was not asked for, and a small one can unfold to gigabytes.
    for part in answer.iter_raw(16 * 1024):
        size += len(part)
        if size > bytes_max:
            raise AnswerTooLarge(bytes_max=bytes_max)
        take(part)


def _headers(given: Mapping[str, str] | None) -> dict[str, str]:
    return {"user-agent": "Kacang", "accept-encoding": "identity", **(given or {})}
