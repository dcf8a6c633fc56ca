"""The data folder of one installation: database, secrets, logs, and who uses it now."""

import contextlib
import errno
import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kacang.cli.errors import CommandProblem
from kacang.cli.files import read_object, write_private
from kacang.cli.version import VERSION

PROJECT = Path(__file__).resolve().parents[3]
DEFAULT_DATA = Path(os.environ.get("KACANG_DATA") or PROJECT / "data")
FORMAT = 1
_FULL_BYTES = 256 * 1024
# 32 random bytes each, in hexadecimal. None has a default (L25).
MASTER_KEY_FILE = "master.key"
SECRETS = {
    "KACANG_MASTER_KEY": MASTER_KEY_FILE,
    "KACANG_SECRET_KEY": "django.key",
    "KACANG_METRICS_TOKEN": "metrics.token",
}


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Where everything of one installation lies. Mode 0700."""

    path: Path

    @property
    def marker(self) -> Path:
        """Says that the folder is ours, and of which format."""
        return self.path / "kacang.json"

    @property
    def postgres(self) -> Path:
        """The embedded database."""
        return self.path / "postgres"

    @property
    def secrets(self) -> Path:
        """Keys and first passwords, mode 0600 each."""
        return self.path / "secrets"

    @property
    def logs(self) -> Path:
        """What the processes say."""
        return self.path / "logs"

    @property
    def runtime(self) -> Path:
        """Written while `kacang up` runs."""
        return self.path / "runtime.json"

    @property
    def first_run(self) -> Path:
        """The logins that the first run made."""
        return self.secrets / "first-run.json"

    def running(self) -> dict[str, object]:
        """Return what the `kacang up` that uses the folder now says of itself, or nothing.

        One that was killed leaves its file behind.
        """
        found = read_object(self.runtime)
        number = found.get("pid")
        if not isinstance(number, int) or number <= 0:
            return {}
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            return {}
        except PermissionError:
            # It lives, and is another user's.
            pass
        return found

    def facts(self) -> dict[str, object]:
        """Return what the marker says."""
        return read_object(self.marker)

    def secret_files(self) -> dict[str, str]:
        """Return the settings that name the secret files, less those the operator gave.

        Raises:
            CommandProblem: One is gone. Another would be worse than none: the cards are sealed
                under it.
        """
        found = {}
        for setting, name in SECRETS.items():
            if os.environ.get(setting) or os.environ.get(f"{setting}_FILE"):
                continue
            if name == MASTER_KEY_FILE and os.environ.get("KACANG_KEY_SERVICE"):
                continue
            if not (self.secrets / name).exists():
                raise CommandProblem(
                    f"The key file {self.secrets / name} is missing: restore it from your backup."
                )
            found[f"{setting}_FILE"] = str(self.secrets / name)
        return found


def existing(path: Path) -> DataFolder:
    """Return an installation's folder.

    Raises:
        CommandProblem: There is none, or it is of another version.
    """
    folder = DataFolder(path.absolute())
    try:
        is_there = folder.marker.exists()
    except PermissionError:
        is_there = False
        raise CommandProblem(f"The folder {path} belongs to another user.") from None
    if not is_there:
        raise CommandProblem(f"There is no Kacang in {path}: start one with kacang up --data DIR.")
    _refuse_newer(folder)
    return folder


def prepared(path: Path, *, database: str) -> DataFolder:
    """Make or open an installation's folder with its secrets.

    Args:
        path: The folder.
        database: "embedded" or "external"; never changes afterwards.

    Raises:
        CommandProblem: It cannot be written, is foreign, or is used otherwise.
    """
    folder = DataFolder(path.absolute())
    with _sentences(folder.path):
        _refuse_foreign(folder)
        folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not folder.marker.exists():
            # Two first starts at once must not make two master keys.
            with used_alone(folder):
                _make_new(folder, database)
        _refuse_newer(folder)
        if folder.facts().get("database") != database:
            raise CommandProblem(_other_database(folder))
        folder.logs.mkdir(mode=0o700, exist_ok=True)
    return folder


def _other_database(folder: DataFolder) -> str:
    if folder.facts().get("database") == "external":
        return f"The installation in {folder.path} uses an external database: set DATABASE_URL."
    return (
        f"The installation in {folder.path} uses its embedded database: unset DATABASE_URL or "
        "choose another --data."
    )


@contextlib.contextmanager
def used_alone(folder: DataFolder) -> Iterator[None]:
    """Hold the folder against a second `kacang up`.

    Raises:
        CommandProblem: One runs already.
    """
    with (folder.path / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            where = read_object(folder.runtime).get("base_url")
            at = f" at {where}" if where else ""
            raise CommandProblem(f"Kacang already runs on {folder.path}{at}.") from None
        yield


def _make_new(folder: DataFolder, database: str) -> None:
    if folder.marker.exists():
        return
    _make_secrets(folder)
    facts = {"format": FORMAT, "version": VERSION, "database": database}
    # Last: while it is missing, a start that was killed is simply done again.
    write_private(folder.marker, json.dumps(facts))


def refuse_full(path: Path) -> None:
    """Say so when a disk has no room left; what fails on it fails for that.

    Raises:
        CommandProblem: It is full.
    """
    if shutil.disk_usage(path).free < _FULL_BYTES:
        raise CommandProblem(f"The disk of {path} is full.")


def _make_secrets(folder: DataFolder) -> None:
    folder.secrets.mkdir(mode=0o700, exist_ok=True)
    for name in SECRETS.values():
        if not (folder.secrets / name).exists():
            write_private(folder.secrets / name, secrets.token_hex(32))


def _refuse_foreign(folder: DataFolder) -> None:
    if not folder.path.exists() or folder.marker.exists():
        return
    if not folder.path.is_dir():
        raise CommandProblem(f"{folder.path} is not a folder.")
    ours = {"secrets", "logs", "lock", f".{folder.marker.name}.new"}
    if {entry.name for entry in folder.path.iterdir()} - ours:
        raise CommandProblem(
            f"The folder {folder.path} is not empty and was not made by Kacang; choose another."
        )


def _refuse_newer(folder: DataFolder) -> None:
    found = folder.facts().get("format")
    if found is None:
        raise CommandProblem(f"The file {folder.marker} is damaged; restore it from your backup.")
    if found != FORMAT:
        raise CommandProblem(
            f"The folder {folder.path} is of format {found}, this Kacang {VERSION} reads "
            f"format {FORMAT}: use the Kacang that made it."
        )


@contextlib.contextmanager
def _sentences(path: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError:
        raise CommandProblem(f"The folder {path} cannot be written.") from None
    except OSError as problem:
        if problem.errno == errno.ENOSPC:
            raise CommandProblem(f"The disk of {path} is full.") from None
        raise CommandProblem(f"The folder {path} cannot be used: {problem.strerror}.") from None
