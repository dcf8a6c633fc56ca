"""The checkout of goods that are sent asks whom they go to (O3, W4, H1)."""

import pytest

from kacang.logistics import queries as logistics
from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations import change_settings
from kacang.merchants.tenancy import acting_as
from kacang.orders.models import Order
from tests import make
from tests.stock.conftest import Make
from tests.web.shop.conftest import EMAIL, filled, number_in, text
from tests.web.shop.test_wallets import enter

WHOM = {
    "to-name": "林晓岚", "to-phone": "138 2604 2716", "to-region": "浙江省杭州市",
    "to-address": "文三路 90 号", "to-postcode": "310012",
}  # fmt: skip


@pytest.fixture
def sent(shop) -> str:
    goods = Make(shop.id)
    sku: str = goods.goods(way="courier")
    goods.received(sku, 5)
    return sku


def send(buyer, sku, **fields):
    path = f"checkout/?sku={sku}&quantity=1"
    return buyer.post(path, filled(buyer.get(path), **fields))


def kept(shop, number):
    order_id = shop.order(number).id
    found = logistics.recipients_of(merchant_id=shop.id, order_ids=[order_id])
    return found.get(order_id)


def orders_of(shop):
    with acting_as(shop.id):
        return Order.objects.filter(merchant_id=shop.id).count()


class TestAsking:
    def test_O3_what_is_sent_asks_for_an_address_and_keeps_it(self, shop, buyer, sent):
        page = text(buyer.get(f"checkout/?sku={sent}"))

        number = number_in(send(buyer, sent, **WHOM))

        assert 'name="to-address"' in page
        found = kept(shop, number)
        assert (found.name, found.phone, found.address) == (
            "林晓岚",
            "+8613826042716",
            "文三路 90 号",
        )

    def test_O3_codes_and_goods_that_are_handed_over_ask_for_none(self, shop, buyer):
        handed = Make(shop.id).goods()
        codes = make.sku(shop.id)

        for sku in (handed, codes.sku.uid):
            assert 'name="to-' not in text(buyer.get(f"checkout/?sku={sku}"))

    @pytest.mark.parametrize(
        ("language", "missing", "wrong"),
        [
            ("zh-CN", "请填写", "请填写详细地址（街道、门牌号），4 至 200 个字。"),
            ("en-GB", "Please fill this in.", "Please write the street and number"),
        ],
    )
    def test_W4_each_part_says_what_is_wrong_in_the_buyers_language(
        self, shop, buyer, sent, language, missing, wrong
    ):
        path = f"checkout/?sku={sent}&quantity=1"
        data = filled(buyer.get(path), **{**WHOM, "to-name": "", "to-address": "9"})

        answer = buyer.client.post(
            buyer.at(path), data, REMOTE_ADDR=buyer.address, headers={"accept-language": language}
        )

        page = text(answer)
        assert answer.status_code == 422
        assert 'id="id_to-name_error"' in page
        assert missing in page.split('id="id_to-name_error"')[1][:80]
        assert wrong in page.split('id="id_to-address_error"')[1][:120]
        assert 'id="id_to-phone_error"' not in page
        assert "138 2604 2716" in page
        assert orders_of(shop) == 0

    def test_O3_a_form_that_was_open_before_the_product_was_sent_is_asked_again(
        self, shop, buyer, sent
    ):
        answer = send(buyer, sent)

        assert answer.status_code == 422
        assert text(answer).count('class="e"') == 4
        assert orders_of(shop) == 0


class TestRemembering:
    @pytest.fixture(autouse=True)
    def _wallets(self, shop):
        make.balance_account(shop.id)
        change_settings(merchant_id=shop.id, values={"remember_buyers": True}, actor=SYSTEM)

    def test_H1_who_proved_and_agreed_finds_the_address_again(self, shop, buyer, sent):
        enter(shop, buyer)
        send(buyer, sent, remember="on", **WHOM)

        page = text(buyer.get(f"checkout/?sku={sent}"))
        elsewhere = text(shop.buyer().get(f"checkout/?sku={sent}"))

        assert "文三路 90 号" in page
        assert "文三路" not in elsewhere

    def test_H1_who_did_not_agree_types_it_again(self, shop, buyer, sent):
        enter(shop, buyer)
        send(buyer, sent, **WHOM)

        assert "文三路" not in text(buyer.get(f"checkout/?sku={sent}"))

    def test_H1_knowing_the_mail_address_of_somebody_shows_nothing(self, shop, buyer, sent):
        enter(shop, buyer)
        send(buyer, sent, remember="on", **WHOM)
        stranger = shop.buyer()

        send(stranger, sent, email=EMAIL, remember="on", **{**WHOM, "to-address": "别处 1 号"})

        assert "文三路" not in text(stranger.get(f"checkout/?sku={sent}"))
        assert "文三路 90 号" in text(buyer.get(f"checkout/?sku={sent}"))
