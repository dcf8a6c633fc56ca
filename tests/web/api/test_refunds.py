"""Refunds through the API (P4, J1)."""

import pytest

from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations.setting_values import change_settings
from kacang.orders import operations as orders
from kacang.vault.models import CardState
from tests import make


@pytest.fixture
def number(shop) -> str:
    placed = make.order(shop.made)
    orders.settle_notices(account=shop.account, notices=[make.notice(placed)])
    return placed.number


class TestRefunds:
    def test_P4_wait_for_a_person_as_long_as_the_merchant_says_nothing(self, shop, number):
        answer = shop.api.post(f"/orders/{number}/refunds", {"reason": "坏卡", "amount_minor": 500})

        assert answer.status == 201
        assert (answer.json["state"], answer.json["amount_minor"]) == ("requested", 500)
        listed = shop.api.get(f"/orders/{number}/refunds").json
        assert listed == {"items": answer.json["items"], "next_cursor": None}
        assert shop.api.get(f"/orders/{number}").json["refunded_minor"] == 0

    def test_are_approved_within_what_keys_may_give_back(self, shop, number):
        change_settings(merchant_id=shop.merchant, values={"refund_alone_api": 100}, actor=SYSTEM)

        answer = shop.api.post(
            f"/orders/{number}/refunds",
            {"reason": "坏卡", "way": "by_hand", "cards": "return",
             "units": [{"line": 1, "unit": 1}]},
        )  # fmt: skip

        assert answer.json["state"] == "approved"
        order = shop.api.get(f"/orders/{number}").json
        assert (order["state"], order["refunded_minor"]) == ("refunding", order["payable_minor"])
        assert CardState.SOLD not in make.card_states(shop.made)

    def test_of_the_same_key_are_one(self, shop, number):
        first, again = (
            shop.api.post(
                f"/orders/{number}/refunds", {"reason": "坏卡", "amount_minor": 100},
                **{"Idempotency-Key": "rf-1"},
            )
            for _ in range(2)
        )  # fmt: skip

        assert first.json == again.json
        assert len(shop.api.get(f"/orders/{number}/refunds").json["items"]) == 1

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"reason": "x", "amount_minor": 10**9}, 409, "payments.nothing_left_to_refund"),
            ({"reason": "x", "amount_minor": 0}, 422, "request.invalid"),
            ({"reason": ""}, 422, "request.invalid"),
            ({"amount_minor": 1}, 422, "request.invalid"),
            ({"reason": "x", "units": [{"line": 9, "unit": 1}]}, 422, "orders.bad_refund_units"),
            ({"reason": "x", "way": "outside"}, 422, "request.invalid"),
        ],
    )
    def test_that_cannot_be_are_refused(self, shop, number, body, status, code):
        answer = shop.api.post(f"/orders/{number}/refunds", body)

        assert (answer.status, answer.json["code"]) == (status, code)
        assert shop.api.get(f"/orders/{number}/refunds").json["items"] == []

    def test_I2_of_somebody_else_are_not_found(self, other_shop, number):
        assert other_shop.api.get(f"/orders/{number}/refunds").status == 404
        assert other_shop.api.post(f"/orders/{number}/refunds", {"reason": "x"}).status == 404

    def test_need_their_scope(self, key_for, number):
        weak = key_for("orders:read", "orders:write")

        answer = weak.post(f"/orders/{number}/refunds", {"reason": "x"})

        assert (answer.status, answer.json["code"]) == (403, "keys.scope")
