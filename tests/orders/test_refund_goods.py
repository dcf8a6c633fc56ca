"""P4, S1: pieces go back to the stock, or are not handed over, when their money goes back."""

import pytest

from kacang.ledger.accounts import Account
from kacang.merchants.audit import SYSTEM
from kacang.orders import operations as orders
from kacang.orders.errors import NotNow
from kacang.orders.models import OrderState, UnitState
from kacang.orders.refunding.asking import RULE
from kacang.orders.refunding.queries import places_of
from kacang.orders.refunding.types import Cards, RefundWay, RefundWish
from kacang.shared.money import Money
from kacang.stock.queries import GoodsLevel
from tests.orders.test_goods import Shop

PRICE = 19_800


@pytest.fixture
def shop(merchant) -> Shop:
    return Shop(merchant)


@pytest.fixture
def nuts(shop) -> str:
    sku: str = shop.stock.goods()
    shop.stock.received(sku, 5, cost=700)
    return sku


def refund(shop, placed, pieces: int, cards: Cards = Cards.RETURN, minor: int | None = None) -> str:
    places = places_of(merchant_id=shop.merchant, number=placed.number)[:pieces]
    wish = RefundWish(
        None if minor is None else Money(minor), "退货", units=places, cards=cards,
        way=RefundWay.BY_HAND,
    )  # fmt: skip
    asked = orders.request_refund(
        merchant_id=shop.merchant, number=placed.number, wish=wish, actor=SYSTEM, role=RULE
    )
    return asked.numbers[0]


class TestGoods:
    def test_pieces_that_are_still_here_go_back_to_the_stock(self, shop, nuts):
        placed = shop.place((nuts, 3))
        shop.pay(placed)

        refund(shop, placed, 1, minor=PRICE)

        assert shop.stock.level(nuts) == GoodsLevel(available=3, sold=2)
        assert shop.order(placed).state is OrderState.PAID
        assert shop.units(placed) == {UnitState.OWED: 2, UnitState.REFUNDED: 1}
        assert shop.hand_over(placed) == 2
        assert shop.books(Account.REVENUE, Account.ADVANCE_FROM_BUYER) == (-2 * PRICE, 0)
        assert shop.books(Account.COST_OF_SALES) == (1400,)
        assert shop.wrong() == []

    def test_the_whole_of_it_is_handed_over_no_more(self, shop, nuts):
        placed = shop.place((nuts, 2))
        shop.pay(placed)

        number = refund(shop, placed, 0)

        assert shop.stock.level(nuts) == GoodsLevel(available=5)
        with pytest.raises(NotNow):
            shop.hand_over(placed)
        orders.finish_by_hand(merchant_id=shop.merchant, number=number, actor=SYSTEM, note="转账")
        assert shop.order(placed).state is OrderState.REFUNDED
        assert shop.wrong() == []

    @pytest.mark.parametrize(
        ("cards", "level", "cost"),
        [
            (Cards.RETURN, GoodsLevel(available=4), 700),
            (Cards.VOID, GoodsLevel(available=3), 1400),
        ],
    )
    def test_pieces_that_were_handed_over(self, shop, nuts, cards, level, cost):
        placed = shop.place((nuts, 2))
        shop.pay(placed)
        shop.hand_over(placed)

        refund(shop, placed, 1, cards, minor=PRICE)

        assert shop.stock.level(nuts) == level
        assert shop.books(Account.COST_OF_SALES) == (cost,)
        assert shop.units(placed) == {UnitState.DELIVERED: 1, UnitState.REFUNDED: 1}
        assert shop.wrong() == []

    def test_given_up_they_are_owed_again(self, shop, nuts):
        placed = shop.place((nuts, 2))
        shop.pay(placed)
        shop.hand_over(placed)
        number = refund(shop, placed, 1, minor=PRICE)

        orders.drop_refund(merchant_id=shop.merchant, number=number, actor=SYSTEM, reason="撤回")

        assert shop.order(placed).state is OrderState.ON_HOLD
        orders.replenish(merchant_id=shop.merchant, number=placed.number, actor=SYSTEM)
        assert shop.units(placed) == {UnitState.DELIVERED: 1, UnitState.OWED: 1}
        assert shop.hand_over(placed) == 1
        assert shop.books(Account.REVENUE, Account.ADVANCE_FROM_BUYER) == (-2 * PRICE, 0)
        assert shop.wrong() == []
