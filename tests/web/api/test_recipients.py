"""Orders of goods that are sent, through the API: whom they go to (O3, rules 15, 27)."""

import json

import pytest
from django.db import connection

from kacang.logistics import queries as logistics
from kacang.merchants.tenancy import acting_as
from kacang.orders import queries
from tests.stock.conftest import Make
from tests.web.api.calling import order_body
from tests.web.api.test_repeats import rows

WHOM = {
    "name": "林晓岚", "phone": "138 2604 2716", "region": "浙江省杭州市", "address": "文三路 90 号",
    "postcode": "310012",
}  # fmt: skip


@pytest.fixture
def sent(shop) -> str:
    goods = Make(shop.merchant)
    sku: str = goods.goods(way="courier")
    goods.received(sku, 5)
    return sku


def kept(shop, number):
    order_id = queries.order(merchant_id=shop.merchant, number=number).id
    found = logistics.recipients_of(merchant_id=shop.merchant, order_ids=[order_id])
    return found.get(order_id)


class TestRecipients:
    def test_O3_products_say_how_they_reach_the_buyer(self, shop, sent):
        ways = {
            one["skus"][0]["id"]: one["delivery_way"]
            for one in shop.api.get("/products").json["items"]
        }

        assert ways == {shop.sku: "handed", sent: "courier"}

    def test_O3_an_order_goes_to_whom_it_names(self, shop, sent):
        answer = shop.api.post("/orders", order_body(sent, recipient=WHOM))

        assert answer.status == 201
        found = kept(shop, answer.json["number"])
        assert (found.name, found.phone, found.postcode) == ("林晓岚", "+8613826042716", "310012")
        assert "文三路" not in answer.body.decode()
        assert "文三路" not in shop.api.get(f"/orders/{answer.json['number']}").body.decode()

    def test_O3_refusals_name_the_part_and_keep_nothing(self, shop, sent):
        missing = shop.api.post("/orders", order_body(sent))
        bad = shop.api.post("/orders", order_body(sent, recipient={**WHOM, "phone": "12"}))
        unneeded = shop.api.post("/orders", order_body(shop.sku, recipient=WHOM))
        unknown = shop.api.post("/orders", order_body(sent, recipient={**WHOM, "street": "x"}))

        assert (missing.status, missing.code) == (422, "logistics.recipient_missing")
        assert (bad.status, bad.code) == (422, "logistics.bad_recipient")
        assert bad.json["values"] == {"field": "phone"}
        assert (unneeded.status, unneeded.code) == (422, "logistics.recipient_not_needed")
        assert (unknown.status, unknown.code) == (422, "request.invalid")
        assert shop.api.get("/orders").json["items"] == []

    def test_rule_15_neither_repeats_nor_logs_nor_stories_hold_the_address(
        self, shop, sent, caplog, capsys
    ):
        caplog.set_level("DEBUG")
        body = order_body(sent, recipient=WHOM)

        first = shop.api.post("/orders", body, idempotency_key="k-whom")
        again = shop.api.post("/orders", body, idempotency_key="k-whom")
        shop.api.post("/orders", order_body(shop.sku, recipient=WHOM), idempotency_key="k-none")
        shop.api.post("/orders", order_body(sent, recipient={**WHOM, "phone": "1"}))
        shop.api.post("/orders", order_body(sent, recipient={**WHOM, "name": 3}))

        assert again.json == first.json
        assert kept(shop, first.json["number"]) is not None
        with acting_as(shop.merchant), connection.cursor() as cursor:
            cursor.execute(
                """select string_agg(t, '') from (
                    select row_to_json(o)::text from sale_order o
                    where merchant_id = %(id)s
                    union all
                    select row_to_json(o)::text from timeline o where merchant_id = %(id)s
                    union all
                    select row_to_json(o)::text from audit_entry o where merchant_id = %(id)s
                ) as texts(t)""",
                {"id": shop.merchant},
            )
            ((stories,),) = cursor.fetchall()
        written = [json.dumps(row.response, ensure_ascii=False) for row in rows(shop.merchant)]
        assert len(written) == 2
        told = capsys.readouterr()
        logs = "".join(one.getMessage() for one in caplog.records) + told.out + told.err
        for secret in ("林晓岚", "2604", "文三路", "310012"):
            assert secret not in "".join(written)
            assert secret not in stories
            assert secret not in logs
