"""Stores by machine: whose orders and redemptions are placed in one (R1, J1)."""

import pytest

from kacang.merchants import operations as merchants
from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations import StoreDraft
from kacang.merchants.queries import UnknownStore
from kacang.orders import operations as orders
from kacang.orders import queries
from kacang.orders.types import Origin
from kacang.shared.clock import utc_now
from tests import make
from tests.make import request
from tests.web.api.calling import order_body


def a_store(merchant, code="nj-1"):
    draft = StoreDraft("南京路店", code, "1 号")
    return merchants.open_store(merchant_id=merchant, draft=draft, actor=SYSTEM)


@pytest.fixture
def store(shop):
    return a_store(shop.merchant)


def test_are_listed_open_ones_first(shop, store):
    closed = a_store(shop.merchant, "a")
    merchants.close_store(merchant_id=shop.merchant, uid=closed, actor=SYSTEM, now=utc_now())

    first, last = shop.api.get("/stores").json["items"]

    assert first == {
        "id": store, "code": "nj-1", "name": "南京路店", "address": "1 号", "is_open": True
    }  # fmt: skip
    assert (last["id"], last["is_open"]) == (closed, False)


def test_take_the_orders_that_name_them(shop, store):
    placed = shop.place(store_id=store)
    other = shop.place()

    number = placed.json["number"]
    assert shop.api.get(f"/orders/{number}").json["store_id"] == store
    assert shop.api.get(f"/orders/{other.json['number']}").json["store_id"] is None
    found = shop.api.get(f"/orders?store_id={store}").json["items"]
    assert [one["number"] for one in found] == [number]
    assert shop.api.get("/orders?store_id=sto_x").json["items"] == []


def test_that_are_not_open_refuse_and_nothing_is_held(shop, store, other_merchant):
    theirs = a_store(other_merchant)
    merchants.close_store(merchant_id=shop.merchant, uid=store, actor=SYSTEM, now=utc_now())
    for uid in (store, theirs, "sto_" + "x" * 20):
        answer = shop.api.post("/orders", order_body(shop.sku, store_id=uid))
        assert (answer.status, answer.json["code"]) == (404, "stores.unknown")
    assert shop.api.post("/orders", order_body(shop.sku, store_id="%")).status == 422
    assert sum(make.card_states(shop.made).values()) == 5
    assert len(make.card_states(shop.made)) == 1


def test_of_many_placed_at_once_only_the_one_of_no_store_is_refused(shop, store):
    origins = [{"store": store}, {"store": "sto_x"}, {}]
    wishes = [request(shop.made, origin=Origin(**origin)) for origin in origins]
    placed = orders.place_orders(merchant_id=shop.merchant, requests=wishes)

    stores = [
        queries.order(merchant_id=shop.merchant, number=one.number).store
        for one in placed
        if hasattr(one, "number")
    ]
    assert [one.uid if one else None for one in stores] == [store, None]
    assert isinstance(placed[1], UnknownStore)


def test_take_redemptions(shop, store):
    codes = make.redeem_codes(shop.made, cards=2)
    sold = make.order(codes)
    orders.settle_notices(account=shop.account, notices=[make.notice(sold)])
    (unit,) = orders.deliveries(merchant_id=shop.merchant, number=sold.number, actor=SYSTEM)
    body = {"code": unit.secret, "contact": {"email": "holder@example.com"}}

    refused = shop.api.post("/redemptions", {**body, "store_id": "sto_" + "x" * 20})
    done = shop.api.post("/redemptions", {**body, "store_id": store})

    assert refused.status == 404
    assert done.status == 201
    assert shop.api.get(f"/orders/{done.json['number']}").json["store_id"] == store
