"""Goods that are sent: parcels leave, arrive or are called back; stock and books follow (L1)."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kacang.ledger.accounts import Account
from kacang.logistics import operations as logistics
from kacang.logistics import queries as parcels
from kacang.orders import queries
from kacang.orders.errors import AlreadyShipped, BadParcel, NotNow
from kacang.orders.models import Event, OrderState, UnitState
from kacang.orders.shipping import operations
from kacang.orders.shipping.operations import ParcelWish
from kacang.shared.clock import utc_now
from kacang.stock.queries import GoodsLevel
from tests.orders.test_goods import Shop
from tests.stock.conftest import ACTOR
from tests.threads import at_once

SF = ParcelWish("sf", "SF1234567890123")
ZTO = ParcelWish("zto", "78123456789012")


class Sender(Shop):
    """A shop that sends what it sells."""

    def paid(self, *items: tuple[str, int]):
        placed = self.place(*items)
        self.pay(placed)
        return placed

    def ship(self, placed, wish: ParcelWish = SF):
        return operations.ship_order(
            merchant_id=self.merchant, number=placed.number, wish=wish, actor=ACTOR
        )

    def void(self, placed, uid: str, reason: str = "客户改地址"):
        return operations.void_shipment(
            merchant_id=self.merchant, number=placed.number, uid=uid, actor=ACTOR, reason=reason
        )

    def arrive(self, placed):
        return operations.confirm_arrival(
            merchant_id=self.merchant, number=placed.number, actor=ACTOR
        )

    def state(self, placed) -> OrderState:
        found: OrderState = self.order(placed).state
        return found

    def parcels(self, placed):
        order_id = self.order(placed).id
        return parcels.shipments_of(merchant_id=self.merchant, order_ids=[order_id])[order_id]


@pytest.fixture
def shop(merchant) -> Sender:
    return Sender(merchant)


@pytest.fixture
def nuts(shop) -> str:
    sku: str = shop.stock.goods()
    shop.stock.received(sku, 5, cost=700)
    return sku


class TestShip:
    def test_O1_L1_pieces_leave_and_the_order_is_shipped_then_delivered(self, shop, nuts):
        placed = shop.paid((nuts, 2))

        parcel = shop.ship(placed)

        assert (parcel.courier, parcel.tracking_number) == ("sf", "SF1234567890123")
        assert parcel.page_url.endswith("SF1234567890123")
        assert shop.state(placed) is OrderState.SHIPPED
        assert shop.units(placed) == {UnitState.SHIPPED: 2}
        assert shop.stock.level(nuts) == GoodsLevel(available=3)
        assert shop.order(placed).delivered_at is None
        assert shop.books(Account.REVENUE, Account.COST_OF_SALES) == (0, 1_400)
        assert shop.events(placed)[-1] is Event.SHIPPED
        assert shop.wrong() == []

        shop.arrive(placed)

        assert shop.state(placed) is OrderState.DELIVERED
        assert shop.units(placed) == {UnitState.DELIVERED: 2}
        assert shop.books(Account.ADVANCE_FROM_BUYER, Account.REVENUE) == (0, -39_600)
        assert shop.parcels(placed)[0].arrived_at is not None
        assert shop.wrong() == []

    def test_L1_a_part_is_sent_and_the_rest_is_still_owed(self, shop, nuts):
        placed = shop.paid((nuts, 3))

        shop.ship(placed, ParcelWish("sf", "SF1234567890123", {1: 2}))

        assert shop.state(placed) is OrderState.FULFILLING
        assert shop.units(placed) == {UnitState.SHIPPED: 2, UnitState.OWED: 1}
        assert shop.stock.level(nuts) == GoodsLevel(available=2, sold=1)
        shop.ship(placed, ZTO)
        assert shop.state(placed) is OrderState.SHIPPED
        assert [len(one.places) for one in shop.parcels(placed)] == [2, 1]
        assert shop.wrong() == []

    def test_L1_the_rest_may_be_fetched_at_the_desk(self, shop, nuts):
        placed = shop.paid((nuts, 3))
        shop.ship(placed, ParcelWish("sf", "SF1234567890123", {1: 2}))

        assert shop.hand_over(placed) == 1

        assert shop.state(placed) is OrderState.SHIPPED
        shop.arrive(placed)
        assert shop.state(placed) is OrderState.DELIVERED
        assert shop.books(Account.REVENUE, Account.COST_OF_SALES) == (-59_400, 2_100)
        assert shop.wrong() == []

    def test_O4_a_repeat_sends_nothing_twice(self, shop, nuts):
        placed = shop.paid((nuts, 2))
        shop.ship(placed)

        with pytest.raises(AlreadyShipped):
            shop.ship(placed)

        assert len(shop.parcels(placed)) == 1
        assert shop.wrong() == []

    def test_O4_many_at_once_make_one_parcel(self, shop, nuts):
        placed = shop.paid((nuts, 2))

        ended = at_once([lambda: shop.ship(placed)] * 6, threads=6)

        assert [type(one) for one in ended].count(AlreadyShipped) == 5
        assert shop.units(placed) == {UnitState.SHIPPED: 2}
        assert shop.wrong() == []

    @pytest.mark.parametrize(
        ("wish", "error"),
        [
            (ParcelWish("sf", "12"), parcels.BadTrackingNumber),
            (ParcelWish("nobody", "SF1234567890123"), parcels.UnknownCourier),
            (ParcelWish("sf", "SF1234567890123", {1: 9}), BadParcel),
            (ParcelWish("sf", "SF1234567890123", {1: 0}), BadParcel),
            (ParcelWish("sf", "SF1234567890123", {2: 1}), BadParcel),
        ],
    )
    def test_L1_what_makes_no_sense_is_refused_and_changes_nothing(self, shop, nuts, wish, error):
        placed = shop.paid((nuts, 2))

        with pytest.raises(error):
            shop.ship(placed, wish)

        assert shop.state(placed) is OrderState.PAID
        assert shop.units(placed) == {UnitState.OWED: 2}
        assert shop.wrong() == []

    def test_L1_an_unpaid_order_is_not_sent(self, shop, nuts):
        placed = shop.place((nuts, 1))

        with pytest.raises(NotNow):
            shop.ship(placed)

        assert shop.parcels(placed) == []

    def test_L1_nobody_finds_another_merchants_parcel(self, shop, nuts, other_merchant):
        placed = shop.paid((nuts, 1))
        parcel = shop.ship(placed)

        with pytest.raises(logistics.UnknownShipment):
            parcels.shipment(merchant_id=other_merchant, uid=parcel.uid)
        found = parcels.orders_of_number(
            merchant_id=other_merchant, tracking_number=parcel.tracking_number
        )
        assert found == []


class TestCorrect:
    def test_L1_a_number_is_corrected_with_a_reason_and_found_by_it(self, shop, nuts):
        placed = shop.paid((nuts, 1))
        parcel = shop.ship(placed)

        operations.change_tracking(
            merchant_id=shop.merchant, number=placed.number, uid=parcel.uid, wish=ZTO,
            actor=ACTOR, reason="录错",
        )  # fmt: skip

        (now,) = shop.parcels(placed)
        assert (now.courier, now.tracking_number) == ("zto", "78123456789012")
        found = parcels.orders_of_number(
            merchant_id=shop.merchant, tracking_number="78123456789012"
        )
        assert found == [shop.order(placed).id]
        assert shop.events(placed)[-1] is Event.TRACKING_CHANGED
        entry = queries.timeline(merchant_id=shop.merchant, number=placed.number)[-1]
        assert entry.detail == {
            "before": "sf SF1234567890123", "after": "zto 78123456789012", "text": "录错",
        }  # fmt: skip

    def test_L1_another_orders_parcel_is_not_found(self, shop, nuts):
        one, two = shop.paid((nuts, 1)), shop.paid((nuts, 1))
        parcel = shop.ship(one)

        with pytest.raises(logistics.UnknownShipment):
            shop.void(two, parcel.uid)

        assert shop.state(one) is OrderState.SHIPPED

    def test_S1_what_is_called_back_is_in_the_house_and_owed(self, shop, nuts):
        placed = shop.paid((nuts, 2))
        parcel = shop.ship(placed)

        shop.void(placed, parcel.uid)

        assert shop.state(placed) is OrderState.PAID
        assert shop.units(placed) == {UnitState.OWED: 2}
        assert shop.stock.level(nuts) == GoodsLevel(available=3, sold=2)
        assert shop.stock.value(nuts) == (5, 3_500)
        assert shop.books(Account.COST_OF_SALES) == (0,)
        assert shop.wrong() == []
        shop.ship(placed, ZTO)
        assert shop.state(placed) is OrderState.SHIPPED
        assert shop.books(Account.COST_OF_SALES) == (1_400,)
        assert shop.wrong() == []

    def test_L1_it_takes_a_reason_and_a_parcel_under_way(self, shop, nuts):
        placed = shop.paid((nuts, 1))
        parcel = shop.ship(placed)
        with pytest.raises(logistics.ReasonMissing):
            shop.void(placed, parcel.uid, reason=" ")
        shop.arrive(placed)

        with pytest.raises(NotNow):
            shop.void(placed, parcel.uid)

        assert shop.state(placed) is OrderState.DELIVERED

    def test_L1_nothing_arrives_that_was_not_sent(self, shop, nuts):
        placed = shop.paid((nuts, 1))

        with pytest.raises(NotNow):
            shop.arrive(placed)

        assert shop.state(placed) is OrderState.PAID


class TestTime:
    def test_O1_a_parcel_long_under_way_has_arrived(self, shop, nuts):
        placed = shop.paid((nuts, 1))
        shop.ship(placed)
        now = utc_now()

        early = operations.arrive_overdue(merchant_id=shop.merchant, now=now + timedelta(days=14))
        assert (early, shop.state(placed)) == (0, OrderState.SHIPPED)
        done = operations.arrive_overdue(merchant_id=shop.merchant, now=now + timedelta(days=16))

        assert (done, shop.state(placed)) == (1, OrderState.DELIVERED)
        again = operations.arrive_overdue(merchant_id=shop.merchant, now=now + timedelta(days=16))
        assert again == 0
        assert shop.wrong() == []


SHARED = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class TestCourses:
    @settings(
        max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(steps=st.lists(st.sampled_from(["ship1", "ship", "void", "hand", "arrive"]), max_size=7))
    def test_S1_books_and_stock_agree_whatever_course_an_order_takes(self, shop, nuts, steps):
        shop.stock.received(nuts, 2, cost=701)
        placed = shop.paid((nuts, 2))
        for step in steps:
            try:
                if step == "ship1":
                    shop.ship(placed, ParcelWish("sf", "SF1234567890123", {1: 1}))
                elif step == "ship":
                    shop.ship(placed, ZTO)
                elif step == "void":
                    under = [one for one in shop.parcels(placed) if one.is_under_way]
                    if under:
                        shop.void(placed, under[0].uid)
                elif step == "hand":
                    shop.hand_over(placed)
                else:
                    shop.arrive(placed)
            except (NotNow, AlreadyShipped):
                pass

            units = Counter(shop.units(placed))
            assert units.total() == 2
            assert shop.wrong() == []
            is_over = units[UnitState.DELIVERED] == 2
            assert (shop.state(placed) is OrderState.DELIVERED) is is_over
