"""A customer's wallet in the shop: entered by a code, paid from (F3, rule 22)."""

import json
import re

import pytest
from django.db import connection

from kacang.orders.types import OrderState
from kacang.wallets import entering, queries
from tests import make
from tests.web.shop.conftest import EMAIL, text


def sent(merchant: int) -> str:
    """The code of the newest mail that is to be sent."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select args from procrastinate_jobs where task_name = 'wallets.send_code'"
            " and args->>'merchant_id' = %s::text order by id desc limit 1",
            [str(merchant)],
        )
        ((args,),) = cursor.fetchall()
    uid = (json.loads(args) if isinstance(args, str) else args)["code_uid"]
    found = entering.code_to_send(merchant_id=merchant, code_uid=uid)
    assert found is not None
    return found[2]


def enter(shop, buyer, email=EMAIL, **fields):
    buyer.post("wallet/code/", {"email": email})
    return buyer.post("wallet/enter/", {"email": email, "code": sent(shop.id), **fields})


@pytest.fixture
def wallet(shop) -> str:
    make.balance_account(shop.id)
    return make.wallet(shop.id, 5_000, EMAIL)


def balance(shop, wallet) -> int:
    return queries.wallet(merchant_id=shop.id, uid=wallet).balance.minor


class TestEnter:
    def test_F3_a_code_to_the_address_opens_its_wallet(self, shop, buyer, wallet):
        closed = text(buyer.get("wallet/"))
        asked = buyer.post("wallet/code/", {"email": " LIN@example.com "})
        answer = buyer.post("wallet/enter/", {"email": EMAIL, "code": sent(shop.id)})

        assert "50" not in re.sub(r"<[^>]+>", "", closed)
        assert asked.status_code == 200
        assert answer.status_code == 302
        shown = text(buyer.get("wallet/"))
        assert "<small>¥</small>50<small>.00</small>" in shown
        assert "Deposited" in shown or "充值" in shown

    def test_L10_a_wrong_code_opens_nothing(self, shop, buyer, wallet):
        buyer.post("wallet/code/", {"email": EMAIL})
        right = sent(shop.id)
        wrong = f"{(int(right) + 1) % 10**6:06d}"

        for code in (wrong, "", "x" * 500):
            answer = buyer.post("wallet/enter/", {"email": EMAIL, "code": code})
            assert answer.status_code == 403

        assert "wallet/enter/" not in text(buyer.get("wallet/"))
        assert "payq" not in text(buyer.get("wallet/"))

    def test_L10_a_code_is_good_once_and_for_its_own_address(self, shop, wallet):
        first, second = shop.buyer(), shop.buyer()
        first.post("wallet/code/", {"email": EMAIL})
        code = sent(shop.id)

        other = second.post("wallet/enter/", {"email": "eve@example.com", "code": code})
        mine = first.post("wallet/enter/", {"email": EMAIL, "code": code})
        again = second.post("wallet/enter/", {"email": EMAIL, "code": code})

        assert (other.status_code, mine.status_code, again.status_code) == (403, 302, 403)

    def test_L10_tries_are_counted_by_the_wallet_whoever_tries(self, shop, wallet):
        answers = [
            shop.buyer().post("wallet/enter/", {"email": EMAIL, "code": "000000"}).status_code
            for _ in range(12)
        ]

        assert answers == [403] * 10 + [429] * 2

    def test_nobody_learns_whether_an_address_has_a_wallet(self, shop, buyer, wallet):
        pages = [
            re.sub(r'value="[^"]*"|>[^<>]*@[^<>]*<', "", text(answer))
            for answer in (
                buyer.post("wallet/code/", {"email": EMAIL}),
                buyer.post("wallet/code/", {"email": "eve@example.com"}),
            )
        ]

        assert pages[0] == pages[1]

    def test_no_more_than_three_codes_are_on_their_way(self, shop, wallet):
        for _ in range(5):
            shop.buyer().post("wallet/code/", {"email": EMAIL})

        with connection.cursor() as cursor:
            cursor.execute(
                "select count(*) from procrastinate_jobs where task_name = 'wallets.send_code'"
                " and args->>'merchant_id' = %s::text",
                [str(shop.id)],
            )
            assert cursor.fetchone() == (3,)

    def test_leaving_ends_it_for_every_copy_of_the_cookie(self, shop, buyer, wallet):
        enter(shop, buyer)
        copy = shop.buyer()
        copy.client.cookies["kc_wallet"] = buyer.client.cookies["kc_wallet"].value
        assert "payq" in text(copy.get("wallet/"))

        buyer.post("wallet/leave/")

        assert "payq" not in text(buyer.get("wallet/"))
        assert "payq" not in text(copy.get("wallet/"))

    def test_I2_a_session_of_one_shop_is_none_of_another(
        self, shop, buyer, wallet, open_shop, other_merchant
    ):
        enter(shop, buyer)
        other = open_shop(other_merchant)
        make.wallet(other.id, 9_900, EMAIL)

        assert "payq" not in text(buyer.get(f"/s/{other.info.slug}/wallet/"))

    @pytest.mark.parametrize("email", ["", "lin", "lin@", "x" * 300 + "@example.com"])
    def test_what_is_no_address_is_sent_nothing(self, shop, buyer, wallet, email):
        assert buyer.post("wallet/code/", {"email": email}).status_code == 422


class TestPay:
    def test_F3_an_order_is_paid_from_the_balance(self, shop, buyer, wallet):
        number = buyer.buy(make.sku(shop.id), provider="wallet")
        before = text(buyer.get(f"orders/{number}/pay/"))
        assert f"wallet/?order={number}" in before
        led = enter(shop, buyer, order=number)

        shown = text(buyer.get(f"orders/{number}/pay/"))
        answer = buyer.post(f"orders/{number}/balance/")

        assert led.headers["Location"].endswith(f"/orders/{number}/pay/")
        assert "用余额支付 ¥19.99" in shown
        assert answer.headers["Location"].endswith(f"/orders/{number}/")
        assert shop.order(number).state is OrderState.DELIVERED
        assert balance(shop, wallet) == 5_000 - 1_999

    def test_F3_too_small_a_balance_offers_other_ways(self, shop, buyer, wallet):
        number = buyer.buy(make.sku(shop.id, price=5_001), provider="wallet")
        enter(shop, buyer)

        shown = text(buyer.get(f"orders/{number}/pay/"))
        answer = buyer.post(f"orders/{number}/balance/")

        assert "余额不足" in shown
        assert answer.status_code == 409
        assert balance(shop, wallet) == 5_000
        assert shop.order(number).state is OrderState.PENDING

    def test_L10_nobody_pays_without_having_entered(self, shop, buyer, wallet):
        number = buyer.buy(make.sku(shop.id), provider="wallet")

        answer = buyer.post(f"orders/{number}/balance/")

        assert answer.headers["Location"].endswith(f"/wallet/?order={number}")
        assert balance(shop, wallet) == 5_000

    def test_L10_nobody_pays_an_order_that_they_may_not_open(self, shop, buyer, wallet):
        number = buyer.buy(make.sku(shop.id), provider="wallet")
        stranger = shop.buyer()
        enter(shop, stranger)

        assert stranger.post(f"orders/{number}/balance/").status_code == 403
        assert balance(shop, wallet) == 5_000


class TestGiftCards:
    def test_F3_a_card_is_put_into_the_wallet(self, shop, buyer, wallet):
        cards = make.sku(shop.id, cards=1, gift_minor=3_000)
        placed = make.order(cards)
        shop.pay(placed.number)
        enter(shop, buyer)

        wrong = buyer.post("wallet/card/", {"code": "none"})
        answer = buyer.post("wallet/card/", {"code": cards.codes[0]})

        assert "wallet/card/" in text(buyer.get("wallet/"))
        assert (wrong.status_code, answer.status_code) == (422, 302)
        assert balance(shop, wallet) == 8_000

    def test_L10_nobody_redeems_without_having_entered(self, shop, buyer, wallet):
        answer = buyer.post("wallet/card/", {"code": "none"})

        assert answer.headers["Location"].endswith("/wallet/")
