"""`kacang up` beside another database, cut off in its first run, and as an ordinary user (E1)."""

import contextlib
import json
import os
import shutil
import signal
import stat
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from kacang.embedded import APP, OWNER, throw_away
from tests.cli.running import (
    command,
    descendants,
    free_port,
    remove,
    start,
    wait_until,
)
from tests.embedded.people import a_person, packages, python_for

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.slow


class TestExternalDatabase:
    def test_is_used_when_it_is_named_and_migrations_are_the_owners(self, tmp_path: Path) -> None:
        folder = tmp_path / "data"
        with throw_away() as cluster:
            named = {"DATABASE_URL": cluster.dsn(APP), "KACANG_OWNER_URL": cluster.dsn(OWNER)}
            up = start(folder, settings=named)
            try:
                facts = up.ready()
                status = up.get("/readyz")[0]
                doctor = command("doctor", "--data", folder, **named)
                key = command("key", "create", "--merchant", "shop", "--data", folder, **named)
                lost = command("key", "create", "--merchant", "shop", "--data", folder)
                lines = [
                    Path(f"/proc/{number}/environ").read_bytes()
                    for number, line in descendants(up.process.pid).items()
                    if "kacang.cli.main" in line
                ]
            finally:
                code = up.stop()

        assert (status, facts["merchant"], code) == (200, "shop", 0)
        assert doctor.returncode == 0, doctor.stdout
        assert key.stdout.startswith("kc_live_")
        assert lost.returncode == 1
        assert lost.stderr.strip().endswith("uses an external database: set DATABASE_URL.")
        assert not (folder / "postgres").exists()
        assert len(lines) >= 4
        assert not any(b"KACANG_OWNER_URL" in line for line in lines)

    def test_one_that_does_not_answer_is_one_sentence(self, tmp_path: Path) -> None:
        folder = tmp_path / "data"
        url = f"postgresql://kacang_app:SECRET-4711@127.0.0.1:{free_port()}/kacang"
        up = start(folder, settings={"DATABASE_URL": url})
        other = command("migrate", DATABASE_URL=url)

        assert (up.process.wait(60), other.returncode) == (1, 1)
        for said in (up.said.read_text().splitlines()[-1], other.stderr.strip()):
            assert said.startswith("The database cannot be used: connection failed: ")
            assert said.endswith("Connection refused")
            assert "SECRET-4711" not in said


class TestFirstRun:
    def test_a_demo_shop_that_was_cut_off_is_completed_not_doubled(self, tmp_path: Path) -> None:
        data = tmp_path / "data"
        notes = data / "secrets/first-run.json"
        up = start(data, "--demo")
        wait_until(lambda: notes.exists() and "sku game-100" in notes.read_text())
        for number in (up.process.pid, *descendants(up.process.pid)):
            # Whose parent has gone may end by itself meanwhile.
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        up.process.wait()

        again = start(data, "--demo")
        try:
            facts = again.ready()
            key = {"Authorization": f"Bearer {facts['api_key']}"}
            products = json.loads(again.get("/api/v1/products", **key)[1])["items"]
            assert again.stop() == 0
        finally:
            remove(data)

        goods = json.loads((ROOT / "src/kacang/cli/inside/demo.json").read_text())["products"]
        told = json.loads((ROOT / "src/kacang/cli/inside/demo_history.json").read_text())
        sold = Counter[str]()
        for order in told["orders"]:
            sold.update(dict(order["items"]))
        wanted = [sku["cards"] - sold[sku["key"]] for product in goods for sku in product["skus"]]
        assert len(products) == len(goods)
        assert len(facts["skus"]) == len(wanted)
        found = [sku["available"] for product in products for sku in product["skus"]]
        assert sorted(found) == sorted(wanted)


class TestOrdinaryUser:
    def test_runs_everything_in_a_closed_home_and_widens_nothing(self) -> None:
        with a_person() as person:
            python = python_for(person)
            shutil.copytree(ROOT / "src/kacang", person.home / "src/kacang")
            person.owns_home()
            before = person.home.stat().st_mode
            data, ready, port = person.home / "data", person.home / "ready", free_port()
            up = subprocess.Popen(
                person.command(
                    python, "-P", "-m", "kacang.cli.main", "up", "--data", data,
                    "--port", str(port), "--workers", "1", "--ready-file", ready,
                ),
                cwd=person.home,
                env=person.environment(person.home / "src", packages()),
                stdout=subprocess.PIPE,
                text=True,
            )  # fmt: skip
            try:
                wait_until(lambda: ready.exists() or up.poll() is not None)
                assert ready.exists(), up.communicate()[0]
                owners = {path.stat().st_uid for path in (data, *data.rglob("*"))}
                commands = list(descendants(up.pid).values())
            finally:
                up.terminate()
                up.communicate()

            assert up.returncode == 0
            assert owners == {data.stat().st_uid}
            assert owners != {0}
            assert any(str(data / "postgres/data") in line for line in commands)
            assert (before, stat.S_IMODE(before)) == (person.home.stat().st_mode, 0o700)
