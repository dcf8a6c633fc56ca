"""The company's HTTP server: pay page, messages, questions, and misbehaviour on order."""

import json
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from simulators.sandbox_cashier.books import Books, Charge, Refund, seal, signature

TOLERANCE = 300
OK, FOUND_NOTHING, UNSIGNED, MALFORMED = 200, 404, 401, 400


class Cashier:
    """One company with one merchant's account. Used as a context manager; `url` is its BASE.

    Args:
        account: The account's id at the shop.
        secret: What both sign with.
        callback_url: Where messages go; "" while nobody listens.
        is_silent: Questions get no answer but a broken connection.
        refunds_are: What a new refund is: "refunded", "refund_pending", or "refused".
        loses_answers: It does what it is asked, and its answers are lost.
        host: Where to listen.
        port: 0: any free one.
    """

    def __init__(self, account: str, secret: str, callback_url: str = "", **options: Any) -> None:
        self.account = account
        self.secret = secret
        self.callback_url = callback_url
        self.is_silent = bool(options.get("is_silent"))
        self.refunds_are = "refunded"
        self.loses_answers = False
        self.books = Books()
        self.questions: list[str] = []
        place = (str(options.get("host", "127.0.0.1")), int(options.get("port", 0)))
        self._server = _Server(place, self)
        self.url = f"http://{place[0]}:{self._server.server_port}"

    def __enter__(self) -> "Cashier":
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def pay(self, payment_id: str, minor: int, currency: str, deed: str = "pay") -> list[int]:
        """Do what somebody does at the pay page; return the statuses that the shop answered."""
        charge = self.books.charge(payment_id, minor, currency)
        charge.minor += {"less": -1, "more": 1}.get(deed, 0)
        charge.currency = "USD" if deed == "currency" else charge.currency
        charge.status = "failed" if deed == "fail" else "paid"
        if deed == "lose":
            return []
        answers = [self.tell(charge, is_forged=deed == "forged")]
        if deed == "repeat":
            answers += [self.tell(charge) for _ in range(4)]
        if deed == "unordered":
            answers.append(self.tell(charge, status="pending"))
        return answers

    def tell(
        self,
        charge: Charge | Refund,
        *,
        status: str | None = None,
        is_forged: bool = False,
        shift: int = 0,
    ) -> int:
        """Send one message; return the shop's status. `shift` moves its time, in seconds."""
        body = json.dumps(charge.message(status)).encode()
        headers = self.signed(str(charge.message(status)["id"]), body, shift=shift)
        if is_forged:
            headers["webhook-signature"] = "v1," + "A" * 43 + "="
        request = urllib.request.Request(  # noqa: S310 - the shop's own address
            self.callback_url, body, headers, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    def signed(self, message_id: str, body: bytes, *, shift: int = 0) -> dict[str, str]:
        """Return the headers under which a body goes to the shop."""
        stamp = int(time.time()) + shift
        return {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(stamp),
            "webhook-signature": signature(self.secret, message_id, stamp, body),
        }

    def is_ours(self, headers: Any, body: bytes) -> bool:
        """Whether a question was signed by the merchant."""
        message_id = headers.get("webhook-id") or ""
        stamp = headers.get("webhook-timestamp") or "0"
        if not stamp.isdigit() or abs(time.time() - int(stamp)) > TOLERANCE:
            return False
        right = signature(self.secret, message_id, int(stamp), body)
        return right in (headers.get("webhook-signature") or "").split(" ")


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, place: tuple[str, int], cashier: Cashier) -> None:
        super().__init__(place, _Handler)
        self.cashier = cashier


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        """Show the pay page, if its seal fits."""
        found = self._page()
        if found is None:
            return self._say(FOUND_NOTHING, {"error": "no such page"})
        return self._say(OK, found.message())

    def do_POST(self) -> None:
        """Pay, or answer a question."""
        cashier = self.server.cashier
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        path = urlsplit(self.path).path
        if path.startswith("/sandbox/pay/"):
            return self._pay(body)
        if cashier.is_silent:
            self.connection.close()
            return None
        if not cashier.is_ours(self.headers, body):
            return self._say(UNSIGNED, {"error": "not signed"})
        return self._answer(path.removeprefix("/sandbox/"), json.loads(body))

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""

    def _page(self) -> Charge | None:
        cashier, parts = self.server.cashier, urlsplit(self.path)
        names = parts.path.removeprefix("/sandbox/pay/").split("/")
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if len(names) != 2 or names[0] != cashier.account or {"m", "c", "s"} - query.keys():  # noqa: PLR2004
            return None
        minor = int(query["m"])
        right = seal(cashier.secret, names[0], names[1], minor, query["c"])
        if query["s"] != right:
            return None
        return cashier.books.charge(names[1], minor, query["c"])

    def _pay(self, body: bytes) -> None:
        charge = self._page()
        if charge is None:
            return self._say(FOUND_NOTHING, {"error": "no such page"})
        deed = parse_qs(body.decode()).get("deed", ["pay"])[0]
        told = self.server.cashier.pay(charge.payment_id, charge.minor, charge.currency, deed)
        return self._say(OK, {"status": charge.status, "told": told})

    def _refund(self, what: str, said: dict[str, Any]) -> None:
        cashier = self.server.cashier
        cashier.questions.append(f"{what}/{said['refund_id']}")
        found = cashier.books.refunds.get(said["refund_id"])
        answer: dict[str, object] = {"refund_id": said["refund_id"], "status": "refund_unknown"}
        if what == "refund":
            status = cashier.refunds_are
            if found is not None or status != "refused":
                minor = int(said["amount_minor"])
                found = cashier.books.refund(said["refund_id"], said["payment_id"], minor, status)
            if found is None:
                answer |= {"status": "refused", "why": "no money"}
        if found is not None:
            answer = found.message()
        if cashier.loses_answers:
            self.connection.close()
            return None
        return self._say(OK, answer)

    def _answer(self, what: str, said: dict[str, Any]) -> None:
        cashier = self.server.cashier
        if what in ("refund", "refund_query"):
            return self._refund(what, said)
        cashier.questions.append(said["payment_id"])
        charge = cashier.books.find(said["payment_id"])
        if said["account"] != cashier.account or what not in ("query", "close"):
            return self._say(MALFORMED, {"error": "no such question"})
        if charge is None:
            return self._say(OK, {"payment_id": said["payment_id"], "status": "unknown"})
        if what == "close" and charge.status != "paid":
            charge.status = "closed"
        answer = charge.message()
        del answer["id"]
        return self._say(OK, answer)

    def _say(self, status: int, said: dict[str, object]) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
