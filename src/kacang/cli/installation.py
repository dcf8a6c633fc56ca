"""How a command reaches an installation: its database and its secrets.

Either the operator says all by the environment (`DATABASE_URL` and the like), or there is a data
folder, whose embedded database is used as it runs, or run for as long as the command lasts.
"""

import contextlib
import importlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kacang.cli.database import refuse_unreachable
from kacang.cli.errors import CommandProblem
from kacang.cli.folder import DataFolder, existing
from kacang.embedded import APP, OWNER, ClusterBusy, EmbeddedCluster, NotRunning

_PATIENCE_SECONDS = 30.0


def environment_of(folder: DataFolder, *, database_url: str) -> dict[str, str]:
    """Return the settings that processes of an installation get, with secrets only by file."""
    return {
        **os.environ,
        "DATABASE_URL": database_url,
        "KACANG_DATA": str(folder.path),
        **folder.secret_files(),
    }


@contextlib.contextmanager
def installation(data: Path, *, role: str = APP, starts: bool = True) -> Iterator[None]:
    """Let this process be part of an installation: after this, Django can be set up.

    Args:
        data: The data folder; not looked at when `DATABASE_URL` is set and it does not exist.
        role: Whose rights are needed; OWNER for migrations.
        starts: Whether the embedded database is run meanwhile when nobody runs it.

    Raises:
        CommandProblem: There is none.
        EmbeddedProblem: Its database cannot be used.
    """
    outside = os.environ.get("DATABASE_URL")
    if outside:
        if role == OWNER:
            outside = os.environ.get("KACANG_OWNER_URL") or outside
        refuse_unreachable(outside)
        folder = DataFolder(data.absolute())
        found = environment_of(folder, database_url=outside) if folder.marker.exists() else {}
        os.environ.update({**found, "DATABASE_URL": outside})
        yield
        return
    folder = existing(data)
    if folder.facts().get("database") != "embedded":
        raise CommandProblem(
            f"The installation in {folder.path} uses an external database: set DATABASE_URL."
        )
    with _database(folder) if starts else _running_database(folder) as cluster:
        os.environ.update(environment_of(folder, database_url=cluster.dsn(role)))
        yield


@contextlib.contextmanager
def _database(folder: DataFolder) -> Iterator[EmbeddedCluster]:
    """Use the embedded database that runs, or run it meanwhile."""
    cluster = EmbeddedCluster(folder.postgres)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            with cluster.running():
                yield cluster
                return
        except ClusterBusy:
            if _answers(cluster):
                yield cluster
                return
            if time.monotonic() > deadline:
                raise


@contextlib.contextmanager
def _running_database(folder: DataFolder) -> Iterator[EmbeddedCluster]:
    cluster = EmbeddedCluster(folder.postgres)
    if not _answers(cluster):
        raise CommandProblem(
            f"The database of {folder.path} is not running: start everything with kacang up."
        )
    yield cluster


def _answers(cluster: EmbeddedCluster) -> bool:
    try:
        return cluster.is_ready()
    except NotRunning:
        return False


def inside(name: str) -> Any:
    """Load a module that needs Django, which is set up with the environment of this moment."""
    return importlib.import_module(f"kacang.cli.inside.{name}")
