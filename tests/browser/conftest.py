"""The application as it runs for real, and a browser before it."""

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, sync_playwright

from kacang.merchants.models import MerchantKind
from kacang.merchants.operations import open_merchant
from tests.browser.harness import ARGUMENTS, CHROMIUM, PHONE, Complaints, Opener, opener
from tests.database import Database

START_SECONDS = 120
# Playwright's synchronous interface runs an event loop in this thread; Django would refuse to
# talk to the database beside one.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _run(arguments: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _wait(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        assert server.poll() is None, log.read_text()
        try:
            if httpx.get(f"{address}/healthz", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"no answer after {START_SECONDS} s:\n{log.read_text()}")


@pytest.fixture(scope="session")
def live(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the real application on the session's database, with a demo merchant first."""
    open_merchant(
        slug=f"first-{secrets.token_hex(4)}", name="小鹿数卡旗舰店", kind=MerchantKind.DEMO
    )
    folder = tmp_path_factory.mktemp("live")
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "kacang.settings",
        "DATABASE_URL": database.url("kacang_app"),
        "KACANG_DATA": str(folder),
        "KACANG_MASTER_KEY": settings.MASTER_KEY,
        # The same key on both sides: a session that a test opens is good at the application.
        "KACANG_SECRET_KEY": settings.SECRET_KEY,
        "KACANG_PUBLIC_URL": address,
        "KACANG_DEBUG": "0",
    }
    _run(["django", "collectstatic", "--noinput", "--verbosity=0"], environment)
    log = folder / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "kacang.cli.main", "web", "--host", "127.0.0.1",
             "--port", str(port), "--workers", "1"],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            _wait(address, server, log)
            yield address
        finally:
            server.terminate()
            server.wait(timeout=15)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the session."""
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no browser at {CHROMIUM}")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """What browsers complained of in this test; anything left over fails it."""
    heard = Complaints()
    yield heard
    assert heard.texts == []


@pytest.fixture
def open_page(browser: Browser, live: str, complaints: Complaints) -> Iterator[Opener]:
    """Open pages: `open_page(PHONE, dark=True, scripts=False, language="en-US")`."""
    open_one, close = opener(browser, live, complaints)
    yield open_one
    close()


@pytest.fixture
def page(open_page: Opener) -> Page:
    """A window of 1440 by 900, light, Chinese; `page.goto("/console/")` is enough."""
    return open_page()


@pytest.fixture
def phone(open_page: Opener) -> Page:
    """A window of 390 by 844, light, Chinese, with touch."""
    return open_page(PHONE)
