"""Run a company by hand, or beside a demo: keys are kept in a file, the account is written down."""

import argparse
import json
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulators.starting import kept_keys, write_private


@dataclass(frozen=True, slots=True)
class Place:
    """Where a company shall run, and whom it tells."""

    host: str
    port: int
    callback_url: str


@dataclass(frozen=True, slots=True)
class Script:
    """How one company is run.

    Args:
        name: As payment accounts name it.
        new_keys: Makes the keys of both sides, as plain JSON.
        company: Builds the server from keys and place.
        account: Says what is filled in for an account there, from keys and the server's address:
            `{"provider", "currency", "secrets", "options"}`.
    """

    name: str
    new_keys: Callable[[], dict[str, Any]]
    company: Callable[[Mapping[str, Any], Place], AbstractContextManager[Any]]
    account: Callable[[Mapping[str, Any], str], dict[str, Any]]


def run(script: Script) -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog=f"simulators.payments.{script.name}")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--keys", type=Path, help="kept here, and made when there are none")
    parser.add_argument("--account", type=Path, help="where to write what an account needs")
    parser.add_argument("--callback-url", default="", help="for a company that is told it once")
    given = parser.parse_args()
    keys = kept_keys(given.keys, script.new_keys)
    place = Place(given.host, given.port, given.callback_url)
    with script.company(keys, place) as company:
        needed = json.dumps(script.account(keys, company.url), ensure_ascii=False, indent=1)
        if given.account:
            write_private(given.account, needed)
        print(f"{script.name} listens on {company.url}", flush=True)  # noqa: T201 - a command
        threading.Event().wait()
