"""O9: rules are asked when an order is paid; what they decide is done and written down."""

from dataclasses import replace
from functools import partial

import psycopg
import pytest

from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations import add_staff
from kacang.merchants.queries import staff
from kacang.orders import operations as orders
from kacang.orders.errors import SoldOut, UnderReview
from kacang.orders.exceptions.queries import Kind
from kacang.orders.models import Event, OrderState
from kacang.orders.reviewing import operations
from kacang.orders.reviewing.queries import (
    Condition,
    Fact,
    Op,
    ReviewState,
    RuleBody,
    UnknownRule,
    Verdict,
)
from kacang.payments.ports import VerifiedNotice
from kacang.shared.contacts import Contact
from kacang.stock.queries import GoodsLevel
from kacang.vault.models import CardState
from tests import make
from tests.orders.looking import sum_of, time_shifted
from tests.orders.reviewing.conftest import Shop
from tests.orders.test_goods import Shop as Goods
from tests.threads import at_once

HELD = (OrderState.ON_HOLD, "risk_review")
GIVEN = (OrderState.DELIVERED, "")
LARGE = Condition(Fact.AMOUNT, Op.AT_LEAST, number=2000)


class TestHolding:
    def test_an_order_that_a_rule_holds_is_paid_and_keeps_its_card(self, shop):
        uid = shop.rule(LARGE, verdict=Verdict.HOLD, name="大额")

        small, large = shop.paid(1), shop.paid(2)

        assert shop.state(small) == GIVEN
        assert shop.review(small) is None
        assert shop.state(large) == HELD
        assert make.card_states(shop.sku) == {CardState.RESERVED: 2, CardState.SOLD: 1}
        found = shop.review(large)
        assert (found.verdict, found.state) == (Verdict.HOLD, ReviewState.OPEN)
        assert [(hit.uid, hit.name, hit.version, hit.is_deciding) for hit in found.hits] == [
            (uid, "大额", 1, True)
        ]
        assert found.facts.amount == 3998
        assert found.facts.quantity == 2
        assert shop.events(large) == [Event.PLACED, Event.REVIEWED, Event.PAID, Event.HELD]
        assert shop.kinds() == [(large, Kind.RISK, "risk_review")]
        # Both are paid for; what was not delivered is no revenue yet.
        assert sum_of(shop.merchant, 1100) == 3 * 1999
        assert sum_of(shop.merchant, 2200) == 1999

    def test_what_is_held_is_not_sold_to_others_however_long_it_waits(self, shop, settings):
        shop.rule(LARGE, verdict=Verdict.HOLD)
        held = shop.paid(2)

        with time_shifted(settings, 90 * 86_400):
            first = shop.paid(1)
            with pytest.raises(SoldOut):
                make.order(shop.sku)

        assert shop.state(first) == GIVEN
        assert shop.state(held) == HELD
        assert shop.approve(held) is OrderState.DELIVERED

    def test_new_stock_does_not_set_it_free(self, shop, settings):
        shop.rule(LARGE, verdict=Verdict.HOLD)
        late = make.order(shop.sku, 3)
        with time_shifted(settings, 86_400):
            orders.expire_due(merchant_id=shop.merchant)
            taken = make.order(shop.sku, 1)
            shop.pay(taken)
            shop.pay(late)
        assert shop.state(late.number) == HELD
        assert Event.LATE_PAYMENT in shop.events(late.number)

        make.stock(shop.sku, 3)
        orders.continue_waiting(merchant_id=shop.merchant, sku_id=shop.sku.sku.pk)

        assert shop.state(late.number) == HELD
        with pytest.raises(UnderReview):
            orders.replenish(merchant_id=shop.merchant, number=late.number, actor=SYSTEM)
        assert shop.approve(late.number) is OrderState.DELIVERED

    def test_orders_of_one_set_are_decided_each_for_itself(self, shop):
        shop.rule(LARGE, verdict=Verdict.HOLD)
        make.stock(shop.sku, 10)
        placed = [make.order(shop.sku, number % 2 + 1) for number in range(6)]

        settled = orders.settle_notices(
            account=shop.account, notices=[make.notice(one) for one in placed]
        )

        assert len(settled) == 6
        assert [shop.state(one.number) for one in placed] == [GIVEN, HELD] * 3

    def test_64_notices_of_one_payment_come_to_one_decision(self, shop):
        shop.rule(LARGE, verdict=Verdict.HOLD)
        placed = make.order(shop.sku, 2)
        notice = make.notice(placed)
        others = [replace(notice, notice_id=f"n{number}") for number in range(32)]

        def settled(one: VerifiedNotice) -> object:
            return orders.settle_notice(account=shop.account, notice=one)

        at_once([partial(settled, one) for one in [notice] * 32 + others])

        assert shop.state(placed.number) == HELD
        assert shop.events(placed.number).count(Event.REVIEWED) == 1
        assert shop.rows("select count(*) from review_hit") == [(1,)]
        assert sum_of(shop.merchant, 1100) == 3998

    def test_goods_stay_reserved_and_are_owed_once_released(self, merchant):
        shop = Goods(merchant)
        rules = Shop(merchant, shop.account)
        nuts = shop.stock.goods()
        shop.stock.received(nuts, 5, cost=700)
        rules.rule(verdict=Verdict.HOLD)

        placed = shop.place((nuts, 2))
        shop.pay(placed)

        assert rules.state(placed.number) == HELD
        assert shop.stock.level(nuts) == GoodsLevel(available=3, reserved=2)
        assert rules.approve(placed.number) is OrderState.PAID
        assert shop.stock.level(nuts) == GoodsLevel(available=3, sold=2)

    def test_deposits_and_what_costs_nothing_are_not_asked_about(self, shop):
        shop.rule(verdict=Verdict.HOLD)
        free = make.sku(shop.merchant, cards=1, price=0)

        placed = orders.place_order(merchant_id=shop.merchant, request=make.request(free))

        assert placed.state is OrderState.DELIVERED
        assert shop.review(placed.number) is None


class TestDeciding:
    def test_the_first_rule_that_fits_decides(self, shop):
        shop.rule(
            Condition(Fact.AMOUNT, Op.AT_MOST, number=1999), verdict=Verdict.PASS, name="小额"
        )
        hold = shop.rule(verdict=Verdict.HOLD, name="其余")

        assert shop.state(shop.paid(1)) == GIVEN
        assert shop.state(shop.paid(2)) == HELD

        operations.move_rule(merchant_id=shop.merchant, uid=hold, place=0, actor=SYSTEM)
        make.stock(shop.sku, 1)
        assert shop.state(shop.paid(1)) == HELD

    def test_dual_delivers_at_once_and_is_looked_at_afterwards(self, shop):
        shop.rule(verdict=Verdict.DUAL)

        number = shop.paid()

        assert shop.state(number) == GIVEN
        assert shop.kinds() == [(number, Kind.RISK, "look_afterwards")]
        assert shop.approve(number) is OrderState.DELIVERED
        assert shop.kinds() == []
        assert shop.review(number).state is ReviewState.APPROVED

    def test_all_rules_that_fit_say_how_soon_and_whose_work_it_is(self, shop):
        email = "lu@example.com"
        add_staff(
            merchant_id=shop.merchant, email=email, name="陆", role="order_operator", actor=SYSTEM
        )
        (member,) = [
            one.member_id for one in staff(merchant_id=shop.merchant) if one.email == email
        ]
        shop.rule(priority=3, name="甲")
        shop.rule(LARGE, priority=7, assignee_id=member, name="乙")
        shop.rule(priority=2, verdict=Verdict.PASS, name="丙")

        number = shop.paid(2)

        found = shop.review(number)
        assert found.priority == 7
        assert shop.order(number).assignee_id == member
        assert {hit.name for hit in found.hits} == {"甲", "乙", "丙"}
        assert [hit.name for hit in found.hits if hit.is_deciding] == ["丙"]

    def test_who_works_here_no_more_gets_no_orders(self, shop):
        from_role = shop.person()
        people = staff(merchant_id=shop.merchant)
        (one,) = [each for each in people if each.email == from_role.label]
        shop.rule(priority=1, assignee_id=one.member_id)
        shop.rows(
            "update membership set disabled_at = now() where id = %s returning id", one.member_id
        )

        assert shop.order(shop.paid()).assignee_id is None

    def test_a_rule_that_is_off_is_not_asked(self, shop):
        uid = shop.rule(verdict=Verdict.HOLD, on=False)
        assert shop.state(shop.paid()) == GIVEN

        operations.switch_rule(merchant_id=shop.merchant, uid=uid, is_on=True, actor=SYSTEM)
        # By the very next payment, in this and every other process.
        assert shop.state(shop.paid()) == HELD
        operations.delete_rule(merchant_id=shop.merchant, uid=uid, actor=SYSTEM)
        assert shop.state(shop.paid()) == GIVEN

    def test_a_change_is_obeyed_by_the_next_payment(self, shop):
        uid = shop.rule(verdict=Verdict.HOLD)
        assert shop.state(shop.paid()) == HELD

        operations.change_rule(
            merchant_id=shop.merchant, uid=uid, version=1,
            body=RuleBody("规则", (), Verdict.PASS), actor=SYSTEM,
        )  # fmt: skip

        assert shop.state(shop.paid()) == GIVEN

    def test_another_merchants_rules_are_not_asked(self, shop, other_merchant):
        mine = shop.rule(verdict=Verdict.HOLD, on=False)
        other = type(shop)(other_merchant)
        other.rule(verdict=Verdict.HOLD)

        assert shop.state(shop.paid()) == GIVEN
        with pytest.raises(UnknownRule):
            operations.switch_rule(merchant_id=other_merchant, uid=mine, is_on=True, actor=SYSTEM)

    def test_a_risky_buyer_is_told_from_others_with_every_point(self, shop):
        make.stock(shop.sku, 20)
        shop.rule(Condition(Fact.RISK, Op.AT_LEAST, number=30), verdict=Verdict.HOLD)
        contact = Contact(email="often@example.com")
        first = shop.paid(contact=contact)
        numbers = [shop.paid(contact=contact) for _ in range(5)]

        assert shop.state(first) == GIVEN
        # The score counts what was before: five in the hour are 25 points, ten are 40.
        assert [shop.state(one) for one in numbers] == [GIVEN] * 5
        more = [shop.paid(contact=contact) for _ in range(6)]
        assert shop.state(more[-1]) == HELD
        found = shop.review(more[-1]).facts
        assert [(one.name, one.points) for one in found.factors] == [("many_orders", 40)]
        assert found.paid_orders == 11


class TestCost:
    def test_a_merchant_without_rules_runs_no_statement_more(self, shop, monkeypatch):
        placed = [make.order(shop.sku) for _ in range(3)]
        ran = counted(monkeypatch)
        shop.pay(placed[0])
        without = list(ran)

        shop.rule(verdict=Verdict.HOLD, on=False)
        ran.clear()
        shop.pay(placed[1])
        off = list(ran)
        shop.rule(priority=1)
        ran.clear()
        shop.pay(placed[2])

        # What came is stored, looked at, and delivered.
        assert len(without) == 3
        assert off == without
        assert len(ran) > len(without)

    def test_the_rules_are_read_once_for_many_payments(self, shop, monkeypatch):
        shop.rule(priority=1)
        shop.paid()
        ran = counted(monkeypatch)
        shop.paid()

        assert not any("from review_book b" in text for text in ran)


def counted(monkeypatch):
    """The texts of the hot path's statements, as they run."""
    ran = []
    whole = psycopg.RawCursor.execute

    def noted(self, text, *given, **words):
        ran.append(bytes(text).decode())
        return whole(self, text, *given, **words)

    monkeypatch.setattr(psycopg.RawCursor, "execute", noted)
    return ran
