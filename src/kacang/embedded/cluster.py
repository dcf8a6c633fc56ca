"""One embedded PostgreSQL: made, started, recovered and stopped by the process that holds it."""

import contextlib
import errno
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

from kacang.embedded import places as places_module
from kacang.embedded import remains, roles
from kacang.embedded.account import CLEAN_ENVIRONMENT, Account, server_account
from kacang.embedded.binaries import Binaries, binaries_for
from kacang.embedded.errors import CannotStart, EmbeddedProblem, NoSpace, NotRunning
from kacang.embedded.places import ROOT_HOMES, Places
from kacang.embedded.tuning import server_settings

_START_SECONDS = 120.0
_STOP_SECONDS = 60.0
_READY_LINE = 7
_LOG_KEPT_BYTES = 20 * 1024 * 1024
_INITDB = (
    "--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
    "--data-checksums", "--auth=scram-sha-256",
)  # fmt: skip


class EmbeddedCluster:
    """A PostgreSQL cluster in one folder.

    Args:
        folder: Made when it is new. Nothing outside it is changed, but for root, whose server
            keeps its files below /var/lib/kacang.
        durable: False spares the disk, for databases that are thrown away.
        home: Where the server keeps its files; for root a new place below /var/lib/kacang when not
            given, for others the folder.
    """

    def __init__(self, folder: Path, *, durable: bool = True, home: Path | None = None) -> None:
        self._folder = folder.absolute()
        self._durable = durable
        self._home = home
        self._places: Places | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._binaries: Binaries | None = None

    @property
    def places(self) -> Places:
        """Where its parts lie.

        Raises:
            NotRunning: The cluster was never made.
        """
        if self._places is None:
            self._places = places_module.find(self._folder)
        if self._places is None:
            raise NotRunning(f"There is no database in {self._folder} yet.")
        return self._places

    @property
    def binaries(self) -> Binaries:
        """The programs that run it, `pgbench` and `pg_dump` among them."""
        assert self._binaries is not None, "known while running"
        return self._binaries

    @property
    def server_pid(self) -> int:
        """The process number of the server that we started."""
        assert self._server is not None, "known while running"
        return self._server.pid

    def dsn(self, role: str = roles.APP, *, database: str = roles.DATABASE) -> str:
        """Return the address for one role, with its password: never print it.

        Works in any process of the same user while the cluster runs.

        Raises:
            NotRunning: Nobody runs it.
        """
        password = quote(self.places.password(role), safe="")
        # Of a plus sign libpq makes no space.
        where = urlencode({"host": str(self.places.socket_directory())}, quote_via=quote)
        return f"postgresql://{quote(role)}:{password}@/{quote(database)}?{where}"

    def is_ready(self) -> bool:
        """Tell whether somebody's server takes connections now."""
        try:
            lines = self.places.pid_file.read_text().splitlines()
        except OSError:
            return False
        return len(lines) > _READY_LINE and lines[_READY_LINE].strip() == "ready"

    def exit_code(self) -> int | None:
        """Return how the server ended, or nothing while it runs."""
        assert self._server is not None, "known while running"
        return self._server.poll()

    @contextlib.contextmanager
    def running(self) -> Iterator["EmbeddedCluster"]:
        """Run the server as long as the block lasts; it ends with the calling thread at the latest.

        Raises:
            ClusterBusy: Another process runs it.
            ForeignFolder: The folder is not ours.
            OtherVersion: The data are of another version.
            NoSpace: The disk is full.
            CannotStart: Anything else; says what.
        """
        account = server_account()
        with contextlib.ExitStack() as stack:
            with _disk_errors(self._folder):
                places = self._prepare(stack, account)
            self._binaries = binaries_for(account, copies=ROOT_HOMES)
            _make_data(places, account, self._binaries, durable=self._durable)
            remains.clear(places, account)
            directory = stack.enter_context(places_module.socket_directory(places, account))
            self._server = _start(places, account, self._command(places, self._binaries, directory))
            stack.callback(_stop, self._server)
            _wait_until_ready(places, self._server)
            roles.provide(places, superuser_dsn=self.dsn(roles.SUPERUSER, database="postgres"))
            yield self

    def _prepare(self, stack: contextlib.ExitStack, account: Account) -> Places:
        places_module.find(self._folder)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        stack.enter_context(places_module.locked(self._folder))
        self._places = places_module.prepare(self._folder, account, home=self._home)
        if self._places.home != self._folder:
            # Two folders may point to one home when one was copied.
            stack.enter_context(places_module.locked(self._places.home))
        places_module.refuse_other_version(self._places)
        return self._places

    def _command(self, places: Places, binaries: Binaries, directory: Path) -> list[str]:
        settings = server_settings(binaries, durable=self._durable) | {
            # A list in which a name may be quoted.
            "unix_socket_directories": '"{}"'.format(str(directory).replace('"', '""')),
            "unix_socket_permissions": "0700",
        }
        words = [binaries.program("postgres"), "-D", str(places.data)]
        for name, value in settings.items():
            words += ["-c", f"{name}={value}"]
        return words


@contextlib.contextmanager
def throw_away(*, durable: bool = False) -> Iterator[EmbeddedCluster]:
    """Run a new cluster that is removed afterwards, and what killed ones left."""
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=_THROW_AWAY))
    home = ROOT_HOMES / folder.name if server_account().switches else folder
    cluster = EmbeddedCluster(folder, durable=durable, home=home)
    try:
        with cluster.running():
            yield cluster
    finally:
        shutil.rmtree(home, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


_THROW_AWAY = "kacang-throw-away-"
# Younger ones may be just about to take their lock.
_SWEEP_AGE_SECONDS = 60


def _sweep() -> None:
    """Remove throw-away clusters whose process was killed."""
    for parent in (Path(tempfile.gettempdir()), ROOT_HOMES):
        for folder in parent.glob(f"{_THROW_AWAY}*"):
            with contextlib.suppress(EmbeddedProblem, OSError):
                if time.time() - folder.stat().st_mtime > _SWEEP_AGE_SECONDS:
                    with places_module.locked(folder, patience=0):
                        shutil.rmtree(folder, ignore_errors=True)


def _make_data(places: Places, account: Account, binaries: Binaries, *, durable: bool) -> None:
    """Run initdb beside the final place, so that a half made cluster is never taken for one."""
    if places.data.exists():
        return
    half = places.home / "data.new"
    password = places.home / "password.new"
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(mode=0o700)
    account.take_over(half)
    try:
        places_module.write_private(password, roles.new_password(places, roles.SUPERUSER))
        account.take_over(password)
        words = [binaries.program("initdb"), *_INITDB, f"--username={roles.SUPERUSER}"]
        words += [f"--pwfile={password}", "-D", str(half)]
        made = account.run(words if durable else [*words, "--no-sync"], folder=places.home)
    finally:
        password.unlink(missing_ok=True)
    if made.returncode != 0:
        shutil.rmtree(half, ignore_errors=True)
        raise _explained(made.stderr, places)
    half.rename(places.data)


def _start(places: Places, account: Account, words: list[str]) -> subprocess.Popen[bytes]:
    if places.log.exists() and places.log.stat().st_size > _LOG_KEPT_BYTES:
        places.log.replace(places.log.with_suffix(".log.1"))
    with places.log.open("ab") as log:
        places.log.chmod(0o600)
        return subprocess.Popen(  # noqa: S603 - our own program with our own settings, no shell
            account.command(words, ends_with_us=True),
            cwd=places.home,
            env=dict(CLEAN_ENVIRONMENT),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # Ctrl-C at the terminal is for us: we end the server last.
            start_new_session=True,
        )


def _wait_until_ready(places: Places, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _is_ready(places, server.pid):
        if server.poll() is not None:
            raise _explained(_last_words(places), places)
        if time.monotonic() > deadline:
            raise CannotStart(f"PostgreSQL did not become ready; see {places.log}.")
        time.sleep(0.02)


def _is_ready(places: Places, pid: int) -> bool:
    try:
        lines = places.pid_file.read_text().splitlines()
    except OSError:
        return False
    if len(lines) <= _READY_LINE or lines[0].strip() != str(pid):
        return False
    return lines[_READY_LINE].strip() == "ready"


def _stop(server: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if server.poll() is None:
            server.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(_STOP_SECONDS)
            return


def _last_words(places: Places) -> str:
    with places.log.open("rb") as log:
        log.seek(0, 2)
        log.seek(max(0, log.tell() - 4000))
        return log.read().decode(errors="replace")


def _explained(said: str, places: Places) -> EmbeddedProblem:
    if "No space left on device" in said:
        return NoSpace(f"The disk of {places.home} is full.")
    important = [line for line in said.splitlines() if "FATAL" in line or "error:" in line]
    reason = (important or said.splitlines() or ["it said nothing"])[-1]
    return CannotStart(f"PostgreSQL does not start ({reason.strip()}); see {places.log}.")


@contextlib.contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    """Say in one sentence what the file system refused."""
    try:
        yield
    except PermissionError:
        raise CannotStart(f"The folder {folder} cannot be written.") from None
    except OSError as problem:
        if problem.errno == errno.ENOSPC:
            raise NoSpace(f"The disk of {folder} is full.") from None
        raise CannotStart(f"The folder {folder} cannot be used: {problem.strerror}.") from None
