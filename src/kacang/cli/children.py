"""Starts processes, brings back those that die, and ends them in reverse order."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kacang.cli.lifeline import PARENT

_BACKOFF_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_STEADY_SECONDS = 60.0
_LOG_KEPT_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Task:
    """One process to keep running.

    Attributes:
        name: How people call it.
        words: Its command line.
        log: Where its output goes.
        patience: How many seconds it gets to finish what it does.
    """

    name: str
    words: Sequence[str]
    log: Path
    patience: float = 20.0


@dataclass(slots=True)
class _Child:
    task: Task
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    next_start: float = 0.0


class Children:
    """Processes of one installation.

    Args:
        tasks: In the order of starting.
        environment: What they get.
        say: Tells the person at the terminal.
    """

    def __init__(
        self, tasks: Sequence[Task], environment: Mapping[str, str], say: Callable[[str], None]
    ) -> None:
        self._children = [_Child(task) for task in tasks]
        self._environment = {**environment, PARENT: str(os.getpid())}
        self._say = say

    def start(self) -> None:
        """Start all. Must be the main thread: they end with the thread that started them."""
        for child in self._children:
            self._start(child)

    def first_failure(self) -> Task | None:
        """Return a task that ended, when one did."""
        for child in self._children:
            if child.process is not None and child.process.poll() is not None:
                return child.task
        return None

    def look_after(self) -> None:
        """Notice who died and start them again, later each time that it happens soon."""
        now = time.monotonic()
        for child in self._children:
            if child.process is not None and child.process.poll() is not None:
                self._bury(child, now)
            if child.process is None and now >= child.next_start:
                self._start(child)

    def stop(self) -> None:
        """End all, the last started first, and wait until they are gone."""
        for child in reversed(self._children):
            if child.process is not None:
                _end(child.process, child.task.patience)
                child.process = None

    def _start(self, child: _Child) -> None:
        log = child.task.log
        if log.exists() and log.stat().st_size > _LOG_KEPT_BYTES:
            log.replace(log.with_suffix(".log.1"))
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            child.process = subprocess.Popen(  # noqa: S603 - our own commands, no shell
                child.task.words,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                # Ctrl-C at the terminal is for the supervisor: it knows the order.
                start_new_session=True,
            )
        finally:
            os.close(descriptor)
        child.started = time.monotonic()

    def _bury(self, child: _Child, now: float) -> None:
        assert child.process is not None
        _end_group(child.process.pid)
        if now - child.started > _STEADY_SECONDS:
            child.failures = 0
        delay = _BACKOFF_SECONDS[min(child.failures, len(_BACKOFF_SECONDS) - 1)]
        child.failures += 1
        child.next_start = now + delay
        how = _how_it_ended(child.process.returncode)
        self._say(
            f"{child.task.name} {how}; starting it again in {delay:g} s (see {child.task.log})"
        )
        child.process = None


def _how_it_ended(code: int) -> str:
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with code {code}"


def _end(process: subprocess.Popen[bytes], patience: float) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    _end_group(process.pid)


def _end_group(leader: int) -> None:
    """End what a dead child left: each child leads a process group of its own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
