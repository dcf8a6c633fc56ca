"""O9: a person lets a stopped order go on, or has its money given back; one of two wins."""

from functools import partial

import pytest

from kacang.merchants.audit import SYSTEM
from kacang.orders import operations as orders
from kacang.orders.exceptions.queries import Kind
from kacang.orders.fulfilling.shortage import short_units
from kacang.orders.models import Event, OrderState
from kacang.orders.refunding.types import RefundReasonMissing, RefundStatus, RefundWish
from kacang.orders.reviewing import operations
from kacang.orders.reviewing.queries import ReviewState, Verdict
from kacang.orders.reviewing.types import NotReviewed, ReviewDecided
from kacang.shared.money import Money
from kacang.vault.models import CardState
from tests import make
from tests.orders.looking import sum_of
from tests.orders.reviewing.conftest import Shop
from tests.orders.test_from_wallets import Shop as WalletShop
from tests.threads import at_once

HELD = (OrderState.ON_HOLD, "risk_review")
SPOIL = """
with gone as (update card set state = 6, reserved_until = null, line_id = null where state = 1
              returning id)
update allocation a set released_at = now() from gone g
where a.card_id = g.id and released_at is null returning 1
"""


@pytest.fixture
def held(shop) -> str:
    shop.rule(verdict=Verdict.HOLD)
    number: str = shop.paid(2)
    return number


class TestApproving:
    def test_it_goes_on_with_the_very_cards_that_it_kept(self, shop, held):
        kept = shop.rows("select id from card where state = 1 order by id")
        clerk = shop.person()

        assert shop.approve(held, clerk) is OrderState.DELIVERED

        assert shop.rows("select id from card where state = 2 order by id") == kept
        assert shop.state(held) == (OrderState.DELIVERED, "")
        found = shop.review(held)
        assert (found.state, found.closed_by) == (ReviewState.APPROVED, clerk.label)
        assert shop.kinds() == []
        assert Event.REVIEW_APPROVED in shop.events(held)
        assert sum_of(shop.merchant, 2200) == 3998

    def test_without_its_cards_it_waits_for_stock_like_any_other(self, shop, held):
        shop.rows(SPOIL)
        shop.rows("update card set state = 6 where state = 0 returning 1")

        assert shop.approve(held) is OrderState.ON_HOLD

        assert shop.state(held) == (OrderState.ON_HOLD, "out_of_stock")
        assert shop.kinds() == [(held, Kind.STOCK, "out_of_stock")]
        make.stock(shop.sku, 2)
        orders.continue_waiting(merchant_id=shop.merchant, sku_id=shop.sku.sku.pk)
        assert shop.state(held) == (OrderState.DELIVERED, "")

    def test_a_second_time_says_who_was_quicker_and_changes_nothing(self, shop, held):
        first = shop.person()
        shop.approve(held, first)
        events = shop.events(held)

        for again in (shop.approve, shop.reject):
            with pytest.raises(ReviewDecided) as told:
                again(held)
            assert told.value.detail == {"by": first.label}

        assert shop.events(held) == events
        assert make.card_states(shop.sku) == {CardState.SOLD: 2, CardState.AVAILABLE: 1}

    def test_of_many_clerks_at_once_one_decides(self, shop, held):
        clerks = [shop.person() for _ in range(4)]
        acts = [
            partial(act, held, clerk) for clerk in clerks for act in (shop.approve, shop.reject)
        ]

        came = at_once(acts, threads=8)

        assert sum(not isinstance(one, ReviewDecided) for one in came) == 1
        events = shop.events(held)
        assert (
            sum(events.count(event) for event in (Event.REVIEW_APPROVED, Event.REVIEW_REJECTED))
            == 1
        )
        state, _ = shop.state(held)
        if state is OrderState.DELIVERED:
            assert Event.REFUND_ASKED not in events
        else:
            assert state is OrderState.REFUNDING
            assert Event.DELIVERED not in events

    def test_an_order_that_no_rule_stopped_waits_for_nobody(self, shop):
        number = shop.paid()

        with pytest.raises(NotReviewed):
            shop.approve(number)

    def test_it_is_in_the_audit_log(self, shop, held):
        clerk = shop.person()
        shop.approve(held, clerk)

        assert ("orders.review_approve", held) in shop.log()


class TestRejecting:
    def test_the_money_goes_back_and_the_cards_are_on_sale_again(self, shop, held):
        make.stock(shop.sku, 0)

        asked = shop.reject(held)

        assert asked.amount == Money(3998)
        assert asked.state is RefundStatus.APPROVED
        assert shop.state(held)[0] is OrderState.REFUNDING
        assert make.card_states(shop.sku) == {CardState.AVAILABLE: 3}
        assert shop.rows("select count(*) from allocation where released_at is null") == [(0,)]
        assert (shop.review(held).state, shop.review(held).closing) == (
            ReviewState.REJECTED, "风险",
        )  # fmt: skip
        assert (held, Kind.RISK, "risk_review") not in shop.kinds()

    def test_nobody_rejects_without_saying_why(self, shop, held):
        with pytest.raises(RefundReasonMissing):
            operations.reject_order(
                merchant_id=shop.merchant, number=held, reason=" ", actor=SYSTEM, role="owner"
            )

        assert shop.state(held) == HELD
        assert shop.review(held).state is ReviewState.OPEN

    def test_who_may_give_back_nothing_alone_asks_for_it(self, shop, held):
        clerk = shop.person("clerk")

        asked = shop.reject(held, clerk, role="clerk")

        assert asked.state is RefundStatus.REQUESTED
        # Held still, and nobody's to review: its refund is what waits.
        assert shop.state(held) == HELD
        assert shop.kinds() == [(held, Kind.REFUND, "requested")]
        assert make.card_states(shop.sku) == {CardState.AVAILABLE: 3}
        with pytest.raises(ReviewDecided):
            shop.approve(held)

    def test_a_refund_that_is_refused_puts_it_back_before_a_person(self, shop, held):
        clerk, boss = shop.person("clerk"), shop.person("finance")
        (refund,) = shop.reject(held, clerk, role="clerk").numbers

        orders.reject_refund(
            merchant_id=shop.merchant, number=refund, actor=boss, reason="证据不足"
        )

        assert shop.kinds() == [(held, Kind.RISK, "risk_review")]
        assert shop.approve(held) is OrderState.DELIVERED
        assert make.card_states(shop.sku) == {CardState.AVAILABLE: 1, CardState.SOLD: 2}

    def test_a_refund_that_failed_does_not_deliver_it_by_itself(self, shop, held):
        (refund,) = shop.reject(held).numbers
        shop.rows(
            "update refund set state = 4, ask_at = null where number = %s returning 1", refund
        )

        orders.drop_refund(merchant_id=shop.merchant, number=refund, actor=SYSTEM, reason="退不回")
        orders.continue_waiting(merchant_id=shop.merchant, sku_id=shop.sku.sku.pk)

        assert shop.state(held) == HELD
        assert shop.kinds() == [(held, Kind.RISK, "risk_review")]

    def test_a_part_given_back_by_hand_frees_its_cards_alone(self, shop, held):
        line = shop.order(held).lines[0]
        orders.request_refund(
            merchant_id=shop.merchant,
            number=held,
            wish=RefundWish(amount=Money(1999), reason="少买一件", units=((line.id, 1),)),
            actor=SYSTEM,
            role="owner",
        )

        assert shop.state(held) == HELD
        assert make.card_states(shop.sku) == {CardState.AVAILABLE: 2, CardState.RESERVED: 1}
        assert shop.approve(held) is OrderState.DELIVERED
        assert make.card_states(shop.sku) == {CardState.AVAILABLE: 2, CardState.SOLD: 1}

    def test_what_was_delivered_at_once_is_void_afterwards(self, shop):
        shop.rule(verdict=Verdict.DUAL)
        number = shop.paid()

        shop.reject(number)

        assert make.card_states(shop.sku) == {CardState.AVAILABLE: 2, CardState.VOID: 1}
        assert shop.state(number)[0] is OrderState.REFUNDING
        assert (number, Kind.RISK, "look_afterwards") not in shop.kinds()

    def test_what_staff_gave_back_is_nobodys_to_review(self, shop):
        shop.rule(verdict=Verdict.DUAL)
        number = shop.paid()
        orders.request_refund(
            merchant_id=shop.merchant,
            number=number,
            wish=RefundWish(amount=None, reason="客户要求"),
            actor=SYSTEM,
            role="owner",
        )

        assert shop.kinds() == []
        with pytest.raises(NotReviewed):
            shop.approve(number)


class TestPriority:
    def test_who_comes_first_gets_the_first_card(self, shop):
        shop.rule(priority=1)
        plain = make.sku(shop.merchant, cards=4)
        numbers = [shop.paid(sku=plain) for _ in range(4)]
        shop.rows("update sale_order set priority = 0 where number <> %s returning 1", numbers[2])
        shop.rows(
            "update sale_order set state = 9, hold_reason = 'out_of_stock' where number = any(%s)"
            " returning 1",
            numbers,
        )
        shop.rows(
            "update order_unit set state = 1, delivered_at = null where state = 2 returning 1"
        )
        shop.rows("update allocation set released_at = now() returning 1")
        shop.rows("update card set state = 6, line_id = null where state = 2 returning 1")

        make.stock(plain, 2)
        orders.continue_waiting(merchant_id=shop.merchant, sku_id=plain.sku.pk)

        given = [shop.state(number)[0] is OrderState.DELIVERED for number in numbers]
        assert given == [True, False, True, False]


class TestWallets:
    def test_what_a_wallet_paid_is_held_and_goes_back_into_it(self, merchant):
        desk = WalletShop(merchant)
        shop = Shop(merchant, desk.account)
        shop.rule(verdict=Verdict.HOLD)
        wallet = make.wallet(merchant, 5000)
        placed = desk.order()

        desk.pay(placed, wallet)

        assert shop.state(placed.number) == HELD
        assert desk.holds(wallet) == 5000 - 1999
        shop.reject(placed.number)
        assert desk.holds(wallet) == 5000
        assert shop.state(placed.number)[0] is OrderState.REFUNDED
        assert make.card_states(desk.stock) == {CardState.AVAILABLE: 3}


class TestSupplies:
    def test_what_is_held_is_no_want_of_stock_and_what_it_lets_go_serves_others(self, shop, held):
        assert short_units(merchant_id=shop.merchant, sku_ids=[shop.sku.sku.pk]) == {
            shop.sku.sku.pk: 0
        }

        shop.reject(held)

        jobs = shop.rows(
            "select count(*) from procrastinate_jobs where task_name = 'orders.continue_waiting'"
            " and args ->> 'merchant_id' = %s",
            str(shop.merchant),
        )
        assert jobs == [(1,)]
