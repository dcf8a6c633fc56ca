"""Buyers ask for changes on their order's page, and find the answer there (O6, L10)."""

import pytest

from kacang.merchants.audit import Actor
from kacang.orders.exceptions import operations, queries
from kacang.orders.exceptions.operations import Decider
from kacang.orders.shipping import operations as shipping
from kacang.orders.shipping.operations import ParcelWish
from kacang.orders.types import OrderState
from kacang.risk import operations as risk
from kacang.risk.operations import Scope
from kacang.web.shop import changing
from tests import make
from tests.web.shop.conftest import number_in, text
from tests.web.shop.test_recipients import WHOM, kept, send, sent

__all__ = ["sent"]
CLERK = Actor("user", 21, "zhou@example.com", "203.0.113.8")
NEW = {**WHOM, "to-name": "王芳", "to-address": "解放路 1 号"}


@pytest.fixture
def paid(shop, buyer, sent):
    number = number_in(send(buyer, sent, **WHOM))
    shop.pay(number)
    return number


def ask(buyer, number, **fields):
    return buyer.post(f"orders/{number}/change/", {"reason": "写错了", **fields})


def asked(shop, number):
    return queries.changes_of_order(merchant_id=shop.id, number=number)


def decide(shop, uid, *, approves=True, words=""):
    operations.decide_change(
        merchant_id=shop.id, uid=uid, approves=approves, words=words,
        by=Decider(CLERK, role="owner"),
    )  # fmt: skip


def ship(shop, number):
    shipping.ship_order(
        merchant_id=shop.id, number=number, wish=ParcelWish("sf", "SF1234567890123"), actor=CLERK
    )


class TestAsking:
    def test_O6_another_recipient_is_asked_for_and_answered(self, shop, buyer, paid):
        form = text(buyer.get(f"orders/{paid}/change/"))
        assert 'name="to-address"' in form
        assert "文三路" not in form

        answer = ask(buyer, paid, **NEW)

        assert answer.headers["Location"] == buyer.at(f"orders/{paid}/#changes")
        (change,) = asked(shop, paid)
        assert (change.asked_kind, change.reason, change.names) == (
            "buyer",
            "写错了",
            ["recipient"],
        )
        page = text(buyer.get(f"orders/{paid}/"))
        assert "待审核" in page
        assert "解放路" not in page

        decide(shop, change.uid)

        assert kept(shop, paid).address == "解放路 1 号"
        page = text(buyer.get(f"orders/{paid}/"))
        assert "已通过" in page
        assert "王*" in page

    def test_O6_a_refusal_says_why_where_it_was_asked(self, shop, buyer, paid):
        ask(buyer, paid, email="new@example.com")

        decide(shop, asked(shop, paid)[0].uid, approves=False, words="请先联系客服")

        assert "请先联系客服" in text(buyer.get(f"orders/{paid}/"))
        assert "请先联系客服" in text(buyer.get(f"orders/{paid}/change/"))

    def test_O6_while_one_waits_no_other_is_taken(self, shop, buyer, paid):
        ask(buyer, paid, phone="13800138000")

        assert 'name="reason"' not in text(buyer.get(f"orders/{paid}/change/"))
        assert ask(buyer, paid, email="new@example.com").status_code == 409
        assert len(asked(shop, paid)) == 1

    def test_O6_a_paid_order_is_asked_to_be_given_up(self, shop, buyer, paid):
        ask(buyer, paid, cancel="1", reason="不想要了", **NEW)
        (change,) = asked(shop, paid)
        assert change.names == ["cancel"]

        decide(shop, change.uid)

        assert shop.order(paid).state is OrderState.REFUNDING
        assert kept(shop, paid).name == "林晓岚"

    def test_O6_codes_that_are_there_offer_another_contact_alone(self, shop, buyer):
        number = buyer.buy(make.sku(shop.id))
        shop.pay(number)

        page = text(buyer.get(f"orders/{number}/change/"))

        assert 'name="email"' in page
        assert 'name="to-' not in page
        assert 'name="cancel"' not in page


class TestRefusing:
    def test_O6_after_the_parcel_has_left_it_is_said_clearly(self, shop, buyer, paid):
        ship(shop, paid)

        page = text(buyer.get(f"orders/{paid}/change/"))
        recipient = ask(buyer, paid, **NEW)
        cancel = ask(buyer, paid, cancel="1")

        assert "订单商品已寄出，不能再修改收货地址或取消。" in page
        assert 'name="to-address"' not in page
        assert 'name="cancel"' not in page
        for refused in (recipient, cancel):
            assert refused.status_code == 409
            assert "订单商品已寄出，不能再修改" in text(refused)
        assert asked(shop, paid) == []

    @pytest.mark.parametrize(
        ("fields", "where"),
        [
            ({"email": "no"}, "id_email_error"),
            ({"phone": "12"}, "id_phone_error"),
            ({"reason": " ", "email": "new@example.com"}, "id_reason_error"),
            ({**NEW, "to-postcode": "?"}, "id_to-postcode_error"),
            ({"to-name": "王芳"}, "id_to-address_error"),
        ],
    )
    def test_O6_what_cannot_be_is_said_at_its_field(self, shop, buyer, paid, fields, where):
        answer = ask(buyer, paid, **fields)

        assert answer.status_code == 422
        assert f'id="{where}"' in text(answer)
        assert asked(shop, paid) == []

    def test_O6_nothing_filled_in_is_no_change(self, shop, buyer, paid):
        answer = ask(buyer, paid)

        assert answer.status_code == 422
        assert asked(shop, paid) == []

    def test_L10_who_may_not_open_the_order_asks_for_nothing(self, shop, paid):
        stranger = shop.buyer()

        assert stranger.get(f"orders/{paid}/change/").status_code == 403
        assert ask(stranger, paid, **NEW).status_code == 403
        assert asked(shop, paid) == []

    def test_O6_one_address_asks_so_often_an_hour(self, shop, buyer, paid):
        for _ in range(changing.ASKED_MAX):
            risk.count_attempt(
                merchant_id=shop.id, scope=Scope.CHANGES_BY_ADDRESS, value=buyer.address,
                limit=changing.ASKED_MAX, window_seconds=changing.ASKED_SECONDS,
            )  # fmt: skip

        answer = ask(buyer, paid, **NEW)

        assert answer.status_code == 429
        assert asked(shop, paid) == []


class TestReceiving:
    def test_O1_the_page_shows_whom_it_goes_to_by_mask_and_is_ended_by_the_buyer(
        self, shop, buyer, paid
    ):
        page = text(buyer.get(f"orders/{paid}/"))
        assert "林**" in page
        assert "文三路" not in page
        assert "received/" not in page
        ship(shop, paid)
        page = text(buyer.get(f"orders/{paid}/"))
        assert "SF1234567890123" in page
        assert f"{paid}/received/" in page

        buyer.post(f"orders/{paid}/received/")
        buyer.post(f"orders/{paid}/received/")

        assert shop.order(paid).state is OrderState.COMPLETED
        page = text(buyer.get(f"orders/{paid}/"))
        assert "已收货，订单已完成" in page
        assert "received/" not in page

    def test_L10_a_stranger_receives_nothing(self, shop, paid):
        ship(shop, paid)

        assert shop.buyer().post(f"orders/{paid}/received/").status_code == 403
        assert shop.order(paid).state is OrderState.SHIPPED
