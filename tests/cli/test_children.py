"""Processes are brought back when they die and ended when we do (E1)."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kacang.cli.children import Children, Task

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
SLEEP = "import time; time.sleep(60)"
FOLLOWER = (
    "import time; from kacang.cli.lifeline import follow_parent; follow_parent(); time.sleep(60)"
)


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


def is_gone(number: int) -> bool:
    try:
        status = Path(f"/proc/{number}/stat").read_text()
    except OSError:
        return True
    return status.rsplit(")", 1)[1].split()[0] == "Z"


def task(tmp_path: Path, name: str, code: str, patience: float = 5) -> Task:
    return Task(name, [sys.executable, "-c", code], tmp_path / f"{name}.log", patience)


class Said(list[str]):
    def __call__(self, words: str) -> None:
        self.append(words)


@pytest.fixture
def start() -> Iterator[Callable[..., tuple[Children, Said]]]:
    """Start some tasks; whatever still runs is ended afterwards."""
    started: list[Children] = []

    def begin(*tasks: Task) -> tuple[Children, Said]:
        said = Said()
        children = Children(tasks, dict(os.environ), said)
        started.append(children)
        children.start()
        return children, said

    yield begin
    for children in started:
        children.stop()


def numbers(path: Path) -> list[int]:
    return [int(line) for line in path.read_text().split()]


NOTE = "import os, sys; open(sys.argv[1], 'a').write(f'{os.getpid()}\\n'); "


def noting(tmp_path: Path, name: str, code: str, patience: float = 5) -> tuple[Task, Path]:
    """A task that writes down its number at each start."""
    note = tmp_path / f"{name}.pids"
    words = [sys.executable, "-c", NOTE + code, str(note)]
    return Task(name, words, tmp_path / f"{name}.log", patience), note


class TestLookAfter:
    def test_a_killed_one_is_started_again_and_said(self, tmp_path: Path, start) -> None:
        one, note = noting(tmp_path, "web", SLEEP)
        children, said = start(one)
        wait_until(lambda: note.exists() and len(numbers(note)) == 1)

        os.kill(numbers(note)[0], signal.SIGKILL)

        def back() -> bool:
            children.look_after()
            return len(numbers(note)) == 2

        wait_until(back)
        assert said == [f"web was ended by SIGKILL; starting it again in 0.5 s (see {one.log})"]

    def test_one_that_dies_at_once_is_tried_ever_less_often(self, tmp_path: Path, start) -> None:
        one, note = noting(tmp_path, "web", "sys.exit(3)")
        children, said = start(one)
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            children.look_after()
            time.sleep(0.02)

        assert 2 <= len(numbers(note)) <= 4
        assert ["0.5 s" in words for words in said][:2] == [True, False]
        assert "ended with code 3" in said[0]

    def test_a_failure_during_the_start_is_known(self, tmp_path: Path, start) -> None:
        children, _ = start(
            task(tmp_path, "web", SLEEP), task(tmp_path, "worker", "raise SystemExit(1)")
        )

        wait_until(lambda: children.first_failure() is not None)

        assert children.first_failure().name == "worker"


class TestStop:
    def test_ends_in_reverse_order(self, tmp_path: Path, start) -> None:
        order = tmp_path / "order"
        code = (
            "import signal, sys, time\n"
            "def stop(*_):\n"
            "    open({path!r}, 'a').write({name!r}); sys.exit()\n"
            "signal.signal(signal.SIGTERM, stop)\n"
            "open({path!r} + {name!r}, 'w').close()\n"
            "time.sleep(60)\n"
        )
        names = "abc"
        children, _ = start(
            *(task(tmp_path, name, code.format(path=str(order), name=name)) for name in names)
        )
        wait_until(lambda: all(Path(f"{order}{name}").exists() for name in names))

        children.stop()

        assert order.read_text() == "cba"

    def test_one_that_does_not_listen_is_killed(self, tmp_path: Path, start) -> None:
        one, note = noting(tmp_path, "web", STUBBORN, patience=0.3)
        children, _ = start(one)
        wait_until(note.exists)
        time.sleep(0.2)

        children.stop()

        assert is_gone(numbers(note)[0])

    def test_what_a_child_left_goes_with_it(self, tmp_path: Path, start) -> None:
        left = tmp_path / "left"
        code = (
            "import subprocess, sys, time\n"
            f"child = subprocess.Popen([sys.executable, '-c', {STUBBORN!r}])\n"
            f"open({str(left)!r}, 'w').write(str(child.pid))\n"
            "time.sleep(60)\n"
        )
        children, _ = start(task(tmp_path, "web", code))
        wait_until(lambda: left.exists() and left.read_text() != "")

        children.stop()

        wait_until(lambda: is_gone(int(left.read_text())))


class TestLifeline:
    def test_children_die_with_a_killed_supervisor(self, tmp_path: Path) -> None:
        _, note = noting(tmp_path, "web", FOLLOWER)
        code = (
            "import os, sys, time\n"
            "from pathlib import Path\n"
            "from kacang.cli.children import Children, Task\n"
            f"words = [sys.executable, '-c', {NOTE + FOLLOWER!r}, {str(note)!r}]\n"
            f"task = Task('web', words, Path({str(tmp_path / 'log')!r}))\n"
            "children = Children([task], dict(os.environ), print)\n"
            "children.start()\n"
            "time.sleep(60)\n"
        )
        supervisor = subprocess.Popen([sys.executable, "-c", code])
        wait_until(note.exists)
        time.sleep(0.5)
        child = numbers(note)[0]
        assert not is_gone(child)

        supervisor.kill()
        supervisor.wait()

        wait_until(lambda: is_gone(child))

    def test_one_whose_parent_is_gone_already_ends_at_once(self) -> None:
        done = subprocess.run(
            [sys.executable, "-c", FOLLOWER], env={**os.environ, "KACANG_PARENT": "1"}, check=False
        )

        assert done.returncode == -signal.SIGTERM
