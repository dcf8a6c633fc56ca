"""Orders through the API: placing, paying, reading, cancelling (O1, J1)."""

from kacang.merchants.audit import SYSTEM
from kacang.orders.tagging.putting import tag_orders
from kacang.orders.tagging.tags import make_tag
from kacang.vault.queries import CardState
from tests import make
from tests.web.api.calling import order_body
from tests.web.api.conftest import audit_actions


class TestPlaceOrder:
    def test_answers_201_with_what_the_buyer_needs(self, shop):
        answer = shop.api.post(
            "/orders",
            order_body(shop.sku, contact={"email": "Lu@Example.com"}, provider="sandbox"),
        )

        body = answer.json
        assert answer.status == 201
        assert (body["state"], body["payable_minor"], body["currency"]) == ("pending", 1999, "CNY")
        assert body["pay_by"].endswith("Z")
        assert f"/orders/{body['number']}/?t=" in body["access_url"]
        assert set(body["payment"]) == {"payment_id", "pay_url", "qr_content", "facts"}
        assert make.card_states(shop.made)[CardState.RESERVED] == 1

    def test_leaves_payment_null_when_no_provider_is_named(self, shop):
        assert shop.place().json["payment"] is None

    def test_keeps_nothing_when_sold_out(self, shop):
        answer = shop.api.post("/orders", order_body(shop.sku, 6))

        assert (answer.status, answer.code) == (409, "vault.sold_out")
        assert make.card_states(shop.made) == {CardState.AVAILABLE: 5}
        assert shop.api.get("/orders").json["items"] == []

    def test_refuses_a_second_order_of_an_external_number(self, shop):
        shop.place(external_number="A-1")

        answer = shop.api.post("/orders", order_body(shop.sku, external_number="A-1"))

        assert (answer.status, answer.code) == (409, "orders.external_number_taken")
        assert make.card_states(shop.made)[CardState.AVAILABLE] == 4

    def test_tells_an_unknown_sku_as_not_found(self, shop):
        answer = shop.api.post("/orders", order_body("sku_doesnotexist"))

        assert (answer.status, answer.code) == (404, "orders.unknown_sku")

    def test_refuses_a_provider_that_is_not_offered(self, shop):
        answer = shop.api.post("/orders", order_body(shop.sku, provider="wechat"))

        assert 400 <= answer.status < 500
        assert make.card_states(shop.made) == {CardState.AVAILABLE: 5}


class TestPay:
    def test_opens_a_payment(self, shop):
        number = shop.place().json["number"]

        answer = shop.api.post(f"/orders/{number}/payments", {"provider": "sandbox"})

        assert answer.status == 201
        assert set(answer.json) == {"payment_id", "pay_url", "qr_content", "facts"}

    def test_refuses_an_order_that_is_paid(self, shop):
        number = shop.sell()

        answer = shop.api.post(f"/orders/{number}/payments", {"provider": "sandbox"})

        assert (answer.status, answer.code) == (409, "orders.not_payable")


class TestRead:
    def test_shows_state_lines_payments_and_timeline(self, shop):
        number = shop.sell(2)

        body = shop.api.get(f"/orders/{number}").json

        (line,) = body["lines"]
        assert body["state"] == "delivered"
        assert (line["sku_id"], line["quantity"], line["delivered"]) == (shop.sku, 2, 2)
        assert [entry["event"] for entry in body["timeline"]] == ["placed", "paid", "delivered"]
        assert body["payments"][0]["state"] == "paid"
        assert not any(code in str(body) for code in shop.made.codes)

    def test_gives_codes_page_by_page_and_writes_it_down_first(self, shop):
        number = shop.sell(3)

        first = shop.api.get(f"/orders/{number}/deliveries?limit=2").json
        second = shop.api.get(
            f"/orders/{number}/deliveries?limit=2&cursor={first['next_cursor']}"
        ).json

        given = [unit["secret"] for unit in first["items"] + second["items"]]
        written = audit_actions(shop.merchant, number)
        assert len(first["items"]) == 2
        assert second["next_cursor"] is None
        assert len(set(given)) == 3
        assert set(given) <= set(shop.made.codes)
        assert len(written) == 2
        assert all("Test" in actor for _, actor in written)

    def test_gives_no_code_of_an_unpaid_order(self, shop):
        number = shop.place().json["number"]

        assert shop.api.get(f"/orders/{number}/deliveries").json == {
            "items": [],
            "next_cursor": None,
        }

    def test_lists_orders_newest_first_with_a_cursor(self, shop):
        numbers = [shop.place().json["number"] for _ in range(3)]

        first = shop.api.get("/orders?limit=2").json
        second = shop.api.get(f"/orders?limit=2&cursor={first['next_cursor']}").json

        assert [one["number"] for one in first["items"]] == [numbers[2], numbers[1]]
        assert [one["number"] for one in second["items"]] == [numbers[0]]
        assert second["next_cursor"] is None

    def test_narrows_a_list(self, shop):
        paid = shop.sell()
        waiting = shop.place(external_number="B-7").json["number"]

        def found(query: str) -> list[str]:
            return [one["number"] for one in shop.api.get(f"/orders?{query}").json["items"]]

        assert found("state=delivered") == [paid]
        assert found("external_number=B-7") == [waiting]
        assert found("from=2200-01-01T00:00:00Z") == []
        assert found("amount_min_minor=2000") == []
        assert found(f"number={paid}") == [paid]

    def test_narrows_a_list_by_all_that_the_desk_can(self, shop):
        paid = shop.sell()
        tag = make_tag(merchant_id=shop.made.merchant_id, name="加急", colour="red", actor=SYSTEM)
        tag_orders(merchant_id=shop.made.merchant_id, numbers=[paid], tag=tag, actor=SYSTEM)
        shop.place(contact={"phone": "13826042716"})
        sku = shop.made.sku

        def found(query: str) -> list[str]:
            return [one["number"] for one in shop.api.get(f"/orders?{query}").json["items"]]

        for query in (
            f"tag_id={tag}",
            "provider=sandbox&state=delivered",
            f"payment_account_id={shop.account.uid}",
            f"sku_id={sku.uid}&product_id={sku.product.uid}&tag_id={tag}&has_note=false",
        ):
            assert found(query) == [paid], query
        for query in (
            "provider=alipay",
            "payment_account_id=acc_none",
            "customer_id=cus_none",
            "customer_level_id=lvl_none",
            "hold_reason=any",
            "api_key_id=key_none",
            "phone_tail=0000",
            "has_note=true",
        ):
            assert found(query) == [], query
        assert len(found("phone_tail=2716")) == 1


class TestCancel:
    def test_frees_the_cards(self, shop):
        number = shop.place().json["number"]

        answer = shop.api.post(f"/orders/{number}/cancel", {"reason": "changed my mind"})

        assert (answer.status, answer.json["state"]) == (200, "cancelled")
        assert make.card_states(shop.made) == {CardState.AVAILABLE: 5}

    def test_needs_no_body(self, shop):
        number = shop.place().json["number"]

        assert shop.api.post(f"/orders/{number}/cancel").json["state"] == "cancelled"

    def test_refuses_an_order_that_is_delivered(self, shop):
        number = shop.sell()

        answer = shop.api.post(f"/orders/{number}/cancel", {})

        assert answer.status == 409
        assert shop.api.get(f"/orders/{number}").json["state"] == "delivered"
