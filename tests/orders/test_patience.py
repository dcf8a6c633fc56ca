"""An order that waits longer for its money keeps what it holds as long (P1, S1)."""

from datetime import timedelta

import pytest
from django.db import connection

from kacang.merchants.tenancy import acting_as
from kacang.orders import operations, queries
from kacang.orders.errors import NotPayable
from kacang.orders.types import OrderState
from tests import make
from tests.orders.test_bank_transfer import Bank
from tests.orders.test_goods import Shop


def held_until(merchant: int):
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute("select state, reserved_until from goods_hold")
        return cursor.fetchall()


class TestWaitLonger:
    def test_P1_pieces_of_goods_are_held_as_long_as_the_order_waits(self, merchant):
        shop = Shop(merchant)
        make.bank_account(merchant)
        sku = shop.stock.goods()
        shop.stock.received(sku, 5)
        placed = shop.place((sku, 2), provider="")

        operations.start_payment(
            merchant_id=merchant, number=placed.number, provider="bank_transfer"
        )

        order = queries.order(merchant_id=merchant, number=placed.number)
        assert order.pay_by - order.created_at == timedelta(minutes=120)
        assert held_until(merchant) == [(1, order.pay_by)]

    def test_P1_beginning_again_does_not_make_it_longer(self, merchant):
        bank = Bank(merchant)
        make.account(merchant)
        placed = bank.order()
        first = queries.order(merchant_id=merchant, number=placed.number).pay_by

        for provider in ("sandbox", "bank_transfer"):
            operations.start_payment(merchant_id=merchant, number=placed.number, provider=provider)

        assert queries.order(merchant_id=merchant, number=placed.number).pay_by == first

    def test_L7_cards_are_free_again_once_the_longer_time_is_over(self, merchant, settings):
        bank = Bank(merchant, cards=1)
        placed = bank.order()
        settings.HOT_CLOCK_SHIFT_SECONDS = 121 * 60

        other = make.order(bank.stock, provider="bank_transfer")

        assert other.state is OrderState.PENDING
        with pytest.raises(NotPayable):
            bank.prove(placed)
