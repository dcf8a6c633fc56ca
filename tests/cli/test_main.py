"""The command itself: what it lists, and how it refuses (DESIGN: command line)."""

import os
import subprocess
from pathlib import Path

import pytest

from kacang.cli.refusals import sentence
from kacang.cli.testing import CHECKS, MEASUREMENTS
from kacang.merchants.queries import UnknownMerchant
from kacang.orders.errors import SoldOut
from tests.cli.running import COMMAND, clean_environment, command

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = (
    "up", "web", "worker", "schedule", "migrate", "doctor", "merchant", "key", "cards", "audit",
    "ledger", "master-key", "migrate-from", "operator", "platform", "stock", "test", "bench",
)  # fmt: skip


def test_help_lists_every_command_with_a_sentence() -> None:
    lines = command("--help").stdout.split("Commands:")[1].strip().splitlines()

    listed = {line.split()[0]: line.split(maxsplit=1)[1] for line in lines}
    assert set(listed) == set(COMMANDS)
    assert all(len(words) > 10 for words in listed.values())


@pytest.mark.parametrize("words", [["worker"], ["web"], ["schedule"]])
def test_a_part_does_not_run_without_its_database(words: list[str], tmp_path: Path) -> None:
    done = command(*words, "--data", tmp_path / "none")

    assert done.returncode == 1
    assert done.stderr.startswith(f"There is no Kacang in {tmp_path / 'none'}")
    assert len(done.stderr.splitlines()) == 1


def test_a_measurement_that_is_not_there_is_wrong_use() -> None:
    done = command("bench", "nonsense")

    assert done.returncode == 2
    assert f"one of: {', '.join(MEASUREMENTS)}." in done.stderr


@pytest.mark.parametrize("name", MEASUREMENTS)
def test_measurements_take_their_own_arguments(name: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "bench", name, "--help"],
        cwd=tmp_path,
        env={**clean_environment(), "PYTHONPATH": os.environ.get("PYTHONPATH", "")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "--json" in done.stdout


def test_refusals_are_one_sentence_with_their_code() -> None:
    assert sentence(UnknownMerchant()) == "There is no such merchant (merchants.unknown)."
    said = sentence(SoldOut(sku="sku_1"))
    assert said.endswith(f"({SoldOut.code}, sku sku_1).")
    assert "\n" not in said


def test_every_check_is_there_to_be_run() -> None:
    assert {"format", "lint", "types", "floors", "migrations", "translations"} == set(CHECKS)
    assert (ROOT / ".ci/run").stat().st_mode & 0o111
    assert "./kacang test" in (ROOT / ".ci/run").read_text()
