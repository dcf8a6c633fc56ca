"""`kacang up` ends cleanly whatever happens, and goes on from there (E1, E2)."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from tests.cli.conftest import House
from tests.cli.running import (
    Up,
    command,
    descendants,
    free_port,
    is_gone,
    start,
    wait_until,
)

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


def below(up: Up) -> set[int]:
    return set(descendants(up.process.pid))


class TestEnd:
    def test_sigterm_ends_everything(self, running: Up) -> None:
        started = below(running)
        assert len(started) >= 10

        code = running.stop(signal.SIGTERM)

        assert code == 0
        assert [number for number in started if not is_gone(number)] == []
        assert running.said.read_text().splitlines()[-1] == "Stopped; nothing is left running."
        assert not running.ready_file.exists()
        assert not (running.data / "runtime.json").exists()

    def test_ctrl_c_during_the_start_leaves_nothing(self, data: Path) -> None:
        up = start(data, "--demo")
        wait_until(lambda: "main prepare" in " ".join(descendants(up.process.pid).values()))
        started = below(up)

        code = up.stop(signal.SIGINT)

        assert code == 1
        assert [number for number in started if not is_gone(number)] == []
        assert "nothing is left running" in up.said.read_text()

    def test_kill_9_takes_all_with_it_and_the_next_start_recovers(self, running: Up) -> None:
        started = below(running)

        running.process.kill()
        running.process.wait()

        wait_until(lambda: all(map(is_gone, started)), 40)
        began = time.monotonic()
        again = start(running.data, "--demo", port=running.port)
        again.ready()
        took = time.monotonic() - began
        status = again.get("/readyz")[0]

        assert (again.stop(), status) == (0, 200)
        assert took < 60

    def test_kill_9_of_everything_at_once_recovers(self, running: Up) -> None:
        started = {running.process.pid, *below(running)}
        for number in started:
            try:
                os.kill(number, signal.SIGKILL)
            except ProcessLookupError:
                continue
        running.process.wait()

        again = start(running.data, "--demo", port=running.port)
        again.ready()
        status = again.get("/")[0]

        assert (again.stop(), status) == (0, 200)


class TestStopped:
    def test_a_command_runs_the_database_meanwhile(self, data: Path) -> None:
        words = ["key", "create", "--merchant", "demo", "--json", "--data", str(data)]

        done = command(*words)

        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["api_key"].startswith("kc_test_")
        home = Path(json.loads((data / "postgres/cluster.json").read_text())["home"])
        assert not (data / "postgres" / home / "data/postmaster.pid").exists()

    def test_cards_are_loaded_though_no_worker_lives(
        self, house: House, data: Path, tmp_path: Path
    ) -> None:
        sku = house.facts["skus"][0]["id"]
        file = tmp_path / "cards.txt"
        file.write_text("ALONE-1\nALONE-2\n")

        done = command("cards", "import", file, "--sku", sku, "--data", data)

        assert (done.returncode, done.stdout) == (0, "2 cards are in stock.\n"), done.stderr

    def test_doctor_says_what_to_do(self, data: Path) -> None:
        key = data / "secrets/master.key"
        key.chmod(0o644)
        kept = key.read_text()
        key.write_text("00" * 32)
        try:
            done = command("doctor", "--json", "--data", data)
        finally:
            key.write_text(kept)
            key.chmod(0o600)

        levels = {check["check"]: check for check in json.loads(done.stdout)["checks"]}
        assert done.returncode == 1
        assert levels["secrets"]["level"] == levels["master key"]["level"] == "bad"
        assert "chmod 600" in levels["secrets"]["do"]
        assert levels["web"]["level"] == "warn"

    def test_what_a_killed_one_left_is_not_taken_for_a_running_one(self, data: Path) -> None:
        left = data / "runtime.json"
        left.write_text(json.dumps({"pid": 2**22, "port": 1, "base_url": "http://127.0.0.1:1"}))
        try:
            done = command("doctor", "--json", "--data", data)
        finally:
            left.unlink()

        assert done.returncode == 0, done.stdout
        levels = {check["check"]: check for check in json.loads(done.stdout)["checks"]}
        assert levels["web"]["level"] == "warn"
        assert levels["web"]["found"].startswith("not running")
        assert levels["workers"]["level"] == "ok"

    @pytest.mark.parametrize("place", ["none/ready.json", "folder"])
    def test_a_ready_file_that_cannot_be_written_is_one_sentence(
        self, data: Path, tmp_path: Path, place: str
    ) -> None:
        (tmp_path / "folder").mkdir()
        file = tmp_path / place
        done = command("up", "--data", data, "--port", str(free_port()), "--ready-file", file)

        assert done.returncode == 1
        assert done.stderr.startswith(f"The ready-file {file} cannot be written: ")
        assert len(done.stderr.splitlines()) == 1
        assert done.stdout == ""
        assert [path.name for path in tmp_path.iterdir()] == ["folder"]

    def test_books_that_cannot_be_written_are_one_sentence(
        self, data: Path, tmp_path: Path
    ) -> None:
        words = ["ledger", "export", "--merchant", "demo", "--data", str(data)]
        done = command(*words, "--output", tmp_path / "none/books")
        wrong = command(*words, "--language", "fr")

        assert (done.returncode, wrong.returncode) == (1, 2)
        assert done.stderr.strip() == (
            f"The file {tmp_path / 'none/books'} cannot be written: No such file or directory."
        )

    def test_a_file_without_cards_is_refused_with_its_reason(
        self, house: House, data: Path, tmp_path: Path
    ) -> None:
        sku = house.facts["skus"][0]["id"]
        (tmp_path / "empty.txt").touch()
        done = command("cards", "import", tmp_path / "empty.txt", "--sku", sku, "--data", data)

        assert done.returncode == 1
        assert done.stderr.splitlines()[-1] == "No card was taken (vault.bad_file, empty)."

    def test_another_merchant_is_opened_with_somebody_who_can_log_in(self, data: Path) -> None:
        words = ["merchant", "create", "--slug", "lulu", "--name", "小鹿", "--data", str(data)]
        made = command(*words, "--email", "lu@lulu.example", "--json")
        again = command(*words, "--email", "other@lulu.example")
        bad = command(*words[:3], "lu lu", *words[4:], "--email", "lu@lulu.example")
        nobody = command(*words[:3], "lala", *words[4:], "--email", "nobody")
        key = command("key", "create", "--merchant", "lulu", "--data", data)
        none = command("key", "create", "--merchant", "lala", "--data", data)
        same = command(*words[:3], "lolo", *words[4:], "--email", "lu@lulu.example")

        facts = json.loads(made.stdout)
        assert (made.returncode, facts["merchant"], facts["email"]) == (
            0, "lulu", "lu@lulu.example",
        )  # fmt: skip
        assert len(facts["password"]) >= 16
        assert (again.returncode, bad.returncode, nobody.returncode) == (1, 1, 1)
        assert again.stderr.strip().endswith("(merchants.slug_taken).")
        assert bad.stderr.strip().endswith("(merchants.bad_slug).")
        assert key.stdout.startswith("kc_live_")
        assert none.returncode == 1  # not even half of it was made
        assert (same.returncode, same.stdout) == (0, "lu@lulu.example\n")

    def test_I1_operators_come_and_go_by_command_and_visit_with_a_second_factor_only(
        self, data: Path
    ) -> None:
        mine = ["--data", str(data)]
        who = ["--email", "zhou@ops.example"]
        made = command("operator", "add", *who, "--name", "周", "--json", *mine)
        found = command("operator", "list", "--json", *mine)
        visit = command("merchant", "visit", "--merchant", "demo", *who, "--reason", "why", *mine)
        gone = command("operator", "remove", *who, *mine)
        again = command("operator", "remove", *who, *mine)

        facts = json.loads(made.stdout)
        assert (len(facts["password"]), facts["second_factor"]) == (16, False)
        assert json.loads(found.stdout) == [
            {"email": "zhou@ops.example", "name": "周", "second_factor": False}
        ]
        assert (visit.returncode, visit.stdout) == (1, "")
        assert visit.stderr.strip().endswith("(operator.unknown).")
        assert (gone.returncode, again.returncode) == (0, 1)

    def test_an_unknown_merchant_is_one_sentence(self, data: Path) -> None:
        done = command("key", "create", "--merchant", "nobody", "--data", data)

        assert done.returncode == 1
        assert done.stderr == "There is no such merchant (merchants.unknown).\n"
        assert done.stdout == ""

    @pytest.mark.parametrize("words", [["up", "--port", "x"], ["nonsense"], ["key", "create"]])
    def test_wrong_use_is_2(self, words: list[str]) -> None:
        assert command(*words).returncode == 2

    def test_a_folder_without_installation_is_one_sentence(self, tmp_path: Path) -> None:
        done = command("key", "create", "--merchant", "demo", "--data", tmp_path / "none")

        assert done.returncode == 1
        assert done.stderr.startswith(f"There is no Kacang in {tmp_path / 'none'}")
        assert not (tmp_path / "none").exists()

    def test_the_logs_are_sound_and_the_books_can_be_read(self, data: Path) -> None:
        audit = command("audit", "verify", "--json", "--data", data)
        books = command("ledger", "export", "--merchant", "demo", "--data", data)

        assert json.loads(audit.stdout)["sound"] is True
        assert (audit.returncode, books.returncode) == (0, 0)
        assert "1970-01-01" in books.stdout or books.stdout.startswith((";", "option"))

    def test_data_of_another_version_are_one_sentence(self, data: Path) -> None:
        home = Path(json.loads((data / "postgres/cluster.json").read_text())["home"])
        version = data / "postgres" / home / "data/PG_VERSION"
        version.write_text("16\n")
        try:
            done = command("up", "--data", data, "--port", "0")
            up = start(data)
            up.process.wait(60)
        finally:
            version.write_text("18\n")

        assert done.returncode == 2
        assert up.process.returncode == 1
        assert "was written by PostgreSQL 16, this Kacang carries 18" in up.said.read_text()
