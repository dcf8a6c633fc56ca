"""What a killed server, or a killed manager, leaves behind (E1, rule 33)."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from kacang.embedded import SUPERUSER, ClusterBusy, EmbeddedCluster, throw_away
from kacang.embedded.account import server_account
from kacang.embedded.remains import survivors

Manager = Callable[[], tuple[subprocess.Popen[str], int]]


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


def is_gone(number: int) -> bool:
    """Whether a process ended; one that nobody waited for yet counts as ended."""
    try:
        status = Path(f"/proc/{number}/stat").read_text()
    except OSError:
        return True
    return status.rsplit(")", 1)[1].split()[0] == "Z"


@contextlib.contextmanager
def a_busy_backend(dsn: str) -> Iterator[int]:
    """A backend that computes for a minute and so does not notice that its master is gone."""
    busy = (
        "import psycopg, sys\n"
        "connection = psycopg.connect(sys.argv[1], autocommit=True)\n"
        "print(connection.info.backend_pid, flush=True)\n"
        "connection.execute('select count(*) from generate_series(1, 40000000000) n')\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", busy, dsn],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


class TestKilledServer:
    def test_starts_again_though_a_busy_backend_lives_on(
        self, folder: Path, manager: Manager
    ) -> None:
        process, server = manager()
        cluster = EmbeddedCluster(folder, durable=False)
        dsn = cluster.dsn(SUPERUSER)
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("create table kept as select 4711 as id")
        with a_busy_backend(dsn) as backend:
            time.sleep(0.3)
            os.kill(server, signal.SIGKILL)
            process.kill()
            process.wait()
            time.sleep(0.3)
            assert not is_gone(backend)
            assert survivors(cluster.places, server_account()) == [backend]

            began = time.monotonic()
            with cluster.running(), psycopg.connect(cluster.dsn(SUPERUSER)) as connection:
                took = time.monotonic() - began
                found = connection.execute("select id from kept").fetchone()

        assert found == (4711,)
        assert is_gone(backend)
        assert took < 25

    def test_what_was_committed_survives(self, folder: Path, manager: Manager) -> None:
        process, server = manager()
        cluster = EmbeddedCluster(folder, durable=False)
        dsn = cluster.dsn(SUPERUSER)
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("create table counted (id bigint)")
            for number in range(200):
                connection.execute("insert into counted values (%s)", [number])
            os.kill(server, signal.SIGKILL)
        process.kill()
        process.wait()

        with cluster.running(), psycopg.connect(cluster.dsn(SUPERUSER)) as connection:
            found = connection.execute("select count(*), max(id) from counted").fetchone()

        assert found == (200, 199)

    def test_its_manager_notices(self, cluster: EmbeddedCluster) -> None:
        with cluster.running():
            assert cluster.exit_code() is None
            os.kill(cluster.server_pid, signal.SIGKILL)
            wait_until(lambda: cluster.exit_code() is not None)

            assert cluster.exit_code() == -signal.SIGKILL


class TestKilledManager:
    def test_takes_the_server_with_it(self, folder: Path, manager: Manager) -> None:
        process, server = manager()

        process.kill()
        process.wait()

        wait_until(lambda: is_gone(server))
        assert not EmbeddedCluster(folder).places.pid_file.exists()

    def test_the_next_one_waits_for_the_old_server_to_end(
        self, folder: Path, manager: Manager
    ) -> None:
        process, server = manager()
        cluster = EmbeddedCluster(folder, durable=False)
        with psycopg.connect(cluster.dsn(SUPERUSER), autocommit=True) as connection:
            connection.execute("create table kept as select 4711 as id")
        process.kill()

        with cluster.running(), psycopg.connect(cluster.dsn(SUPERUSER)) as connection:
            found = connection.execute("select id from kept").fetchone()

        assert found == (4711,)
        assert is_gone(server)

    def test_half_an_initdb_is_done_again(self, cluster: EmbeddedCluster) -> None:
        with cluster.running():
            places = cluster.places
        places.data.rename(places.home / "data.new")

        with cluster.running(), psycopg.connect(cluster.dsn()) as connection:
            assert connection.execute("select current_user").fetchone() == ("kacang_app",)

    def test_lost_passwords_of_roles_are_made_again(self, cluster: EmbeddedCluster) -> None:
        with cluster.running():
            cluster.places.password_file("kacang_app").unlink()

        with cluster.running(), psycopg.connect(cluster.dsn()) as connection:
            assert connection.execute("select current_user").fetchone() == ("kacang_app",)


class TestStaleNumber:
    def test_a_living_process_that_is_no_server_does_not_matter(
        self, cluster: EmbeddedCluster
    ) -> None:
        with cluster.running():
            places = cluster.places
        account = server_account()
        innocent = subprocess.Popen(account.command(["sleep", "60"]))
        try:
            places.pid_file.write_text(f"{innocent.pid}\n{places.data}\n0\n5432\n\n\n\n\n")
            account.take_over(places.pid_file)

            with cluster.running(), psycopg.connect(cluster.dsn()) as connection:
                assert connection.execute("select 1").fetchone() == (1,)

            assert innocent.poll() is None
        finally:
            innocent.kill()
            innocent.wait()


class TestOneAtATime:
    def test_a_second_manager_is_refused_and_harms_nothing(
        self, folder: Path, manager: Manager
    ) -> None:
        _, server = manager()
        second = EmbeddedCluster(folder, durable=False)

        with pytest.raises(ClusterBusy, match="already uses"), second.running():
            pass

        assert not is_gone(server)
        with psycopg.connect(second.dsn()) as connection:
            assert connection.execute("select 1").fetchone() == (1,)

    def test_two_clusters_run_side_by_side(self, cluster: EmbeddedCluster) -> None:
        found = []
        with cluster.running(), throw_away() as other:
            for one in (cluster, other):
                with psycopg.connect(one.dsn()) as connection:
                    found.append(connection.execute("select 1").fetchone())

        assert found == [(1,), (1,)]

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root's data lie elsewhere")
    def test_a_copied_folder_does_not_run_the_same_data(
        self, folder: Path, tmp_path: Path, manager: Manager
    ) -> None:
        manager()
        shutil.copytree(folder, tmp_path / "copy")

        with pytest.raises(ClusterBusy), EmbeddedCluster(tmp_path / "copy").running():
            pass
