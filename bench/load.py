"""Buyers at work, as lean as may be: raw sockets, one thread, no library.

Each connection places an order, then sends the payment company's signed notice for it, and so on
until the time is up. It runs as a process of its own (`python -m bench.load`, a JSON object on
standard input, one on standard output), because it shares the machine with what it measures; the
processor time that it took is part of its answer.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import resource
import select
import socket
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

_STATUS = re.compile(rb"HTTP/1\.1 (\d{3})")
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_NUMBER = re.compile(rb'"number": ?"([^"]+)"')
_PAYMENT = re.compile(rb'"payment_id": ?"([^"]+)"')
_PAYABLE = re.compile(rb'"payable_minor": ?(\d+)')
_GIVE_UP_SECONDS = 30
_WAIT_SECONDS = 0.5
_EXAMPLES_MAX = 5


@dataclass(frozen=True)
class Plan:
    """What to do, for how long."""

    host: str
    port: int
    connections: int
    seconds: float
    key: str
    account: str
    secret: str
    skus: list[str]
    currency: str = "CNY"
    # Stop after so many orders; 0: only time counts.
    orders_max: int = 0
    # Cards in an order.
    quantity: int = 1


@dataclass
class Report:
    """What came of it. Times are in milliseconds, one per answered request."""

    seconds: float = 0.0
    orders: int = 0
    cards: int = 0
    errors: int = 0
    sold_out: int = 0
    place_ms: list[float] = field(default_factory=list)
    notice_ms: list[float] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    cpu_seconds: float = 0.0


class Buyer:
    """One connection with what it is waiting for."""

    def __init__(self, number: int, plan: Plan, report: Report) -> None:
        self._plan = plan
        self._report = report
        self._number = number
        self._count = 0
        self._secret = base64.b64decode(plan.secret.removeprefix("whsec_"))
        self._buffer = b""
        self._paying = ""
        self._sent_at = 0.0
        self.done = False
        self.socket = socket.create_connection((plan.host, plan.port), timeout=_GIVE_UP_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._place_head = (
            f"POST /api/v1/orders HTTP/1.1\r\nHost: {plan.host}:{plan.port}\r\n"
            f"Authorization: Bearer {plan.key}\r\nContent-Type: application/json\r\n"
        )
        self._notice_head = (
            f"POST /callbacks/payments/sandbox/{plan.account} HTTP/1.1\r\n"
            f"Host: {plan.host}:{plan.port}\r\nContent-Type: application/json\r\n"
        )

    def place(self) -> None:
        """Send the next order."""
        self._count += 1
        sku = self._plan.skus[(self._number + self._count) % len(self._plan.skus)]
        body = (
            f'{{"items":[{{"sku_id":"{sku}","quantity":{self._plan.quantity}}}],"contact":{{"email":'
            f'"b{self._number}.{self._count}.{os.getpid()}@example.com"}},"provider":"sandbox"}}'
        )
        self._paying = ""
        self._send(f"{self._place_head}Content-Length: {len(body)}\r\n\r\n{body}")

    def _notify(self, payment: str, payable: str) -> None:
        notice = f"msg_{payment}"
        now = int(time.time())
        body = (
            f'{{"id":"{notice}","payment_id":"{payment}","provider_number":"p{payment}",'
            f'"amount_minor":{payable},"currency":"{self._plan.currency}","status":"paid"}}'
        )
        signed = hmac.digest(self._secret, f"{notice}.{now}.{body}".encode(), hashlib.sha256)
        self._send(
            f"{self._notice_head}webhook-id: {notice}\r\nwebhook-timestamp: {now}\r\n"
            f"webhook-signature: v1,{base64.b64encode(signed).decode()}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def _send(self, text: str) -> None:
        self._sent_at = time.perf_counter()
        self.socket.sendall(text.encode())

    def receive(self) -> bool:
        """Take what arrived; say whether an answer is complete and acted on."""
        self._buffer += self.socket.recv(65536)
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return self._is_closed()
        length = _LENGTH.search(self._buffer, 0, end)
        size = int(length[1]) if length else 0
        if len(self._buffer) < end + 4 + size:
            return False
        status = _STATUS.match(self._buffer)
        body = self._buffer[end + 4 : end + 4 + size]
        self._buffer = self._buffer[end + 4 + size :]
        took = (time.perf_counter() - self._sent_at) * 1000
        self._take(int(status[1]) if status else 0, body, took)
        return True

    def _is_closed(self) -> bool:
        if not self._buffer:
            self._fail(0, b"the connection was closed")
            self.done = True
        return False

    def _take(self, status: int, body: bytes, took: float) -> None:
        if self._paying:
            self._report.notice_ms.append(took)
            if status == 200 and b"true" in body:
                self._report.orders += 1
                self._report.cards += self._plan.quantity
                self._report.numbers.append(self._paying)
            else:
                self._fail(status, body)
            self._paying = ""
            return
        self._report.place_ms.append(took)
        number, payment = _NUMBER.search(body), _PAYMENT.search(body)
        payable = _PAYABLE.search(body)
        if status == 201 and number and payment and payable:
            self._paying = number[1].decode()
            self._notify(payment[1].decode(), payable[1].decode())
        elif status == 409 and b"vault.sold_out" in body:
            self._report.sold_out += 1
            self.done = True
        else:
            self._fail(status, body)

    def _fail(self, status: int, body: bytes) -> None:
        self._report.errors += 1
        if len(self._report.examples) < _EXAMPLES_MAX:
            self._report.examples.append(f"{status} {body[:300]!r}")

    @property
    def is_between(self) -> bool:
        """Whether no order of its is under way."""
        return not self._paying


def run(plan: Plan) -> Report:
    """Work until the time is up; orders that were begun are finished."""
    report = Report()
    buyers = [Buyer(number, plan, report) for number in range(plan.connections)]
    poll = select.epoll()
    by_descriptor = {buyer.socket.fileno(): buyer for buyer in buyers}
    for descriptor in by_descriptor:
        poll.register(descriptor, select.EPOLLIN)
    started = time.perf_counter()
    stop_at = started + plan.seconds
    for buyer in buyers:
        buyer.place()
    while by_descriptor and time.perf_counter() < stop_at + _GIVE_UP_SECONDS:
        for descriptor, _ in poll.poll(_WAIT_SECONDS):
            buyer = by_descriptor[descriptor]
            finished = buyer.receive()
            is_over = time.perf_counter() >= stop_at or 0 < plan.orders_max <= report.orders
            if buyer.done or (finished and buyer.is_between and is_over):
                poll.unregister(descriptor)
                buyer.socket.close()
                del by_descriptor[descriptor]
            elif finished and buyer.is_between:
                buyer.place()
    report.seconds = time.perf_counter() - started
    report.errors += len(by_descriptor)
    used = resource.getrusage(resource.RUSAGE_SELF)
    report.cpu_seconds = used.ru_utime + used.ru_stime
    return report


def percentile(values: Iterable[float], share: float) -> float:
    """Return the value below which `share` of the values lie."""
    ordered = sorted(values)
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


if __name__ == "__main__":
    json.dump(asdict(run(Plan(**json.load(sys.stdin)))), sys.stdout)
