"""Who PostgreSQL runs as: PostgreSQL refuses root, so root starts it as a system user."""

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kacang.embedded.errors import CannotStart

SYSTEM_USER = "kacang-postgres"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# The server inherits nothing from us: no secret of the application, no locale of the user.
CLEAN_ENVIRONMENT: Mapping[str, str] = {"PATH": _PATH, "LC_ALL": "C"}


@dataclass(frozen=True, slots=True)
class Account:
    """The user id under which the server and its tools run.

    Attributes:
        uid: Their user id.
        gid: Their primary group.
        switches: Whether it is another user than the one who runs us.
    """

    uid: int
    gid: int
    switches: bool

    def command(self, arguments: Sequence[str], *, ends_with_us: bool = False) -> list[str]:
        """Return the command line that runs `arguments` as this account.

        Args:
            arguments: The program and what it gets.
            ends_with_us: Ask the kernel to interrupt it when the calling *thread* ends. Call from
                a thread that lives as long as the server should.
        """
        setpriv = shutil.which("setpriv", path=_PATH)
        if setpriv is None:
            if self.switches:
                raise CannotStart(
                    "The program setpriv is missing; install the package util-linux, or run "
                    "Kacang as an ordinary user."
                )
            return list(arguments)
        words = [setpriv]
        if self.switches:
            words += [f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups"]
        words.append("--no-new-privs")
        if ends_with_us:
            words.append(f"--pdeathsig={signal.SIGINT.name.removeprefix('SIG')}")
        return [*words, "--", *arguments]

    def run(self, arguments: Sequence[str], *, folder: Path) -> subprocess.CompletedProcess[str]:
        """Run a short program as this account and return what it said, whatever it was."""
        return subprocess.run(  # noqa: S603 - our own tools with our own arguments, no shell
            self.command(arguments),
            cwd=folder,
            env=dict(CLEAN_ENVIRONMENT),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )

    def take_over(self, path: Path) -> None:
        """Make this account the owner of one file or folder of ours."""
        if self.switches:
            os.chown(path, self.uid, self.gid)


def server_account() -> Account:
    """Return the account for the server, making the system user when root needs it."""
    uid = os.geteuid()
    if uid != 0:
        return Account(uid, os.getegid(), switches=False)
    try:
        user = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        _make_system_user()
        user = pwd.getpwnam(SYSTEM_USER)
    return Account(user.pw_uid, user.pw_gid, switches=True)


def _make_system_user() -> None:
    program = shutil.which("useradd", path=_PATH)
    if program is None:
        raise CannotStart(
            "PostgreSQL does not run as root and useradd is missing; install the package passwd, "
            "or run Kacang as an ordinary user."
        )
    made = subprocess.run(  # noqa: S603 - fixed arguments, no shell
        [
            program, "--system", "--user-group", "--no-create-home",
            "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", SYSTEM_USER,
        ],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    # 9: the name is taken, by a second start that was faster.
    if made.returncode not in {0, 9}:
        raise CannotStart(f"The system user {SYSTEM_USER} cannot be made: {made.stderr.strip()}")
