"""What is not of the documented form is refused, as a problem document, and changes nothing."""

from typing import Any

import pytest

from kacang.vault.queries import CardState
from kacang.web.api.guard import JSON_BYTES_MAX
from tests import make
from tests.web.api.calling import Api, order_body

NOT_ORDERS = {
    "unknown field": {"items": [], "colour": 1},
    "no items": {"items": []},
    "items missing": {},
    "null": None,
    "a list": [],
    "a text": "x",
    "quantity true": {"items": [{"sku_id": "sku_a", "quantity": True}]},
    "quantity text": {"items": [{"sku_id": "sku_a", "quantity": "1"}]},
    "quantity half": {"items": [{"sku_id": "sku_a", "quantity": 1.5}]},
    "quantity 1.0": {"items": [{"sku_id": "sku_a", "quantity": 1.0}]},
    "quantity none": {"items": [{"sku_id": "sku_a", "quantity": 0}]},
    "quantity huge": {"items": [{"sku_id": "sku_a", "quantity": 10**40}]},
    "id with zero byte": {"items": [{"sku_id": "sku_\0", "quantity": 1}]},
    "id is a number": {"items": [{"sku_id": 7, "quantity": 1}]},
    "id of another alphabet": {"items": [{"sku_id": "sku_卡", "quantity": 1}]},
    "too many items": {"items": [{"sku_id": "sku_a", "quantity": 1}] * 51},
}
NOT_FIELDS: dict[str, dict[str, Any]] = {
    "zero byte in external number": {"external_number": "a\0b"},
    "empty external number": {"external_number": ""},
    "long external number": {"external_number": "a" * 65},
    "not an address": {"contact": {"email": "nobody"}},
    "zero byte in address": {"contact": {"email": "a\0@b.cc"}},
    "not a phone": {"contact": {"phone": "ring me"}},
    "unknown contact": {"contact": {"fax": "1"}},
    "form is a list": {"form": []},
    "form value is a number": {"form": {"a": 1}},
    "password too short": {"password": "123"},
    "provider is a path": {"provider": "../x"},
    "chosen where none may be": {"items": None},
}


class TestBodies:
    @pytest.mark.parametrize("case", NOT_ORDERS)
    def test_refuses_what_is_no_order(self, shop, case):
        answer = shop.api.post("/orders", b"null" if case == "null" else NOT_ORDERS[case])

        assert (answer.status, answer.code) == (422, "request.invalid")
        assert answer.json["errors"]

    @pytest.mark.parametrize("case", NOT_FIELDS)
    def test_refuses_a_wrong_field(self, shop, case):
        answer = shop.api.post("/orders", {**order_body(shop.sku), **NOT_FIELDS[case]})

        assert answer.status == 422
        assert answer.code
        assert make.card_states(shop.made) == {CardState.AVAILABLE: 5}

    @pytest.mark.parametrize(
        "body",
        [
            b"{",
            b"\xff\xfe",
            b'{"items": NaN}',
            b'{"items": "\\ud800"}',
            b"[" * 5000,
            b'{"a": 1} trailing',
        ],
    )
    def test_refuses_what_is_no_json(self, shop, body):
        answer = shop.api.post("/orders", body)

        assert answer.status in {400, 422}
        assert answer.code in {"request.bad_json", "request.invalid"}

    def test_never_repeats_what_was_sent(self, shop):
        answer = shop.api.post("/orders", {**order_body(shop.sku), "password": ["hunter2"]})

        assert answer.code == "request.invalid"
        assert b"hunter2" not in answer.body

    def test_refuses_another_content_type(self, shop):
        for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml", ""):
            answer = shop.api.post("/orders", order_body(shop.sku), content_type=kind)

            assert (answer.status, answer.code) == (415, "request.content_type")
            assert answer.json["title"] == "This kind of content is not read here"
            assert answer.json["detail"] == "Send application/json."

    def test_takes_a_charset_with_json(self, shop):
        answer = shop.api.post(
            "/orders", order_body(shop.sku), content_type="application/json; charset=utf-8"
        )

        assert answer.status == 201

    def test_refuses_a_body_that_is_too_large_by_its_length_alone(self, shop):
        answer = shop.api.post("/orders", b"{}", content_length=str(JSON_BYTES_MAX + 1))

        assert (answer.status, answer.code) == (413, "request.too_large")

    def test_refuses_a_length_that_is_no_number(self, shop):
        answer = shop.api.post("/orders", b"{}", content_length="many")

        assert (answer.status, answer.code) == (400, "request.malformed")


class TestAddresses:
    def test_tells_of_a_path_that_does_not_exist(self):
        for path in ("/nothing", "/", "/orders/", "/orders/1/2/3/4", "/%00"):
            answer = Api().get(path)

            assert (answer.status, answer.code) == (404, "request.no_such_path"), path

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"])
    def test_refuses_another_method(self, method):
        answer = Api().call(method, "/orders")

        assert answer.status == 405
        assert answer.headers["allow"] == "GET, POST"
        assert answer.code == "request.method_not_allowed"
        assert answer.json["title"] == "This method is not used here"

    @pytest.mark.parametrize(
        "number",
        ["1", "20260101000000000O", "2026010100000000000", "%00", "é", "2026010100000000a0", "'"],
    )
    def test_tells_a_number_of_another_form_as_not_there(self, shop, number):
        answer = shop.api.get(f"/orders/{number}")

        assert answer.status in {404, 422}
        assert answer.code

    @pytest.mark.parametrize(
        "query",
        [
            "limit=0",
            "limit=201",
            "limit=-1",
            "limit=1.0",
            "limit=%201",
            "limit=true",
            "limit=",
            "limit=1e2",
            "limit=99999999999999999999999",
            "limit=1&limit=2",
            "cursor=%00",
            "cursor=%F0%9F%92%B3",
            "colour=red",
        ],
    )
    def test_refuses_a_wrong_query(self, shop, query):
        for path in ("/products", "/orders", "/stock"):
            answer = shop.api.get(f"{path}?{query}")
            assert answer.status == 422
            assert answer.code

    @pytest.mark.parametrize("path", ["/products", "/stock"])
    def test_refuses_a_cursor_of_another_list(self, shop, other_shop, path):
        foreign = other_shop.api.get("/products").json["items"][0]["id"]
        for cursor in ("abc", "0", shop.sku, foreign):
            answer = shop.api.get(f"{path}?cursor={cursor}")

            assert (answer.status, answer.code) == (422, "request.bad_cursor")

    @pytest.mark.parametrize(
        "query",
        [
            "state=lost",
            "from=yesterday",
            "from=2026-01-01",
            "from=1700000000",
            "from=2026-01-01T00:00:00",
            "to=9999-12-31T23:59:59Z",
            "channel=phone",
            "number=1",
            "email=nobody",
            "phone=x",
            "external_number=%00",
            "amount_min_minor=-1",
            "phone_tail=12",
            "tag_id=%00",
            "has_note=1",
            "amount_max_minor=99999999999999999",
            "cursor=abc",
            "cursor=0",
        ],
    )
    def test_refuses_a_wrong_filter_of_orders(self, shop, query):
        answer = shop.api.get(f"/orders?{query}")

        assert answer.status == 422
        assert answer.code


class TestDocument:
    def test_is_open_to_all_and_of_version_3_1(self):
        answer = Api().get("/openapi.json")

        assert answer.status == 200
        assert answer.json["openapi"] == "3.1.0"
        assert answer.json["servers"] == []

    def test_names_a_problem_for_every_failure(self):
        for path, operations in Api().get("/openapi.json").json["paths"].items():
            for method, operation in operations.items():
                statuses = set(operation["responses"])
                assert {"400", "401", "403", "404", "422", "429", "503"} <= statuses, (path, method)
                assert operation["security"] == [{"BearerKey": []}]
