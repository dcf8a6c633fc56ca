"""What the payment companies here have in common: a server, a cashier's page, and misbehaviour.

A company keeps its own books and signs by itself, written from the pages of its protocol; this
module knows neither money nor signatures.
"""

import html
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qsl, urlsplit

BODY_MAX = 256 * 1024
PAGE = """<!doctype html><html lang="zh"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>
<style>body{{font:16px/1.5 system-ui;max-width:26rem;margin:3rem auto;padding:0 1rem}}
button{{font:inherit;margin:.25rem .25rem 0 0;padding:.4rem .8rem}}</style>
<h1>{title}</h1><p>{what}<br><strong>{amount}</strong></p><p>{state}</p>
<form method="post" action="{action}">{buttons}</form>{back}</html>
"""


class Deed(Enum):
    """What somebody does at the cashier's page, or has the company do wrong."""

    PAY = "pay"
    FAIL = "fail"
    LOSE = "lose"  # paid, and the shop is never told
    LATE = "late"  # paid, and the shop is told when `deliver` is called
    REPEAT = "repeat"  # paid, and the shop is told five times
    UNORDERED = "unordered"  # paid, and "not yet" is told after "paid"
    LESS = "less"  # one minor unit too little is paid
    MORE = "more"
    CURRENCY = "currency"  # another currency is paid
    FORGED = "forged"  # paid, and the message's signature is broken


class RefundWay(Enum):
    """What becomes of a refund."""

    AT_ONCE = "at_once"
    PENDING = "pending"  # until `finish_refunds` is called
    FAILS_LATER = "fails_later"  # likewise, and then it fails


class BillFault(Enum):
    """What is wrong with a bill."""

    EXTRA = "extra"  # a payment that the shop never asked for
    MISSING = "missing"  # the first row is left out
    CHANGED = "changed"  # the first row says one minor unit more


@dataclass
class Mood:
    """How the company behaves. Whoever plays with it changes these at any time.

    Args:
        is_silent: Every connection is broken before anything is done.
        broken: This many of the next calls are answered 500, and nothing is done.
        mute: This many of the next calls are carried out, and their connection is broken.
        only: `broken` and `mute` are about calls that begin with this, such as "POST /v1/refunds".
        refunds: What becomes of refunds.
        bill: What is wrong with bills.
    """

    is_silent: bool = False
    broken: int = 0
    mute: int = 0
    only: str = ""
    refunds: RefundWay = RefundWay.AT_ONCE
    bill: frozenset[BillFault] = frozenset()


@dataclass(frozen=True, slots=True)
class Asked:
    """A call to the company; names of headers are lower-case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    def form(self) -> dict[str, str]:
        """Return the fields of the query and of a form in the body."""
        pairs = parse_qsl(self.query, keep_blank_values=True)
        return dict(pairs + parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Said:
    """What the company answers."""

    body: bytes
    content_type: str = "application/json"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class Company:
    """One company's server. Used as a context manager; `url` is where it listens.

    Args:
        host: Where to listen.
        port: 0: any free one.
    """

    # Of a company that is told once where its messages go; others read it in each order.
    callback_url = ""

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.mood = Mood()
        self.calls: list[Asked] = []
        self.lock = threading.RLock()
        self._server = _Server((host, port), self)
        self.url = f"http://{host}:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, asked: Asked) -> Said:
        """Carry out a call of the shop. Each company says how."""
        raise NotImplementedError

    def visit(self, asked: Asked) -> Said | None:
        """Show or work the pages that people see; None: it is not one of them."""
        raise NotImplementedError

    def deliver(self) -> object:
        """Send the messages that are late."""
        return None

    def finish_refunds(self) -> object:
        """Let the refunds that are pending end as the mood says."""
        return None

    def control(self, asked: Asked) -> Said:
        """Change the mood from outside: a form of its fields, `deliver`, `finish_refunds`.

        With `callback_url`, say where the messages of a company go that is told it once.
        """
        said = asked.form()
        mood = self.mood
        mood.is_silent = said.get("is_silent", str(mood.is_silent)) in ("True", "true", "1")
        mood.broken = int(said.get("broken", mood.broken))
        mood.mute = int(said.get("mute", mood.mute))
        mood.only = said.get("only", mood.only)
        mood.refunds = RefundWay(said.get("refunds", mood.refunds.value))
        if "bill" in said:
            mood.bill = frozenset(BillFault(name) for name in said["bill"].split(",") if name)
        self.callback_url = said.get("callback_url", self.callback_url)
        for name, deed in (("deliver", self.deliver), ("finish_refunds", self.finish_refunds)):
            if name in said:
                deed()
        return Said(repr(mood).encode(), "text/plain")

    def react(self, asked: Asked) -> Said | None:
        """Answer as the mood is; None breaks the connection."""
        if asked.path == "/_sim":
            return self.control(asked)
        page = self.visit(asked)
        if page is not None:
            return page
        with self.lock:
            self.calls.append(asked)
            mood = self.mood
            if mood.is_silent:
                return None
            is_meant = f"{asked.method} {asked.path}".startswith(mood.only)
            if mood.broken > 0 and is_meant:
                mood.broken -= 1
                return Said(b"Internal Server Error", "text/plain", 500)
            is_mute = mood.mute > 0 and is_meant
            mood.mute -= is_mute
        said = self.answer(asked)
        return None if is_mute else said


def page(  # noqa: PLR0913 - the blanks of one form
    *, title: str, what: str, amount: str, state: str, action: str, is_open: bool, back: str = ""
) -> Said:
    """Return the cashier's page, with a button for each deed while the payment is open."""
    buttons = "".join(
        f'<button name="deed" value="{deed.value}">{deed.value}</button>' for deed in Deed
    )
    link = f'<p><a href="{html.escape(back)}">←</a></p>' if back else ""
    filled = PAGE.format(
        title=html.escape(title),
        what=html.escape(what),
        amount=html.escape(amount),
        state=html.escape(state),
        action=html.escape(action),
        buttons=buttons if is_open else "",
        back=link,
    )
    return Said(filled.encode(), "text/html; charset=utf-8")


def tell(url: str, body: bytes | None, headers: Mapping[str, str]) -> tuple[int, bytes]:
    """Send a message to the shop; return its status and what it answered.

    Without a body it is a GET: the message stands in the address.
    """
    request = urllib.request.Request(  # noqa: S310 - the shop's own address
        url, body, dict(headers), method="GET" if body is None else "POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return int(answer.status), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, place: tuple[str, int], company: Company) -> None:
        super().__init__(place, _Handler)
        self.company = company


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        """Answer."""
        self._react()

    def do_POST(self) -> None:
        """Answer."""
        self._react()

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""

    def _react(self) -> None:
        size = min(int(self.headers.get("content-length") or 0), BODY_MAX)
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        said = self.server.company.react(
            Asked(self.command, parts.path, parts.query, headers, self.rfile.read(size))
        )
        if said is None:
            self.connection.close()
            return
        self.send_response(said.status)
        self.send_header("content-type", said.content_type)
        self.send_header("content-length", str(len(said.body)))
        for name, value in said.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(said.body)
