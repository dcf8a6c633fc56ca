"""Buyers and a payment company that go on whatever happens to the shop."""

import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from standardwebhooks import Webhook

PATIENCE_SECONDS = 60


@dataclass
class Shop:
    """A shop as machines reach it."""

    base_url: str
    api_key: str
    account_id: str
    secret: str

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.api_key}"}

    def call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """Ask until there is an answer that is not a failure of the moment."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                answer = httpx.request(
                    method, f"{self.base_url}{path}", headers=self.headers, timeout=15, **options
                )
                if answer.status_code < 500 and answer.status_code != 429:
                    found: dict[str, Any] = answer.json()
                    return found
            except httpx.HTTPError:
                pass
            assert time.monotonic() < deadline, f"no answer to {method} {path}"
            time.sleep(0.2)

    def stock(self, sku: str, codes: list[str]) -> None:
        """Import codes, and wait until they are in."""
        job = self.call("POST", "/api/v1/cards/import", json={"sku_id": sku, "lines": codes})
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (state := self.call("GET", f"/api/v1/jobs/{job['id']}"))["state"] != "done":
            assert state["state"] not in ("failed", "cancelled"), state
            assert time.monotonic() < deadline, state
            time.sleep(0.3)

    def notice(self, payment: str, amount: int) -> tuple[bytes, dict[str, str]]:
        """What the sandbox company would send, signed."""
        message = f"msg_{secrets.token_hex(8)}"
        body = json.dumps(
            {
                "id": message,
                "payment_id": payment,
                "provider_number": f"sb_{payment}",
                "amount_minor": amount,
                "currency": "CNY",
                "status": "paid",
            }
        )
        now = datetime.now(tz=UTC)
        return body.encode(), {
            "webhook-id": message,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(self.secret).sign(message, now, body),
            "content-type": "application/json",
        }

    def tell(self, body: bytes, headers: dict[str, str]) -> int:
        """Send a notice once; 0: nobody answered."""
        path = f"/callbacks/payments/sandbox/{self.account_id}"
        try:
            return httpx.post(
                f"{self.base_url}{path}", content=body, headers=headers, timeout=15
            ).status_code
        except httpx.HTTPError:
            return 0


@dataclass
class Crowd:
    """Threads that buy until they are told to stop, and what was promised to them."""

    shop: Shop
    sku: str
    acknowledged: list[str] = field(default_factory=list)
    placed: list[str] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._buy) for _ in range(6)]

    def __enter__(self) -> "Crowd":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _buy(self) -> None:
        while not self._stop.is_set():
            try:
                self._buy_one()
            except Exception as error:  # noqa: BLE001 - shown by the test
                self.surprises.append(repr(error))
            time.sleep(0.02)

    def _buy_one(self) -> None:
        order = self.shop.call(
            "POST",
            "/api/v1/orders",
            json={
                "items": [{"sku_id": self.sku, "quantity": 1}],
                "contact": {"email": f"{secrets.token_hex(6)}@example.com"},
                "provider": "sandbox",
            },
        )
        if "number" not in order:
            self.surprises.append(json.dumps(order))
            return
        self.placed.append(order["number"])
        body, headers = self.shop.notice(order["payment"]["payment_id"], order["payable_minor"])
        deadline = time.monotonic() + PATIENCE_SECONDS
        # As payment companies do: again and again, until somebody says that it was heard.
        while (status := self.shop.tell(body, headers)) != 200:
            assert status in (0, 500, 502, 503), status
            assert time.monotonic() < deadline
            time.sleep(0.2)
        self.acknowledged.append(order["number"])
