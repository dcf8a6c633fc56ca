"""Checkout: what it asks for, what it keeps, and one order for one form (W1, W3, L6)."""

import re
import threading

import pytest
from django.db import connection
from django.test import Client

from kacang.customers import queries as customers
from kacang.merchants.tenancy import acting_as
from kacang.orders.buying import rules
from kacang.orders.customers import reading
from kacang.orders.types import OrderState
from kacang.risk import operations as risk
from kacang.vault.models import CardState
from tests import make
from tests.web.shop.conftest import EMAIL, PASSWORD, Buyer, filled, number_in, text

GAME_FORM = [
    {
        "name": "account", "label": {"zh-Hans": "游戏账号", "en": "Account"}, "kind": "text",
        "required": True, "secret": False, "pattern": "#{5,12}", "hint": {"zh-Hans": "数字账号"},
        "options": [],
    },
    {
        "name": "server", "label": {"zh-Hans": "区服"}, "kind": "select", "required": True,
        "secret": False, "pattern": "", "hint": {}, "options": ["一区", "二区"],
    },
    {
        "name": "pin", "label": {"zh-Hans": "登录密码"}, "kind": "text", "required": False,
        "secret": True, "pattern": "", "hint": {}, "options": [],
    },
]  # fmt: skip


def orders_of(merchant):
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute("select count(*) from sale_order where merchant_id = %s", [merchant])
        return cursor.fetchone()[0]


class TestPlacing:
    def test_leads_to_the_payment_page_of_the_order(self, shop, buyer):
        made = make.sku(shop.id, cards=3, price=1999)

        answer = buyer.checkout(made, 2)
        number = number_in(answer)
        order = shop.order(number)

        assert answer.headers["Location"] == buyer.at(f"orders/{number}/pay/")
        assert order.state == OrderState.PENDING
        assert order.contact.email == EMAIL
        assert order.channel == "shop"
        assert order.address == buyer.address
        assert order.payable.minor == 3998
        assert [payment.provider for payment in order.payments] == ["sandbox"]
        assert make.card_states(made) == {CardState.AVAILABLE: 1, CardState.RESERVED: 2}

    def test_takes_what_is_free_straight_to_its_codes(self, shop, buyer):
        made = make.sku(shop.id, cards=1, price=0)

        answer = buyer.checkout(made)

        assert answer.headers["Location"] == buyer.at(f"orders/{number_in(answer)}/")
        assert made.codes[0] in text(buyer.get(answer.headers["Location"]))

    @pytest.mark.parametrize("agrees", [True, False])
    def test_H1_remembers_who_agrees_and_nobody_else(self, shop, buyer, agrees):
        made = make.sku(shop.id)
        page = text(buyer.get(buyer.at(f"checkout/?sku={made.sku.uid}")))

        number = number_in(buyer.checkout(made, **({"remember": "on"} if agrees else {})))

        assert 'name="remember"' in page
        assert 'name="remember" checked' not in page
        known = customers.customers_page(merchant_id=shop.id).rows
        assert [one.contacts[0].value for one in known] == ([EMAIL] if agrees else [])
        owner = reading.customer_of_order(merchant_id=shop.id, number=number)
        assert owner == (known[0].id if agrees else 0)

    def test_cookies_are_for_this_site_and_not_for_scripts(self, shop, buyer):
        answer = buyer.checkout(make.sku(shop.id))

        kept = answer.cookies["kc_orders"]
        assert kept["httponly"]
        assert kept["samesite"] == "Lax"
        assert kept["path"] == "/"


class TestOnce:
    def test_the_same_form_twice_is_one_order(self, shop, buyer):
        made = make.sku(shop.id, cards=5)
        path = f"checkout/?sku={made.sku.uid}&quantity=1"
        form = filled(buyer.get(path))

        first, second = buyer.post(path, form), buyer.post(path, form)

        assert number_in(first) == number_in(second)
        assert orders_of(shop.id) == 1
        assert make.card_states(made) == {CardState.AVAILABLE: 4, CardState.RESERVED: 1}
        assert buyer.get(second.headers["Location"]).status_code == 200

    def test_the_same_form_at_the_same_time_is_one_order_that_each_can_open(self, shop, buyer):
        made = make.sku(shop.id, cards=5)
        path = f"checkout/?sku={made.sku.uid}&quantity=1"
        form = filled(buyer.get(path))
        device = buyer.client.cookies["kc_device"].value
        answers = []

        def send():
            twin = Buyer(buyer.base, address=buyer.address)
            twin.client.cookies["kc_device"] = device
            answer = twin.post(path, form)
            answers.append((number_in(answer), twin.get(answer.headers["Location"]).status_code))
            connection.close()

        threads = [threading.Thread(target=send) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(answers) == 6
        assert len({number for number, _ in answers}) == 1
        assert {status for _, status in answers} == {200}
        assert orders_of(shop.id) == 1

    def test_the_form_of_another_device_places_nothing(self, shop, buyer):
        made = make.sku(shop.id, cards=5)
        path = f"checkout/?sku={made.sku.uid}&quantity=1"
        form = filled(buyer.get(path))

        answer = shop.buyer().post(path, form)

        assert answer.status_code == 422
        assert orders_of(shop.id) == 0

    def test_a_price_that_changed_is_shown_before_it_is_charged(self, shop, buyer):
        made = make.sku(shop.id, cards=5, price=1000)
        path = f"checkout/?sku={made.sku.uid}&quantity=1"
        form = filled(buyer.get(path))
        with acting_as(shop.id):
            type(made.sku).objects.filter(id=made.sku.pk).update(price_minor=1500)

        refused = buyer.post(path, form)
        accepted = buyer.post(path, filled(refused))

        assert refused.status_code == 422
        assert "价格有变动" in text(refused)
        assert shop.order(number_in(accepted)).payable.minor == 1500
        assert orders_of(shop.id) == 1

    def test_needs_the_csrf_token(self, shop):
        made = make.sku(shop.id)
        strict = Buyer(f"/s/{shop.info.slug}/", client=Client(enforce_csrf_checks=True))
        path = f"checkout/?sku={made.sku.uid}&quantity=1"

        assert strict.post(path, filled(strict.get(path))).status_code == 403
        assert orders_of(shop.id) == 0


class TestContact:
    @pytest.mark.parametrize(
        ("rule", "fields", "placed"),
        [
            ("either", {"email": "", "phone": ""}, False),
            ("either", {"email": "", "phone": "138 2604 2716"}, True),
            ("email", {"email": "", "phone": "13826042716"}, False),
            ("phone", {"email": EMAIL, "phone": ""}, False),
            ("phone", {"email": "", "phone": "13826042716"}, True),
            ("none", {"email": "", "phone": ""}, True),
        ],
    )
    def test_is_asked_for_as_the_merchant_wants(self, shop, buyer, rule, fields, placed):
        made = make.sku(shop.id)
        shop.choose(contact_required=rule)

        answer = buyer.checkout(made, **fields)

        assert answer.status_code == (302 if placed else 422)
        assert orders_of(shop.id) == int(placed)

    def test_without_contact_and_cookie_a_password_is_asked_for(self, shop):
        made = make.sku(shop.id)
        shop.choose(contact_required="none")
        buyer = shop.buyer()
        path = f"checkout/?sku={made.sku.uid}&quantity=1"
        form = filled(buyer.get(path), email="")
        buyer.client.cookies.clear()

        answer = buyer.post(path, form)

        assert answer.status_code == 422
        assert "须设置查单密码" in text(answer)

    def test_errors_stand_at_the_field_and_keep_what_was_typed(self, shop, buyer):
        made = make.sku(shop.id)

        answer = buyer.checkout(made, email="lin@", phone="12", password="123")
        page = text(answer)

        assert answer.status_code == 422
        assert "邮箱格式不正确。" in page
        assert "手机号格式不正确。" in page
        assert "密码需为 6 至 64 位。" in page
        assert 'value="lin@"' in page
        assert 'value="12"' in page
        assert page.count('aria-invalid="true"') == 3


class TestForm:
    def test_questions_of_the_product_are_asked_and_kept(self, shop, buyer):
        made = make.sku(shop.id, form_fields=GAME_FORM)

        number = buyer.buy(made, f_account=" 123456 ", f_server="二区", f_pin=" s3cret")

        order = shop.order(number)
        assert order.form == {"account": "123456", "server": "二区"}
        assert order.has_secret_form

    def test_wrong_answers_are_said_beside_the_question(self, shop, buyer):
        made = make.sku(shop.id, form_fields=GAME_FORM)

        answer = buyer.checkout(made, f_account="abc", f_server="三区", f_pin="s3cret")
        page = text(answer)

        assert answer.status_code == 422
        assert "格式不正确，请核对。" in page
        assert "此项填写有误。" in page
        assert 'name="f_account" value="abc"' in page
        assert "数字账号" in page
        assert orders_of(shop.id) == 0
        assert make.card_states(made) == {CardState.AVAILABLE: 3}


class TestRefusals:
    def test_sold_out_meanwhile_leads_to_other_choices(self, shop, buyer):
        made = make.sku(shop.id, cards=1)
        path = f"checkout/?sku={made.sku.uid}&quantity=1"
        form = filled(buyer.get(path))
        make.order(made)

        answer = buyer.post(path, form)

        assert answer.status_code in (409, 422)
        assert "售罄" in text(answer)
        assert f"/p/{made.sku.product.uid}/" in text(answer)

    def test_too_many_unpaid_leads_to_the_unpaid_ones(self, shop, buyer):
        made = make.sku(shop.id, cards=9)
        shop.choose(unpaid_orders_max_device=1)
        forget()
        number = buyer.buy(made)

        answer = buyer.checkout(made)
        page = text(answer)
        mine = text(buyer.get("orders/"))
        buyer.post(f"orders/{number}/cancel/")

        assert answer.status_code == 429
        assert f'href="{buyer.base}orders/#mine"' in page
        assert f"orders/{number}/pay/" in mine
        assert buyer.checkout(made).status_code == 302

    def test_who_is_blocked_learns_how_to_reach_the_shop(self, shop, buyer):
        made = make.sku(shop.id)
        risk.block(merchant_id=shop.id, kind="email", value=EMAIL)

        answer = buyer.checkout(made)

        assert answer.status_code == 403
        assert f'href="{buyer.base}help/"' in text(answer)
        assert orders_of(shop.id) == 0

    def test_no_way_to_pay_places_nothing(self, merchant):
        made = make.sku(merchant)
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute("select slug from merchant where id = %s", [merchant])
            (slug,) = cursor.fetchone()
        buyer = Buyer(f"/s/{slug}/")
        path = f"checkout/?sku={made.sku.uid}&quantity=1"

        shown = buyer.get(path)

        assert "店铺暂未开通收款" in text(shown)
        assert buyer.post(path, filled(shown)).status_code == 422
        assert orders_of(merchant) == 0

    @pytest.mark.parametrize("query", ["sku=x", "sku=&quantity=1", "sku=%00", "quantity=9"])
    def test_strange_addresses_place_nothing(self, shop, buyer, query):
        answer = buyer.post(f"checkout/?{query}", {"token": "x"})

        assert answer.status_code in (302, 400)
        assert orders_of(shop.id) == 0


def test_password_is_kept_as_a_hash_only(shop, buyer):
    number = buyer.buy(make.sku(shop.id), password=PASSWORD)

    with acting_as(shop.id), connection.cursor() as cursor:
        cursor.execute("select password_hash from sale_order where number = %s", [number])
        (hashed,) = cursor.fetchone()

    assert re.match(r"argon2\$", hashed)
    assert PASSWORD not in hashed


def forget():
    """Let this process read the merchant's limits anew."""
    rules.forget_rules()


def test_a_form_with_a_zero_byte_is_refused(shop, buyer):
    assert buyer.post("orders/", {"number": "A\0", "contact": EMAIL}).status_code == 400
    assert buyer.checkout(make.sku(shop.id), email="a\0@example.com").status_code == 400
    assert orders_of(shop.id) == 0
