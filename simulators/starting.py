"""Run several companies at once, beside a demo: each keeps its keys and its port in a folder.

So accounts made for them stay true from one start to the next. When all listen, a file in the
folder says what is filled in for an account at each.
"""

import argparse
import contextlib
import json
import os
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PORTS = "ports.json"
LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Starter:
    """How one company is started.

    Args:
        name: As accounts name it; its keys are kept under it.
        new_keys: Makes the keys of both sides, as plain JSON.
        company: Builds the server from keys, host and port; it has a `url`.
        account: Says what is filled in for an account there, from keys and the server's address.
    """

    name: str
    new_keys: Callable[[], dict[str, Any]]
    company: Callable[[Mapping[str, Any], str, int], AbstractContextManager[Any]]
    account: Callable[[Mapping[str, Any], str], dict[str, Any]]


def serve(prog: str, file: str, starters: Sequence[Starter]) -> None:
    """Serve until interrupted, or until whoever started it is gone; `file` lists the accounts."""
    parser = argparse.ArgumentParser(prog=prog)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    given = parser.parse_args()
    given.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    parent = os.getppid()
    with contextlib.ExitStack() as stack:
        accounts = start_all(stack, given.folder, given.host, starters)
        # Under another name first: whoever waits for the file must never see a part of it.
        half = given.folder / f".{file}"
        write_private(half, json.dumps(accounts, ensure_ascii=False, indent=1))
        half.replace(given.folder / file)
        while not stop.wait(LOOK_SECONDS) and os.getppid() == parent:
            pass


def start_all(
    stack: contextlib.ExitStack, folder: Path, host: str, starters: Sequence[Starter]
) -> list[dict[str, Any]]:
    """Start all, with the keys and ports that they had, and say what an account needs.

    Beside that, `control` says where each is told how to behave.
    """
    kept = folder / PORTS
    ports: dict[str, int] = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
    accounts = []
    for one in starters:
        keys = kept_keys(folder / f"{one.name}.json", one.new_keys)
        company = stack.enter_context(_company(one, keys, host, ports.get(one.name, 0)))
        ports[one.name] = int(company.url.rpartition(":")[2])
        accounts.append(one.account(keys, company.url) | {"control": f"{company.url}/_sim"})
    write_private(kept, json.dumps(ports))
    return accounts


def kept_keys(path: Path | None, new_keys: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return the keys in a file, which is made when it is not there."""
    if path is not None and path.exists():
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return kept
    keys = new_keys()
    if path is not None:
        write_private(path, json.dumps(keys))
    return keys


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read."""
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")


def _company(
    one: Starter, keys: Mapping[str, Any], host: str, port: int
) -> AbstractContextManager[Any]:
    try:
        return one.company(keys, host, port)
    except OSError:
        # Somebody else has its port now.
        return one.company(keys, host, 0)
