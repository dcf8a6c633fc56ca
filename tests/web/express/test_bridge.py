"""What is not a sale, through the threads of the pages."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from kacang.web.express.bridge import WHOLE_BYTES, Bridge
from kacang.web.express.environ import environ_of
from tests.web.express.server import Connection, run, scope


class Closing:
    """An answer in pieces that notes whether it was closed."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.pieces)

    def close(self) -> None:
        self.closed += 1


def bridged(application: Any, asked: Any, body: bytes = b"") -> Connection:
    return sent(application, asked, Connection(body))


def sent(application: Any, asked: Any, connection: Connection) -> Connection:
    with ThreadPoolExecutor(1) as threads:
        run(Bridge(application, threads).answer(environ_of(asked), connection))
    return connection


def answering(answer: Any) -> Any:
    def application(_: Any, start: Any) -> Any:
        start("203 Whatever", [("X-One", "1"), ("X-One", "2")])
        return answer

    return application


class TestBridge:
    def test_sends_a_small_answer_in_one_piece(self):
        answer = Closing([b"a", b"", b"b"])

        connection = bridged(answering(answer), scope("GET", "/"))

        assert (connection.status, connection.content) == (203, b"ab")
        assert connection.headers == [("x-one", "1"), ("x-one", "2")]
        assert (connection.pieces, answer.closed) == (0, 1)

    def test_sends_a_large_answer_as_it_comes(self):
        answer = Closing([b"x" * WHOLE_BYTES, b"y" * 100_000, b"z"])

        connection = bridged(answering(answer), scope("GET", "/"))

        assert connection.content == b"".join(answer.pieces)
        assert (connection.pieces > 4, answer.closed) == (True, 1)

    def test_stops_when_whoever_asked_has_gone(self):
        class Gone(Connection):
            async def send_bytes(self, data: bytes) -> None:
                raise RuntimeError("closed")

        answer = Closing([b"x" * WHOLE_BYTES] * 3)

        sent(answering(answer), scope("GET", "/"), Gone(b""))

        assert answer.closed == 1

    def test_gives_a_body_as_it_is_read(self):
        said = "第一行\n第二行\n".encode() * 1000

        def application(environ: Any, start: Any) -> list[bytes]:
            start("200 OK", [])
            read = environ["wsgi.input"]
            return [read.readline(), read.read(10), read.read()]

        asked = scope("POST", "/", headers={"content-length": str(len(said))})
        connection = bridged(application, asked, said)

        assert connection.content == said

    def test_reads_nothing_where_there_is_no_body(self):
        def application(environ: Any, start: Any) -> list[bytes]:
            start("200 OK", [])
            return [environ["wsgi.input"].read()]

        assert bridged(application, scope("GET", "/"), b"not looked at").content == b""
