"""Who may call what: keys, scopes, addresses, expiry, rate (J1); and never another's rows."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from kacang.merchants import operations as merchants
from kacang.merchants.audit import SYSTEM
from kacang.merchants.models import ApiKey
from kacang.merchants.permissions import SCOPES
from kacang.merchants.tenancy import acting_as
from kacang.web.api.rates import Buckets
from kacang.web.api.urls import DOCUMENT
from tests import make
from tests.aftersales.cases import jpeg
from tests.web.api.calling import Api, order_body
from tests.web.api.conftest import new_key

UNKNOWN_NUMBER = "202601010000000000"
# Every operation: the scope it wants, how it is called, and what a key with the scope gets
# when nothing it names exists.
OPENID = {"openid": "o6_bmjrPTlm6_2sgVt7hMZOPfL2M"}
CALLS: dict[str, tuple[Any, ...]] = {
    "list_products": ("products:read", "GET", "/products", None, 200),
    "read_product": ("products:read", "GET", "/products/prd_none", None, 404),
    "list_stock": ("products:read", "GET", "/stock", None, 200),
    "place_order": ("orders:write", "POST", "/orders", order_body("sku_none"), 404),
    "list_orders": ("orders:read", "GET", "/orders", None, 200),
    "list_stores": ("orders:read", "GET", "/stores", None, 200),
    "read_order": ("orders:read", "GET", f"/orders/{UNKNOWN_NUMBER}", None, 404),
    "open_payment": (
        "orders:write",
        "POST",
        f"/orders/{UNKNOWN_NUMBER}/payments",
        {"provider": "sandbox"},
        404,
    ),
    "read_deliveries": ("secrets:read", "GET", f"/orders/{UNKNOWN_NUMBER}/deliveries", None, 404),
    "cancel_order": ("orders:write", "POST", f"/orders/{UNKNOWN_NUMBER}/cancel", {}, 404),
    "import_cards": (
        "cards:write",
        "POST",
        "/cards/import",
        {"sku_id": "sku_none", "lines": ["a"]},
        404,
    ),
    "generate_cards": (
        "cards:write",
        "POST",
        "/cards/generate",
        {"sku_id": "sku_none", "count": 1},
        404,
    ),
    "list_batches": ("cards:read", "GET", "/batches", None, 200),
    "read_batch": ("cards:read", "GET", "/batches/bat_none", None, 404),
    "list_cards": ("cards:read", "GET", "/cards?batch_id=bat_none", None, 404),
    "undo_batch": ("cards:write", "POST", "/batches/bat_none/undo", None, 404),
    "change_cards": (
        "cards:write",
        "POST",
        "/cards/changes",
        {"change": "freeze", "reason": "x", "batch_id": "bat_none"},
        404,
    ),
    "replace_cards": (
        "cards:write orders:write",
        "POST",
        "/cards/replacements",
        {"reason": "x", "batch_id": "bat_none"},
        404,
    ),
    "ask_for_refund": (
        "refunds:write",
        "POST",
        f"/orders/{UNKNOWN_NUMBER}/refunds",
        {"reason": "x"},
        404,
    ),
    "ship_order": (
        "orders:write",
        "POST",
        f"/orders/{UNKNOWN_NUMBER}/shipments",
        {"courier": "sf", "tracking_number": "SF1234567890123"},
        404,
    ),
    "list_shipments": ("orders:read", "GET", f"/orders/{UNKNOWN_NUMBER}/shipments", None, 404),
    "list_refunds": ("orders:read", "GET", f"/orders/{UNKNOWN_NUMBER}/refunds", None, 404),
    "redeem_code": ("redemptions:write", "POST", "/redemptions", {"code": "none"}, 422),
    "read_job": ("jobs:read", "GET", "/jobs/job_none", None, 404),
    "list_cases": ("cases:read", "GET", "/cases", None, 200),
    "read_case": ("cases:read", "GET", "/cases/case_none", None, 404),
    "read_case_file": ("cases:read", "GET", "/cases/case_none/files/fil_none", None, 404),
    "open_case": (
        "cases:write",
        "POST",
        f"/orders/{UNKNOWN_NUMBER}/cases",
        {"units": [{"line": 1, "unit": 1}], "text": "x"},
        404,
    ),
    "write_in_case": ("cases:write", "POST", "/cases/case_none/messages", {"text": "x"}, 404),
    "show_in_case": ("cases:write", "UPLOAD", "/cases/case_none/files", {"text": "x"}, 404),
    "decide_case": (
        "cases:decide",
        "POST",
        "/cases/case_none/decision",
        {"decision": "reject", "reason": "x"},
        404,
    ),
    "list_customers": ("customers:read", "GET", "/customers", None, 200),
    "list_customer_levels": ("customers:read", "GET", "/customer-levels", None, 200),
    "read_customer": ("customers:read", "GET", "/customers/cus_none", None, 404),
    "note_customer": ("customers:write", "POST", "/customers/cus_none/notes", {"text": "x"}, 404),
    "change_customer": ("customers:write", "POST", "/customers/cus_none", {"name": "x"}, 404),
    "forget_customer": ("customers:write", "DELETE", "/customers/cus_none", None, 404),
    "list_customer_tags": ("customers:read", "GET", "/customer-tags", None, 200),
    "make_customer_tag": ("customers:write", "POST", "/customer-tags", {"name": "x"}, 201),
    "tag_customer": ("customers:write", "POST", "/customers/cus_none/tags", {}, 404),
    "set_customer_openid": ("customers:write", "POST", "/customers/cus_none/openid", OPENID, 404),
    "drop_customer_openid": ("customers:write", "DELETE", "/customers/cus_none/openid", None, 404),
    "read_customer_notices": ("customers:read", "GET", "/customers/cus_none/notices", None, 404),
    "choose_customer_notices": (
        "customers:write",
        "POST",
        "/customers/cus_none/notices",
        {"refused": []},
        404,
    ),
    "set_order_openid": ("orders:write", "POST", f"/orders/{UNKNOWN_NUMBER}/openid", OPENID, 404),
    "drop_order_openid": ("orders:write", "DELETE", f"/orders/{UNKNOWN_NUMBER}/openid", None, 404),
    "list_wallets": ("wallets:read", "GET", "/wallets", None, 200),
    "open_wallet": ("wallets:write", "POST", "/wallets", {"contact": {"email": "x"}}, 422),
    "read_wallet": ("wallets:read", "GET", "/wallets/wal_none", None, 404),
    "list_wallet_entries": ("wallets:read", "GET", "/wallets/wal_none/entries", None, 404),
    "place_deposit": (
        "wallets:write",
        "POST",
        "/wallets/wal_none/deposits",
        {"amount_minor": 1},
        404,
    ),
    "pay_from_wallet": (
        "wallets:pay",
        "POST",
        "/wallets/wal_none/payments",
        {"order_number": UNKNOWN_NUMBER},
        404,
    ),
    "freeze_wallet": (
        "wallets:write",
        "POST",
        "/wallets/wal_none/freezes",
        {"amount_minor": 1, "reason": "x"},
        404,
    ),
    "unfreeze_wallet": (
        "wallets:write",
        "POST",
        "/wallets/wal_none/freezes/frz_none/release",
        None,
        404,
    ),
    "create_webhook": ("webhooks:write", "POST", "/webhooks", {"url": "http://x/"}, 422),
    "list_webhooks": ("webhooks:read", "GET", "/webhooks", None, 200),
    "delete_webhook": ("webhooks:write", "DELETE", "/webhooks/whe_none", None, 404),
}


def call(api: Api, name: str):
    _, method, path, body, _ = CALLS[name]
    if method == "POST":
        return api.post(path, body)
    if method == "UPLOAD":
        return api.upload(path, "a.jpg", jpeg(), text="x")
    return api.call(method, path)


def test_every_operation_of_the_document_is_in_the_table():
    documented = {
        operation["operationId"]
        for operations in DOCUMENT["paths"].values()
        for operation in operations.values()
    }

    assert documented == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
class TestScopes:
    def test_lets_the_scope_through(self, name, key_for, merchant):
        scopes, *_, expected = CALLS[name]
        make.account(merchant)

        assert call(key_for(*scopes.split()), name).status == expected

    def test_refuses_all_other_scopes_together(self, name, key_for):
        for scope in CALLS[name][0].split():
            others = [one for one in SCOPES if one != scope]

            answer = call(key_for(*others), name)

            assert (answer.status, answer.code) == (403, "keys.scope")

    def test_refuses_without_a_key(self, name):
        answer = call(Api(), name)

        assert (answer.status, answer.code) == (401, "keys.refused")
        assert answer.headers["www-authenticate"] == 'Bearer realm="kacang"'


class TestKey:
    @pytest.mark.parametrize(
        "header",
        ["", "Bearer", "Bearer ", "Basic a2M6eA==", "Bearer kc_test_short", "Bearer é\x00"],
    )
    def test_refuses_what_is_no_key(self, header):
        answer = Api(headers={"authorization": header}).get("/products")

        assert (answer.status, answer.code) == (401, "keys.refused")

    def test_refuses_a_key_that_was_revoked(self, shop):
        with acting_as(shop.merchant):
            uid = ApiKey.objects.get(merchant_id=shop.merchant).uid
        assert shop.api.get("/products").status == 200

        merchants.revoke_key(merchant_id=shop.merchant, uid=uid, actor=SYSTEM)

        assert shop.api.get("/products").status == 401

    def test_refuses_a_key_that_has_expired(self, merchant):
        soon = datetime.now(UTC) + timedelta(hours=1)
        api = Api(new_key(merchant, "products:read", expires_at=soon))
        assert api.get("/products").status == 200

        with acting_as(merchant):
            ApiKey.objects.filter(merchant_id=merchant).update(expires_at=soon - timedelta(hours=2))
        merchants.forget_cached_keys()

        assert api.get("/products").status == 401

    def test_counts_at_its_addresses_only(self, merchant):
        key = new_key(merchant, "products:read", addresses=("198.51.100.0/24",))

        assert Api(key, address="198.51.100.9").get("/products").status == 200
        assert Api(key, address="192.0.2.7").get("/products").status == 401

    def test_believes_no_forwarded_address_of_a_stranger(self, merchant):
        key = new_key(merchant, "products:read", addresses=("198.51.100.0/24",))
        api = Api(key, headers={"x_forwarded_for": "198.51.100.9"})

        assert api.get("/products").status == 401

    def test_is_kept_as_a_hash_only(self, shop):
        with connection.cursor() as cursor:
            cursor.execute(
                "select count(*) from api_key_of_hash(%s::bytea)",
                [hashlib.sha256(shop.api.key.encode()).digest()],
            )
            assert cursor.fetchone() == (1,)


class TestRate:
    def test_refuses_with_429_and_says_when_to_come_again(self, merchant):
        api = Api(new_key(merchant, "products:read", rate_per_minute=2))
        assert [api.get("/products").status for _ in range(2)] == [200, 200]

        answer = api.get("/products")

        assert (answer.status, answer.code) == (429, "api.too_fast")
        assert 1 <= int(answer.headers["retry-after"]) <= 31

    def test_fills_evenly(self):
        buckets = Buckets()

        assert [buckets.take(1, 60, 0.0) for _ in range(60)] == [0.0] * 60
        assert buckets.take(1, 60, 0.0) == pytest.approx(1.0)
        assert buckets.take(1, 60, 1.0) == 0.0
        assert buckets.take(1, 60, 1.25) == pytest.approx(0.75)

    def test_counts_each_key_by_itself(self):
        buckets = Buckets()
        buckets.take(1, 1, 0.0)

        assert buckets.take(1, 1, 0.0) > 0
        assert buckets.take(2, 1, 0.0) == 0.0


class TestOtherMerchants:
    """A key never reads or moves another merchant's row, whatever ids it names (I2)."""

    def test_gets_the_same_404_as_for_what_does_not_exist(self, shop, other_shop):
        number = shop.sell()
        waiting = shop.place().json["number"]
        job = shop.api.post("/cards/generate", {"sku_id": shop.sku, "count": 1}).json["id"]
        product = shop.api.get("/products").json["items"][0]["id"]
        before = (shop.api.get(f"/orders/{waiting}").json, make.card_states(shop.made))
        tries = {
            f"/orders/{number}": f"/orders/{UNKNOWN_NUMBER}",
            f"/orders/{number}/deliveries": f"/orders/{UNKNOWN_NUMBER}/deliveries",
            f"/jobs/{job}": "/jobs/job_none",
            f"/products/{product}": "/products/prd_none",
        }
        posts = {
            f"/orders/{waiting}/cancel": (f"/orders/{UNKNOWN_NUMBER}/cancel", {}),
            f"/orders/{waiting}/payments": (
                f"/orders/{UNKNOWN_NUMBER}/payments",
                {"provider": "sandbox"},
            ),
        }
        foreign = [
            ("/orders", order_body(shop.sku)),
            ("/orders", order_body(shop.sku, provider="sandbox")),
            ("/cards/import", {"sku_id": shop.sku, "lines": ["x"]}),
            ("/cards/generate", {"sku_id": shop.sku, "count": 1}),
        ]

        for theirs, nobodys in tries.items():
            assert _same(other_shop.api.get(theirs), other_shop.api.get(nobodys))
        for theirs, (nobodys, body) in posts.items():
            assert _same(other_shop.api.post(theirs, body), other_shop.api.post(nobodys, body))
        for path, body in foreign:
            assert other_shop.api.post(path, body).status == 404

        lists = [other_shop.api.get(path).body for path in ("/products", "/stock", "/orders")]
        for theirs in (shop.sku, product, number, waiting, *shop.made.codes):
            assert not any(theirs.encode() in body for body in lists)
        assert before == (shop.api.get(f"/orders/{waiting}").json, make.card_states(shop.made))

    def test_finds_no_order_by_filters(self, shop, other_shop):
        number = shop.place(external_number="X-1", contact={"email": "a@b.cc"}).json["number"]

        for query in (f"number={number}", "external_number=X-1", "email=a@b.cc"):
            assert other_shop.api.get(f"/orders?{query}").json["items"] == []

    def test_goes_no_further_with_another_lists_cursor(self, shop, other_shop):
        for _ in range(3):
            shop.place()
            other_shop.place()
        cursor = shop.api.get("/orders?limit=1").json["next_cursor"]

        found = other_shop.api.get(f"/orders?cursor={cursor}").json["items"]

        mine = {one["number"] for one in other_shop.api.get("/orders").json["items"]}
        assert {one["number"] for one in found} <= mine


def _same(one, other) -> bool:
    """Whether two answers cannot be told apart, but for the request's own id."""
    assert one.status == 404
    return {**one.json, "request_id": ""} == {**other.json, "request_id": ""}
