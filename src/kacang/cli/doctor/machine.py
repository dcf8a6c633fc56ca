"""The machine: Python, packages, folders, space, clock, port."""

import re
import shutil
import stat
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from kacang.cli.doctor.findings import Finding, bad, ok, warn
from kacang.cli.errors import CommandProblem
from kacang.cli.folder import PROJECT, SECRETS, DataFolder
from kacang.cli.ports import answers, refuse_busy

_OLDEST, _NEWEST = (3, 11), (3, 13)
_GIGABYTE = 1024**3
_SPACE_BAD, _SPACE_WARN = 0.5, 5.0
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)([^\\]*)")
_DEFAULT_PORT = 8000


def python() -> Finding:
    """Look at the Python that runs us."""
    found = ".".join(map(str, sys.version_info[:3]))
    if _OLDEST <= sys.version_info[:2] <= _NEWEST:
        return ok("python", found)
    return bad("python", found, "Use Python 3.11, 3.12 or 3.13.")


def packages() -> Finding:
    """Compare the installed packages with the pinned ones."""
    lock = PROJECT / "requirements.lock"
    if not lock.exists():
        return warn("packages", "there is no requirements.lock", "Install from a complete copy.")
    pins = [match for line in lock.read_text().splitlines() if (match := _PIN.match(line))]
    wrong = [
        f"{pin[1]} {_installed(pin[1])} instead of {pin[2]}"
        for pin in pins
        if not pin[3].strip() and _installed(pin[1]) != pin[2]
    ]
    if not wrong:
        return ok("packages", f"{len(pins)} as pinned")
    more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""  # noqa: PLR2004 - enough to see
    advice = "Remove the folder .venv and start again: it is made anew."
    return warn("packages", ", ".join(wrong[:3]) + more, advice)


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def data_folder(folder: DataFolder) -> Finding:
    """Look at the folder of the installation."""
    try:
        if not folder.marker.exists():
            advice = "Start one with kacang up, or name its folder with --data."
            return bad("data", f"there is no Kacang in {folder.path}", advice)
        mode = stat.S_IMODE(folder.path.stat().st_mode)
    except PermissionError:
        return bad("data", f"{folder.path} cannot be read", "Run as the user whom it belongs to.")
    if mode & 0o022:
        return bad("data", f"{folder.path} can be changed by others", f"chmod go-w {folder.path}")
    return ok("data", str(folder.path))


def secret_files(folder: DataFolder) -> Finding:
    """Look at who may read the keys."""
    missing = [name for name in SECRETS.values() if not (folder.secrets / name).exists()]
    if missing:
        return bad(
            "secrets",
            f"missing: {', '.join(missing)}",
            f"Restore {folder.secrets} from your backup; without the master key no card can be "
            "read.",
        )
    opened = [
        path.name for path in folder.secrets.iterdir() if stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    if opened:
        return bad(
            "secrets",
            f"others can read {', '.join(sorted(opened))}",
            f"chmod 600 {folder.secrets}/*, then change what they may have seen.",
        )
    return ok("secrets", f"{len(SECRETS)} keys, readable by their owner only")


def space(path: Path) -> Finding:
    """Look at the free space of a disk."""
    while not path.exists():
        path = path.parent
    free = shutil.disk_usage(path).free / _GIGABYTE
    found = f"{free:.1f} GB free on the disk of {path}"
    if free < _SPACE_BAD:
        return bad("disk", found, "Make space now: PostgreSQL stops when the disk is full.")
    if free < _SPACE_WARN:
        return warn("disk", found, "Make space soon.")
    return ok("disk", found)


def port(folder: DataFolder) -> Finding:
    """Look whether the web server answers where it should, or could be started."""
    runtime = folder.running()
    where = runtime.get("port")
    if isinstance(where, int):
        address = str(runtime.get("base_url"))
        host = address.rsplit("//", maxsplit=1)[-1].rsplit(":", 1)[0].strip("[]")
        if answers(host, where, "/readyz"):
            return ok("web", f"ready at {address}")
        return bad("web", f"{address} is not ready", f"See the files in {folder.logs}.")
    try:
        refuse_busy("127.0.0.1", _DEFAULT_PORT)
    except CommandProblem as problem:
        return warn("web", f"not running; {problem}", "Start it with kacang up --port N.")
    return warn("web", "not running", "Start it with kacang up.")
