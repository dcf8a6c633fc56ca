"""Running `kacang up` for real, and looking at what it started."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from kacang.cli.files import read_object

COMMAND = [sys.executable, "-P", "-m", "kacang.cli.main"]
SECONDS = 150


def clean_environment() -> dict[str, str]:
    """What a newcomer has: nothing of ours."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("KACANG_", "DJANGO_")) and name != "DATABASE_URL"
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], bool], seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.1)


def is_gone(number: int) -> bool:
    """Whether a process ended; one that nobody waited for yet counts as ended."""
    try:
        status = Path(f"/proc/{number}/stat").read_text()
    except OSError:
        return True
    return status.rsplit(")", 1)[1].split()[0] == "Z"


def descendants(number: int) -> dict[int, str]:
    """Every living process below one, with its command line."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if fields[0] != "Z":
            parents[int(path.parent.name)] = int(fields[1])
    found: dict[int, str] = {}
    wanted = {number}
    while wanted:
        wanted = {child for child, parent in parents.items() if parent in wanted}
        for child in wanted:
            try:
                words = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ")
            except OSError:
                continue
            found[child] = words.decode(errors="replace")
    return found


def command(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*COMMAND, *map(str, words)],
        env={**clean_environment(), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )


@dataclass
class Up:
    """One `kacang up` with an embedded database."""

    data: Path
    port: int
    process: subprocess.Popen[str]
    ready_file: Path
    said: Path

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ready(self) -> dict[str, Any]:
        """Wait until it is ready and return what the ready-file says."""

        def is_ready() -> bool:
            assert self.process.poll() is None, self.said.read_text()
            return self.ready_file.exists()

        wait_until(is_ready)
        facts: dict[str, Any] = json.loads(self.ready_file.read_text())
        return facts

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        """Ask for a page; status 0 means that nobody answers."""
        try:
            answer = httpx.get(f"{self.base_url}{path}", headers=headers, timeout=10)
        except httpx.HTTPError:
            return 0, b""
        return answer.status_code, answer.content

    def part(self, words: str) -> int:
        """The number of the process of ours whose command line has these words."""
        found = [number for number, line in descendants(self.process.pid).items() if words in line]
        assert found, words
        return min(found)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(SECONDS)


def start(data: Path, *words: str, port: int = 0, settings: Mapping[str, str] | None = None) -> Up:
    """Start everything in a folder."""
    port = port or free_port()
    ready_file, said = data.with_suffix(".ready"), data.with_suffix(".said")
    # One that was killed leaves it: nobody must wait for the next one by it.
    ready_file.unlink(missing_ok=True)
    options = ["--data", str(data), "--port", str(port), "--workers", "1"]
    options += ["--ready-file", str(ready_file), *words]
    with said.open("w") as output:
        process = subprocess.Popen(
            [*COMMAND, "up", *options],
            env={**clean_environment(), **(settings or {})},
            stdout=output,
            stderr=output,
            text=True,
        )
    return Up(data, port, process, ready_file, said)


def remove(data: Path) -> None:
    """End what a failed test left, and remove what root's database keeps elsewhere."""
    left = read_object(data / "runtime.json").get("pid")
    if isinstance(left, int) and not is_gone(left):
        os.kill(left, signal.SIGTERM)
        wait_until(lambda: is_gone(left))
    pointer = data / "postgres/cluster.json"
    if pointer.exists():
        home = Path(json.loads(pointer.read_text())["home"])
        if home.is_absolute():
            subprocess.run(["rm", "-rf", home], check=True)
