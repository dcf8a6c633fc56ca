"""The gateway's protocol: `POST /messages` with JSON, signed by HMAC-SHA256 over the body.

The body is `{"reference", "to", "sign_name", "text"}`; the header `X-Signature` is the hexadecimal
HMAC under the customer's key. The answer is 200 `{"code": "OK"}`; to the same reference again,
the same, and nothing more is sent. 401: the signature is wrong. 422 `{"code": …}`: the number or
the text is refused for good. 429 and 503: later.
"""

import hashlib
import hmac
import json
import re
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
BODY_MAX = 10_000


def signature(key: str, body: bytes) -> str:
    """Return what `X-Signature` must say."""
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that was sent on to a phone."""

    reference: str
    to: str
    sign_name: str
    text: str


class Gateway:
    """Runs while it is entered, on a free port. `busy`: it answers 503 to everything."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.busy = False
        self.taken: dict[str, Taken] = {}
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "Gateway":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, body: bytes, signed: str) -> tuple[int, str]:
        """Return status and code for one request."""
        if self.busy:
            return 503, "BUSY"
        if not hmac.compare_digest(signature(self.key, body), signed):
            return 401, "BAD_SIGNATURE"
        try:
            said: dict[str, Any] = json.loads(body)
            message = Taken(*(str(said[name]) for name in ("reference", "to", "sign_name", "text")))
        except (ValueError, KeyError, TypeError):
            return 422, "MALFORMED"
        if not _NUMBER.fullmatch(message.to):
            return 422, "BAD_NUMBER"
        with self._lock:
            self.taken.setdefault(message.reference, message)
        return 200, "OK"


def _handler(gateway: Gateway) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = min(int(self.headers.get("Content-Length", "0")), BODY_MAX)
            body = self.rfile.read(size)
            status, code = gateway.answer(body, self.headers.get("X-Signature", ""))
            said = json.dumps({"code": code}).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
            """Say nothing."""

    return Handler
