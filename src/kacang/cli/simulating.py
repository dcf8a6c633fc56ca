"""The simulated companies of a demo: for payments and texts (`kacang up --demo --simulators`)."""

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kacang.cli.children import Children, Task
from kacang.cli.errors import CommandProblem, Stopped
from kacang.cli.folder import PROJECT, DataFolder

_SECONDS = 60.0
_LOOK_SECONDS = 0.1
# Where they listen: calls of ours go nowhere near this machine otherwise.
NETWORK = "127.0.0.1/32"


@dataclass(frozen=True, slots=True)
class Simulated:
    """The companies' processes, and the files that say what an account at each needs."""

    children: Children
    accounts: Path
    senders: Path

    def endpoints(self) -> dict[str, str]:
        """Return where the companies for texts listen, as settings of the operator."""
        found = json.loads(self.senders.read_text("utf-8"))
        return {f"KACANG_SMS_{one['company'].upper()}_ENDPOINT": one["endpoint"] for one in found}

    def pages(self) -> dict[str, str]:
        """Return the pages on which what arrived at phones is read, by company."""
        found = json.loads(self.senders.read_text("utf-8"))
        return {one["company"]: one["endpoint"] for one in found}


@contextmanager
def simulators(
    folder: DataFolder,
    environment: Mapping[str, str],
    stop: threading.Event,
    say: Callable[[str], None],
) -> Iterator[Simulated]:
    """Run them; yield their processes, to be looked after, and the files of accounts there.

    Raises:
        CommandProblem: They are not there, or do not start.
        Stopped: Somebody asked to stop meanwhile.
    """
    if not (PROJECT / "simulators" / "payments").is_dir():
        raise CommandProblem(
            f"The simulated companies are missing: there is no {PROJECT / 'simulators'}."
        )
    home = folder.path / "simulators"
    accounts, senders = home / "accounts.json", home / "texts" / "senders.json"
    for file in (accounts, senders):
        file.unlink(missing_ok=True)
    paths = [str(PROJECT), *filter(None, [environment.get("PYTHONPATH")])]
    run = [sys.executable, "-P", "-m"]
    payments = [*run, "simulators.payments", "--folder", str(home)]
    texts = [*run, "simulators.sms_companies", "--folder", str(senders.parent)]
    children = Children(
        [
            Task("simulators", payments, folder.logs / "simulators.log"),
            Task("text-simulators", texts, folder.logs / "simulators.log"),
        ],
        {**environment, "PYTHONPATH": os.pathsep.join(paths)},
        say,
    )
    try:
        children.start()
        _wait(children, accounts, stop)
        _wait(children, senders, stop)
        yield Simulated(children, accounts, senders)
    finally:
        children.stop()


def _wait(children: Children, accounts: Path, stop: threading.Event) -> None:
    deadline = time.monotonic() + _SECONDS
    while not accounts.exists():
        failed = children.first_failure()
        if failed is not None or time.monotonic() > deadline:
            raise CommandProblem("The simulated companies do not start; see simulators.log.")
        if stop.wait(_LOOK_SECONDS):
            raise Stopped
