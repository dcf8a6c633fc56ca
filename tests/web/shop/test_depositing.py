"""A customer pays into their wallet in the shop, by any way to pay (F3, P1)."""

import re

import pytest

from kacang.merchants import operations as merchants
from kacang.merchants.audit import Actor
from kacang.orders import queries as orders
from kacang.orders.types import OrderFilter, OrderState
from kacang.wallets import queries
from tests import make
from tests.web.shop.conftest import EMAIL, text
from tests.web.shop.test_wallets import enter


@pytest.fixture
def wallet(shop) -> str:
    make.balance_account(shop.id)
    choose(shop, deposits=True, deposit_amounts="50 100 9000 x")
    return make.wallet(shop.id, 0, EMAIL)


def choose(shop, **values: object) -> None:
    merchants.change_settings(merchant_id=shop.id, values=values, actor=Actor())


def once_of(buyer) -> str:
    found = re.search(r'name="once" value="([^"]+)"', text(buyer.get("wallet/deposit/")))
    assert found
    return found[1]


def begun(shop) -> list[str]:
    page = orders.orders_page(merchant_id=shop.id, where=OrderFilter())
    return [row.number for row in page.rows]


def balance(shop, wallet) -> int:
    return queries.wallet(merchant_id=shop.id, uid=wallet).balance.minor


class TestDeposit:
    def test_F3_what_is_chosen_is_paid_by_any_company_and_is_in_the_wallet(
        self, shop, buyer, wallet
    ):
        enter(shop, buyer)
        assert "wallet/deposit/" in text(buyer.get("wallet/"))
        page = text(buyer.get("wallet/deposit/"))
        assert re.findall(r'name="quick" value="([^"]+)"', page) == ["50.00", "100.00"]

        answer = buyer.post("wallet/deposit/", {"once": once_of(buyer), "quick": "100.00"})

        (number,) = begun(shop)
        assert answer.headers["Location"].endswith(f"/orders/{number}/pay/")
        ways = text(buyer.get(f"orders/{number}/pay/"))
        assert 'value="sandbox"' in ways
        assert 'value="wallet"' not in ways
        assert buyer.post(f"orders/{number}/pay/", {"provider": "wallet"}).status_code == 409
        assert buyer.post(f"orders/{number}/pay/", {"provider": "sandbox"}).status_code == 302
        shop.pay(number)
        assert balance(shop, wallet) == 10_000
        assert buyer.get(f"orders/{number}/").headers["Location"].endswith("/wallet/")
        assert "100" in text(buyer.get("wallet/"))

    def test_F3_a_form_that_is_sent_twice_makes_one_order(self, shop, buyer, wallet):
        enter(shop, buyer)
        values = {"once": once_of(buyer), "amount": "88.8"}

        answers = [buyer.post("wallet/deposit/", values) for _ in range(2)]

        assert answers[0].headers["Location"] == answers[1].headers["Location"]
        assert len(begun(shop)) == 1

    @pytest.mark.parametrize("amount", ["", "x", "0", "0.99", "5000.01"])
    def test_F3_what_is_no_amount_or_out_of_limits_makes_no_order(
        self, shop, buyer, wallet, amount
    ):
        enter(shop, buyer)

        answer = buyer.post("wallet/deposit/", {"once": once_of(buyer), "amount": amount})

        assert answer.status_code == 422
        assert begun(shop) == []

    def test_L10_nobody_deposits_without_having_entered(self, shop, buyer, wallet):
        answers = [
            buyer.get("wallet/deposit/"),
            buyer.post("wallet/deposit/", {"once": "x", "amount": "1"}),
        ]

        assert all(answer.headers["Location"].endswith("/wallet/") for answer in answers)
        assert begun(shop) == []

    def test_L10_asking_is_counted_by_the_wallet(self, shop, buyer, wallet):
        enter(shop, buyer)

        answers = [
            buyer.post("wallet/deposit/", {"once": f"frm_{at}", "amount": "1"}).status_code
            for at in range(22)
        ]

        assert answers == [302] * 20 + [429] * 2

    def test_a_shop_that_takes_no_deposits_offers_none(self, shop, buyer, wallet):
        choose(shop, deposits=False)
        enter(shop, buyer)

        assert "wallet/deposit/" not in text(buyer.get("wallet/"))
        assert buyer.get("wallet/deposit/").status_code == 302

    def test_O1_a_deposit_can_be_given_up_before_it_is_paid(self, shop, buyer, wallet):
        enter(shop, buyer)
        buyer.post("wallet/deposit/", {"once": once_of(buyer), "amount": "10"})
        (number,) = begun(shop)

        buyer.post(f"orders/{number}/cancel/")

        assert shop.order(number).state is OrderState.CANCELLED
        assert buyer.get(f"orders/{number}/").status_code == 200
