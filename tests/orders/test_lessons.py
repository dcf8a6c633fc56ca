"""What users of today's systems suffer (L1-L8, L18), with real threads and commits."""

from collections import Counter
from dataclasses import replace
from functools import partial

import pytest
from django.db import IntegrityError, connection

from kacang.catalog.models import Strategy
from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders import queries
from kacang.orders.buying.rules import rules_of
from kacang.orders.errors import BuyerLimit, NotPayable, SoldOut, TooManyUnpaid
from kacang.orders.models import Channel, OrderState
from kacang.orders.types import Origin, PlacedOrder
from kacang.payments.models import NoticeOutcome
from kacang.shared.contacts import Contact
from kacang.shared.errors import DomainError
from kacang.vault.models import CardState
from tests import make
from tests.orders.looking import receipts, settle, sum_of, time_shifted
from tests.threads import at_once


class TestL1PaidIsDeliveredOrWaits:
    def test_L1_paid_order_without_stock_waits_visibly_and_goes_on(self, merchant, settings):
        made = make.sku(merchant, cards=1)
        account = make.account(merchant)
        slow = make.order(made)
        with time_shifted(settings, 3600):
            quick = make.order(made)
            orders.settle_notices(account=account, notices=[make.notice(quick)])
            orders.settle_notices(account=account, notices=[make.notice(slow)])

        view = queries.order(merchant_id=merchant, number=slow.number)
        assert (view.state, view.hold_reason) == (OrderState.ON_HOLD, "late_payment")
        make.stock(made, 1)
        state = orders.replenish(merchant_id=merchant, number=slow.number, actor=SYSTEM)
        assert state == OrderState.DELIVERED
        assert make.card_states(made) == {CardState.SOLD: 2}
        assert sum_of(merchant, 1100) == 2 * 1999
        assert sum_of(merchant, 2200) == 2 * 1999

    def test_waiting_orders_go_on_by_themselves_when_stock_comes(self, merchant):
        made = make.sku(merchant, cards=3)
        account = make.account(merchant)
        late = [make.order(made) for _ in range(3)]
        for order in late:
            orders.cancel_order(merchant_id=merchant, number=order.number, actor=SYSTEM)
        make.order(made, 3)
        for order in late:
            settle(account, make.notice(order))
        make.stock(made, 2)

        delivered = orders.continue_waiting(merchant_id=merchant, sku_id=made.sku.pk)

        assert delivered == 2
        states = [queries.order(merchant_id=merchant, number=o.number).state for o in late]
        assert states == [OrderState.DELIVERED, OrderState.DELIVERED, OrderState.ON_HOLD]


class TestL2L3OneCardOnce:
    def test_L2_hundred_equal_callbacks_at_once_deliver_once(self, merchant):
        made = make.sku(merchant, cards=5)
        account = make.account(merchant)
        placed = make.order(made)
        notice = make.notice(placed)

        results = at_once(
            [lambda: orders.settle_notices(account=account, notices=[notice])[0]] * 100
        )

        assert Counter(results) == {NoticeOutcome.SETTLED: 1, NoticeOutcome.REPEATED: 99}
        assert make.card_states(made) == {CardState.AVAILABLE: 4, CardState.SOLD: 1}
        assert receipts(merchant) == [(1999, 0)]
        assert sum_of(merchant, 1100) == 1999

    def test_L2_other_notices_of_the_same_money_deliver_once(self, merchant):
        made = make.sku(merchant, cards=5)
        account = make.account(merchant)
        placed = make.order(made)
        first = make.notice(placed)
        notices = [replace(first, notice_id=f"msg_{n}") for n in range(32)]

        results = at_once([partial(settle, account, notice) for notice in notices])

        assert Counter(results) == {NoticeOutcome.SETTLED: 1, NoticeOutcome.REPEATED: 31}
        assert receipts(merchant) == [(1999, 0)]
        assert sum_of(merchant, 1100) == 1999

    @pytest.mark.parametrize("strategy", [Strategy.RANDOM, Strategy.FIRST_IN])
    def test_L3_64_buyers_at_1000_cards_none_twice(self, merchant, strategy):
        made = make.sku(merchant, cards=1000, strategy=strategy)
        account = make.account(merchant)

        def buy() -> object:
            placed = make.order(made)
            orders.settle_notices(account=account, notices=[make.notice(placed)])
            return placed

        results = at_once([buy] * 1064, threads=64)

        sold = [result for result in results if isinstance(result, PlacedOrder)]
        assert len(sold) == 1000
        assert Counter(type(r) for r in results if isinstance(r, DomainError)) == {SoldOut: 64}
        assert make.card_states(made) == {CardState.SOLD: 1000}
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute(
                "select count(*), count(distinct card_id) from allocation where released_at is null"
            )
            assert cursor.fetchone() == (1000, 1000)
        assert sum_of(merchant, 1100) == sum_of(merchant, 2200) == 1000 * 1999

    def test_L3_a_second_holder_is_refused_by_the_database(self, merchant):
        made = make.sku(merchant, cards=1)
        make.account(merchant)
        make.order(made)
        other = make.sku(merchant, cards=1)
        make.order(other)

        twice = """insert into allocation (merchant_id, card_id, line_id, unit_no, exclusive)
                   select merchant_id, card_id, (select max(line_id) from allocation), 2, true
                   from allocation order by id limit 1"""
        with (
            pytest.raises(IntegrityError, match="allocation_card_once"),
            acting_as(merchant),
            connection.cursor() as cursor,
        ):
            cursor.execute(twice)


class TestL4LatePayment:
    def test_L4_delivers_when_stock_remains(self, merchant):
        made = make.sku(merchant, cards=1)
        account = make.account(merchant)
        placed = make.order(made)
        orders.cancel_order(merchant_id=merchant, number=placed.number, actor=SYSTEM)

        orders.settle_notices(account=account, notices=[make.notice(placed)])

        view = queries.order(merchant_id=merchant, number=placed.number)
        assert view.state == OrderState.DELIVERED
        assert make.card_states(made) == {CardState.SOLD: 1}

    def test_L4_waits_on_hold_when_none_remains(self, merchant):
        made = make.sku(merchant, cards=1)
        account = make.account(merchant)
        placed = make.order(made)
        orders.cancel_order(merchant_id=merchant, number=placed.number, actor=SYSTEM)
        make.order(made)

        orders.settle_notices(account=account, notices=[make.notice(placed)])

        view = queries.order(merchant_id=merchant, number=placed.number)
        assert (view.state, view.hold_reason) == (OrderState.ON_HOLD, "late_payment")
        assert sum_of(merchant, 1100) == 1999
        assert sum_of(merchant, 2200) == 0

    def test_L4_money_in_time_for_the_own_card_although_late(self, merchant, settings):
        made = make.sku(merchant, cards=1)
        account = make.account(merchant)
        placed = make.order(made)

        with time_shifted(settings, 3600):
            assert (
                queries.order(merchant_id=merchant, number=placed.number).state
                == OrderState.CANCELLED
            )
            orders.settle_notices(account=account, notices=[make.notice(placed)])

        assert make.card_states(made) == {CardState.SOLD: 1}

    def test_L4_no_payment_is_opened_after_the_time(self, merchant, settings):
        made = make.sku(merchant, cards=1)
        make.account(merchant)
        placed = make.order(made)

        with time_shifted(settings, 3600), pytest.raises(NotPayable):
            orders.start_payment(merchant_id=merchant, number=placed.number, provider="sandbox")


class TestL6Caps:
    def test_L6_unpaid_orders_are_capped_per_buyer_exactly(self, merchant):
        made = make.sku(merchant, cards=200)
        make.account(merchant)
        wish = make.request(made, contact=Contact(email="one@example.com"))

        results = at_once(
            [lambda: orders.place_order(merchant_id=merchant, request=wish)] * 64, threads=64
        )

        assert sum(isinstance(result, PlacedOrder) for result in results) == 5
        assert sum(isinstance(result, TooManyUnpaid) for result in results) == 59
        assert make.card_states(made)[CardState.RESERVED] == 5

    def test_L6_paying_and_cancelling_free_the_place(self, merchant):
        made = make.sku(merchant, cards=200)
        account = make.account(merchant)
        contact = Contact(email="two@example.com")
        placed = [make.order(made, contact=contact) for _ in range(5)]
        with pytest.raises(TooManyUnpaid):
            make.order(made, contact=contact)

        orders.settle_notices(account=account, notices=[make.notice(placed[0])])
        orders.cancel_order(merchant_id=merchant, number=placed[1].number, actor=SYSTEM)

        make.order(made, contact=contact)
        make.order(made, contact=contact)
        with pytest.raises(TooManyUnpaid):
            make.order(made, contact=contact)

    def test_L6_nobody_holds_more_of_a_sku_than_one_order_may(self, merchant):
        made = make.sku(merchant, cards=50, max_per_order=10)
        make.account(merchant)
        contact = Contact(email="three@example.com")
        make.order(made, 10, contact=contact)

        with pytest.raises(TooManyUnpaid):
            make.order(made, 1, contact=contact)

        assert make.card_states(made)[CardState.RESERVED] == 10

    @pytest.mark.parametrize(
        ("origin", "setting"),
        [
            (Origin(device="phone"), "unpaid_device"),
            (Origin(address="203.0.113.5"), "unpaid_address"),
        ],
        ids=["device", "address"],
    )
    def test_L6_other_contacts_do_not_help_at_one_place(self, merchant, origin, setting):
        made = make.sku(merchant, cards=100)
        make.account(merchant)
        cap = getattr(rules_of(merchant), setting)

        for _ in range(cap):
            orders.place_order(merchant_id=merchant, request=make.request(made, origin=origin))
        with pytest.raises(TooManyUnpaid):
            orders.place_order(merchant_id=merchant, request=make.request(made, origin=origin))

        assert make.card_states(made)[CardState.RESERVED] == cap

    def test_L6_machines_count_by_contact_only(self, merchant):
        made = make.sku(merchant, cards=50)
        make.account(merchant)
        origin = Origin(channel=Channel.API, api_key_id=1, address="203.0.113.5", device="x")

        for _ in range(25):
            make.order(made, origin=origin)

        assert make.card_states(made)[CardState.RESERVED] == 25

    def test_limit_per_buyer_holds_across_paid_orders(self, merchant):
        made = make.sku(merchant, cards=9, max_per_buyer=2)
        account = make.account(merchant)
        contact = Contact(phone="+8613800000000")
        placed = make.order(made, 2, contact=contact)
        orders.settle_notices(account=account, notices=[make.notice(placed)])

        with pytest.raises(BuyerLimit):
            make.order(made, 1, contact=contact)

        assert make.card_states(made) == {CardState.AVAILABLE: 7, CardState.SOLD: 2}


class TestL7ExpiryByTime:
    def test_L7_overdue_cards_are_claimed_without_a_job(self, merchant, settings):
        made = make.sku(merchant, cards=2)
        account = make.account(merchant)
        slow = make.order(made, 2)
        with pytest.raises(SoldOut):
            make.order(made)

        with time_shifted(settings, 3600):
            quick = make.order(made)
            orders.settle_notices(account=account, notices=[make.notice(quick)])
            assert orders.expire_due(merchant_id=merchant) == 1

        assert make.card_states(made) == {CardState.AVAILABLE: 1, CardState.SOLD: 1}
        view = queries.order(merchant_id=merchant, number=slow.number)
        assert view.state == OrderState.CANCELLED
        assert view.cancelled_at is not None

    def test_L7_expiry_frees_the_buyers_place(self, merchant, settings):
        made = make.sku(merchant, cards=20)
        make.account(merchant)
        contact = Contact(email="seven@example.com")
        for _ in range(5):
            make.order(made, contact=contact)

        with time_shifted(settings, 3600):
            # The job has not run: the buyer must not be held to orders that are long over.
            make.order(made, contact=contact)
