"""The data folder: random secrets, closed files, one sentence for whatever is wrong (E1, L25)."""

import json
import os
import shutil
import stat
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from kacang.cli.errors import CommandProblem
from kacang.cli.files import read_object, write_private
from kacang.cli.folder import SECRETS, DataFolder, existing, prepared, refuse_full, used_alone


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator gave no keys of his own."""
    for name in SECRETS:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class TestNewFolder:
    def test_has_secrets_of_its_own_that_only_the_owner_reads(self, tmp_path: Path) -> None:
        one = prepared(tmp_path / "one", database="embedded")
        two = prepared(tmp_path / "two", database="embedded")

        files = [path for folder in (one, two) for path in folder.secrets.iterdir()]
        assert len({path.read_text() for path in files}) == 2 * len(SECRETS)
        assert all(len(path.read_text()) == 64 for path in files)
        assert {mode(path) for path in files} == {0o600}
        assert {mode(one.path), mode(one.secrets), mode(one.logs)} == {0o700}

    def test_opening_it_again_changes_no_secret(self, tmp_path: Path) -> None:
        one = prepared(tmp_path / "one", database="embedded")
        before = {path.name: path.read_text() for path in one.secrets.iterdir()}

        prepared(tmp_path / "one", database="embedded")

        assert {path.name: path.read_text() for path in one.secrets.iterdir()} == before

    def test_half_a_first_start_is_done_again(self, tmp_path: Path) -> None:
        folder = tmp_path / "one"
        one = prepared(folder, database="embedded")
        key = (one.secrets / "master.key").read_text()
        one.marker.unlink()
        (one.secrets / "django.key").unlink()

        again = prepared(folder, database="embedded")

        assert (again.secrets / "master.key").read_text() == key
        assert (again.secrets / "django.key").exists()

    def test_of_two_first_starts_one_makes_the_keys(self, tmp_path: Path) -> None:
        one = DataFolder(tmp_path / "one")
        one.path.mkdir()

        with used_alone(one), pytest.raises(CommandProblem, match="already runs"):
            prepared(one.path, database="embedded")

        assert [path.name for path in one.path.iterdir()] == ["lock"]
        assert prepared(one.path, database="embedded").secret_files()

    def test_settings_name_files_not_secrets(self, tmp_path: Path) -> None:
        one = prepared(tmp_path / "one", database="embedded")

        assert one.secret_files() == {
            f"{name}_FILE": str(one.secrets / file) for name, file in SECRETS.items()
        }

    def test_a_key_of_the_operator_is_left_alone(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        one = prepared(tmp_path / "one", database="embedded")
        monkeypatch.setenv("KACANG_MASTER_KEY_FILE", "/run/keys/master")

        assert "KACANG_MASTER_KEY_FILE" not in one.secret_files()


class TestRefusals:
    def test_a_lost_master_key_is_never_replaced(self, tmp_path: Path) -> None:
        one = prepared(tmp_path / "one", database="embedded")
        (one.secrets / "master.key").unlink()

        with pytest.raises(CommandProblem, match=r"master\.key is missing: restore it"):
            prepared(tmp_path / "one", database="embedded").secret_files()

        assert not (one.secrets / "master.key").exists()

    def test_a_foreign_folder_is_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / "thesis.txt").write_text("mine")

        with pytest.raises(CommandProblem, match="was not made by Kacang"):
            prepared(tmp_path, database="embedded")

        assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]

    def test_a_newer_format_is_left_alone(self, tmp_path: Path) -> None:
        one = prepared(tmp_path / "one", database="embedded")
        write_private(one.marker, json.dumps({"format": 2, "database": "embedded"}))

        for act in (lambda: prepared(one.path, database="embedded"), lambda: existing(one.path)):
            with pytest.raises(CommandProblem, match="is of format 2, this Kacang"):
                act()

    def test_a_damaged_marker_is_said(self, tmp_path: Path) -> None:
        one = prepared(tmp_path / "one", database="embedded")
        one.marker.write_text("")

        for opening in (existing, partial(prepared, database="embedded")):
            with pytest.raises(CommandProblem, match=r"kacang.json is damaged; restore it"):
                opening(one.path)

    def test_the_kind_of_database_does_not_change(self, tmp_path: Path) -> None:
        prepared(tmp_path / "in", database="embedded")
        prepared(tmp_path / "out", database="external")

        with pytest.raises(CommandProblem, match="uses its embedded database: unset"):
            prepared(tmp_path / "in", database="external")
        with pytest.raises(CommandProblem, match="uses an external database: set DATABASE_URL"):
            prepared(tmp_path / "out", database="embedded")

    def test_a_file_or_nothing_is_no_folder(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")

        with pytest.raises(CommandProblem, match="is not a folder"):
            prepared(tmp_path / "file", database="embedded")
        with pytest.raises(CommandProblem, match="There is no Kacang in"):
            existing(tmp_path / "nothing")
        assert not (tmp_path / "nothing").exists()

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_an_unwritable_place_is_said(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o500)
        try:
            with pytest.raises(CommandProblem, match="cannot be written"):
                prepared(tmp_path / "one", database="embedded")
        finally:
            tmp_path.chmod(0o700)

    def test_a_second_up_is_told_where_the_first_one_is(self, tmp_path: Path) -> None:
        one = prepared(tmp_path / "one", database="embedded")
        write_private(one.runtime, json.dumps({"base_url": "http://127.0.0.1:8000"}))

        with (
            used_alone(one),
            pytest.raises(CommandProblem, match=r"already runs on .* at http://127.0.0.1:8000"),
            used_alone(one),
        ):
            pass
        with used_alone(one):
            pass


class TestFullDisk:
    def test_is_said_when_no_room_is_left(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        refuse_full(tmp_path)

        monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=4096))

        with pytest.raises(CommandProblem, match=f"The disk of {tmp_path} is full"):
            refuse_full(tmp_path)


class TestRunning:
    def test_is_what_a_living_one_says_of_itself(self, tmp_path: Path) -> None:
        one = prepared(tmp_path / "one", database="embedded")
        assert one.running() == {}

        write_private(one.runtime, json.dumps({"pid": os.getpid(), "port": 8000}))

        assert one.running() == {"pid": os.getpid(), "port": 8000}

    def test_what_a_killed_one_left_says_nothing(self, tmp_path: Path) -> None:
        one = prepared(tmp_path / "one", database="embedded")
        ended = subprocess.Popen([sys.executable, "-c", ""])
        ended.wait()

        for number in (ended.pid, 0, -1, "1", None):
            write_private(one.runtime, json.dumps({"pid": number, "port": 8000}))
            assert one.running() == {}


class TestFiles:
    def test_a_private_file_that_cannot_be_put_leaves_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "taken").mkdir()

        with pytest.raises(IsADirectoryError):
            write_private(tmp_path / "taken", "x")

        assert [path.name for path in tmp_path.iterdir()] == ["taken"]

    def test_a_private_file_is_never_open_not_even_for_a_moment(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = os.umask(0)
        try:
            write_private(tmp_path / "key", "x")
            write_private(tmp_path / "key", "y")
        finally:
            os.umask(before)

        assert (mode(tmp_path / "key"), (tmp_path / "key").read_text()) == (0o600, "y")
        assert [path.name for path in tmp_path.iterdir()] == ["key"]

    @pytest.mark.parametrize("content", ["", "{", "[]", "null"])
    def test_what_is_no_object_reads_as_nothing(self, tmp_path: Path, content: str) -> None:
        (tmp_path / "file").write_text(content)

        assert read_object(tmp_path / "file") == {}
        assert read_object(tmp_path / "none") == {}
        assert DataFolder(tmp_path / "none").facts() == {}
