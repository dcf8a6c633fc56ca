"""What a killed server leaves behind: backends that still work, and a file with its number."""

import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

from kacang.embedded.account import Account
from kacang.embedded.errors import CannotStart
from kacang.embedded.places import Places

_PATIENCE = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))


def clear(places: Places, account: Account) -> None:
    """End what is left of an earlier server and remove its number.

    Must run under the cluster's lock: whoever held it is gone, so what still works in the data
    folder has no master and keeps every new server from starting.
    """
    if not places.pid_file.exists():
        return
    for number, patience in _PATIENCE:
        left = survivors(places, account)
        _signal(left, number)
        if _all_gone(left, within=patience):
            break
    if survivors(places, account):
        raise CannotStart(f"An earlier database in {places.folder} does not end.")
    # Another process may have got the number since, and PostgreSQL would take it for a server.
    places.pid_file.unlink(missing_ok=True)


def survivors(places: Places, account: Account) -> list[int]:
    """Return the processes of the server's account that work in the data folder."""
    # Root without CAP_SYS_PTRACE, as in a container, cannot look at them: their own user can.
    pattern = "".join(f"\\{letter}" if letter in "*?[\\" else letter for letter in str(places.data))
    where = ["find", "/proc", "-mindepth", "2", "-maxdepth", "2", "-name", "cwd"]
    which = ["-uid", str(account.uid), "-lname", pattern]
    found = account.run([*where, *which], folder=Path("/"))
    numbers = [int(line.split("/")[2]) for line in found.stdout.split()]
    return [number for number in numbers if _is_server(number, account)]


def _is_server(number: int, account: Account) -> bool:
    read = account.run(["readlink", f"/proc/{number}/exe"], folder=Path("/"))
    program = read.stdout.strip().removesuffix(" (deleted)")
    return Path(program).name == "postgres"


def _signal(numbers: Iterable[int], number: signal.Signals) -> None:
    for process in numbers:
        try:
            os.kill(process, number)
        except ProcessLookupError:
            continue


def _all_gone(numbers: Iterable[int], *, within: float) -> bool:
    deadline = time.monotonic() + within
    while any(Path(f"/proc/{number}").exists() for number in numbers):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
