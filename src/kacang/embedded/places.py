"""Where a cluster lies: our folder, the server's home, the socket, the locks.

For an ordinary user both are one folder. The server of root runs as another user, who cannot cross
a closed folder; so its files lie below /var/lib/kacang and our folder only points there.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from kacang.embedded.account import Account
from kacang.embedded.binaries import MAJOR_VERSION
from kacang.embedded.errors import ClusterBusy, ForeignFolder, NoSpace, NotRunning, OtherVersion

ROOT_HOMES = Path("/var/lib/kacang")
_POINTER = "cluster.json"
_LOCK = "lock"
_SOCKET_NAME = ".s.PGSQL.5432"
# sockaddr_un holds 108 bytes with its closing zero.
_SOCKET_PATH_MAX = 107
_SPACE_NEEDED = 400 * 1024 * 1024
_SOCKET_DIRECTORY_LINE = 4
_LOCK_PATIENCE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Places:
    """The folders and files of one cluster.

    Attributes:
        folder: Ours: pointer, passwords, log. Mode 0700.
        home: The server's: data and socket.
    """

    folder: Path
    home: Path

    @property
    def data(self) -> Path:
        """What PostgreSQL calls PGDATA."""
        return self.home / "data"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.folder / "postgres.log"

    @property
    def pid_file(self) -> Path:
        """Written by the server; line 8 says whether it is ready."""
        return self.data / "postmaster.pid"

    def socket_directory(self) -> Path:
        """Return where the running server listens.

        Raises:
            NotRunning: It does not run, or is not that far yet.
        """
        try:
            lines = self.pid_file.read_text().splitlines()
        except OSError:
            lines = []
        if len(lines) <= _SOCKET_DIRECTORY_LINE or not lines[_SOCKET_DIRECTORY_LINE]:
            raise NotRunning(f"The database in {self.folder} is not running.")
        return Path(lines[_SOCKET_DIRECTORY_LINE])

    def password(self, role: str) -> str:
        """Return a role's password, made when the cluster was."""
        try:
            return self.password_file(role).read_text().strip()
        except FileNotFoundError:
            raise NotRunning(f"The database in {self.folder} has no role {role} yet.") from None

    def password_file(self, role: str) -> Path:
        """Return where a role's password is kept, mode 0600."""
        return self.folder / "passwords" / role


def find(folder: Path) -> Places | None:
    """Return the places of an existing cluster, or nothing when the folder is new.

    Raises:
        ForeignFolder: The folder holds something else, or belongs to somebody else.
    """
    pointer = folder / _POINTER
    try:
        home = Path(json.loads(pointer.read_text())["home"])
    except (FileNotFoundError, NotADirectoryError):
        _refuse_foreign(folder)
        return None
    except PermissionError:
        raise ForeignFolder(f"The folder {folder} belongs to another user.") from None
    except (ValueError, KeyError, TypeError):
        raise ForeignFolder(f"The file {pointer} is damaged; restore it from a backup.") from None
    _refuse_owner(folder)
    return Places(folder, folder if str(home) == "." else home)


def _refuse_owner(folder: Path) -> None:
    # Root could open a user's cluster, but would leave files there that the user cannot touch.
    owner = folder.stat().st_uid
    if owner != os.geteuid():
        raise ForeignFolder(
            f"The folder {folder} belongs to user id {owner}; run Kacang as that user."
        )


def _refuse_foreign(folder: Path) -> None:
    try:
        if not folder.exists():
            return
        if not folder.is_dir():
            raise ForeignFolder(f"{folder} is not a folder.")
        found = {entry.name for entry in folder.iterdir()} - {_LOCK, f"{_POINTER}.new"}
    except PermissionError:
        raise ForeignFolder(f"The folder {folder} belongs to another user.") from None
    if found:
        raise ForeignFolder(
            f"The folder {folder} is not empty and was not made by Kacang; choose another."
        )


def prepare(folder: Path, account: Account, *, home: Path | None = None) -> Places:
    """Make the folders of a cluster, or return those of the one that is there.

    Must run under the folder's lock. A cluster that was left half made is completed.
    """
    places = find(folder)
    if places is None:
        if account.switches:
            home = home or ROOT_HOMES / secrets.token_hex(6)
        places = Places(folder, home or folder)
        _refuse_full(places)
        pointer = "." if places.home == folder else str(places.home)
        write_private(folder / _POINTER, json.dumps({"home": pointer}))
    if account.switches:
        # Crossed by all, as /var/lib is; each home below is closed.
        ROOT_HOMES.mkdir(mode=0o755, exist_ok=True)
        places.home.mkdir(mode=0o710, exist_ok=True)
        os.chown(places.home, 0, account.gid)
    (folder / "passwords").mkdir(mode=0o700, exist_ok=True)
    return places


def _refuse_full(places: Places) -> None:
    existing = places.home
    while not existing.exists():
        existing = existing.parent
    if shutil.disk_usage(existing).free < _SPACE_NEEDED:
        raise NoSpace(
            f"There is too little space on the disk of {existing} for a database: "
            f"{_SPACE_NEEDED // 1024 // 1024} MB are needed."
        )


def refuse_other_version(places: Places) -> None:
    """Refuse data of another major version before anything touches them.

    Raises:
        OtherVersion: Says which, and what to do.
    """
    try:
        found = (places.data / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        return
    if found != MAJOR_VERSION:
        raise OtherVersion(
            f"The database in {places.folder} was written by PostgreSQL {found}, this Kacang "
            f"carries {MAJOR_VERSION}: start it with the Kacang that made it, or restore a dump."
        )


@contextlib.contextmanager
def locked(folder: Path, *, patience: float = _LOCK_PATIENCE_SECONDS) -> Iterator[None]:
    """Hold a folder's lock: whoever runs the cluster has it until the process ends.

    Args:
        folder: Which.
        patience: How many seconds somebody who is just ending gets.

    Raises:
        ClusterBusy: Another process has it, and not because it is just ending.
    """
    with (folder / _LOCK).open("a") as file:
        deadline = time.monotonic() + patience
        while not _try_lock(file):
            if time.monotonic() > deadline:
                raise ClusterBusy(f"Another Kacang already uses the database in {folder}.")
            time.sleep(0.05)
        yield


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def socket_directory(places: Places, account: Account) -> Iterator[Path]:
    """Make the closed folder of the socket, elsewhere when its path would not do.

    Must run under the lock, when no server is left.
    """
    directory = places.home / "socket"
    # A killed server's socket is locked by a number that may be somebody else's by now.
    shutil.rmtree(directory, ignore_errors=True)
    is_short = len(os.fsencode(directory / _SOCKET_NAME)) <= _SOCKET_PATH_MAX
    # Clients take a comma for the end of one address and the begin of the next.
    if is_short and "," not in str(directory):
        directory.mkdir(mode=0o700)
        account.take_over(directory)
        yield directory
        return
    digest = hashlib.sha256(os.fsencode(places.home)).hexdigest()[:8]
    directory = Path(tempfile.mkdtemp(prefix=f"kacang-{digest}-", dir="/tmp"))
    try:
        account.take_over(directory)
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    half = path.with_name(f"{path.name}.new")
    half.unlink(missing_ok=True)
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w") as file:  # noqa: PTH123 - an open descriptor
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)
