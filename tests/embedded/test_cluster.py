"""A new cluster: who may do what in it, and what lies where (E1, rules 17 and 33)."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from kacang.embedded import APP, BACKUP, OWNER, SUPERUSER, EmbeddedCluster, NotRunning, throw_away


@pytest.fixture(scope="module")
def running() -> Iterator[EmbeddedCluster]:
    """A cluster that runs, for tests that only look at it."""
    with throw_away() as cluster:
        yield cluster


def rights(cluster: EmbeddedCluster) -> dict[str, tuple[bool, bool, bool, bool]]:
    with psycopg.connect(cluster.dsn(SUPERUSER)) as connection:
        rows = connection.execute(
            "select rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb"
            " from pg_roles where rolname like 'kacang%'"
        ).fetchall()
    return {row[0]: tuple(row[1:]) for row in rows}


class TestNewCluster:
    def test_has_three_roles_with_the_rights_they_need_and_no_more(
        self, running: EmbeddedCluster
    ) -> None:
        found = rights(running)

        assert found == {
            OWNER: (False, False, False, False),
            APP: (False, False, False, False),
            BACKUP: (False, True, False, False),
        }

    def test_limits_live_with_the_role(self, running: EmbeddedCluster) -> None:
        names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
        with psycopg.connect(running.dsn(APP)) as connection:
            found = [connection.execute(f"show {name}").fetchone() for name in names]

        assert found == [("3s",), ("30s",), ("1min",)]

    def test_the_database_is_the_owners_and_closed_to_others(
        self, running: EmbeddedCluster
    ) -> None:
        with psycopg.connect(running.dsn(SUPERUSER)) as connection:
            row = connection.execute(
                "select pg_get_userbyid(datdba), datlocprovider::text, datlocale,"
                " pg_encoding_to_char(encoding), datacl::text"
                " from pg_database where datname = 'kacang'"
            ).fetchone()

        assert row is not None
        assert row[:4] == (OWNER, "b", "C.UTF-8", "UTF8")
        assert row[4] == (
            "{kacang_owner=CTc/kacang_owner,kacang_app=Tc/kacang_owner,"
            "kacang_backup=c/kacang_owner}"
        )

    def test_the_app_makes_temporary_tables_and_no_others(self, running: EmbeddedCluster) -> None:
        with psycopg.connect(running.dsn(APP)) as connection:
            connection.execute("create temp table staged (id bigint) on commit drop")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("create table kept (id bigint)")

    def test_backup_reads_only(self, running: EmbeddedCluster) -> None:
        refused = pytest.raises(psycopg.errors.ReadOnlySqlTransaction)
        with psycopg.connect(running.dsn(BACKUP)) as connection, refused:
            connection.execute("create temp table copied (id bigint)")

    def test_trusts_nobody(self, running: EmbeddedCluster) -> None:
        where = str(running.places.socket_directory())
        for role in (SUPERUSER, OWNER, APP, BACKUP):
            with pytest.raises(psycopg.OperationalError, match="no password supplied"):
                psycopg.connect(host=where, user=role, dbname="kacang")
            with pytest.raises(psycopg.OperationalError, match="password authentication"):
                psycopg.connect(host=where, user=role, dbname="kacang", password="x")
        rules = (running.places.data / "pg_hba.conf").read_text()

        methods = {line.split()[-1] for line in rules.splitlines() if line and line[0] != "#"}
        assert methods == {"scram-sha-256"}

    def test_every_password_is_another_one_and_closed(self, running: EmbeddedCluster) -> None:
        files = sorted((running.places.folder / "passwords").iterdir())
        words = {file.read_text() for file in files}
        modes = {stat.S_IMODE(file.stat().st_mode) for file in files}

        assert [file.name for file in files] == [APP, BACKUP, OWNER, SUPERUSER]
        assert len(words) == 4
        assert min(map(len, words)) >= 32
        assert modes == {0o600}

    def test_no_password_is_left_elsewhere(self, running: EmbeddedCluster) -> None:
        places = running.places
        words = [running.places.password(role) for role in (SUPERUSER, OWNER, APP, BACKUP)]
        own = places.folder / "passwords"
        files = [*places.folder.rglob("*"), *places.home.rglob("*")]
        read = [file.read_bytes() for file in files if file.is_file() and own not in file.parents]
        command = Path(f"/proc/{running.server_pid}/cmdline").read_bytes()

        for word in words:
            assert not any(word.encode() in text for text in [*read, command])

    def test_listens_only_in_a_closed_folder(self, running: EmbeddedCluster) -> None:
        with psycopg.connect(running.dsn(SUPERUSER)) as connection:
            directory = running.places.socket_directory()
            mode = stat.S_IMODE(directory.stat().st_mode)
            socket_mode = stat.S_IMODE((directory / ".s.PGSQL.5432").stat().st_mode)
            listens = connection.execute("show listen_addresses").fetchone()

        assert (mode, socket_mode, listens) == (0o700, 0o700, ("",))

    def test_never_runs_as_root_and_gains_no_rights(self, running: EmbeddedCluster) -> None:
        status = Path(f"/proc/{running.server_pid}/status").read_text()

        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert set(fields["Uid"].split()) != {"0"}
        assert len(set(fields["Uid"].split())) == 1
        assert fields["NoNewPrivs"] == "1"
        if os.geteuid() == 0:
            assert fields["Groups"].strip() == ""
            assert fields["CapEff"].strip("0") == ""

    def test_the_server_inherits_nothing_of_our_environment(
        self, cluster: EmbeddedCluster, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("KACANG_MASTER_KEY", "00" * 32)
        with cluster.running():
            path = Path(f"/proc/{cluster.server_pid}/environ")
            try:
                environment = path.read_bytes()
            except PermissionError:
                pytest.skip("the kernel does not let us look")

        assert b"KACANG" not in environment
        assert b"HOME=" not in environment

    def test_checksums_are_on_and_commits_reach_the_disk(self, folder: Path) -> None:
        cluster = EmbeddedCluster(folder)
        with cluster.running(), psycopg.connect(cluster.dsn(SUPERUSER)) as connection:
            names = ("data_checksums", "fsync", "full_page_writes", "synchronous_commit")
            found = [connection.execute(f"show {name}").fetchone() for name in names]

        assert found == [("on",)] * 4

    def test_a_refused_statement_is_not_logged(self, cluster: EmbeddedCluster) -> None:
        with cluster.running():
            refused = pytest.raises(psycopg.errors.InvalidTextRepresentation)
            with psycopg.connect(cluster.dsn(APP)) as connection, refused:
                connection.execute("select 'SECRET-4711'::bigint")
            said = cluster.places.log.read_text()

        assert "invalid input syntax" in said
        assert "select" not in said

    def test_keeps_rows_and_passwords_from_start_to_start(self, cluster: EmbeddedCluster) -> None:
        with cluster.running():
            before = cluster.dsn(OWNER)
            with psycopg.connect(before) as connection:
                connection.execute("create table kept as select 4711 as id")

        again = EmbeddedCluster(cluster.places.folder, durable=False)
        with again.running(), psycopg.connect(before) as connection:
            found = connection.execute("select id from kept").fetchone()
            same = again.dsn(OWNER) == before

        assert found == (4711,)
        assert same

    def test_has_no_address_when_it_does_not_run(self, cluster: EmbeddedCluster) -> None:
        with pytest.raises(NotRunning):
            cluster.dsn()
        with cluster.running():
            assert cluster.dsn().startswith("postgresql://kacang_app:")
        with pytest.raises(NotRunning):
            cluster.dsn()


class TestThrowAway:
    def test_leaves_nothing(self) -> None:
        with throw_away() as cluster:
            places, number = cluster.places, cluster.server_pid
            assert places.home.exists()

        assert not places.home.exists()
        assert not places.folder.exists()
        assert not Path(f"/proc/{number}").exists()

    def test_removes_what_a_killed_one_left(self, tmp_path: Path) -> None:
        with throw_away() as cluster:
            left = cluster.places.folder.with_name("kacang-throw-away-left")
            young = cluster.places.folder.with_name("kacang-throw-away-young")
            for path in (left, young):
                path.mkdir(exist_ok=True)
            os.utime(left, (0, 0))
            os.utime(cluster.places.folder, (0, 0))

            with throw_away():
                found = (left.exists(), young.exists(), cluster.places.folder.exists())
            young.rmdir()

        assert found == (False, True, True)
