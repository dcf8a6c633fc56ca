"""Nobody opens an order by its number (L10, rule 22)."""

import re

import pytest
from django.core import signing
from django.db import connection

from kacang.merchants.tenancy import acting_as
from kacang.orders.operations import code_to_send
from kacang.orders.types import OrderState
from kacang.web.shop.access import ATTEMPTS_MAX
from kacang.web.shop.cookies import ORDERS_KEPT
from tests import make
from tests.web.shop.conftest import EMAIL, PASSWORD, text

PAGES = ("", "pay/", "state", "codes.txt")
POSTS = ("pay/", "paid/", "cancel/")
NOBODY = "20260101AAAAAAAAAA"


def without_number(answer, number):
    """What a page says, less the number that was asked for and what differs each time."""
    return re.sub(r'value="[0-9A-Za-z]{64}"', "", text(answer).replace(number, "…"))


class TestGuard:
    @pytest.mark.parametrize("path", PAGES)
    def test_L10_number_alone_shows_nothing_and_says_not_whether_it_exists(self, shop, path):
        made, placed = shop.sold()

        known = shop.buyer().get(f"orders/{placed.number}/{path}")
        unknown = shop.buyer().get(f"orders/{NOBODY}/{path}")

        assert known.status_code == unknown.status_code == 403
        assert without_number(known, placed.number) == without_number(unknown, NOBODY)
        assert made.codes[0] not in text(known)

    @pytest.mark.parametrize("path", POSTS)
    def test_L10_number_alone_changes_nothing(self, shop, buyer, path):
        made = make.sku(shop.id)
        number = buyer.buy(made)

        answer = shop.buyer().post(f"orders/{number}/{path}", {"provider": "sandbox"})

        assert answer.status_code == 403
        assert shop.order(number).state == OrderState.PENDING

    def test_L10_a_made_up_token_opens_nothing(self, shop, buyer):
        made, placed = shop.sold()
        stranger = shop.buyer()

        for token in ("", "x", placed.access_token[:-1], "é" * 500, placed.access_token + "0"):
            answer = stranger.get(f"orders/{placed.number}/?t={token}")
            assert answer.status_code == 403
            assert made.codes[0] not in text(answer)
        assert "kc_orders" not in stranger.client.cookies

    def test_L10_a_cookie_that_was_tampered_with_opens_nothing(self, shop, buyer):
        made, placed = shop.sold()
        honest, forger = shop.buyer(), shop.buyer()
        honest.get(f"orders/{placed.number}/?t={placed.access_token}")
        kept = honest.client.cookies["kc_orders"].value
        unsigned = {shop.info.uid: [[placed.number, placed.access_token]]}

        for forged in (
            kept[:-1] + ("a" if kept[-1] != "a" else "b"),
            signing.dumps(unsigned, key="another key", salt="kc_orders"),
            signing.dumps(unsigned, salt="kc_cart"),
            signing.dumps([1, 2], salt="kc_orders"),
            "",
        ):
            forger.client.cookies["kc_orders"] = forged
            assert forger.get(f"orders/{placed.number}/").status_code == 403

        assert made.codes[0] in text(honest.get(f"orders/{placed.number}/"))

    def test_L10_an_order_of_another_merchant_is_none(self, shop, other_merchant, open_shop):
        theirs = open_shop(other_merchant)
        made, placed = theirs.sold()
        here = shop.buyer()

        entered = here.get(f"orders/{placed.number}/?t={placed.access_token}")
        forged = {shop.info.uid: [[placed.number, placed.access_token]]}
        here.client.cookies["kc_orders"] = signing.dumps(forged, salt="kc_orders")
        opened = here.get(f"orders/{placed.number}/")

        assert entered.status_code == opened.status_code == 403
        assert made.codes[0] not in text(entered) + text(opened)
        assert "本浏览器还没有订单" in text(here.get("orders/"))

    def test_keeps_the_keys_of_the_last_orders(self, shop, buyer):
        made = make.sku(shop.id, cards=ORDERS_KEPT + 2)
        placed = [make.order(made) for _ in range(ORDERS_KEPT + 2)]

        for order in placed:
            buyer.get(f"orders/{order.number}/?t={order.access_token}")

        assert buyer.get(f"orders/{placed[0].number}/").status_code == 403
        assert buyer.get(f"orders/{placed[2].number}/").status_code == 200
        assert len(buyer.client.cookies["kc_orders"].value) < 3800


class TestLookup:
    def test_number_and_contact_show_the_state_only(self, shop, buyer):
        made, placed = shop.sold(contact=make.request(make.sku(shop.id)).contact)
        contact = shop.order(placed.number).contact.email

        answer = buyer.post("orders/", {"number": placed.number.lower(), "contact": contact})

        page = text(answer)
        assert answer.status_code == 200
        assert "已发货" in page
        assert made.codes[0] not in page
        assert placed.access_token not in page
        assert buyer.get(f"orders/{placed.number}/").status_code == 403

    def test_L10_says_not_whether_the_number_exists(self, shop):
        _, placed = shop.sold()

        wrong = shop.buyer().post("orders/", {"number": placed.number, "contact": "x@example.com"})
        unknown = shop.buyer().post("orders/", {"number": NOBODY, "contact": "x@example.com"})

        assert wrong.status_code == unknown.status_code == 404
        assert without_number(wrong, placed.number) == without_number(unknown, NOBODY)

    def test_L10_attempts_from_one_address_are_limited(self, shop, buyer):
        _, placed = shop.sold()
        contact = shop.order(placed.number).contact.email
        wrong = {"number": NOBODY, "contact": "x@example.com"}

        answers = [buyer.post("orders/", wrong).status_code for _ in range(ATTEMPTS_MAX)]
        after = buyer.post("orders/", {"number": placed.number, "contact": contact})
        elsewhere = shop.buyer().post("orders/", {"number": placed.number, "contact": contact})

        assert set(answers) == {404}
        assert after.status_code == 429
        assert "已发货" not in text(after)
        assert elsewhere.status_code == 200

    def test_asks_again_for_what_is_missing(self, buyer):
        answer = buyer.post("orders/", {"number": "", "contact": ""})

        assert answer.status_code == 422
        assert text(answer).count("请填写此项。") == 2


class TestPassword:
    def test_opens_the_order_on_another_device(self, shop, buyer):
        made = make.sku(shop.id, cards=1)
        number = buyer.buy(made, password=PASSWORD)
        shop.pay(number)
        other = shop.buyer()

        wrong = other.post(f"orders/{number}/open/", {"password": PASSWORD + "x"})
        right = other.post(f"orders/{number}/open/", {"password": PASSWORD})

        assert wrong.status_code == 403
        assert right.headers["Location"] == other.at(f"orders/{number}/")
        assert made.codes[0] in text(other.get(f"orders/{number}/"))

    def test_L10_guesses_at_one_order_are_limited_wherever_they_come_from(self, shop, buyer):
        number = buyer.buy(make.sku(shop.id), password=PASSWORD)

        for guess in range(10):
            shop.buyer().post(f"orders/{number}/open/", {"password": f"guess-{guess}"})
        answer = shop.buyer().post(f"orders/{number}/open/", {"password": PASSWORD})

        assert answer.status_code == 403
        assert buyer.get(f"orders/{number}/pay/").status_code == 200

    def test_L10_an_order_without_password_opens_to_none(self, shop, buyer):
        number = buyer.buy(make.sku(shop.id))

        for password in ("", " ", "None"):
            answer = shop.buyer().post(f"orders/{number}/open/", {"password": password})
            assert answer.status_code == 403

    def test_unknown_numbers_answer_as_known_ones(self, shop, buyer):
        number = buyer.buy(make.sku(shop.id), password=PASSWORD)

        known = shop.buyer().post(f"orders/{number}/open/", {"password": "wrong-one"})
        unknown = shop.buyer().post(f"orders/{NOBODY}/open/", {"password": "wrong-one"})

        assert known.status_code == unknown.status_code == 403
        assert without_number(known, number) == without_number(unknown, NOBODY)


class TestCode:
    def test_is_sent_to_the_contact_and_opens_once(self, shop, buyer):
        made = make.sku(shop.id, cards=1)
        number = buyer.buy(made)
        shop.pay(number)
        other, third = shop.buyer(), shop.buyer()

        asked = other.post(f"orders/{number}/code/", {"contact": EMAIL.upper()})
        code = sent_code(shop)
        opened = other.post(f"orders/{number}/open/", {"code": f" {code} "})
        again = third.post(f"orders/{number}/open/", {"code": code})

        assert "验证码已发出" in text(asked)
        assert made.codes[0] in text(other.get(opened.headers["Location"]))
        assert again.status_code == 403

    def test_L10_asking_for_one_says_not_whether_order_or_contact_are_right(self, shop, buyer):
        number = buyer.buy(make.sku(shop.id))

        right = shop.buyer().post(f"orders/{number}/code/", {"contact": EMAIL})
        wrong = shop.buyer().post(f"orders/{number}/code/", {"contact": "x@example.com"})
        unknown = shop.buyer().post(f"orders/{NOBODY}/code/", {"contact": EMAIL})

        pages = {
            without_number(right, number),
            without_number(wrong, number),
            without_number(unknown, NOBODY),
        }
        assert len(pages) == 1
        assert codes_of(shop) == 1


def codes_of(shop):
    with acting_as(shop.id), connection.cursor() as cursor:
        cursor.execute("select count(*) from access_code")
        return cursor.fetchone()[0]


def sent_code(shop):
    with acting_as(shop.id), connection.cursor() as cursor:
        cursor.execute("select max(id) from access_code")
        (code_id,) = cursor.fetchone()
    found = code_to_send(merchant_id=shop.id, code_id=code_id)
    assert found is not None
    return found[1]
