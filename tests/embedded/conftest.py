"""What tests of the embedded database share. Works without the suite's own conftest and Django:
`test_ordinary_user` runs this folder once more as another user."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kacang.embedded import EmbeddedCluster
from kacang.embedded.places import find

MANAGER = """
import sys, time
from pathlib import Path
from kacang.embedded import EmbeddedCluster
with EmbeddedCluster(Path(sys.argv[1]), durable=False).running() as cluster:
    print(cluster.server_pid, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for a cluster; what root's server kept elsewhere goes with it."""
    path = tmp_path / "cluster"
    yield path
    try:
        places = find(path)
    except Exception:  # noqa: BLE001 - tests damage it on purpose
        return
    if places is not None:
        shutil.rmtree(places.home, ignore_errors=True)


@pytest.fixture
def cluster(folder: Path) -> EmbeddedCluster:
    """A cluster that nobody has started yet."""
    return EmbeddedCluster(folder, durable=False)


@pytest.fixture
def manager(folder: Path) -> Iterator[Callable[[], tuple[subprocess.Popen[str], int]]]:
    """Start the cluster from a process of its own; returns it and the server's number."""
    started: list[subprocess.Popen[str]] = []

    def start() -> tuple[subprocess.Popen[str], int]:
        process = subprocess.Popen(
            [sys.executable, "-c", MANAGER, str(folder)], stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout is not None
        return process, int(process.stdout.readline())

    yield start
    for process in started:
        process.kill()
        process.communicate()
