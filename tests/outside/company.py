"""MyPay itself: a real server that signs what it says, and can be silent."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit
from zoneinfo import ZoneInfo

from tests.outside.kacang_mypay import BILL_HEAD, sign

ZONE = ZoneInfo("Asia/Shanghai")


@dataclass
class Books:
    """What the company knows."""

    key: str
    now: datetime
    paid: dict[str, int] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    is_silent: bool = False
    # Lines of a day's bill: type, our number, its number, our refund, fen, fee in fen, when, state.
    # Left out, what was paid, today.
    bills: dict[str, list[str]] = field(default_factory=dict)

    def message(
        self, number: str, minor: int, *, serial: str = "", result: str = "SUCCESS"
    ) -> bytes:
        fields = {
            "no": number, "fen": str(minor), "serial": serial or f"mp-{number}",
            "result": result, "at": str(int(self.now.timestamp())),
        }  # fmt: skip
        return urlencode({**fields, "sign": sign(self.key, fields)}).encode()

    def bill(self, day: str) -> bytes | None:
        """Return the bill of a day; None where there is none."""
        lines = self.bills.get(day)
        if lines is None and day == self.now.astimezone(ZONE).date().isoformat():
            at = self.now.isoformat()
            lines = [
                f"pay,{number},mp-{number},,{fen},1,{at},ok" for number, fen in self.paid.items()
            ]
        return None if lines is None else "\n".join([BILL_HEAD, *lines, ""]).encode()

    def answer(self, what: str, number: str) -> bytes:
        if what == "/close":
            self.closed.add(number)
            return b"ok"
        if number in self.paid:
            return self.message(number, self.paid[number])
        return b"closed" if number in self.closed else b"unknown"


@contextmanager
def running(books: Books) -> Iterator[str]:
    """Run the company's server; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            fields = dict(parse_qsl(asked.query))
            is_ours = fields.pop("sign", "") == sign(books.key, fields)
            body = books.bill(fields.get("day", "")) if is_ours else None
            self.send_response(503 if books.is_silent else 404 if body is None else 200)
            self.send_header("content-length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def do_POST(self) -> None:
            number = self.rfile.read(int(self.headers["content-length"])).decode()
            body = books.answer(self.path, number)
            self.send_response(503 if books.is_silent else 200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
