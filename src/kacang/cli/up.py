"""`kacang up`: everything on one machine, started, watched and ended together (E1)."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kacang.cli import folder as folders
from kacang.cli.children import Children, Task
from kacang.cli.database import Database
from kacang.cli.errors import CommandProblem, Stopped
from kacang.cli.files import write_private
from kacang.cli.folder import DataFolder, refuse_full
from kacang.cli.installation import environment_of
from kacang.cli.ports import answers, refuse_busy
from kacang.cli.simulating import NETWORK, Simulated, simulators
from kacang.embedded import OWNER

_READY_SECONDS = 120.0
_LOOK_SECONDS = 0.25
# Longer than a worker gives its jobs to end.
_JOB_SECONDS = 25.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - where to look, not to listen
COMMAND = (sys.executable, "-P", "-m", "kacang.cli.main")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What `kacang up` was asked for."""

    host: str
    port: int
    data: Path
    demo: bool
    ready_file: Path | None
    workers: int
    simulators: bool = False

    @property
    def address(self) -> str:
        """The host under which this machine reaches itself."""
        return _EVERYWHERE.get(self.host, self.host)

    @property
    def base_url(self) -> str:
        """Where to look with a browser."""
        return f"http://{self.address}:{self.port}"


def up(wishes: Wishes, say: Callable[[str], None]) -> None:
    """Run everything until somebody asks to stop.

    Raises:
        CommandProblem: It cannot be started. Nothing is left running.
        EmbeddedProblem: The database cannot be used.
    """
    began = time.monotonic()
    stop = _stop_on_signals()
    refuse_busy(wishes.host, wishes.port)
    kind = "external" if os.environ.get("DATABASE_URL") else "embedded"
    folder = folders.prepared(wishes.data, database=kind)
    with contextlib.ExitStack() as stack:
        stack.enter_context(folders.used_alone(folder))
        _clear_ready_file(wishes.ready_file)
        database = Database(folder, say)
        say(f"Starting Kacang in {folder.path}")
        stack.enter_context(database.running())
        environment = _environment(wishes, folder, database)
        companies: Simulated | None = None
        if wishes.simulators:
            say("Starting the simulated companies")
            companies = stack.enter_context(simulators(folder, environment, stop, say))
            environment |= companies.endpoints()
        logins = _prepare(wishes, folder, database, stop, companies)
        children = Children(tasks(wishes, folder), environment, say)
        stack.callback(children.stop)
        children.start()
        _wait_until_ready(wishes, children, stop)
        stack.enter_context(_announced(wishes, folder, logins))
        _greet(wishes, folder, logins, say, time.monotonic() - began)
        for company, url in (companies.pages() if companies else {}).items():
            say(f"  Texts    短信  {url}  {company}")
        while not stop.wait(_LOOK_SECONDS):
            database.look_after()
            children.look_after()
            if companies is not None:
                companies.children.look_after()
        say("Stopping.")
    say("Stopped; nothing is left running.")


def tasks(wishes: Wishes, folder: DataFolder) -> list[Task]:
    """Return the processes of one machine, in the order of starting."""
    web = ["--host", wishes.host, "--port", str(wishes.port), "--workers", str(wishes.workers)]
    quick = ["--queue", "money", "--queue", "delivery", "--queue", "mail"]
    return [
        Task("web", [*COMMAND, "web", *web], folder.logs / "web.log"),
        Task("worker", [*COMMAND, "worker", *quick], folder.logs / "worker.log", _JOB_SECONDS),
        Task(
            "bulk-worker",
            [*COMMAND, "worker", "--queue", "bulk"],
            folder.logs / "bulk.log",
            _JOB_SECONDS,
        ),
        Task("schedule", [*COMMAND, "schedule"], folder.logs / "schedule.log"),
    ]


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _environment(wishes: Wishes, folder: DataFolder, database: Database) -> dict[str, str]:
    found = environment_of(folder, database_url=database.url())
    # The owner's rights are for migrations alone.
    found.pop("KACANG_OWNER_URL", None)
    found.setdefault("KACANG_PUBLIC_URL", wishes.base_url)
    if wishes.simulators:
        allowed = [found.get("KACANG_PRIVATE_NETWORKS_ALLOWED", ""), NETWORK]
        found["KACANG_PRIVATE_NETWORKS_ALLOWED"] = ",".join(filter(None, allowed))
    return found


def _prepare(
    wishes: Wishes,
    folder: DataFolder,
    database: Database,
    stop: threading.Event,
    companies: Simulated | None,
) -> dict[str, object]:
    """Bring tables, static files, first people and demo shop to what is wanted."""
    environment = _environment(wishes, folder, database)
    environment["KACANG_OWNER_URL"] = database.url(OWNER)
    steps = _Steps(folder, stop)
    words = ["prepare", "--demo"] if wishes.demo else ["prepare"]
    if companies is not None:
        environment |= companies.endpoints()
        words += ["--simulators", str(companies.accounts), "--senders", str(companies.senders)]
    try:
        found = json.loads(steps.run(words, environment))
    except ValueError:
        raise CommandProblem(f"The first run failed; see {steps.log}.") from None
    return dict(found)


class _Steps:
    """Short commands that must have ended before the next one begins."""

    def __init__(self, folder: DataFolder, stop: threading.Event) -> None:
        self._stop = stop
        self.log = folder.logs / "start.log"

    def run(self, words: Sequence[str], environment: Mapping[str, str]) -> str:
        """Run one command and return what it printed."""
        descriptor = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        process = subprocess.Popen(  # noqa: S603 - our own commands, no shell
            [*COMMAND, *words],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=descriptor,
            text=True,
            start_new_session=True,
        )
        os.close(descriptor)
        printed = self._wait(process)
        if process.returncode != 0:
            # A full disk does not even take the line that says so.
            refuse_full(self.log.parent)
            raise CommandProblem(
                f"The step {words[0]} failed: {self._last_line()} (see {self.log})"
            )
        return printed

    def _wait(self, process: subprocess.Popen[str]) -> str:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.communicate(timeout=0.1)[0]
            if self._stop.is_set():
                process.terminate()
                process.communicate()
                raise Stopped

    def _last_line(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines() or ["it said nothing"]
        return lines[-1].strip()[:300]


def _wait_until_ready(wishes: Wishes, children: Children, stop: threading.Event) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while not answers(wishes.address.strip("[]"), wishes.port, "/readyz"):
        failed = children.first_failure()
        if failed is not None:
            refuse_full(wishes.data)
            raise CommandProblem(f"The process {failed.name} ended at once; see {failed.log}.")
        if time.monotonic() > deadline:
            raise CommandProblem(f"Kacang did not become ready; see {wishes.data / 'logs'}.")
        if stop.wait(0.1):
            raise Stopped


def _clear_ready_file(path: Path | None) -> None:
    """Remove what one that was killed left: nobody must take it for ours.

    Raises:
        CommandProblem: The place cannot be written; when all runs it is late to say so.
    """
    if path is None:
        return
    # Under another name: whoever waits for the file must never see an empty one.
    probe = path.with_name(f".{path.name}.probe")
    try:
        path.unlink(missing_ok=True)
        write_private(probe, "")
        probe.unlink()
    except OSError as problem:
        raise CommandProblem(
            f"The ready-file {path} cannot be written: {problem.strerror}."
        ) from None


@contextlib.contextmanager
def _announced(wishes: Wishes, folder: DataFolder, logins: Mapping[str, object]) -> Iterator[None]:
    """Tell other commands and the ready-file where we are, as long as that is true."""
    facts = {
        "pid": os.getpid(),
        "base_url": wishes.base_url,
        "host": wishes.host,
        "port": wishes.port,
        "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    try:
        write_private(folder.runtime, json.dumps(facts))
        if wishes.ready_file is not None:
            ready = ready_facts(wishes.base_url, logins)
            write_private(wishes.ready_file, json.dumps(ready, ensure_ascii=False))
        yield
    finally:
        folder.runtime.unlink(missing_ok=True)
        if wishes.ready_file is not None:
            wishes.ready_file.unlink(missing_ok=True)


def ready_facts(base_url: str, logins: Mapping[str, object]) -> dict[str, object]:
    """Return what the ready-file holds."""
    return {
        "base_url": base_url,
        "merchant": logins["merchant"],
        "console": {
            "url": f"{base_url}/console/",
            "email": logins["email"],
            "password": logins["password"],
        },
        "api_key": logins["api_key"],
        "sandbox": logins["sandbox"],
        "skus": logins["skus"],
    }


def _greet(
    wishes: Wishes,
    folder: DataFolder,
    logins: Mapping[str, object],
    say: Callable[[str], None],
    seconds: float,
) -> None:
    say(f"Kacang is ready after {seconds:.1f} s.")
    say(f"  Shop     商店  {wishes.base_url}/")
    say(f"  Console  后台  {wishes.base_url}/console/")
    say(f"  Login    登录  {logins['email']}  {logins['password']}")
    say(f"  API      接口  {wishes.base_url}/api/v1/  {logins['api_key']}")
    say(f"  Data     数据  {folder.path}")
    say("Ctrl-C stops everything.")
