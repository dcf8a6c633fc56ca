"""`kacang up`: one command starts everything and keeps it running (E1, L25)."""

import base64
import hmac
import json
import os
import signal
import stat
import time
from pathlib import Path

import httpx
import pytest

from tests.cli.running import (
    Up,
    command,
    descendants,
    free_port,
    is_gone,
    remove,
    start,
    wait_until,
)

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


def sold_card(running: Up) -> str:
    """Buy a card as a machine does, pay at the sandbox, and return the card's name."""
    facts = json.loads(running.ready_file.read_text())
    sku = facts["skus"][0]["id"]
    head = {"Authorization": f"Bearer {facts['api_key']}"}
    wanted = {
        "items": [{"sku_id": sku, "quantity": 1}],
        "contact": {"email": "zhao.min@example.com"},
        "provider": "sandbox",
    }
    with httpx.Client(base_url=running.base_url, headers=head, timeout=30) as client:
        placed = client.post("/api/v1/orders", json=wanted).json()
        notice = {
            "id": "evt_1",
            "payment_id": placed["payment"]["payment_id"],
            "provider_number": "sb_1",
            "amount_minor": placed["payable_minor"],
            "currency": placed["currency"],
            "status": "paid",
        }
        body = json.dumps(notice).encode()
        sent = {"webhook-id": "evt_1", "webhook-timestamp": str(int(time.time()))}
        secret = base64.b64decode(facts["sandbox"]["secret"].removeprefix("whsec_"))
        signed = ".".join(sent.values()).encode() + b"." + body
        sent["webhook-signature"] = (
            "v1," + base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()
        )
        path = f"/callbacks/payments/sandbox/{facts['sandbox']['account_id']}"
        assert client.post(path, content=body, headers=sent).json() == {"ok": True}
        asked = {"sku_id": sku, "state": "sold"}
        cards = client.get("/api/v1/cards", params=asked).json()["items"]
    return str(next(one["id"] for one in cards if one["order_number"] == placed["number"]))


class TestReady:
    def test_the_ready_file_says_all_that_a_client_needs(self, running: Up) -> None:
        facts = json.loads(running.ready_file.read_text())

        assert list(facts) == ["base_url", "merchant", "console", "api_key", "sandbox", "skus"]
        assert facts["base_url"] == running.base_url
        assert facts["merchant"] == "demo"
        assert list(facts["console"]) == ["url", "email", "password"]
        assert facts["console"]["url"] == f"{running.base_url}/console/"
        assert facts["api_key"].startswith("kc_test_")
        assert list(facts["sandbox"]) == ["account_id", "secret"]
        assert facts["sandbox"]["secret"].startswith("whsec_")
        assert len(facts["skus"]) >= 10
        assert {tuple(sku) for sku in facts["skus"]} == {("id", "title")}
        assert stat.S_IMODE(running.ready_file.stat().st_mode) == 0o600

    def test_shop_api_and_health_answer(self, running: Up) -> None:
        facts = json.loads(running.ready_file.read_text())

        assert running.get("/healthz")[0] == 200
        assert running.get("/readyz")[0] == 200
        status, page = running.get("/")
        assert (status, "视频会员" in page.decode()) == (200, True)
        key = {"Authorization": f"Bearer {facts['api_key']}"}
        status, body = running.get("/api/v1/products", **key)
        assert status == 200
        skus = {sku["id"]: sku for item in json.loads(body)["items"] for sku in item["skus"]}
        assert {sku["id"] for sku in facts["skus"]} == set(skus)
        assert all(sku["available"] for sku in skus.values())
        assert running.get("/api/v1/products")[0] == 401

    def test_figures_are_shown_to_the_operator_alone(self, running: Up) -> None:
        token = (running.data / "secrets/metrics.token").read_text()

        assert running.get("/metrics")[0] == 403
        assert running.get("/metrics", Authorization="Bearer x")[0] == 403
        status, body = running.get("/metrics", Authorization=f"Bearer {token}")
        assert status == 200
        assert body.startswith(b"# HELP ")

    def test_doctor_finds_it_healthy(self, running: Up) -> None:
        done = command("doctor", "--json", "--data", running.data)

        report = json.loads(done.stdout)
        bad = [check for check in report["checks"] if check["level"] == "bad"]
        assert (bad, report["healthy"], done.returncode) == ([], True, 0)
        levels = {check["check"]: check["level"] for check in report["checks"]}
        for check in ("data", "secrets", "database", "rights", "limits", "clock", "workers"):
            assert levels[check] == "ok", check
        assert levels["migrations"] == levels["master key"] == levels["web"] == "ok"

    def test_a_new_key_works_beside_it_and_is_kept_nowhere(self, running: Up) -> None:
        words = ["key", "create", "--merchant", "demo", "--scopes", "products:read", "--json"]
        made = json.loads(command(*words, "--data", running.data).stdout)

        key = {"Authorization": f"Bearer {made['api_key']}"}
        assert running.get("/api/v1/products", **key)[0] == 200
        assert running.get("/api/v1/orders", **key)[0] == 403
        kept = [path for path in running.data.rglob("*") if path.is_file()]
        assert not any(made["api_key"].encode() in path.read_bytes() for path in kept)

    def test_a_file_of_cards_is_loaded_and_what_is_wrong_is_said(
        self, running: Up, tmp_path: Path
    ) -> None:
        sku = json.loads(running.ready_file.read_text())["skus"][0]["id"]
        file = tmp_path / "cards.csv"
        file.write_text("卡号,密码\nTRY-1,a%0Ab<i>\nTRY-2,c d\n\nTRY-3,\nTRY-2,c d\n")
        words = ["cards", "import", file, "--sku", sku, "--data", running.data, "--json"]

        refused = command(*words, "--all-or-nothing")
        done = command(*words)
        again = command(*words)

        assert (refused.returncode, json.loads(refused.stdout)["state"]) == (1, "failed")
        told = json.loads(done.stdout)
        assert (done.returncode, told["stocked"], told["blank"]) == (0, 2, 1)
        assert told["reasons"] == {"duplicate_in_file": 1, "missing_secret": 1}
        assert json.loads(again.stdout)["stocked"] == 0

    def test_cards_are_made_by_a_pattern(self, running: Up) -> None:
        sku = json.loads(running.ready_file.read_text())["skus"][0]["id"]
        words = ["cards", "generate", "--sku", sku, "--data", running.data]

        done = command(*words, "--count", "1200", "--json")
        weak = command(*words, "--count", "50", "--pattern", "X{2}")

        assert (done.returncode, json.loads(done.stdout)["stocked"]) == (0, 1200)
        assert weak.returncode == 1
        assert "vault.weak_pattern" in weak.stderr
        assert len(weak.stderr.splitlines()) == 1

    def test_cards_are_numbered_through(self, running: Up) -> None:
        sku = json.loads(running.ready_file.read_text())["skus"][0]["id"]
        make = ("cards", "generate", "--sku", sku, "--data", running.data, "--json")
        words = (*make, "--serial", "CLI-[0096-0104/4]@", "--face-value", "50 USD")

        done = command(*words, "--fact", "Region=US")
        again = command(*words)
        odd = command(*make, "--serial", "CLI-5")

        assert (done.returncode, json.loads(done.stdout)["stocked"]) == (0, 3)
        assert again.returncode == 1
        told = json.loads(again.stdout)
        assert (told["error"], told["count"]) == ("vault.numbers_taken", 3)
        assert odd.returncode == 1
        assert "--serial CLI-5 is not understood" in odd.stderr

    def test_another_systems_shop_comes_over_once(self, running: Up, tmp_path: Path) -> None:
        dump = Path(__file__).parents[1] / "orders/dumps/acg-faka.sql"
        words = ("migrate-from", "acg-faka", dump, "--merchant", "demo", "--data", running.data)
        broken = tmp_path / "broken.sql"
        broken.write_bytes(dump.read_bytes()[:-40])

        first, second = command(*words, "--json"), command(*words, "--json")
        cut = command(*words[:2], broken, *words[3:])

        assert first.returncode == second.returncode == 0, first.stderr + second.stderr
        came, again = json.loads(first.stdout), json.loads(second.stdout)
        assert (came["products"], came["cards"], came["orders"], came["unpaid"]) == (3, 6, 2, 1)
        assert {again[key] for key in ("products", "cards", "orders")} == {0}
        assert "BBBB-2" not in first.stdout + first.stderr
        assert cut.returncode == 1
        assert "Not moved (moving.bad_file, cut_off" in cut.stderr

    def test_what_to_buy_is_told_and_written(self, running: Up, tmp_path: Path) -> None:
        mine: list[str | Path] = ["--merchant", "demo", "--data", running.data]
        file = tmp_path / "list.xlsx"

        told = command("stock", "purchase-list", *mine, "--span", "30", "--json")
        written = command("stock", "purchase-list", *mine, "--xlsx", file)
        wrong = command("stock", "purchase-list", *mine, "--span", "9")

        skus = {one["id"] for one in json.loads(running.ready_file.read_text())["skus"]}
        items = json.loads(told.stdout)["items"]
        assert {one["sku_id"] for one in items} == skus
        assert all(one["amount_minor"] == one["to_buy"] * one["unit_cost_minor"] for one in items)
        assert (written.returncode, file.read_bytes()[:2]) == (0, b"PK"), written.stderr
        assert (wrong.returncode, wrong.stderr) == (1, "--span is 7 or 30.\n")

    def test_a_batch_is_counted_changed_and_taken_back(self, running: Up) -> None:
        sku = json.loads(running.ready_file.read_text())["skus"][0]["id"]
        mine: list[str | Path] = ["--merchant", "demo", "--data", running.data]
        made = command(
            "cards", "generate", "--sku", sku, "--data", running.data, "--count", "50", "--json"
        )
        batch = json.loads(made.stdout)["batch"]

        def count() -> dict[str, int]:
            told = command("cards", "stock", *mine, "--json")
            items = json.loads(told.stdout)["items"]
            return next(one for one in items if one["sku_id"] == sku)

        before = count()
        change = command("cards", "change", "freeze", batch, *mine, "--reason", "recall", "--json")
        frozen = count()
        back = command("cards", "change", "unfreeze", batch, *mine, "--reason", "checked")
        gone = command("cards", "undo", batch, *mine)
        again = command("cards", "undo", batch, *mine)
        nobody = command("cards", "stock", "--merchant", "nobody", "--data", running.data)

        assert (change.returncode, json.loads(change.stdout)["changed"]) == (0, 50), change.stderr
        assert frozen["frozen"] - before["frozen"] == 50
        assert before["available"] - frozen["available"] == 50
        assert back.stdout == "50 cards changed, 0 stayed.\n", back.stderr
        assert gone.stdout == "50 cards are taken back.\n", gone.stderr
        assert count()["available"] == before["available"] - 50
        assert (again.returncode, len(again.stderr.splitlines())) == (1, 1)
        assert (nobody.returncode, len(nobody.stderr.splitlines())) == (1, 1)

    def test_the_card_of_a_buyer_is_replaced(self, running: Up) -> None:
        words = ("cards", "replace", "--merchant", "demo", "--data", running.data)
        because = ("--reason", "recall")
        card = sold_card(running)

        nothing = command(*words, *because)
        done = command(*words, *because, "--card", card, "--json")
        again = command(*words, *because, "--card", card)

        assert (nothing.returncode, len(nothing.stderr.splitlines())) == (1, 1)
        told = json.loads(done.stdout)
        assert (done.returncode, told["state"], told["replaced"]) == (0, "done", 1), done.stderr
        assert (again.returncode, len(again.stderr.splitlines())) == (1, 1)

    def test_logs_hold_no_secret(self, running: Up) -> None:
        secrets = [path.read_text() for path in (running.data / "secrets").glob("*.*")]
        facts = json.loads((running.data / "secrets/first-run.json").read_text())
        demo = facts["merchants"]["demo"]
        secrets += [facts["password"], demo["api_key"], demo["sandbox"]["secret"]]
        passwords = running.data / "postgres/passwords"
        secrets += [path.read_text() for path in passwords.iterdir()]
        logs = [*(running.data / "logs").iterdir(), running.data / "postgres/postgres.log"]

        said = b"".join(path.read_bytes() for path in logs)
        assert len(secrets) >= 10
        assert not any(secret.encode() in said for secret in secrets)

    def test_no_command_line_holds_a_secret(self, running: Up) -> None:
        passwords = running.data / "postgres/passwords"
        secrets = [path.read_text() for path in passwords.iterdir()]
        secrets += [path.read_text() for path in (running.data / "secrets").glob("*.key")]

        lines = " ".join(descendants(running.process.pid).values())
        assert not any(secret in lines for secret in secrets)


class TestParts:
    @pytest.mark.parametrize("part", ["main web", "main worker --queue money", "main schedule"])
    def test_a_killed_part_comes_back(self, running: Up, part: str) -> None:
        killed = running.part(part)
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: is_gone(killed))

        wait_until(lambda: any(part in line for line in descendants(running.process.pid).values()))
        wait_until(lambda: running.get("/readyz")[0] == 200)

        assert "was ended by SIGKILL; starting it again" in running.said.read_text()

    def test_a_killed_web_worker_comes_back(self, running: Up) -> None:
        server = running.part("main web")
        (worker,) = descendants(server)
        os.kill(worker, signal.SIGKILL)

        wait_until(lambda: bool(set(descendants(server)) - {worker}))
        wait_until(lambda: running.get("/readyz")[0] == 200)

        assert not is_gone(server)

    def test_a_killed_database_comes_back_and_everybody_finds_it(self, running: Up) -> None:
        os.kill(running.part("bin/postgres -D"), signal.SIGKILL)

        wait_until(lambda: "The database ended" in running.said.read_text())
        wait_until(lambda: running.get("/")[0] == 200)

        done = command("doctor", "--json", "--data", running.data)
        wait_until(lambda: command("doctor", "--data", running.data).returncode == 0, 60)
        assert "healthy" in done.stdout


class TestSideBySide:
    def test_a_second_one_on_the_same_data_is_told_where_the_first_is(self, running: Up) -> None:
        port, ready = str(free_port()), str(running.ready_file)
        done = command("up", "--data", running.data, "--port", port, "--ready-file", ready)

        assert done.returncode == 1
        assert done.stderr.strip() == (
            f"Kacang already runs on {running.data} at {running.base_url}."
        )
        assert running.get("/readyz")[0] == 200
        assert running.ready_file.exists()

    def test_a_busy_port_is_one_sentence_and_makes_nothing(
        self, running: Up, tmp_path: Path
    ) -> None:
        done = command("up", "--data", tmp_path / "new", "--port", str(running.port))

        assert done.returncode == 1
        assert done.stderr.strip() == (
            f"Port {running.port} is already in use; choose another with --port."
        )
        assert not (tmp_path / "new").exists()

    def test_a_web_server_alone_does_not_share_a_port_either(self, running: Up) -> None:
        done = command("web", "--data", running.data, "--port", str(running.port))

        assert done.returncode == 1
        assert done.stderr.strip() == (
            f"Port {running.port} is already in use; choose another with --port."
        )

    def test_another_installation_runs_beside_it(self, running: Up, tmp_path: Path) -> None:
        other = start(tmp_path / "other")
        try:
            facts = other.ready()
            key = {"Authorization": f"Bearer {facts['api_key']}"}
            mine = json.loads(running.ready_file.read_text())

            assert facts["merchant"] == "shop"
            assert facts["api_key"].startswith("kc_live_")
            assert (facts["sandbox"], facts["skus"]) == (None, [])
            assert facts["console"]["password"] != mine["console"]["password"]
            assert running.get("/api/v1/products", **key)[0] == 401
            assert other.stop() == 0
            assert running.get("/readyz")[0] == 200
        finally:
            remove(other.data)
