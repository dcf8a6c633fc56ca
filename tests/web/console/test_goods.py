"""Goods at the desk: taken in, corrected, moved, handed over; who may do what."""

import re

import pytest
from django.test import Client

from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations import KeyDraft, create_key
from kacang.orders import operations as orders
from kacang.orders.errors import NotNow
from kacang.shared.contacts import Contact
from kacang.stock import operations, queries
from kacang.stock.queries import GoodsLevel
from tests import make as cards
from tests.orders.test_goods import Shop
from tests.web.console.conftest import work_as


@pytest.fixture
def shop(merchant) -> Shop:
    return Shop(merchant)


@pytest.fixture
def nuts(shop) -> str:
    sku: str = shop.stock.goods()
    return sku


def page(client: Client, sku: str) -> str:
    answer = client.get(f"/console/stock/goods/{sku}/")
    assert answer.status_code == 200
    return answer.content.decode()


def sent(client: Client, sku: str, name: str, **values: object) -> int:
    """Fill in one of the page's forms and send it."""
    text = page(client, sku)
    found = re.search(rf'name="{name}-request_uid" value="(\w+)"', text)
    assert found is not None
    warehouse = re.search(r'<option value="(whs_\w+)"', text)
    assert warehouse is not None
    data = {"request_uid": found[1], "warehouse": warehouse[1], "note": "", **values}
    answer = client.post(
        f"/console/stock/goods/{sku}/{name}/",
        {f"{name}-{field}": value for field, value in data.items()},
    )
    return answer.status_code


class TestPage:
    def test_takes_goods_in_and_shows_them(self, owner, shop, nuts):
        fields = {"pieces": 12, "unit_cost": "3.50", "supplier": "鲜果源", "number": "PO-7"}
        assert sent(owner, nuts, "receive", **fields) == 302

        text = page(owner, nuts)
        assert "鲜果源 PO-7" in text
        assert shop.stock.level(nuts) == GoodsLevel(available=12)
        assert shop.stock.value(nuts) == (12, 4200)

    def test_the_same_form_sent_twice_is_one_receipt(self, owner, shop, nuts):
        fields = {"pieces": 5, "unit_cost": "", "supplier": "", "number": ""}
        for _ in range(2):
            assert sent(owner, nuts, "receive", **fields, request_uid="form7") == 302

        assert shop.stock.level(nuts) == GoodsLevel(available=5)

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"pieces": -2, "reason": ""}, "This field is required"),
            ({"pieces": -2, "reason": "盘亏"}, "Fewer pieces are free there"),
            ({"pieces": "viele", "reason": "x"}, "Enter a whole number"),
        ],
    )
    def test_a_correction_that_cannot_be_says_why(self, owner, shop, nuts, fields, said):
        shop.stock.received(nuts, 1)
        fields = {f"adjust-{name}": value for name, value in fields.items()}
        place = queries.warehouses(merchant_id=shop.merchant)[0].uid

        answer = owner.post(
            f"/console/stock/goods/{nuts}/adjust/",
            {**fields, "adjust-request_uid": "a1", "adjust-warehouse": place},
        )

        assert answer.status_code == 422
        assert said in answer.content.decode()
        assert shop.stock.level(nuts) == GoodsLevel(available=1)

    def test_sends_to_another_warehouse_and_lets_it_arrive(self, owner, shop, nuts):
        shop.stock.received(nuts, 6)
        assert owner.post("/console/stock/warehouses/new/", {"name": "华东仓"}).status_code == 302
        east = queries.warehouses(merchant_id=shop.merchant)[1]

        assert sent(owner, nuts, "send", pieces=4, to=east.uid) == 302
        text = page(owner, nuts)
        assert "Main warehouse → 华东仓" in text
        assert shop.stock.level(nuts) == GoodsLevel(available=2, in_transit=4)
        arrived = re.search(r'action="(/console/stock/goods/\w+/arrive/\w+/)"', text)
        assert arrived is not None
        assert owner.post(arrived[1]).status_code == 302

        assert shop.stock.level(nuts) == GoodsLevel(available=6)
        assert "On the way" not in page(owner, nuts)

    def test_pages_its_movements_and_leads_to_the_order(self, owner, shop, nuts):
        shop.stock.received(nuts, 60)
        placed = shop.place((nuts, 1))
        assert f"/console/orders/{placed.number}/" in page(owner, nuts)
        for _ in range(50):
            shop.stock.received(nuts, 1)

        text = page(owner, nuts)
        assert placed.number not in text
        following = re.search(r'href="(\?cursor=\d+)"', text)
        assert following is not None
        answer = owner.get(f"/console/stock/goods/{nuts}/{following[1]}")
        assert placed.number in answer.content.decode()

    def test_stands_in_the_list_of_stock(self, owner, shop, nuts):
        shop.stock.received(nuts, 7)

        text = owner.get("/console/stock/").content.decode()
        assert f"/console/stock/goods/{nuts}/" in text
        assert (
            owner.get(f"/console/stock/{nuts}/")
            .headers["Location"]
            .endswith(f"/console/stock/goods/{nuts}/")
        )

    def test_codes_of_a_mixed_order_are_counted_without_its_goods(self, owner, shop, nuts):
        shop.stock.received(nuts, 3)
        placed = shop.place((nuts, 3), (cards.sku(shop.merchant, cards=1).sku.uid, 1))
        shop.pay(placed)

        assert owner.post(f"/console/orders/{placed.number}/hand_over/").status_code == 302

        text = owner.get(f"/console/orders/{placed.number}/").content.decode()
        assert "1 code delivered" in text
        assert "4 codes" not in text


class TestWarehouses:
    def test_get_names(self, owner, merchant):
        owner.post("/console/stock/warehouses/new/", {"name": "华东仓"})
        main, east = queries.warehouses(merchant_id=merchant)

        assert owner.post(f"/console/stock/warehouses/{main.uid}/", {"name": "总仓"}).status_code
        refused = owner.post("/console/stock/warehouses/new/", {"name": "华东仓"})

        assert refused.status_code == 422
        assert "There is a warehouse 华东仓 already." in refused.content.decode()
        names = [one.name for one in queries.warehouses(merchant_id=merchant)]
        assert names == ["总仓", "华东仓"]
        assert east.name == "华东仓"


class TestRights:
    def test_who_may_only_look_sees_no_forms(self, work, shop, nuts):
        clerk = work("order_operator")

        assert "/receive/" not in page(clerk, nuts)
        for name in ("receive", "adjust", "send"):
            assert clerk.post(f"/console/stock/goods/{nuts}/{name}/").status_code == 403
        assert clerk.post("/console/stock/warehouses/new/", {"name": "x"}).status_code == 403

    def test_the_warehouse_takes_in_and_hands_over_but_corrects_nothing(self, work, shop, nuts):
        keeper = work("warehouse")
        fields = {"pieces": 3, "unit_cost": "", "supplier": "", "number": ""}
        assert sent(keeper, nuts, "receive", **fields) == 302
        assert "/adjust/" not in page(keeper, nuts)

        placed = shop.place((nuts, 2))
        shop.pay(placed)
        text = keeper.get(f"/console/orders/{placed.number}/").content.decode()
        assert "Hand over" in text
        keeper.post(f"/console/orders/{placed.number}/hand_over/")

        assert shop.stock.level(nuts) == GoodsLevel(available=1)
        text = keeper.get(f"/console/orders/{placed.number}/").content.decode()
        assert "The goods were handed over" in text
        assert "Show codes" not in text

    def test_another_merchants_goods_do_not_exist(self, other_merchant, shop, nuts):
        shop.stock.received(nuts, 3)
        stranger = work_as(other_merchant)

        assert stranger.get(f"/console/stock/goods/{nuts}/").status_code == 404
        uid = shop.stock.sent(
            nuts, 1, operations.create_warehouse(
                merchant_id=shop.merchant, actor=SYSTEM, name="二"
            ),
        )  # fmt: skip
        assert stranger.post(f"/console/stock/goods/{nuts}/arrive/{uid}/").status_code == 404
        assert shop.stock.level(nuts) == GoodsLevel(available=2, in_transit=1)


class TestOutside:
    def test_the_api_tells_what_is_available_and_sells_it(self, shop, nuts):
        shop.stock.received(nuts, 4)
        key = create_key(merchant_id=shop.merchant, draft=KeyDraft("k", ("all",)), actor=SYSTEM)
        client = Client(headers={"authorization": f"Bearer {key.key}"})

        (product,) = client.get("/api/v1/products").json()["items"]
        assert (product["kind"], product["skus"][0]["available"]) == ("goods", 4)
        answer = client.post(
            "/api/v1/orders",
            {"items": [{"sku_id": nuts, "quantity": 3}], "provider": "sandbox"},
            content_type="application/json",
            headers={"idempotency-key": "k-1"},
        )
        assert answer.status_code == 201, answer.content
        (position,) = client.get("/api/v1/stock").json()["items"]
        assert (position["available"], position["reserved"], position["sold"]) == (1, 3, 0)


class TestOrderActs:
    @pytest.mark.parametrize("with_card", [False, True])
    def test_codes_are_offered_only_where_there_are_any(self, owner, shop, nuts, with_card):
        shop.stock.received(nuts, 1)
        card = cards.sku(shop.merchant)
        items = [(nuts, 1), (card.sku.uid, 1)] if with_card else [(nuts, 1)]
        placed = shop.place(*items, contact=Contact(email="zhao@example.com"))
        shop.pay(placed)
        shop.hand_over(placed)

        one = owner.get(f"/console/orders/{placed.number}/").content.decode()
        many = owner.get("/console/orders/").content.decode()

        for page in (one, many):
            for act in ("reveal", "resend"):
                assert (f"act={act}" in page or f"{act}-ask" in page) is with_card

    def test_the_mail_of_goods_is_not_sent_as_that_of_codes(self, shop, nuts):
        shop.stock.received(nuts, 1)
        placed = shop.place((nuts, 1), contact=Contact(email="zhao@example.com"))
        shop.pay(placed)
        shop.hand_over(placed)
        before = shop.events(placed)

        with pytest.raises(NotNow):
            orders.resend(merchant_id=shop.merchant, number=placed.number, actor=SYSTEM)

        assert shop.events(placed) == before
