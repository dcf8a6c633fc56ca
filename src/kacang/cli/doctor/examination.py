"""All checks, in the order in which one thing rests on the other."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg

from kacang.cli.doctor import database, machine
from kacang.cli.doctor.findings import Finding, bad, ok, warn
from kacang.cli.errors import CommandProblem
from kacang.cli.folder import DataFolder
from kacang.cli.installation import inside, installation
from kacang.embedded import EmbeddedProblem
from kacang.shared.errors import DomainError


def examine(path: Path) -> list[Finding]:
    """Look at everything and return what was found. Changes nothing of the installation."""
    folder = DataFolder(path)
    return [*_machine(folder), *_database(folder)]


def _machine(folder: DataFolder) -> Iterator[Finding]:
    yield machine.python()
    yield machine.packages()
    if not os.environ.get("DATABASE_URL") or folder.marker.exists():
        yield machine.data_folder(folder)
    if folder.marker.exists():
        yield machine.secret_files(folder)
        yield machine.port(folder)
    yield machine.space(folder.path)


def _database(folder: DataFolder) -> Iterator[Finding]:
    running = bool(folder.running()) or bool(os.environ.get("DATABASE_URL"))
    try:
        with installation(folder.path):
            with psycopg.connect(os.environ["DATABASE_URL"], connect_timeout=5) as connection:
                yield database.server(connection)
                yield database.rights(connection)
                yield database.limits(connection)
                yield database.clock(connection)
                yield database.workers(connection, expected=running)
            yield from _django()
    except (CommandProblem, EmbeddedProblem) as problem:
        yield bad("database", str(problem), "Put this right first.")
    except psycopg.OperationalError as problem:
        reason = str(problem).strip().splitlines()[0]
        yield bad("database", reason, "Look whether PostgreSQL runs and DATABASE_URL is right.")


def _django() -> Iterator[Finding]:
    newer = inside("database").newer()
    if newer:
        advice = "Use the Kacang that made them; this one would not understand its rows."
        yield bad("migrations", f"of a newer version: {', '.join(newer[:3])}", advice)
        return
    pending = inside("database").pending()
    if pending:
        yield bad("migrations", f"missing: {', '.join(pending[:3])}", "Run kacang migrate.")
        return
    yield ok("migrations", "none is missing")
    try:
        opened = inside("keys").check_master_key()
    except DomainError as problem:
        yield bad(
            "master key",
            f"the merchants' keys cannot be opened ({problem.code})",
            "Restore the master key under which this installation was made.",
        )
    else:
        yield ok("master key", f"opens the keys of {opened} merchants")
        yield from _master()


def _master() -> Iterator[Finding]:
    if under := inside("keys").under_previous():
        yield warn(
            "master key",
            f"{under} keys are under the previous one still",
            "Run kacang master-key rewrap, then take the previous one away.",
        )
    state = inside("keys").master_key_state()
    if state.usable_seconds is None:
        return
    if state.unreachable_seconds:
        yield warn(
            "key service",
            f"{state.source} does not answer ({state.problem}); processes that have the key go on "
            f"for {state.usable_seconds} s",
            "Look after the service: after that no secret can be opened.",
        )
    else:
        yield ok("key service", f"{state.source} answers")
