"""N1: the reader of a mail ends such mails, with one click of a mail program or on a page."""

import html
import re

import pytest
from django.test import Client

from kacang.merchants.audit import SYSTEM
from kacang.messages.events import Event
from kacang.messages.restraint import refusing
from kacang.messages.restraint.rules import OPTIONAL
from kacang.orders import operations as orders
from kacang.orders import queries as order_queries
from kacang.payments import queries as payments
from kacang.web.mails import orders as order_mails
from tests import make
from tests.messages.conftest import postbox  # noqa: F401 - a fixture
from tests.web.test_mails import BUYER, choose, run_news, text_of


@pytest.fixture
def stocked(merchant):
    payments.forget_accounts()
    make.account(merchant)
    return make.sku(merchant)


@pytest.fixture
def mail(merchant, stocked, postbox):  # noqa: F811 - a fixture
    """The mail about an order that was not paid."""
    choose(merchant, mail_order_cancelled=True)
    placed = make.order(stocked, contact=BUYER)
    orders.cancel_order(merchant_id=merchant, number=placed.number, actor=SYSTEM, reason="x")
    run_news(merchant)
    (found,) = postbox.mails
    return found


def url_in(found) -> str:
    return str(found["List-Unsubscribe"]).strip(" <>")


def path_in(found) -> str:
    return "/" + url_in(found).split("/", 3)[3]


def off(merchant, event=Event.ORDER_CANCELLED):
    token = refusing.token_for(merchant, event, BUYER.email)
    return refusing.refused(refusing.reader_of(merchant, token))


class TestMail:
    def test_says_where_it_ends_in_its_header_and_below(self, mail):
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert url_in(mail) in text_of(mail).splitlines()
        assert BUYER.email not in url_in(mail)

    def test_one_that_must_be_has_no_such_thing(self, merchant, stocked, postbox):  # noqa: F811
        placed = make.order(stocked, contact=BUYER)
        order = order_queries.order(merchant_id=merchant, number=placed.number)
        order_mails.tell_delivered(merchant_id=merchant, order_id=order.id, again=1)
        run_news(merchant)

        (found,) = postbox.mails
        assert found["List-Unsubscribe"] is None


class TestOneClick:
    def test_ends_such_mails_without_cookie_and_again_changes_nothing(self, merchant, mail):
        answers = [
            Client(enforce_csrf_checks=True)
            .post(path_in(mail), {"List-Unsubscribe": "One-Click"})
            .status_code
            for _ in range(2)
        ]

        assert answers == [200, 200]
        assert off(merchant) == {Event.ORDER_CANCELLED}

    def test_only_looking_does_nothing(self, merchant, mail):
        """Mail programs and virus scanners open every link."""
        answer = Client().get(path_in(mail))

        assert answer.status_code == 200
        assert off(merchant) == frozenset()
        assert "noindex" in answer.content.decode()

    def test_a_changed_link_is_not_found(self, merchant, mail):
        assert Client().post(path_in(mail)[:-3] + "x/").status_code == 404
        assert off(merchant) == frozenset()


class TestPage:
    def test_takes_the_choice_and_shows_it(self, merchant, mail):
        client = Client()
        client.cookies["language"] = "en"

        client.post(path_in(mail), {"choose": "1", "wanted": ["order.shipped", "order.refunded"]})
        page = html.unescape(client.get(path_in(mail)).content.decode())

        assert off(merchant) == OPTIONAL - {Event.ORDER_SHIPPED}
        checked = re.findall(r'value="([a-z._]+)" checked', page)
        assert checked == ["order.shipped"]

    def test_says_why_the_others_cannot_be_refused(self, mail):
        page = Client().get(path_in(mail)).content.decode()

        assert "必须送达" in page
        assert "钱款" in page
