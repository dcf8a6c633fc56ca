"""Somebody else on this machine: for what must work without root's rights."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Person:
    """A user without rights, whose home is closed to all others."""

    name: str
    home: Path

    def command(self, *words: str | Path) -> list[str | Path]:
        """The command line that runs something as this person."""
        return [
            "setpriv", f"--reuid={self.name}", f"--regid={self.name}", "--init-groups",
            "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--",
            *words,
        ]  # fmt: skip

    def environment(self, *path: Path) -> dict[str, str]:
        """A clean environment with some folders for Python's imports."""
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.home),
            "PYTHONPATH": os.pathsep.join(map(str, path)),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def owns_home(self) -> None:
        """Give the person all that lies in their home."""
        subprocess.run(["chown", "-R", f"{self.name}:", self.home], check=True)


@contextlib.contextmanager
def a_person() -> Iterator[Person]:
    """Make a user for a while. Skips where that cannot be done."""
    if os.geteuid() != 0 or shutil.which("useradd") is None:
        pytest.skip("root is needed to become somebody else")
    name = f"kacang-try-{os.getpid()}"
    home = Path("/var/lib") / name
    subprocess.run(
        ["useradd", "--create-home", "--home-dir", home, "--user-group", name], check=True
    )
    home.chmod(0o700)
    try:
        yield Person(name, home)
    finally:
        subprocess.run(["userdel", name], check=True, capture_output=True)
        shutil.rmtree(home, ignore_errors=True)


def packages() -> Path:
    """Where the packages lie that we run with."""
    return Path(pytest.__file__).resolve().parents[1]


def python_for(person: Person) -> str:
    """A Python of this version that the person can run, with our packages. Else skips."""
    readable = person.command("test", "-r", packages() / "pytest")
    if subprocess.run(readable, check=False).returncode != 0:
        pytest.skip("the environment is closed to other users")
    asked = "import sys; print(sys.version_info[:2])"
    for candidate in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        # By a shell: setpriv itself still has root's rights when it looks the program up.
        version = subprocess.run(
            person.command("sh", "-c", f"{candidate} -c '{asked}'"),
            capture_output=True,
            text=True,
            check=False,
        )
        if version.stdout.strip() == str(sys.version_info[:2]):
            return candidate
    pytest.skip("no Python of this version can be run by another user")
