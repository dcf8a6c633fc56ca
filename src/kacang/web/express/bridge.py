"""Pages and everything else that is not in a hurry: a WSGI application in threads of its own."""

import asyncio
import io
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import chain
from typing import Any, Protocol

import structlog

log = structlog.get_logger(__name__)

Header = tuple[str, str]
Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
# An answer up to this size is sent in one piece, with its length.
WHOLE_BYTES = 256 * 1024
PIECE_BYTES = 64 * 1024


class Transport(Protocol):
    """An answer that is sent in pieces."""

    async def send_bytes(self, data: bytes) -> None:
        """Send the next piece; returns when there is room for another."""


class Connection(Protocol):
    """How the server gives a request's body and takes its answer (RSGI 1)."""

    async def __call__(self) -> bytes:
        """Return the whole body."""

    def __aiter__(self) -> Any:
        """Go through the body as it comes."""

    def response_bytes(self, status: int, headers: list[Header], body: bytes) -> None:
        """Send an answer."""

    def response_stream(self, status: int, headers: list[Header]) -> Transport:
        """Begin an answer in pieces."""


@dataclass
class _Head:
    """WSGI's `start_response`: keeps what the application says first."""

    status: int = HTTPStatus.INTERNAL_SERVER_ERROR
    headers: list[Header] = field(default_factory=list)

    def __call__(self, status: str, headers: list[Header], _: object = None) -> None:
        self.status = int(status[:3])
        self.headers = [(name.lower(), value.strip()) for name, value in headers]


class _Body(io.RawIOBase):
    """A request's body for a thread, taken from the loop as it is read."""

    def __init__(self, connection: Connection, loop: asyncio.AbstractEventLoop) -> None:
        self._pieces = aiter(connection)
        self._loop = loop
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Say yes: it is there to be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with what there is; 0 at the end."""
        if not self._rest:
            self._rest = memoryview(self._next())
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size

    def _next(self) -> bytes:
        while True:
            piece = asyncio.run_coroutine_threadsafe(self._take(), self._loop).result()
            if piece is None:
                return b""
            if piece:
                return piece

    async def _take(self) -> bytes | None:
        try:
            return bytes(await anext(self._pieces))
        except StopAsyncIteration:
            return None


class Bridge:
    """Runs a WSGI application for a server that has an event loop."""

    def __init__(self, application: Application, threads: Executor) -> None:
        self._application = application
        self._threads = threads

    async def answer(
        self, environ: Environ, connection: Connection, body: bytes | None = None
    ) -> None:
        """Answer one request; `body` is given when it was read already."""
        loop = asyncio.get_running_loop()
        if body is not None:
            environ["wsgi.input"] = io.BytesIO(body)
        elif environ.get("CONTENT_LENGTH", "0") == "0" and "HTTP_TRANSFER_ENCODING" not in environ:
            environ["wsgi.input"] = io.BytesIO()
        else:
            environ["wsgi.input"] = io.BufferedReader(_Body(connection, loop), PIECE_BYTES)
        whole = await loop.run_in_executor(self._threads, self._run, environ, connection, loop)
        if whole is not None:
            head, content = whole
            connection.response_bytes(head.status, head.headers, content)

    def _run(
        self, environ: Environ, connection: Connection, loop: asyncio.AbstractEventLoop
    ) -> tuple[_Head, bytes] | None:
        """Return the answer when it is small; send it from here when it is not."""
        head = _Head()
        answer = self._application(environ, head)
        try:
            pieces = iter(answer)
            first = list(_until(pieces, WHOLE_BYTES))
            if sum(map(len, first)) < WHOLE_BYTES:
                return head, b"".join(first)
            _stream(head, chain(first, pieces), connection, loop)
            return None
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()


def _until(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Take pieces until they have a size, or end."""
    taken = 0
    while taken < size:
        piece = next(pieces, None)
        if piece is None:
            return
        taken += len(piece)
        yield piece


def _stream(
    head: _Head,
    pieces: Iterable[bytes],
    connection: Connection,
    loop: asyncio.AbstractEventLoop,
) -> None:
    async def begin() -> Transport:
        return connection.response_stream(head.status, head.headers)

    transport = asyncio.run_coroutine_threadsafe(begin(), loop).result()
    try:
        for piece in pieces:
            for at in range(0, len(piece), PIECE_BYTES):
                sent = transport.send_bytes(piece[at : at + PIECE_BYTES])
                asyncio.run_coroutine_threadsafe(_done(sent), loop).result()
    except RuntimeError as error:
        # Whoever asked has gone: RSGI's errors are of this kind.
        log.info("answer.broken_off", error=type(error).__name__)


async def _done(sent: Any) -> None:
    await sent
