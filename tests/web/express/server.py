"""The express lane without a server: what it is asked and answers, and which way a request went."""

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from kacang.web.express.application import Express
from tests.web.api.calling import Answer, application

ADDRESS = "192.0.2.7"


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run it in a loop of a new thread: browser tests leave one running in this."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, coroutine).result()


@dataclass
class Connection:
    """What RSGI calls a protocol: gives the body, keeps the answer."""

    body: bytes
    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    content: bytes = b""
    pieces: int = 0

    async def __call__(self) -> bytes:
        return self.body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for at in range(0, len(self.body), 7):
            yield self.body[at : at + 7]

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status, self.headers, self.content = status, headers, body

    def response_stream(self, status: int, headers: list[tuple[str, str]]) -> "Connection":
        self.status, self.headers = status, headers
        return self

    async def send_bytes(self, data: bytes) -> None:
        self.content += data
        self.pieces += 1

    @property
    def answer(self) -> Answer:
        return Answer(self.status, dict(self.headers), self.content)


def scope(method: str, path: str, **changes: Any) -> Any:
    path, _, query = path.partition("?")
    given: dict[str, Any] = {
        "proto": "http", "http_version": "1.1", "server": "127.0.0.1:8000",
        "client": f"{ADDRESS}:50000", "scheme": "http", "method": method, "path": path,
        "query_string": query, "authority": None, "headers": {"host": "shop.example"},
    }  # fmt: skip
    return SimpleNamespace(**{**given, **changes})


class Lane:
    """Calls the lane; `bridged` counts what it left to the ordinary way."""

    def __init__(self) -> None:
        self.bridged = 0
        self._express = Express(self._pages)

    def _pages(self, environ: Any, start: Any) -> Any:
        self.bridged += 1
        return application()(environ, start)

    def post(self, path: str, data: object, **headers: str) -> Answer:
        body = data if isinstance(data, bytes) else json.dumps(data).encode()
        named = {
            "host": "shop.example",
            "content-type": "application/json",
            "content-length": str(len(body)),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        return self.send(scope("POST", path, headers=named), body).answer

    def send(self, asked: Any, body: bytes = b"") -> Connection:
        connection = Connection(body)
        run(self._express.__rsgi__(asked, connection))
        return connection

    def together(self, calls: list[tuple[str, bytes, dict[str, str]]]) -> list[Answer]:
        """POST many at the same moment."""
        opened = [Connection(body) for _, body, _ in calls]

        async def all_of_them() -> None:
            asked = [scope("POST", path, headers=headers) for path, _, headers in calls]
            await asyncio.gather(
                *(self._express.__rsgi__(one, to) for one, to in zip(asked, opened, strict=True))
            )

        run(all_of_them())
        return [connection.answer for connection in opened]

    def close(self) -> None:
        self._express.__rsgi_del__(None)


def a_lane() -> Iterator[Lane]:
    lane = Lane()
    yield lane
    lane.close()
