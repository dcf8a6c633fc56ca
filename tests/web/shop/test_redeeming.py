"""The shop's page for redeem codes: what it is good for, what is asked, and one order (L21)."""

import re

import pytest
from django.conf import settings

from kacang.merchants.audit import SYSTEM
from kacang.merchants.queries import AuditFilter, audit_page
from kacang.orders import operations as orders
from kacang.orders.cards import redeeming
from kacang.orders.types import OrderState
from kacang.vault.models import CardState
from tests import make
from tests.orders.looking import settle
from tests.threads import at_once
from tests.web.shop.conftest import EMAIL, PASSWORD, Buyer, number_in, text
from tests.web.shop.test_checkout import GAME_FORM

GOOD_FOR = "Your code is good for this."
REFUSED = "This code cannot be redeemed."


@pytest.fixture
def buyer(shop):
    """A browser that reads English."""
    made = shop.buyer()
    made.client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    return made


@pytest.fixture
def target(shop):
    return make.sku(shop.id, cards=2, price=5000)


@pytest.fixture
def codes(target):
    return make.redeem_codes(target, cards=3, price=4000)


def sold(shop, made):
    placed = make.order(made)
    settle(shop.account, make.notice(placed))
    (unit,) = orders.deliveries(merchant_id=shop.id, number=placed.number, actor=SYSTEM)
    return unit.secret, placed


def second_step(shown, code, **fields):
    token = re.search(r'name="token" value="([^"]+)"', text(shown))
    assert token, text(shown)
    return {"token": token[1], "code": code, "email": EMAIL, **fields}


def redeemed(buyer, code, **fields):
    shown = buyer.post("redeem/", {"code": code})
    return buyer.post("redeem/", second_step(shown, code, **fields))


class TestRedeeming:
    def test_L21_shows_what_it_is_good_for_then_gives_it(self, shop, buyer, target, codes):
        code, _ = sold(shop, codes)

        shown = buyer.post("redeem/", {"code": f" {code} "})
        assert shown.status_code == 200
        assert GOOD_FOR in text(shown)
        assert "Video" in text(shown)
        assert make.card_states(codes)[CardState.SOLD] == 1
        answer = buyer.post("redeem/", second_step(shown, code))

        number = number_in(answer)
        assert answer.headers["Location"] == buyer.at(f"orders/{number}/")
        order = shop.order(number)
        assert (order.state, order.channel, order.payable.minor) == (
            OrderState.DELIVERED, "redeem", 0,
        )  # fmt: skip
        assert (order.contact.email, order.address) == (EMAIL, buyer.address)
        page = text(buyer.get(answer.headers["Location"]))
        assert sum(one in page for one in target.codes) == 1
        assert "Code redeemed" in page
        assert "Payment received" not in page
        assert make.card_states(codes)[CardState.REDEEMED] == 1

    def test_asks_what_the_product_asks(self, shop, buyer):
        target = make.sku(shop.id, cards=1, form_fields=GAME_FORM)
        codes = make.redeem_codes(target)
        code, _ = sold(shop, codes)

        shown = buyer.post("redeem/", {"code": code})
        wrong = buyer.post("redeem/", second_step(shown, code, f_account="abc", f_server="一区"))
        assert wrong.status_code == 422
        assert make.card_states(codes)[CardState.SOLD] == 1
        answer = buyer.post(
            "redeem/",
            second_step(shown, code, f_account="1234567", f_server="一区", f_pin="geheim"),
        )

        order = shop.order(number_in(answer))
        assert order.form == {"account": "1234567", "server": "一区"}
        assert order.has_secret_form

    def test_the_same_form_twice_or_at_once_is_one_order(self, shop, buyer, target, codes):
        code, _ = sold(shop, codes)
        shown = buyer.post("redeem/", {"code": code})
        form = second_step(shown, code)
        device = buyer.client.cookies["kc_device"].value

        def send():
            twin = Buyer(buyer.base, address=buyer.address)
            twin.client.cookies["kc_device"] = device
            return number_in(twin.post("redeem/", form))

        numbers = at_once([send] * 6)
        numbers.append(number_in(buyer.post("redeem/", form)))

        assert len(set(numbers)) == 1
        assert make.card_states(target)[CardState.SOLD] == 1
        told = audit_page(merchant_id=shop.id, where=AuditFilter(action="cards.redeem_refused"))
        assert told.rows == []

    @pytest.mark.parametrize("cause", ["unsold", "redeemed", "unknown", "foreign"])
    def test_refuses_in_the_same_words_for_every_cause(
        self, shop, buyer, target, codes, other_merchant, cause
    ):
        code = "no such code"
        if cause == "unsold":
            code = codes.codes[0]
        elif cause == "redeemed":
            code, _ = sold(shop, codes)
            assert redeemed(shop.buyer(), code).status_code == 302
        elif cause == "foreign":
            theirs = make.redeem_codes(make.sku(other_merchant))
            code = theirs.codes[0]

        answer = buyer.post("redeem/", {"code": code})

        assert answer.status_code == 422
        words = re.sub(r'value="[^"]*"', "", text(answer))
        assert REFUSED in words
        assert GOOD_FOR not in words

    def test_keeps_the_code_when_it_is_out_of_stock(self, shop, buyer):
        target = make.sku(shop.id, cards=0)
        codes = make.redeem_codes(target)
        code, _ = sold(shop, codes)

        answer = redeemed(buyer, code)

        assert answer.status_code == 409
        assert "Your code stays good" in text(answer)
        assert make.card_states(codes)[CardState.SOLD] == 1
        make.stock(target, 1)
        assert redeemed(buyer, code).status_code == 302

    def test_stops_who_guesses(self, shop, buyer, codes, monkeypatch):
        monkeypatch.setattr(redeeming, "MISSES", 2)
        code, _ = sold(shop, codes)

        answers = [buyer.post("redeem/", {"code": f"guess-{at}"}) for at in range(2)]
        answers.append(buyer.post("redeem/", {"code": code}))

        assert [answer.status_code for answer in answers] == [422, 422, 429]
        assert shop.buyer().post("redeem/", {"code": code}).status_code == 200

    def test_asks_for_a_password_where_nothing_else_would_lead_back(self, shop, target, codes):
        shop.choose(contact_required="none")
        code, _ = sold(shop, codes)
        fresh = shop.buyer()
        shown = fresh.post("redeem/", {"code": code})
        form = second_step(shown, code, email="", password=PASSWORD)

        answer = fresh.post("redeem/", form)

        assert shop.order(number_in(answer)).has_password

    def test_nobody_else_keeps_the_page_or_its_address(self, shop, buyer, codes):
        code, _ = sold(shop, codes)

        shown = buyer.post("redeem/", {"code": code})

        assert shown.headers["Cache-Control"] == "no-store, private"
        assert "noindex" in shown.headers["X-Robots-Tag"]
        assert buyer.post("redeem/", {"code": ""}).status_code == 422
        assert buyer.get("redeem/").status_code == 200


class TestWays:
    def test_lead_there_where_there_are_redeem_codes(self, shop, buyer, codes):
        code, placed = sold(shop, codes)
        address = buyer.at("redeem/")

        assert f'href="{address}"' in text(buyer.get())
        assert f'href="{address}"' in text(buyer.get("help/"))
        order = f"orders/{placed.number}/"
        buyer.get(f"{order}?t={placed.access_token}")
        page = text(buyer.get(order))
        assert code in page
        assert f'class="btn full" href="{address}"' in page

    def test_do_not_where_there_are_none(self, shop, buyer):
        make.sku(shop.id)

        assert buyer.at("redeem/") not in text(buyer.get())
        assert "I have a redeem code" not in text(buyer.get("help/"))
