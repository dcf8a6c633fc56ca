"""Whatever the document allows, and much that it does not, sent to a real server (schemathesis)."""

import json
import re
import subprocess
import sys
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from kacang.customers import operations as customers
from kacang.customers import queries as customer_list
from kacang.customers.operations import ConsentWay
from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations import change_settings
from kacang.shared.contacts import Contact
from kacang.vault import operations as vault
from kacang.web.api.urls import DOCUMENT
from tests import make
from tests.aftersales.cases import Sold, jpeg, picture
from tests.orders.looking import settle
from tests.orders.test_replacing import given
from tests.orders.test_shipping import Sender
from tests.web.api.conftest import Shop
from tests.web.api.serving import served

SEED = "20261123"
EXAMPLES = "25"
SECONDS = 240
PARAMETER = re.compile(r"\{(\w+)\}")
# Checks take these for what they should be: limits, stock and state are not in the form.
CONFIG = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "401", "403", "404", "409", "422", "429"]
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "406", "413", "415", "422", "429"]
[checks.missing_required_header]
expected-statuses = ["401", "403", "422"]
"""

OWNER = Contact(email="owner@example.com")
SENT = {"courier": "sf", "tracking_number": "SF1234567890123"}


@pytest.mark.slow
def test_schemathesis_finds_nothing(database, shop, tmp_path):
    number = shop.sell(2)
    sold = [unit.card_uid for unit in given(shop.made, number)]
    # One is cancelled on the way; the other can still be paid then.
    waiting, payable = (shop.place().json["number"] for _ in range(2))
    job = shop.api.post("/cards/generate", {"sku_id": shop.sku, "count": 1}).json["id"]
    product = shop.api.get("/products").json["items"][0]["id"]
    # One is taken back on the way; the other's cards are changed.
    batch, changed = fresh_batch(shop, "FRESH"), fresh_batch(shop, "CHANGED")
    first_code, second_code = redeem_codes(shop)
    sendable = goods_order(shop)
    talked, decided, file = some_cases(shop)
    customer, (wallet, frozen) = a_customer(shop), a_wallet(shop)
    webhook = shop.api.post("/webhooks", {"url": "https://erp.example.com/"}).json["id"]
    written, config = tmp_path / "openapi.json", tmp_path / "schemathesis.toml"
    with served(database, tmp_path) as address:
        document = json.loads(json.dumps(DOCUMENT))
        # What exists, so that more is tried than what does not.
        name_examples(document, {"number": [number, waiting], "job_id": [job],
                                 "webhook_id": [webhook], "product_id": [product],
                                 "batch_id": [batch], "case_id": [talked], "file_id": [file],
                                 "customer_id": [customer],
                                 "wallet_id": [wallet], "freeze_id": [frozen]},
                      shop.sku)  # fmt: skip
        for path, value in (
            ("changes", {"change": "faulty", "reason": "test", "batch_id": changed}),
            ("replacements", {"reason": "test", "card_ids": sold}),
        ):
            body = document["paths"][f"/api/v1/cards/{path}"]["post"]["requestBody"]["content"]
            body["application/json"]["examples"] = {"e0": {"value": value}}
        opens = document["paths"]["/api/v1/orders/{number}/payments"]
        name_examples({"paths": {"": opens}, "components": {"schemas": {}}},
                      {"number": [payable]}, shop.sku)  # fmt: skip
        redemption = document["components"]["schemas"]["RedemptionIn"]
        redemption["properties"]["code"]["examples"] = [first_code]
        head = {"Authorization": f"Bearer {shop.api.key}"}
        come_through(f"{address}/api/v1", head, shop.sku, sendable, second_code)
        use_wallet(f"{address}/api/v1", head, wallet, make.order(shop.made, contact=OWNER).number)
        talk(f"{address}/api/v1", head, shop.sell(1), (talked, decided), customer)
        written.write_text(json.dumps(document))
        config.write_text(CONFIG)

        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config)),
                *("run", str(written), "--url", address),
                *("--checks", "all", "--phases", "examples,coverage,fuzzing"),
                *("--seed", SEED, "--max-examples", EXAMPLES, "--continue-on-failure"),
                *("--generation-database", "none", "--suppress-health-check", "all"),
                *("--header", f"Authorization: Bearer {shop.api.key}", "--warnings", "off"),
                *("--request-timeout", "20", "--workers", "1", "--no-color"),
            ],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            cwd=tmp_path,
            check=False,
        )
        # What is sent at random may have changed the batch before it was to be taken back.
        untouched = fresh_batch(shop, "UNTOUCHED")
        httpx.post(f"{address}/api/v1/batches/{untouched}/undo", headers=head, timeout=20)
        answered = succeeded(httpx.get(f"{address}/metrics").text)

    total = sum(map(len, document["paths"].values()))
    assert f"Selected: {total}/{total}" in done.stdout
    assert f"Tested: {total}" in done.stdout
    # None was only ever refused: what was sent came through to the rooms.
    assert documented(document) - answered == set()
    assert done.returncode == 0, f"{done.stdout[-12000:]}\n{done.stderr[-2000:]}"
    assert '"api.failed"' not in (tmp_path / "web.log").read_text()


def come_through(api: str, head: dict[str, str], sku: str, sendable: str, code: str) -> None:
    """Do what chance hardly finds: random codes are none, and soon there were too many."""
    for path, body in (
        ("redemptions", {"code": code}),
        # An order of goods can be sent once.
        (f"orders/{sendable}/shipments", SENT),
        # How many are made at random is often more than a job may make.
        ("cards/generate", {"sku_id": sku, "count": 1}),
    ):
        answer = httpx.post(f"{api}/{path}", headers=head, json=body, timeout=20)
        assert answer.is_success, answer.text


def some_cases(shop: Shop) -> tuple[str, str, str]:
    """A case to talk in, one to decide, and a picture in the first."""
    made = make.sku(shop.merchant, cards=4)
    sold = Sold(shop.merchant, 2, made=made, account=shop.account)
    talked, decided = sold.open(files=[picture()]), sold.open(places=sold.places[1:])
    return talked, decided, sold.view(talked).messages[0].files[0].uid


def talk(
    api: str, head: dict[str, str], number: str, cases: tuple[str, str], customer: str
) -> None:
    """Do what chance hardly finds: units that exist, a real picture, notes before forgetting."""
    talked, decided = cases
    unit = {"line": 1, "unit": 1}
    sent: list[tuple[str, dict[str, Any]]] = [
        (f"orders/{number}/cases", {"json": {"units": [unit], "text": "x"}}),
        (f"cases/{talked}/files", {"data": {"text": "x"}, "files": {"file": ("a.jpg", jpeg())}}),
        (f"cases/{decided}/decision", {"json": {"decision": "reject", "reason": "x"}}),
        (f"customers/{customer}", {"json": {"name": "林小满"}}),
        (f"customers/{customer}/notes", {"json": {"text": "x"}}),
        (f"customers/{customer}/notices", {"json": {"refused": ["order.shipped"]}}),
        (f"customers/{customer}/openid", {"json": {"openid": "oGZUI0egBJY1zhBYw2Kh"}}),
        (f"orders/{number}/openid", {"json": {"openid": "oGZUI0egBJY1zhBYw2Kh"}}),
    ]
    for path, body in sent:
        answer = httpx.post(f"{api}/{path}", headers=head, timeout=20, **body)
        assert answer.is_success, answer.text
    for path in (f"customers/{customer}/openid", f"orders/{number}/openid"):
        answer = httpx.delete(f"{api}/{path}", headers=head, timeout=20)
        assert answer.is_success, answer.text


def a_customer(shop: Shop) -> str:
    """Somebody who agreed to be remembered."""
    row = customers.gather(
        merchant_id=shop.merchant, contact=Contact("lin@example.com"), way=ConsentWay.STAFF
    )
    return customer_list.uids_of(merchant_id=shop.merchant, ids=[row])[row][0]


def a_wallet(shop: Shop) -> tuple[str, str]:
    """A customer's wallet with money in it, and a sum of that which is frozen."""
    change_settings(merchant_id=shop.merchant, values={"deposits": True}, actor=SYSTEM)
    make.balance_account(shop.merchant)
    wallet = make.wallet(shop.merchant, 500_000, contact=OWNER.email)
    body = {"amount_minor": 100, "reason": "x"}
    return wallet, shop.api.post(f"/wallets/{wallet}/freezes", body).json["id"]


def use_wallet(api: str, head: dict[str, str], wallet: str, number: str) -> None:
    """Do with a wallet what chance hardly finds: its owner's order, and sums that there are."""
    sent: list[tuple[str, dict[str, Any]]] = [
        ("wallets", {"contact": {"email": OWNER.email}}),
        (f"wallets/{wallet}/deposits", {"amount_minor": 10_000}),
        (f"wallets/{wallet}/payments", {"order_number": number}),
        (f"wallets/{wallet}/freezes", {"amount_minor": 1, "reason": "x"}),
    ]
    for path, body in sent:
        answer = httpx.post(f"{api}/{path}", headers=head, json=body, timeout=20)
        assert answer.is_success, answer.text


def goods_order(shop: Shop) -> str:
    """A paid order of goods that are in the house."""
    sender = Sender(shop.merchant, shop.account)
    sku = sender.stock.goods()
    sender.stock.received(sku, 5)
    return str(sender.paid((sku, 3)).number)


def redeem_codes(shop: Shop) -> list[str]:
    """Two redeem codes that were sold, for what nobody else buys."""
    codes = make.redeem_codes(make.sku(shop.merchant, cards=3), cards=2)
    placed = make.order(codes, 2)
    settle(shop.account, make.notice(placed))
    items = shop.api.get(f"/orders/{placed.number}/deliveries").json["items"]
    return [item["secret"] for item in items]


def fresh_batch(shop: Shop, code: str) -> str:
    """A batch that can still be undone."""
    lines = {"sku_id": shop.sku, "lines": [f"{code}-1", f"{code}-2"]}
    job = shop.api.post("/cards/import", lines).json["id"]
    vault.run_import(merchant_id=shop.merchant, work_uid=job)
    return str(shop.api.get(f"/jobs/{job}").json["result"]["batch"])


def documented(document: dict[str, Any]) -> set[tuple[str, str]]:
    """Method and address of every operation, as the figures name them."""
    return {
        (method.upper(), PARAMETER.sub(r"<\1>", path.removeprefix("/")))
        for path, operations in document["paths"].items()
        for method in operations
    }


def succeeded(figures: str) -> set[tuple[str, str]]:
    """Method and address of what was answered by 2xx at least once."""
    return {
        (sample.labels["method"], sample.labels["route"])
        for family in text_string_to_metric_families(figures)
        for sample in family.samples
        if sample.name == "kacang_request_seconds_count"
        and sample.labels["status"].startswith("2")
        and sample.value
    }


def name_examples(document: dict[str, Any], paths: dict[str, list[str]], sku: str) -> None:
    """Put ids that exist into the document as examples."""
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation["parameters"]:
                if found := paths.get(parameter["name"]):
                    parameter["examples"] = {
                        f"e{at}": {"value": value} for at, value in enumerate(found)
                    }
    schemas = document["components"]["schemas"]
    if "PaymentIn" in schemas:
        schemas["PaymentIn"]["properties"]["provider"]["examples"] = ["sandbox"]
    for name, schema in schemas.items():
        if name.endswith("In") and "sku_id" in schema["properties"]:
            schema["properties"]["sku_id"]["examples"] = [sku]
