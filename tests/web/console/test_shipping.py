"""Sending goods at the desk and on the buyer's page, over real HTTP (L1, O3)."""

import pytest
from django.test import Client

from kacang.logistics import queries as logistics
from kacang.merchants import queries as merchants
from kacang.orders.models import Event, OrderState
from kacang.payments import queries as payments
from kacang.shared.contacts import Contact
from kacang.web.mails import shipping as shipping_mails
from tests.messages.conftest import postbox  # noqa: F401 - a fixture
from tests.orders.test_shipping import Sender
from tests.web.console.conftest import work_as
from tests.web.test_mails import run_news, text_of


@pytest.fixture
def shop(merchant) -> Sender:
    return Sender(merchant)


@pytest.fixture
def placed(shop):
    sku = shop.stock.goods()
    shop.stock.received(sku, 5, cost=700)
    return shop.paid((sku, 3))


def form(**more):
    return {"courier": "sf", "tracking": " sf 1234567890123 ", **more}


class TestShip:
    def test_L1_all_is_sent_by_courier_and_number(self, owner, shop, placed):
        answer = owner.post(f"/console/orders/{placed.number}/ship/", form())

        assert answer.status_code == 302
        (parcel,) = shop.parcels(placed)
        assert parcel.tracking_number == "SF1234567890123"
        text = owner.get(f"/console/orders/{placed.number}/").content.decode()
        assert "SF1234567890123" in text
        assert "sf-express.com" in text
        assert shop.state(placed) is OrderState.SHIPPED

    def test_L1_only_the_named_pieces_go(self, owner, shop, placed):
        owner.post(f"/console/orders/{placed.number}/ship/", form(**{"pieces-1": "2"}))

        assert shop.state(placed) is OrderState.FULFILLING

    @pytest.mark.parametrize(
        "fields",
        [
            form(tracking="12"),
            form(courier="nobody"),
            form(courier=""),
            form(**{"pieces-1": "4"}),
            form(**{"pieces-7": "1"}),
            {},
        ],
    )
    def test_L1_nonsense_is_refused_in_words_and_changes_nothing(self, owner, shop, placed, fields):
        answer = owner.post(f"/console/orders/{placed.number}/ship/", fields)

        assert answer.status_code == 200
        assert "banner" in answer.content.decode()
        assert shop.parcels(placed) == []
        assert shop.state(placed) is OrderState.PAID

    @pytest.mark.parametrize("role", ["sales", "customer_service", "finance", "stock_keeper"])
    def test_I1_who_may_not_send_cannot(self, shop, placed, role):
        client = work_as(shop.merchant, role)

        answer = client.post(f"/console/orders/{placed.number}/ship/", form())

        assert answer.status_code == 403
        assert shop.parcels(placed) == []

    def test_I1_the_warehouse_sends_corrects_and_calls_back(self, shop, placed):
        client = work_as(shop.merchant, "warehouse")
        page = f"/console/orders/{placed.number}/"
        client.post(f"{page}ship/", form())
        (parcel,) = shop.parcels(placed)

        client.post(
            f"{page}parcels/{parcel.uid}/change/",
            form(courier="zto", tracking="78123456789012", reason="错了"),
        )
        assert shop.parcels(placed)[0].courier == "zto"
        client.post(f"{page}parcels/{parcel.uid}/void/", {"reason": "地址不对"})
        assert shop.state(placed) is OrderState.PAID
        text = client.get(page).content.decode()
        assert "地址不对" in text
        assert shop.wrong() == []

    def test_L1_a_parcel_of_another_order_or_merchant_is_not_found(self, shop, placed, work):
        owner = work()
        parcel = shop.ship(placed)
        sku = shop.stock.goods()
        shop.stock.received(sku, 1)
        other = shop.paid((sku, 1))

        answer = owner.post(
            f"/console/orders/{other.number}/parcels/{parcel.uid}/void/", {"reason": "x"}
        )

        assert "There is no such parcel" in answer.content.decode()
        assert shop.parcels(placed)[0].is_under_way


class TestBuyer:
    def enter(self, shop, placed) -> tuple[Client, str]:
        slug = merchants.merchant(merchant_id=shop.merchant).slug
        page = f"/s/{slug}/orders/{placed.number}/"
        client = Client()
        client.get(f"{page}?t={placed.access_token}")
        return client, page

    def test_L1_sees_the_parcel_and_says_that_it_came(self, shop, placed):
        shop.ship(placed)
        client, page = self.enter(shop, placed)

        text = client.get(page).content.decode()
        assert "SF1234567890123" in text
        assert "sf-express.com" in text
        client.post(f"{page}received/")

        # The buyer's own word is the last: nothing is waited for after it.
        assert shop.state(placed) is OrderState.COMPLETED
        assert client.post(f"{page}received/").status_code == 302
        assert shop.events(placed).count(Event.ARRIVED) == 1

    def test_L10_nobody_else_says_that_it_came(self, shop, placed):
        shop.ship(placed)
        _, page = self.enter(shop, placed)

        Client().post(f"{page}received/")

        assert shop.state(placed) is OrderState.SHIPPED


class TestMail:
    def test_N1_names_courier_and_number_once(self, shop, postbox):  # noqa: F811
        placed = self.paid(shop)
        parcel = shop.ship(placed)

        ran = run_news(shop.merchant)
        shipping_mails.tell_shipped(
            merchant_id=shop.merchant, order_id=shop.order(placed).id, shipment=parcel.uid
        )
        run_news(shop.merchant)

        assert "orders.tell_shipped" in ran
        (mail,) = [mail for mail in postbox.mails if "已发货" in mail["subject"]]
        assert "顺丰速运" in text_of(mail)
        assert "SF1234567890123" in text_of(mail)

    def test_L1_a_parcel_that_was_called_back_is_not_told(self, shop, postbox):  # noqa: F811
        placed = self.paid(shop)
        parcel = shop.ship(placed)
        shop.void(placed, parcel.uid)

        run_news(shop.merchant)

        assert not [mail for mail in postbox.mails if "已发货" in mail["subject"]]

    def paid(self, shop):
        payments.forget_accounts()
        sku = shop.stock.goods()
        shop.stock.received(sku, 2)
        placed = shop.place((sku, 1), contact=Contact(email="zhao@example.com"))
        shop.pay(placed)
        return placed


def test_L1_couriers_have_wide_patterns_that_find_wrong_columns():
    good = {"sf": "SF1234567890123", "jd": "JDX012345678901", "zto": "78123456789012",
            "yto": "YT1234567890123", "sto": "777123456789012", "yunda": "3101234567890",
            "jt": "JT1234567890123", "ems": "EA123456789CN", "post": "9801234567890",
            "deppon": "DPK123456789012", "other": "ABC-12345"}  # fmt: skip
    for code, number in good.items():
        assert logistics.read_number(code, f" {number.lower()} ") == number
        for wrong in ("", "1", "张三", "SF 12#", "A" * 60):
            with pytest.raises(logistics.BadTrackingNumber):
                logistics.read_number(code, wrong)
    assert set(good) == set(logistics.COURIERS)
    assert logistics.courier_named(" 顺丰 ").code == "sf"
    assert logistics.courier_named("ＪＤ").code == "jd"
