"""A person at the desk: signed in over real HTTP, asking for one page again and again."""

import secrets
import threading
import time
from dataclasses import dataclass, field

import httpx
from django.conf import settings
from django.test import Client

from bench.installation import HOST, Installation
from bench.load import percentile
from bench.stock import Shop
from kacang.merchants.audit import SYSTEM
from kacang.merchants.models import User
from kacang.merchants.operations import add_staff

STOCK = "/console/stock/"
_SIGN_IN = "allauth.account.auth_backends.AuthenticationBackend"
_PAUSE_SECONDS = 0.05


@dataclass(frozen=True)
class Beside:
    """How many milliseconds a page took while nothing else went on, and while something did."""

    idle: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """The slowest hundredth: how many times as long as when idle."""
        return percentile(self.busy, 0.99) / percentile(self.idle, 0.99)


def at_the_desk(made: Installation, shop: Shop) -> httpx.Client:
    """Sign the owner of a shop in."""
    email = f"bench-{secrets.token_hex(4)}@example.com"
    add_staff(
        merchant_id=shop.merchant_id, email=email, name="Bench", role="owner", actor=SYSTEM,
        password=secrets.token_hex(12),
    )  # fmt: skip
    visitor = Client()
    visitor.force_login(User.objects.get(email=email), backend=_SIGN_IN)
    name = settings.SESSION_COOKIE_NAME
    return httpx.Client(
        base_url=f"http://{HOST}:{made.port}",
        cookies={name: visitor.cookies[name].value},
        timeout=60,
    )


def look(window: httpx.Client, address: str) -> float:
    """Ask for a page once and return the milliseconds that it took."""
    started = time.perf_counter()
    answer = window.get(address)
    took = 1000 * (time.perf_counter() - started)
    if answer.status_code != httpx.codes.OK:
        raise RuntimeError(f"{address}: {answer.status_code}")
    return took


class Looking:
    """Asks for a page, a breath between two times, as long as the block lasts."""

    def __init__(self, window: httpx.Client, address: str) -> None:
        self.took: list[float] = []
        self.error: Exception | None = None
        self._window, self._address = window, address
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Looking":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        if self.error:
            raise self.error

    def _look(self) -> None:
        try:
            while not self.took or not self._stop.wait(_PAUSE_SECONDS):
                self.took.append(look(self._window, self._address))
        except Exception as error:  # noqa: BLE001 - raised where the block ends
            self.error = error
