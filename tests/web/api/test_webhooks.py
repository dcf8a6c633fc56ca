"""Webhooks through the API (J2): named, listed, removed; the secret is told once."""

import pytest

from kacang.messages.webhooks import queries
from tests.web.api.conftest import audit_actions

BODY = {"url": "https://erp.example.com/in", "events": ["order.refunded", "order.delivered"]}


class TestWebhooks:
    def test_J2_are_made_with_a_secret_that_is_never_told_again(self, shop):
        answer = shop.api.post("/webhooks", {**BODY, "description": "ERP"})

        assert answer.status == 201
        assert answer.json["secret"].startswith("whsec_")
        made = {name: value for name, value in answer.json.items() if name != "secret"}
        assert made == {
            "id": answer.json["id"],
            "url": BODY["url"],
            "events": ["order.delivered", "order.refunded"],
            "description": "ERP",
            "state": "on",
            "created_at": answer.json["created_at"],
        }
        listed = shop.api.get("/webhooks")
        assert listed.json == {"items": [made], "next_cursor": None}
        actions = audit_actions(shop.merchant, answer.json["id"])
        assert [action for action, _who in actions] == ["webhooks.create"]

    def test_of_the_same_key_are_one_and_tell_the_same_secret(self, shop):
        first, again = (
            shop.api.post("/webhooks", BODY, **{"Idempotency-Key": "wh-1"}) for _ in range(2)
        )

        assert first.json == again.json
        assert again.headers["idempotency-replayed"] == "true"
        assert len(queries.endpoints(merchant_id=shop.merchant)) == 1

    def test_are_removed(self, shop):
        uid = shop.api.post("/webhooks", BODY).json["id"]

        answer = shop.api.call("DELETE", f"/webhooks/{uid}")

        assert (answer.status, answer.body) == (204, b"")
        assert shop.api.get("/webhooks").json["items"] == []
        assert shop.api.call("DELETE", f"/webhooks/{uid}").code == "webhooks.unknown_endpoint"

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"url": "http://erp.example.com/"}, 422, "webhooks.bad_url"),
            ({"url": "https://erp.example.com/", "events": ["x"]}, 422, "webhooks.unknown_event"),
            ({"url": ""}, 422, "request.invalid"),
            ({}, 422, "request.invalid"),
            ({**BODY, "secret": "whsec_x"}, 422, "request.invalid"),
        ],
    )
    def test_what_cannot_be_is_refused_and_nothing_kept(self, shop, body, status, code):
        answer = shop.api.post("/webhooks", body)

        assert (answer.status, answer.code) == (status, code)
        assert queries.endpoints(merchant_id=shop.merchant) == []

    def test_I2_of_another_merchant_are_not_found(self, shop, other_shop):
        uid = other_shop.api.post("/webhooks", BODY).json["id"]

        assert shop.api.get("/webhooks").json["items"] == []
        assert shop.api.call("DELETE", f"/webhooks/{uid}").code == "webhooks.unknown_endpoint"
        assert len(queries.endpoints(merchant_id=other_shop.merchant)) == 1

    def test_need_their_scopes(self, shop, key_for):
        reader, orders = key_for("webhooks:read"), key_for("orders:read")

        assert reader.get("/webhooks").status == 200
        assert reader.post("/webhooks", BODY).code == "keys.scope"
        assert orders.get("/webhooks").code == "keys.scope"
