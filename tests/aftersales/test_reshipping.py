"""X1: goods that were sent are sent again as a parcel of their own, once, without a charge."""

from types import SimpleNamespace

import pytest

from kacang.aftersales.errors import DecidedAlready
from kacang.aftersales.types import CaseState, Decision, Verdict
from kacang.ledger.accounts import Account
from kacang.ledger.queries import balances
from kacang.logistics import queries as parcels
from kacang.logistics.queries import BadTrackingNumber
from kacang.merchants.audit import Actor
from kacang.orders import operations as orders
from kacang.orders.errors import NoGoodsLeft, NotNow
from kacang.orders.shipping import operations as shipping
from kacang.orders.shipping.operations import ParcelWish
from kacang.orders.types import OrderState
from kacang.shared.clock import utc_now
from kacang.stock import operations as stock
from tests.aftersales.cases import CLERK, Sold
from tests.aftersales.test_deciding import decide, stock_left
from tests.stock.conftest import Make
from tests.threads import at_once

FIRST = ParcelWish("sf", "SF1234567890123")
SECOND = ParcelWish("zto", "78123456789012")
BUYER = Actor(kind="buyer", address="203.0.113.9")


class Shipped:
    """An order of goods that came by courier, with a case about one piece."""

    def __init__(self, merchant: int, free: int = 2) -> None:
        self.merchant = merchant
        goods = Make(merchant)
        sku = goods.goods()
        goods.received(sku, 1 + free, cost=700)
        made = SimpleNamespace(merchant_id=merchant, sku=SimpleNamespace(uid=sku))
        self.sold = Sold(merchant, 1, made=made)
        shipping.ship_order(merchant_id=merchant, number=self.sold.number, wish=FIRST, actor=CLERK)
        shipping.confirm_arrival(merchant_id=merchant, number=self.sold.number, actor=BUYER)

    def parcels(self):
        order_id = self.sold.order.id
        found = parcels.shipments_of(merchant_id=self.merchant, order_ids=[order_id])
        return found[order_id]

    def books(self, account: Account) -> int:
        found = balances(merchant_id=self.merchant)
        return sum(one.amount.minor for one in found if one.account == account)

    def wrong(self):
        return [
            *orders.check_references(merchant_id=self.merchant),
            *stock.check_references(merchant_id=self.merchant),
        ]


@pytest.fixture
def shipped(merchant):
    return Shipped(merchant)


def again(wish=SECOND):
    return Verdict(Decision.RESHIP, "运输破损，已补发", parcel=wish)


def test_a_second_parcel_leaves_and_is_a_cost_and_nothing_is_charged(merchant, shipped):
    revenue, cost = shipped.books(Account.REVENUE), shipped.books(Account.COST_OF_SALES)
    uid = shipped.sold.open()

    decide(shipped.sold, uid, again())

    first, second = shipped.parcels()
    assert shipped.sold.view(uid).row.outcome == {"pieces": 1, "parcel": second.uid}
    assert (second.courier, second.tracking_number) == ("zto", "78123456789012")
    assert second.places == first.places
    assert second.is_under_way
    assert first.arrived_at is not None
    assert shipped.sold.order.state is OrderState.DELIVERED
    assert shipped.sold.order.refunded.minor == 0
    assert stock_left(merchant) == 1
    assert shipped.books(Account.REVENUE) == revenue
    assert shipped.books(Account.COST_OF_SALES) == cost + 700
    assert shipped.wrong() == []


def test_it_arrives_by_the_buyers_word_or_by_itself(merchant, shipped):
    decide(shipped.sold, shipped.sold.open(), again())

    shipping.complete_order(merchant_id=merchant, number=shipped.sold.number, actor=BUYER)

    assert [one.is_under_way for one in shipped.parcels()] == [False, False]
    assert shipped.sold.order.state is OrderState.COMPLETED
    uid = shipped.sold.open()
    decide(shipped.sold, uid, again(ParcelWish("sf", "SF9234567890123")))
    assert shipped.sold.order.state is OrderState.COMPLETED
    assert len([one for one in shipped.parcels() if one.is_under_way]) == 1
    shipping.arrive_overdue(merchant_id=merchant, now=utc_now().replace(year=2030))
    assert not any(one.is_under_way for one in shipped.parcels())
    assert shipped.sold.order.state is OrderState.COMPLETED
    assert shipped.wrong() == []


def test_its_number_can_be_corrected_and_it_is_not_called_back(merchant, shipped):
    decide(shipped.sold, shipped.sold.open(), again())
    second = shipped.parcels()[1]
    named = {"merchant_id": merchant, "number": shipped.sold.number, "uid": second.uid}

    shipping.change_tracking(
        **named, wish=ParcelWish("zto", "78123456789999"), actor=CLERK, reason="填错"
    )
    with pytest.raises(NotNow):
        shipping.void_shipment(**named, actor=CLERK, reason="改主意")

    assert shipped.parcels()[1].tracking_number == "78123456789999"
    assert stock_left(merchant) == 1
    assert shipped.wrong() == []


def test_with_a_wrong_number_or_no_stock_nothing_is_done(merchant):
    shipped = Shipped(merchant, free=0)
    uid = shipped.sold.open()

    with pytest.raises(BadTrackingNumber):
        decide(shipped.sold, uid, again(ParcelWish("zto", "1")))
    with pytest.raises(NoGoodsLeft):
        decide(shipped.sold, uid, again())

    assert shipped.sold.view(uid).row.state is CaseState.NEW
    assert len(shipped.parcels()) == 1
    assert shipped.wrong() == []


def test_of_two_clerks_at_once_one_sends_one_parcel(merchant, shipped):
    uid = shipped.sold.open()

    outcomes = at_once([lambda: decide(shipped.sold, uid, again())] * 3)

    assert len([one for one in outcomes if isinstance(one, DecidedAlready)]) == 2
    assert len(shipped.parcels()) == 2
    assert stock_left(merchant) == 1
    assert shipped.wrong() == []
