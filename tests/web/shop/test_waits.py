"""S4: leaving an address at what is sold out, without scripts, and having it forgotten."""

import re

import pytest
from django.test import Client, override_settings

from kacang.merchants.tenancy import acting_as
from kacang.supply import operations as supply
from kacang.supply import queries
from kacang.supply import waiting as waits
from kacang.supply.models import Wait
from kacang.web.wait_tokens import token_of
from tests import make
from tests.web.console.conftest import work_as
from tests.web.shop.conftest import text


@pytest.fixture(autouse=True)
def _mail_is_possible():
    with override_settings(EMAIL_HOST="127.0.0.1", EMAIL_PORT=9):
        yield


def product(made) -> str:
    return f"p/{made.sku.product.uid}/"


def wait(buyer, made, email="zhao@example.com", **fields):
    data = {"sku": made.sku.uid, "email": email, **fields}
    return buyer.post(f"{product(made)}wait/", data)


def counted(shop, made) -> int:
    found = queries.waiting_counts(merchant_id=shop.id, sku_ids=[made.sku.pk])
    return found.get(made.sku.pk, 0)


class TestAsking:
    def test_the_form_is_where_something_is_sold_out_and_nowhere_else(self, shop, buyer):
        gone, there = make.sku(shop.id, cards=0), make.sku(shop.id, cards=1)

        assert "wait_email" in text(buyer.get(product(gone)))
        assert "wait_email" not in text(buyer.get(product(there)))

    def test_it_is_not_offered_where_no_mail_can_be_sent(self, shop, buyer):
        made = make.sku(shop.id, cards=0)

        with override_settings(EMAIL_HOST=""):
            assert "wait_email" not in text(buyer.get(product(made)))

    def test_an_address_is_taken_down_and_the_answer_is_always_the_same(self, shop, buyer):
        made = make.sku(shop.id, cards=0)

        answers = [wait(buyer, made) for _ in range(2)]

        assert {(one.status_code, one.headers["Location"]) for one in answers} == {
            (302, f"{buyer.base}{product(made)}?sku={made.sku.uid}&noted=1#wait")
        }
        assert "已登记" in text(buyer.get(answers[0].headers["Location"]))
        assert counted(shop, made) == 1

    def test_a_wrong_address_is_said_and_stays_typed(self, shop, buyer):
        made = make.sku(shop.id, cards=0)

        answer = wait(buyer, made, "zhao@")

        assert answer.status_code == 422
        assert "请检查邮箱地址" in text(answer)
        assert 'value="zhao@"' in text(answer)
        assert "已登记" not in text(answer)

    def test_too_many_from_one_place_are_refused(self, shop, buyer):
        made = make.sku(shop.id, cards=0)
        for number in range(waits.ATTEMPTS):
            wait(buyer, made, f"b{number}@example.com")

        assert wait(buyer, made, "c@example.com").status_code == 429
        assert counted(shop, made) == waits.ATTEMPTS

    def test_what_is_not_there_is_not_found(self, shop, buyer):
        made = make.sku(shop.id, cards=0)

        assert wait(buyer, made, sku="sku_none").status_code == 404

    def test_a_form_of_another_site_is_refused(self, shop, buyer):
        made = make.sku(shop.id, cards=0)
        buyer.client = Client(enforce_csrf_checks=True)

        assert wait(buyer, made).status_code == 403
        assert counted(shop, made) == 0


class TestForgetting:
    @pytest.fixture
    def link(self, shop, buyer) -> str:
        made = make.sku(shop.id, cards=0)
        wait(buyer, made)
        with acting_as(shop.id):
            uid = Wait.objects.values_list("uid", flat=True).get(merchant_id=shop.id)
        return f"waits/{token_of(uid)}/"

    def rows(self, shop) -> int:
        with acting_as(shop.id):
            return len(Wait.objects.filter(merchant_id=shop.id))

    def test_looking_deletes_nothing_and_the_button_does(self, shop, buyer, link):
        page = buyer.get(link)
        before = self.rows(shop)
        done = buyer.post(link)

        assert (page.status_code, before, done.status_code) == (200, 1, 200)
        assert "删除我的邮箱" in text(page)
        assert "您的邮箱已删除" in text(done)
        assert page.headers["Cache-Control"] == "no-store, private"
        assert self.rows(shop) == 0
        assert buyer.post(link).status_code == 200

    def test_a_mail_program_does_it_with_one_post(self, shop, buyer, link):
        buyer.client = Client(enforce_csrf_checks=True)

        answer = buyer.post(link, {"List-Unsubscribe": "One-Click"})

        assert (answer.status_code, self.rows(shop)) == (200, 0)

    def test_a_changed_link_is_none(self, shop, buyer, link):
        assert buyer.post(link.replace("wait_", "wait-")).status_code == 404
        assert self.rows(shop) == 1

    def test_another_shops_link_forgets_nobody_here(self, shop, link, other_merchant, open_shop):
        theirs = open_shop(other_merchant).buyer()

        theirs.post(link)

        assert self.rows(shop) == 1


class TestConsole:
    def test_shows_how_many_wait_and_no_address(self, shop, buyer):
        made = make.sku(shop.id, cards=0)
        for number in range(3):
            wait(buyer, made, f"quietly{number}@example.com")
        owner = work_as(shop.id)
        pages = [
            text(owner.get(path)) for path in ("/console/stock/", f"/console/stock/{made.sku.uid}/")
        ]

        assert "3 buyers wait" in pages[0]
        assert re.search(r"Buyers who wait for new stock</dt><dd>3<", pages[1])
        assert not [page for page in pages if "quietly" in page]

    def test_the_log_of_messages_names_nobody(self, shop, buyer):
        made = make.sku(shop.id, cards=0)
        wait(buyer, made, "quietly@example.com")
        make.stock(made, 1)
        supply.tell_waiting(merchant_id=shop.id)

        page = text(work_as(shop.id).get("/console/messages/"))

        assert "A waiting buyer" in page
        assert "quietly" not in page
