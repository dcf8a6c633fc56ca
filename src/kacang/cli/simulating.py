"""The simulated payment companies that a demo may be paid at (`kacang up --demo --simulators`)."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from kacang.cli.children import Children, Task
from kacang.cli.errors import CommandProblem, Stopped
from kacang.cli.folder import PROJECT, DataFolder

_SECONDS = 60.0
_LOOK_SECONDS = 0.1
# Where they listen: calls of ours go nowhere near this machine otherwise.
NETWORK = "127.0.0.1/32"


@contextmanager
def simulators(
    folder: DataFolder,
    environment: Mapping[str, str],
    stop: threading.Event,
    say: Callable[[str], None],
) -> Iterator[tuple[Children, Path]]:
    """Run them; yield their process, to be looked after, and the file of accounts there.

    Raises:
        CommandProblem: They are not there, or do not start.
        Stopped: Somebody asked to stop meanwhile.
    """
    if not (PROJECT / "simulators" / "payments").is_dir():
        raise CommandProblem(
            f"The simulated companies are missing: there is no {PROJECT / 'simulators'}."
        )
    home = folder.path / "simulators"
    accounts = home / "accounts.json"
    accounts.unlink(missing_ok=True)
    paths = [str(PROJECT), *filter(None, [environment.get("PYTHONPATH")])]
    words = [sys.executable, "-P", "-m", "simulators.payments", "--folder", str(home)]
    children = Children(
        [Task("simulators", words, folder.logs / "simulators.log")],
        {**environment, "PYTHONPATH": os.pathsep.join(paths)},
        say,
    )
    try:
        children.start()
        _wait(children, accounts, stop)
        yield children, accounts
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
