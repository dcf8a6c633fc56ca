"""The same tests once more, as a user without rights whose home is closed (E1, rule 33)."""

import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.embedded.people import Person, a_person, packages, python_for

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def person() -> Iterator[Person]:
    with a_person() as made:
        yield made


@pytest.mark.slow
def test_all_of_it_works_for_an_ordinary_user(person: Person) -> None:
    python = python_for(person)
    # Their own copy, in their closed home, as if they had unpacked the project there.
    for part in ("src/kacang/embedded", "tests/embedded"):
        shutil.copytree(ROOT / part, person.home / part)
    (person.home / "src/kacang/__init__.py").touch()
    (person.home / "tests/__init__.py").touch()
    settings = "[pytest]\nfilterwarnings = error\nmarkers = slow\n"
    (person.home / "pytest.ini").write_text(settings)
    person.owns_home()
    status = person.home.stat()

    done = subprocess.run(
        person.command(
            python, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider",
            "--basetemp", person.home / "tmp", "tests/embedded",
        ),
        cwd=person.home,
        env={
            **person.environment(person.home / "src", packages()),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) >= 30
    assert person.home.stat().st_mode == status.st_mode
    assert stat.S_IMODE(status.st_mode) == 0o700
