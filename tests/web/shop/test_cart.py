"""The cart: a signed cookie, without scripts and without an account (W1)."""

import re

from django.db import connection

from kacang.catalog.models import ProductState, Strategy
from kacang.catalog.operations import set_product_state
from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.web.shop.cart import LINES_MAX
from tests import make
from tests.web.shop.conftest import filled, number_in, text


def add(buyer, made, quantity=1, **fields):
    return buyer.post("cart/", {"act": "add", "sku": made.sku.uid, "quantity": quantity, **fields})


class TestCart:
    def test_is_empty_at_first(self, buyer):
        assert "购物车是空的" in text(buyer.get("cart/"))

    def test_joins_what_is_put_in_twice(self, shop, buyer):
        made = make.sku(shop.id, cards=9, price=1000)

        add(buyer, made, 2)
        add(buyer, made, 3)
        page = text(buyer.get("cart/"))

        assert f'name="q_{made.sku.uid}" min="0" max="9" value="5"' in page
        assert "¥50.00" in page

    def test_changes_quantities_and_takes_out(self, shop, buyer):
        one, two = make.sku(shop.id, cards=9, price=1000), make.sku(shop.id, cards=9, price=300)
        add(buyer, one)
        add(buyer, two)

        buyer.post("cart/", {"act": "set", f"q_{one.sku.uid}": 4, f"q_{two.sku.uid}": 2})
        changed = text(buyer.get("cart/"))
        buyer.post("cart/", {"act": "set", "remove": one.sku.uid})
        less = text(buyer.get("cart/"))

        assert "¥40.00" in changed
        assert one.sku.uid not in less
        assert 'value="2"' in less

    def test_says_what_stands_in_the_way(self, shop, buyer):
        made, gone = make.sku(shop.id, cards=2), make.sku(shop.id)
        add(buyer, made, 5)
        add(buyer, gone)
        set_product_state(
            merchant_id=shop.id, actor=SYSTEM, uid=gone.sku.product.uid, state=ProductState.OFF_SALE
        )

        page = text(buyer.get("cart/"))

        assert "目前每单最多 2 件。" in page
        assert "该商品已下架。" in page

    def test_keeps_a_bound(self, shop, buyer):
        made = [make.sku(shop.id) for _ in range(LINES_MAX + 1)]

        answers = [add(buyer, one) for one in made]

        assert [answer.status_code for answer in answers[:-1]] == [302] * LINES_MAX
        assert answers[-1].status_code == 409
        assert text(buyer.get("cart/")).count('name="remove"') == LINES_MAX

    def test_ignores_what_is_no_sku_here(self, shop, buyer, other_merchant):
        theirs = make.sku(other_merchant)

        add(buyer, theirs)
        buyer.post("cart/", {"act": "add", "sku": "sku_nothing", "quantity": "-3"})
        buyer.post("cart/", {"act": "explode"})

        assert "购物车是空的" in text(buyer.get("cart/"))

    def test_forgets_a_cookie_that_was_tampered_with(self, shop, buyer):
        add(buyer, make.sku(shop.id))
        buyer.client.cookies["kc_cart"] = buyer.client.cookies["kc_cart"].value[:-2] + "xx"

        assert "购物车是空的" in text(buyer.get("cart/"))

    def test_of_one_shop_is_not_anothers(self, shop, buyer, other_merchant, open_shop):
        add(buyer, make.sku(shop.id))
        elsewhere = open_shop(other_merchant).buyer()
        elsewhere.client = buyer.client

        assert "购物车是空的" in text(elsewhere.get("cart/"))
        assert "购物车是空的" not in text(buyer.get("cart/"))


class TestCartCheckout:
    def test_buys_several_goods_in_one_order_and_empties_the_cart(self, shop, buyer):
        one, two = make.sku(shop.id, cards=3, price=1000), make.sku(shop.id, cards=3, price=300)
        add(buyer, one, 2)
        add(buyer, two, 1)

        answer = buyer.post("cart/", {"act": "set", "then": "checkout"})
        shown = buyer.get(answer.headers["Location"])
        placed = buyer.post("checkout/", filled(shown))

        order = shop.order(number_in(placed))
        assert [(line.sku_uid, line.quantity) for line in order.lines] == [
            (one.sku.uid, 2),
            (two.sku.uid, 1),
        ]
        assert order.payable.minor == 2300
        assert "购物车是空的" in text(buyer.get("cart/"))

    def test_leads_back_when_there_is_nothing_to_buy(self, buyer):
        assert buyer.get("checkout/").headers["Location"] == buyer.at("cart/")

    def test_keeps_the_cart_when_something_else_is_bought_at_once(self, shop, buyer):
        kept, bought = make.sku(shop.id), make.sku(shop.id)
        add(buyer, kept)

        buyer.buy(bought)

        assert kept.sku.uid in text(buyer.get("cart/"))

    def test_picked_numbers_cost_their_surcharge(self, shop, buyer):
        made = make.sku(
            shop.id, cards=3, price=1000, strategy=Strategy.CHOSEN, chosen_surcharge_minor=200
        )
        give_numbers(shop.id)
        page = text(buyer.get(f"p/{made.sku.product.uid}/numbers/{made.sku.uid}/"))
        picks = re.findall(r'name="pick" value="([^"]+)"', page)[:2]

        answer = buyer.post("cart/", {"act": "buy", "sku": made.sku.uid, "pick": picks})
        path = answer.headers["Location"]
        shown = buyer.get(path)
        order = shop.order(number_in(buyer.post(path, filled(shown))))

        assert "自选号码费" in text(shown)
        assert order.payable.minor == 2400
        assert order.lines[0].quantity == 2


def give_numbers(merchant):
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute(
            "update card set number_mask = '88****88' where merchant_id = %s", [merchant]
        )
