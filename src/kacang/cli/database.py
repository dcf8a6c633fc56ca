"""The database under a running installation: embedded, or one that the operator runs."""

import contextlib
import os
from collections.abc import Callable, Iterator

import psycopg

from kacang.cli.errors import CommandProblem
from kacang.cli.folder import DataFolder
from kacang.embedded import APP, OWNER, EmbeddedCluster, EmbeddedProblem


def refuse_unreachable(url: str) -> None:
    """Refuse a database that does not let us in.

    Raises:
        CommandProblem: Says why, without the password.
    """
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.Error as problem:
        reason = (str(problem).strip().splitlines() or ["no reason given"])[0]
        raise CommandProblem(f"The database cannot be used: {reason}") from None


class Database:
    """Gives addresses for the roles; brings an embedded server back when it ends."""

    def __init__(self, folder: DataFolder, say: Callable[[str], None]) -> None:
        self._outside = os.environ.get("DATABASE_URL")
        self._cluster = None if self._outside else EmbeddedCluster(folder.postgres)
        self._say = say
        self._stack = contextlib.ExitStack()

    def url(self, role: str = APP) -> str:
        """Return the address for a role."""
        if self._cluster is not None:
            return self._cluster.dsn(role)
        assert self._outside is not None
        if role == OWNER:
            return os.environ.get("KACANG_OWNER_URL") or self._outside
        return self._outside

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Run the embedded server as long as the block lasts."""
        try:
            if self._cluster is not None:
                self._stack.enter_context(self._cluster.running())
            for role in (OWNER, APP):
                refuse_unreachable(self.url(role))
            yield
        finally:
            self._stack.close()

    def look_after(self) -> None:
        """Start the embedded server again when it has ended."""
        if self._cluster is None or self._cluster.exit_code() is None:
            return
        self._say("The database ended; starting it again.")
        self._stack.close()
        try:
            self._stack.enter_context(self._cluster.running())
        except EmbeddedProblem as problem:
            self._say(f"{problem} Trying again.")
