"""`kacang up --demo --simulators`: a demo shop that is paid at simulated companies (P1, P3)."""

import json
import os
import signal
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.running import Up, command, is_gone, remove, start, wait_until

pytestmark = pytest.mark.slow
COMPANIES = ("wechatpay", "alipay", "stripe", "epay", "epusdt", "btcpay")


@pytest.fixture
def folder(tmp_path: Path):
    yield tmp_path / "data"
    remove(tmp_path / "data")


def call(up: Up, facts: dict[str, Any], path: str, said: dict[str, Any] | None = None) -> Any:
    head = {"Authorization": f"Bearer {facts['api_key']}"}
    url = f"{up.base_url}/api/v1/{path}"
    if said is None:
        answer = httpx.get(url, headers=head, timeout=20)
    else:
        answer = httpx.post(url, headers=head, json=said, timeout=20)
    assert answer.status_code < 300, answer.text
    return answer.json()


def pay(up: Up, facts: dict[str, Any], provider: str, deed: str = "pay") -> str:
    """Buy something, and pay at the company's page as a person would; return the order's number."""
    wish = {
        "items": [{"sku_id": facts["skus"][0]["id"], "quantity": 1}],
        "contact": {"email": "lin@example.com", "phone": "13826042716"},
    }
    number = str(call(up, facts, "orders", wish)["number"])
    opened = call(up, facts, f"orders/{number}/payments", {"provider": provider})
    page = opened["pay_url"] or opened["qr_content"]
    with httpx.Client(follow_redirects=True, timeout=20) as browser:
        shown = browser.get(page)
        assert shown.status_code == 200, shown.text
        assert browser.post(shown.url, data={"deed": deed}).status_code < 400
    return number


def is_delivered(up: Up, facts: dict[str, Any], number: str) -> bool:
    return bool(call(up, facts, f"orders/{number}")["state"] == "delivered")


def is_texted(folder: Path, number: str) -> bool:
    """Whether the simulated company has a text to the buyer's phone, reported as arrived."""
    (company, *_others) = json.loads((folder / "simulators/texts/senders.json").read_text())
    texts = httpx.get(f"{company['endpoint']}messages.json", trust_env=False).json()
    arrived = [one["text"] for one in texts if one["state"] == "arrived"]
    return any(number in text and "已发货" in text for text in arrived)


def test_a_person_pays_at_every_company_and_is_served(folder):
    up = start(folder, "--demo", "--simulators")
    try:
        facts = up.ready()
        numbers = {name: pay(up, facts, name) for name in COMPANIES}
        numbers["lost"] = pay(up, facts, "alipay", "lose")
        for number in numbers.values():
            wait_until(partial(is_delivered, up, facts, number), 70)
        wait_until(partial(is_texted, folder, numbers["wechatpay"]), 40)
        simulators = up.part("simulators.payments")
        os.kill(simulators, signal.SIGKILL)
        wait_until(lambda: is_gone(simulators))
        # It comes back under the same address, with the same keys.
        wait_until(lambda: _answers(up, facts))
    finally:
        assert up.stop() == 0
    assert is_gone(simulators)


def _answers(up: Up, facts: dict[str, Any]) -> bool:
    try:
        return bool(pay(up, facts, "alipay"))
    except (AssertionError, httpx.HTTPError):
        return False


def test_only_a_demo_has_them(tmp_path):
    done = command("up", "--simulators", "--data", tmp_path / "data")

    assert done.returncode == 1
    assert done.stderr.startswith("--simulators goes with --demo")
    assert not (tmp_path / "data").exists()
