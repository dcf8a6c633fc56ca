"""A real web server on the test session's database."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import httpx
from django.conf import settings

from tests.database import Database

ROOT = Path(__file__).resolve().parents[3]
HOST = "127.0.0.1"
READY_SECONDS = 60


@contextlib.contextmanager
def served(database: Database, folder: Path) -> Iterator[str]:
    """Run `kacang web` as long as the block lasts; yields its address."""
    with running(database, folder) as (address, _):
        yield address


@contextlib.contextmanager
def running(database: Database, folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run `kacang web` likewise; yields its process too."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "src"),
        "DATABASE_URL": database.url(),
        "KACANG_DATA": str(folder),
        "KACANG_MASTER_KEY": settings.MASTER_KEY,
        "KACANG_SECRET_KEY": "only-for-tests-" * 4,
        "KACANG_PUBLIC_URL": f"http://{HOST}:{port}",
        "KACANG_LOG_LEVEL": "WARNING",
    }
    with (folder / "web.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "kacang.cli.main", "web", "--port", str(port), "--workers", "1"],
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until_ready(process, f"http://{HOST}:{port}", folder / "web.log")
            yield f"http://{HOST}:{port}", process
        finally:
            process.terminate()
            process.wait(30)


def wait_until_ready(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    stop_at = time.monotonic() + READY_SECONDS
    while time.monotonic() < stop_at and process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{address}/readyz", timeout=5).status_code == HTTPStatus.OK:
                return
        time.sleep(0.1)
    raise AssertionError(f"no answer from the web server:\n{log.read_text()[-3000:]}")
