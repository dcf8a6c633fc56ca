"""`kacang test` and `kacang bench`: for those who change Kacang."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import typer

from kacang.cli.errors import CommandProblem
from kacang.cli.folder import PROJECT
from kacang.embedded import SUPERUSER, throw_away

_PYTHON = (sys.executable, "-P", "-m")
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_APT = ("apt-get", "install", "--yes", "--no-install-recommends", "chromium", "fonts-noto-cjk")
_EXTRA = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
_SOURCES = [name for name in ("src", "tests", "simulators", "bench") if (PROJECT / name).is_dir()]
# The whole suite on two cores, and a third worker for when one waits for a process or a clock. It
# names its slowest tests, so that none grows unseen. With
# "--no-loadscope-reorder" the files that take long come first (tests/conftest.py).
_WHOLE_SUITE = [
    "-n",
    "3",
    "--dist",
    "loadfile",
    "--no-loadscope-reorder",
    "--durations",
    "15",
    "--durations-min",
    "8",
]
# What is measured, and by which module.
MEASUREMENTS = {
    "sale": "bench.sale",
    "beside": "bench.beside",
    "claim": "bench.claim",
    "import": "bench.imports",
    "vault": "bench.vault",
    "books": "bench.books",
    "reconcile": "bench.reconcile",
    "orders": "bench.orders",
    "ship": "bench.shipping",
    "export-orders": "bench.exporting",
}
# What each check is called, and its command. All are run, whatever the others say. The types take
# one core as long as all others take the other.
CHECKS: Mapping[str, tuple[str, ...]] = {
    "format": (*_PYTHON, "ruff", "format", "--check", "--quiet", "."),
    "lint": (*_PYTHON, "ruff", "check", "--quiet", "."),
    "types": (*_PYTHON, "mypy", *_SOURCES),
    "floors": (str(Path(sys.executable).with_name("lint-imports")),),
    "migrations": (*_PYTHON, "django", "makemigrations", "--check", "--dry-run"),
    "translations": (*_PYTHON, "kacang.web.design.catalogue", "--check"),
}
_ALONE = "types"
# Python must write its bytecode: the suite starts several hundred processes of ours, and each
# would compile all that it imports anew.
_NOT_OURS = ("DATABASE_URL", "PYTHONDONTWRITEBYTECODE")
# Tables for the tests' databases, made once for the whole suite (tests/database.py). Not by "-P":
# the tests are not installed, they are found from the project's folder.
_TABLES = (sys.executable, "-m", "tests.database")
_TEMPLATE = "kacang_test_tables"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(context_settings=_EXTRA)(test)
    app.command(context_settings=_EXTRA)(bench)


def test(context: typer.Context) -> None:
    """Run all checks and all tests on a throw-away database.

    Arguments go to pytest: kacang test tests/vault -k claim. With any, the checks are left out.
    """
    arguments = list(context.args)
    _provide_browser()
    with throw_away() as cluster:
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("KACANG_") and name not in _NOT_OURS
        }
        environment |= {
            "KACANG_TEST_CLUSTER": cluster.dsn(SUPERUSER, database="postgres"),
            "DJANGO_SETTINGS_MODULE": "kacang.settings",
        }
        # The check of migrations looks at a database; the tests make their own.
        checked = {**environment, "DATABASE_URL": cluster.dsn()}
        failed = []
        if not arguments:
            failed = _run_checks(checked)
            environment["KACANG_TEST_TEMPLATE"] = _TEMPLATE
            if _run(_TABLES, environment) != 0:
                raise CommandProblem("The tests' tables cannot be made; see the lines above.")
        # Last: the line that sums the tests up stays at the end.
        pytest = [*_PYTHON, "pytest", *(arguments or _WHOLE_SUITE)]
        tests = _run(pytest, environment)
    raise typer.Exit(1 if failed else tests)


def bench(context: typer.Context) -> None:
    """Measure: kacang bench NAME [ARGUMENTS]; without a name it says which there are."""
    module = MEASUREMENTS.get(context.args[0]) if context.args else None
    if module is None:
        names = ", ".join(MEASUREMENTS)
        print(f"Usage: kacang bench NAME [ARGS]; NAME is one of: {names}.", file=sys.stderr)
        raise typer.Exit(2)
    if not (PROJECT / "bench").is_dir():
        raise CommandProblem(f"The measurements are missing: there is no {PROJECT / 'bench'}.")
    paths = [str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    words = [*_PYTHON, module, *context.args[1:]]
    os.execve(sys.executable, words, environment)  # noqa: S606 - our own module, known by name


def _run_checks(environment: Mapping[str, str]) -> list[str]:
    failed = []
    others = [name for name in CHECKS if name != _ALONE]
    with ThreadPoolExecutor(max_workers=1) as beside:
        alone = beside.submit(_said, CHECKS[_ALONE], environment)
        for name in (*others, _ALONE):
            print(f"== {name}", flush=True)
            done = alone.result() if name == _ALONE else _said(CHECKS[name], environment)
            print(done.stdout, end="", flush=True)
            if done.returncode != 0:
                failed.append(name)
    print(f"== checks failed: {', '.join(failed)}" if failed else "== all checks pass", flush=True)
    return failed


def _said(
    words: tuple[str, ...], environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own tools, no shell
        words,
        cwd=PROJECT,
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def _run(words: list[str] | tuple[str, ...], environment: Mapping[str, str]) -> int:
    return subprocess.run(  # noqa: S603 - our own tools, no shell
        words, cwd=PROJECT, env=dict(environment), check=False
    ).returncode


def _provide_browser() -> None:
    """Install Chromium and a Chinese font where that can be done, else say what is left out."""
    if any(map(shutil.which, _CHROMIUM)):
        return
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        print("There is no Chromium: tests in a browser are left out.", flush=True)
        return
    print("Installing Chromium and a Chinese font from Debian.", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["apt-get", "update"], _APT):
        done = subprocess.run(  # noqa: S603 - fixed words, no shell
            words, env=quiet, stdout=subprocess.DEVNULL, check=False
        )
        if done.returncode != 0:
            raise CommandProblem("Chromium could not be installed; see the lines above.")
