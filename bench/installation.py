"""A whole installation for a measurement: database, web server, merchant, stock. Thrown away.

Durable as in production: `fsync` and `synchronous_commit` are on. Everything listens on this
machine only.
"""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import django
import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from kacang.embedded import APP, DATABASE, OWNER, SUPERUSER, EmbeddedCluster, throw_away
from kacang.embedded.account import server_account
from kacang.embedded.binaries import Binaries, binaries_for
from kacang.embedded.places import ROOT_HOMES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kacang.settings")
django.setup()

ROOT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"
# Names the folder of a running cluster, for benches whose figures do not matter.
LENT = "KACANG_BENCH_CLUSTER"
_READY_SECONDS = 60
_STOP_SECONDS = 30


@dataclass
class Installation:
    """What runs, and how to reach it."""

    cluster: EmbeddedCluster
    folder: Path
    port: int
    environment: Mapping[str, str] = field(repr=False)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def owner(self) -> psycopg.Connection[tuple[object, ...]]:
        """Open a connection of the tables' owner, whom no policy holds."""
        return psycopg.connect(self.cluster.dsn(OWNER), autocommit=True)

    def superuser(self) -> psycopg.Connection[tuple[object, ...]]:
        """Open a connection of the superuser: for checkpoints and vacuum."""
        return psycopg.connect(self.cluster.dsn(SUPERUSER), autocommit=True)

    def settle_down(self) -> None:
        """Write out what earlier rounds left, so that none pays for another."""
        with self.superuser() as admin:
            admin.execute("checkpoint")

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start `kacang WORDS` in a process group of its own."""
        log = (self.folder / f"{words[0]}.log").open("ab")
        process = subprocess.Popen(
            [sys.executable, "-m", "kacang.cli.main", *words],
            env=dict(self.environment),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        self.processes.append(process)
        return process

    def run(self, *words: str) -> None:
        """Run Python with these words to its end."""
        environment = {**self.environment, "DJANGO_SETTINGS_MODULE": "kacang.settings"}
        subprocess.run([sys.executable, *words], env=environment, cwd=ROOT, check=True)

    def log(self, name: str) -> str:
        """Return the end of what a process wrote."""
        return (self.folder / f"{name}.log").read_text(errors="replace")[-3000:]


class _Borrowed(EmbeddedCluster):
    """A cluster that somebody else runs, with a database of this measurement's own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.database = f"bench_{secrets.token_hex(6)}"

    @property
    def binaries(self) -> Binaries:
        return binaries_for(server_account(), copies=ROOT_HOMES)

    @property
    def server_pid(self) -> int:
        return int(self.places.pid_file.read_text().splitlines()[0])

    def dsn(self, role: str = APP, *, database: str = "") -> str:
        return super().dsn(role, database=database or self.database)


@contextlib.contextmanager
def _cluster() -> Iterator[EmbeddedCluster]:
    """Run a new cluster with all tables; or borrow the one in the folder that is named.

    Several measurements in one cluster spare making one for each, where figures do not matter.
    """
    folder = os.environ.get(LENT)
    if folder is None:
        with throw_away(durable=True) as cluster:
            _migrate(cluster)
            yield cluster
        return
    lent, cluster = EmbeddedCluster(Path(folder)), _Borrowed(Path(folder))
    with psycopg.connect(lent.dsn(SUPERUSER, database="postgres"), autocommit=True) as admin:
        # The first one makes the tables, for all.
        with psycopg.connect(lent.dsn(OWNER)) as owner:
            known = owner.execute("select to_regclass('django_migrations')").fetchone()
        if known == (None,):
            _migrate(lent)
        name = sql.Identifier(cluster.database)
        admin.execute(
            sql.SQL("create database {} owner {} template {}").format(
                name, sql.Identifier(OWNER), sql.Identifier(DATABASE)
            )
        )
        _connect_as(cluster, APP)
        try:
            yield cluster
        finally:
            connection.close()
            admin.execute(sql.SQL("drop database {} with (force)").format(name))


@contextlib.contextmanager
def installation(*, web_workers: int = 2) -> Iterator[Installation]:
    """Run a new installation with its web server, as long as the block lasts."""
    if LENT in os.environ:
        web_workers = 1
    with _cluster() as cluster, tempfile.TemporaryDirectory() as folder:
        port = _free_port()
        settings.MASTER_KEY = secrets.token_hex(32)
        settings.PUBLIC_URL = f"http://{HOST}:{port}"
        environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
            "PYTHONPATH": f"{ROOT / 'src'}",
            "DATABASE_URL": cluster.dsn(APP),
            "KACANG_DATA": folder,
            "KACANG_MASTER_KEY": settings.MASTER_KEY,
            # The same key on both sides: a session that is opened here is good at the application.
            "KACANG_SECRET_KEY": settings.SECRET_KEY,
            "KACANG_PUBLIC_URL": settings.PUBLIC_URL,
            "KACANG_LOG_LEVEL": "WARNING",
        }
        made = Installation(cluster, Path(folder), port, environment)
        try:
            made.start("web", "--host", HOST, "--port", str(port), "--workers", str(web_workers))
            _wait(made)
            yield made
        finally:
            connection.close()
            _stop(made.processes)


def _migrate(cluster: EmbeddedCluster) -> None:
    _connect_as(cluster, OWNER)
    call_command("migrate", verbosity=0)
    connection.close()
    _connect_as(cluster, APP)


def _connect_as(cluster: EmbeddedCluster, role: str) -> None:
    parts = conninfo_to_dict(cluster.dsn(role))
    connection.settings_dict.update(
        NAME=parts["dbname"], USER=parts["user"], PASSWORD=parts["password"], HOST=parts["host"]
    )
    connection.settings_dict["PORT"] = ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _wait(made: Installation) -> None:
    stop_at = time.monotonic() + _READY_SECONDS
    while time.monotonic() < stop_at:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://{HOST}:{made.port}/readyz", timeout=5),
        ):
            return
        if made.processes[0].poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(f"the web server does not answer:\n{made.log('web')}")


def _stop(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.send_signal(signal.SIGTERM)
    for process in processes:
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
