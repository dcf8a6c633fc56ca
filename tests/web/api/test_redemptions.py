"""Redeeming codes from a partner's shop (L21, J1)."""

import pytest
from django.db import connection

from kacang.merchants.audit import SYSTEM
from kacang.merchants.queries import AuditFilter, audit_page
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders.cards import redeeming
from kacang.orders.types import Credentials
from kacang.vault.models import CardState
from tests import make
from tests.web.api.conftest import open_shop


@pytest.fixture
def codes(shop):
    return make.redeem_codes(shop.made, cards=3)


def sold(shop, made):
    placed = make.order(made)
    orders.settle_notices(account=shop.account, notices=[make.notice(placed)])
    (unit,) = orders.deliveries(merchant_id=shop.merchant, number=placed.number, actor=SYSTEM)
    return unit.secret


def body(code, **more):
    return {"code": code, "contact": {"email": "holder@example.com"}, **more}


class TestRedemptions:
    def test_L21_give_what_the_code_is_good_for(self, shop, codes):
        code = sold(shop, codes)

        answer = shop.api.post("/redemptions", body(code, external_number="P-1"))

        assert answer.status == 201
        assert set(answer.json) == {"number", "state", "sku_id", "access_url"}
        assert (answer.json["state"], answer.json["sku_id"]) == ("delivered", shop.sku)
        order = shop.api.get(f"/orders/{answer.json['number']}").json
        assert (order["channel"], order["payable_minor"]) == ("redeem", 0)
        assert order["external_number"] == "P-1"
        assert "redeemed" in [entry["event"] for entry in order["timeline"]]
        given = shop.api.get(f"/orders/{answer.json['number']}/deliveries").json["items"]
        assert [one["secret"] in shop.made.codes for one in given] == [True]
        listed = shop.api.get("/orders?channel=redeem").json["items"]
        assert [one["number"] for one in listed] == [answer.json["number"]]
        token = answer.json["access_url"].partition("?t=")[2]
        assert orders.check_access(
            merchant_id=shop.merchant,
            number=answer.json["number"],
            credentials=Credentials(token=token),
        )

    def test_of_the_same_key_are_one_and_of_another_none(self, shop, codes):
        code = sold(shop, codes)

        first = shop.api.post("/redemptions", body(code), **{"Idempotency-Key": "r-1"})
        again = shop.api.post("/redemptions", body(code), **{"Idempotency-Key": "r-1"})
        other = shop.api.post("/redemptions", body(code), **{"Idempotency-Key": "r-2"})

        assert (first.status, again.status, other.status) == (201, 201, 422)
        assert again.json == first.json
        assert again.headers["idempotency-replayed"] == "true"
        assert other.code == "orders.bad_redeem_code"
        assert make.card_states(codes)[CardState.REDEEMED] == 1

    def test_refused_ones_are_written_down_and_counted_under_a_key_too(
        self, shop, codes, monkeypatch
    ):
        monkeypatch.setattr(redeeming, "KEY_MISSES", 2)
        unsold = codes.codes[0]
        keys: tuple[dict[str, str], ...] = ({}, {"Idempotency-Key": "r-1"})

        refused = [shop.api.post("/redemptions", body(unsold), **key) for key in keys]
        stopped = shop.api.post("/redemptions", body(sold(shop, codes)))

        assert [answer.code for answer in refused] == ["orders.bad_redeem_code"] * 2
        assert all(set(one.json) & {"cause", "errors"} == set() for one in refused)
        assert (stopped.status, stopped.code) == (429, "risk.too_many_attempts")
        told = audit_page(
            merchant_id=shop.merchant, where=AuditFilter(action="cards.redeem_refused")
        )
        assert [(row.actor_kind, row.after) for row in told.rows] == [
            ("key", {"cause": "available"})
        ] * 2

    def test_without_stock_leave_the_code(self, shop):
        empty = make.sku(shop.merchant, cards=0)
        codes = make.redeem_codes(empty)
        code = sold(shop, codes)

        answer = shop.api.post("/redemptions", body(code))

        assert (answer.status, answer.code) == (409, "orders.redeem_sold_out")
        assert make.card_states(codes)[CardState.SOLD] == 1

    def test_need_their_scope_and_their_own_merchant(self, shop, codes, key_for, other_merchant):
        code = sold(shop, codes)
        others = open_shop(other_merchant)

        assert key_for("orders:write").post("/redemptions", body(code)).code == "keys.scope"
        assert others.api.post("/redemptions", body(code)).code == "orders.bad_redeem_code"
        assert key_for("redemptions:write").post("/redemptions", body(code)).status == 201

    def test_keep_no_trace_of_the_code(self, shop, codes):
        code = sold(shop, codes)
        shop.api.post("/redemptions", body(code), **{"Idempotency-Key": "r-1"})

        with acting_as(shop.merchant), connection.cursor() as cursor:
            cursor.execute("select i::text from idempotency i")
            kept = [row[0] for row in cursor.fetchall()]

        assert len(kept) == 1
        assert code not in kept[0]

    @pytest.mark.parametrize(
        "wrong", [{}, {"code": ""}, {"code": 5}, {"code": "x" * 2001}, {"code": "x", "sku": "y"}]
    )
    def test_of_another_form_are_refused(self, shop, wrong):
        assert shop.api.post("/redemptions", wrong).code == "request.invalid"
