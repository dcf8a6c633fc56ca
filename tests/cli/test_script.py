"""The script at the root: makes the environment once, then gets out of the way (E1)."""

import ast
import importlib.machinery
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "kacang"
version = "0"
"""
# Builds without setuptools, which a new environment may lack, and without a network.
BACKEND = """
import pathlib, zipfile
def get_requires_for_build_editable(settings=None):
    return []
def build_editable(folder, settings=None, metadata=None):
    name = "kacang-0-py3-none-any.whl"
    source = pathlib.Path(__file__).parent / "src"
    files = {
        "kacang.pth": str(source),
        "kacang-0.dist-info/METADATA": "Metadata-Version: 2.1\\nName: kacang\\nVersion: 0\\n",
        "kacang-0.dist-info/WHEEL": "Wheel-Version: 1.0\\nTag: py3-none-any\\n",
    }
    files["kacang-0.dist-info/RECORD"] = "".join(f"{path},,\\n" for path in files)
    with zipfile.ZipFile(pathlib.Path(folder) / name, "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
    return name
"""
COMMAND = """
import json, os, sys
print(json.dumps({"words": sys.argv[1:], "prefix": sys.prefix, "folder": os.getcwd()}))
sys.exit(int(os.environ.get("CODE", "0")))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project as small as can be, with the real script."""
    folder = tmp_path / "has a space"
    (folder / "src/kacang/cli").mkdir(parents=True)
    shutil.copy(ROOT / "kacang", folder / "kacang")
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "backend.py").write_text(BACKEND)
    (folder / "requirements.lock").write_text("# nothing\n")
    (folder / "requirements-dev.lock").write_text("# nothing\n")
    (folder / "src/kacang/__init__.py").touch()
    (folder / "src/kacang/cli/__init__.py").touch()
    (folder / "src/kacang/cli/main.py").write_text(COMMAND)
    return folder


def run(project: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, project / "kacang", *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def load_script():
    loader = importlib.machinery.SourceFileLoader("kacang_script", str(ROOT / "kacang"))
    spec = importlib.util.spec_from_loader("kacang_script", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


class TestLockFiles:
    @pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
    def test_name_no_registry_and_pin_everything_by_hash(self, name: str) -> None:
        lines = (ROOT / name).read_text().splitlines()

        pins = [line for line in lines if not line.startswith((" ", "#"))]
        assert all("==" in line and line.endswith("\\") for line in pins)
        assert not any("://" in line or line.startswith("-") for line in lines)
        assert len(pins) > 40

    def test_the_tests_use_what_the_shop_uses(self) -> None:
        def pins(name: str) -> set[str]:
            lines = (ROOT / name).read_text().splitlines()
            return {line.rstrip(" \\") for line in lines if not line.startswith((" ", "#"))}

        extra = pins("requirements.lock") - pins("requirements-dev.lock")
        assert {line.split("==")[0] for line in extra} <= {"setuptools"}


class TestPython:
    @pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13)])
    def test_takes_the_supported_ones(self, version: tuple[int, int]) -> None:
        assert load_script().refusal_of_python(version) is None

    @pytest.mark.parametrize("version", [(2, 7), (3, 10), (3, 14), (4, 0)])
    def test_refuses_others_in_one_sentence(self, version: tuple[int, int]) -> None:
        said = load_script().refusal_of_python(version)

        assert said.startswith("Kacang needs Python 3.11 to 3.13, this is ")
        assert "\n" not in said

    def test_can_be_read_by_an_old_one(self) -> None:
        source = (ROOT / "kacang").read_text()

        tree = ast.parse(source, feature_version=(3, 4))

        assert not [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]


class TestFirstUse:
    def test_makes_the_environment_and_runs_the_command(self, project: Path) -> None:
        done = run(project, "up", "--data", "a b", CODE="7")

        assert done.returncode == 7, done.stderr
        said = json.loads(done.stdout)
        assert said["words"] == ["up", "--data", "a b"]
        assert said["prefix"] == str(project / ".venv")
        assert "Making the environment" in done.stderr

    def test_the_second_start_is_silent_and_touches_nothing(self, project: Path) -> None:
        run(project)
        stamp = project / ".venv" / "kacang-stamp.json"
        made = stamp.stat().st_mtime_ns

        again = run(project)

        assert again.stderr == ""
        assert stamp.stat().st_mtime_ns == made

    def test_installs_again_when_the_lock_changes(self, project: Path) -> None:
        run(project)
        (project / "requirements.lock").write_text("# something else\n")

        done = run(project)
        again = run(project)

        assert "Installing" in done.stderr
        assert "Making the environment" not in done.stderr
        assert (done.returncode, again.stderr) == (0, "")

    def test_tests_get_their_packages_and_the_shop_runs_on_them(self, project: Path) -> None:
        done = run(project, "test")
        shop = run(project, "up")

        assert "packages for the tests" in done.stderr
        assert shop.stderr == ""

    def test_runs_from_any_folder_whatever_lies_there(self, project: Path, tmp_path: Path) -> None:
        run(project)
        hostile = tmp_path / "hostile"
        (hostile / "kacang").mkdir(parents=True)
        for name in ("json.py", "kacang/__init__.py", "site.py"):
            (hostile / name).write_text("raise SystemExit('taken for a module')")

        done = subprocess.run(
            [sys.executable, project / "kacang", "doctor"],
            cwd=hostile,
            capture_output=True,
            text=True,
            check=False,
        )

        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["folder"] == str(hostile)

    def test_two_at_once_install_once(self, project: Path) -> None:
        with ThreadPoolExecutor(2) as pool:
            done = [job.result() for job in [pool.submit(run, project) for _ in range(2)]]

        assert [one.returncode for one in done] == [0, 0]
        made = [one for one in done if "Making the environment" in one.stderr]
        assert len(made) == 1

    def test_goes_on_after_it_was_killed_in_the_middle(self, project: Path) -> None:
        process = subprocess.Popen(
            [sys.executable, project / "kacang"], stderr=subprocess.DEVNULL, start_new_session=True
        )
        while not (project / ".venv/kacang-unfinished").exists():
            time.sleep(0.01)
        time.sleep(1)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert not (project / ".venv/kacang-stamp.json").exists()

        done = run(project)

        assert done.returncode == 0, done.stderr
        assert not (project / ".venv/kacang-unfinished").exists()

    def test_a_moved_folder_gets_a_new_environment(self, project: Path) -> None:
        run(project)
        moved = project.rename(project.with_name("moved"))

        done = run(moved)

        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["prefix"] == str(moved / ".venv")

    def test_packages_that_cannot_be_had_are_one_sentence(self, project: Path) -> None:
        (project / "requirements.lock").write_text(
            f"nothing-of-that-name==1 --hash=sha256:{'0' * 64}\n"
        )

        done = run(project, PIP_NO_INDEX="1", PIP_FIND_LINKS="")

        assert done.returncode == 1
        assert done.stderr.splitlines()[-1].startswith("The packages cannot be installed: ")
        assert "Traceback" not in done.stderr
        (project / "requirements.lock").write_text("# nothing\n")
        assert run(project).returncode == 0


class TestRefusals:
    def test_a_missing_venv_module_names_the_package(self, project: Path, tmp_path: Path) -> None:
        shadow = tmp_path / "shadow"
        shadow.mkdir()
        (shadow / "ensurepip.py").write_text("raise ImportError('not in this Python')")

        done = run(project, PYTHONPATH=str(shadow))

        assert done.returncode == 1
        last = done.stderr.splitlines()[-1]
        assert last.startswith("This Python cannot make environments: install python3-venv")
        assert f"python3.{sys.version_info[1]}-venv" in last
        assert "Traceback" not in done.stderr

    @pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
    def test_a_folder_that_cannot_be_written_is_one_sentence(self, project: Path) -> None:
        shutil.copytree(project, "/var/lib/kacang-script-test")
        try:
            done = subprocess.run(
                ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--",
                 "sh", "-c", "/usr/bin/env python3 ./kacang up"],
                cwd="/var/lib/kacang-script-test",
                env={"PATH": "/usr/local/bin:/usr/bin:/bin"},
                capture_output=True, text=True, check=False,
            )  # fmt: skip
        finally:
            shutil.rmtree("/var/lib/kacang-script-test")

        assert done.returncode == 1
        assert done.stderr.strip().endswith(".venv cannot be written.")
        assert len(done.stderr.splitlines()) == 1

    @pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount")
    def test_a_full_disk_is_one_sentence(self, project: Path, small_disk: Path) -> None:
        copy = small_disk / "project"
        shutil.copytree(project, copy)

        done = run(copy)

        assert done.returncode == 1
        assert done.stderr.startswith("There is too little space on the disk of ")
        assert len(done.stderr.splitlines()) == 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)]
    if subprocess.run(words, check=False).returncode != 0:
        pytest.skip("may not mount here")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)
