"""L4: money that comes too late is delivered, or given back where the merchant has it so (P4)."""

import pytest

from kacang.jobs.news import LISTENERS
from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations.setting_values import change_settings
from kacang.orders import operations as orders
from kacang.orders import queries
from kacang.orders.models import OrderState, UnitState
from kacang.payments.refunding import refund_lists
from kacang.payments.refunding.refund_rows import RefundStatus, RefundWay
from kacang.shared.money import Money
from tests import make
from tests.orders.looking import settle


@pytest.fixture
def late(merchant):
    """An order of two that was paid after it was closed, when one card was left."""
    made = make.sku(merchant, cards=2)
    account = make.account(merchant)
    placed = make.order(made, 2)
    orders.cancel_order(merchant_id=merchant, number=placed.number, actor=SYSTEM)
    taken = make.order(made)
    settle(account, make.notice(taken))
    settle(account, make.notice(placed))
    order = queries.order(merchant_id=merchant, number=placed.number)
    assert (order.state, order.hold_reason) == (OrderState.ON_HOLD, "late_payment")
    return order


def refunds(merchant: int, order):
    return refund_lists.refunds_of_order(merchant_id=merchant, order_id=order.id)


class TestLateMoney:
    def test_is_listened_for(self):
        assert ("orders.refund_late", "money") in LISTENERS["orders.on_hold"]

    def test_waits_as_long_as_the_merchant_says_nothing(self, merchant, late):
        assert orders.refund_late(merchant_id=merchant, order_id=late.id) is None
        assert refunds(merchant, late) == []

    def test_L4_goes_back_for_what_is_missing_once(self, merchant, late):
        change_settings(merchant_id=merchant, values={"refund_late": "refund"}, actor=SYSTEM)

        for _ in range(2):
            orders.refund_late(merchant_id=merchant, order_id=late.id)

        (refund,) = refunds(merchant, late)
        assert (refund.amount, refund.way, refund.state) == (
            Money(1999), RefundWay.ORIGIN, RefundStatus.APPROVED,
        )  # fmt: skip
        order = queries.order(merchant_id=merchant, number=late.number)
        assert order.state is OrderState.DELIVERED
        assert dict(order.lines[0].units) == {UnitState.DELIVERED: 1, UnitState.REFUNDED: 1}

    def test_an_order_that_waits_for_another_reason_is_left_alone(self, merchant, late):
        change_settings(merchant_id=merchant, values={"refund_late": "refund"}, actor=SYSTEM)
        made = make.sku(merchant, cards=1)
        order = make.order(made)

        found = queries.order(merchant_id=merchant, number=order.number)
        assert orders.refund_late(merchant_id=merchant, order_id=found.id) is None
