"""X1: what is decided is done once, with the decision, or not at all."""

import functools
from types import SimpleNamespace

import pytest
from django.db import connection

from kacang.aftersales import errors, operations
from kacang.aftersales.models import CaseEvent, CaseState, Decision
from kacang.aftersales.types import Verdict
from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations import change_settings
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders.errors import NoGoodsLeft, NoReplacement
from kacang.orders.refunding.types import RefundWay
from kacang.orders.types import OrderState
from kacang.payments.refunding import refund_lists
from kacang.shared.money import Money
from kacang.stock import operations as stock
from kacang.vault.queries import CardState
from tests import make
from tests.aftersales.cases import BUYER, CLERK, OTHER, Sold
from tests.stock.conftest import Make
from tests.threads import at_once

REPLACE = Verdict(Decision.REPLACE, "卡密确实无效，已更换")
REJECT = Verdict(Decision.REJECT, "卡密已被您本人使用")


def refund(minor=None, **fields):
    amount = None if minor is None else Money(minor)
    return Verdict(Decision.REFUND, "同意退款", amount=amount, by_hand=True, **fields)


def decide(sold, uid, verdict, *, actor=CLERK, role="owner"):
    return operations.decide(
        merchant_id=sold.merchant,
        uid=uid,
        verdict=verdict,
        actor=actor,
        role=role,
        owner_uid="mem_1",
    )


def logged(merchant):
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute("select action from audit_entry where action like 'cases.%%' order by id")
        return [row[0] for row in cursor.fetchall()]


def jobs(merchant, like="aftersales.%"):
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute(
            "select task_name from procrastinate_jobs where task_name like %s::text"
            " and (args->>'merchant_id')::bigint = %s::bigint order by id",
            [like, merchant],
        )
        return [row[0] for row in cursor.fetchall()]


@pytest.fixture
def sold(merchant):
    return Sold(merchant, 2)


class TestReplace:
    def test_the_unit_gets_another_card_and_the_buyer_is_told(self, sold):
        uid = sold.open()
        before = orders.deliveries(merchant_id=sold.merchant, number=sold.number, actor=BUYER)

        assert decide(sold, uid, REPLACE) is CaseState.DECIDED

        after = orders.deliveries(merchant_id=sold.merchant, number=sold.number, actor=BUYER)
        assert after[0].secret != before[0].secret
        assert after[1].secret == before[1].secret
        row = sold.view(uid).row
        assert (row.decision, row.decided_by) == (Decision.REPLACE, "lu@example.com")
        assert len(row.outcome["cards"]) == 1
        assert make.card_states(sold.made)[CardState.FAULTY] == 1
        assert "cases.decided" in logged(sold.merchant)
        assert jobs(sold.merchant) == ["aftersales.tell_opened", "aftersales.tell_decided"]

    def test_nothing_at_all_is_done_when_there_is_no_other_card(self, merchant):
        sold = Sold(merchant, 2, made=make.sku(merchant, cards=3))
        uid = sold.open(places=sold.places)

        with pytest.raises(NoReplacement):
            decide(sold, uid, REPLACE)

        assert sold.view(uid).row.state is CaseState.NEW
        assert CardState.FAULTY not in make.card_states(sold.made)
        assert logged(merchant) == []


class TestRefund:
    def test_within_what_the_role_may_give_alone_it_goes_at_once(self, sold):
        uid = sold.open()

        decide(sold, uid, refund())

        row = sold.view(uid).row
        assert row.amount == Money(1999)
        (one,) = refund_lists.refunds_of_order(merchant_id=sold.merchant, order_id=sold.order.id)
        assert (one.number, one.amount) == (row.outcome["refunds"][0], Money(1999))
        assert one.way is RefundWay.BY_HAND
        assert sold.order.refunded == Money(1999)

    def test_a_part_can_be_given(self, sold):
        uid = sold.open()

        decide(sold, uid, refund(500, take_back=False))

        assert sold.order.refunded == Money(500)
        assert sold.order.state is OrderState.DELIVERED

    def test_what_is_more_waits_for_somebody_else(self, sold):
        uid = sold.open()

        decide(sold, uid, refund(), role="customer_service")

        assert sold.view(uid).row.outcome["waits"] is True
        assert sold.order.refunded == Money(0)

    def test_one_that_is_rejected_comes_back_to_the_desk(self, sold):
        uid = sold.open()
        decide(sold, uid, refund(), role="customer_service")
        (number,) = sold.view(uid).row.outcome["refunds"]
        orders.reject_refund(
            merchant_id=sold.merchant, number=number, actor=OTHER, reason="证据不足"
        )

        at = sold.view(uid).row.decided_at
        assert at is not None
        operations.look_after(merchant_id=sold.merchant, now=at.replace(year=at.year + 1))

        found = sold.view(uid)
        assert (found.row.state, found.row.decision) == (CaseState.OURS, None)
        assert found.entries[-1].event is CaseEvent.REFUND_REFUSED
        with pytest.raises(errors.OpenAlready):
            sold.open()

    def test_one_that_is_approved_stays_decided(self, sold):
        uid = sold.open()
        decide(sold, uid, refund(), role="customer_service")
        (number,) = sold.view(uid).row.outcome["refunds"]
        orders.approve_refund(merchant_id=sold.merchant, number=number, actor=OTHER, role="owner")
        at = sold.view(uid).row.decided_at
        assert at is not None

        operations.look_after(merchant_id=sold.merchant, now=at.replace(year=at.year + 1))

        assert sold.view(uid).row.state is CaseState.DECIDED
        assert "waits" not in sold.view(uid).row.outcome


class TestReship:
    def sold(self, merchant, pieces):
        goods = Make(merchant)
        sku = goods.goods()
        goods.received(sku, pieces, cost=700)
        made = SimpleNamespace(merchant_id=merchant, sku=SimpleNamespace(uid=sku))
        sold = Sold(merchant, 1, made=made)
        orders.hand_over(merchant_id=merchant, number=sold.number, actor=CLERK)
        return sold

    def test_other_pieces_leave_the_house(self, merchant):
        sold = self.sold(merchant, 3)
        uid = sold.open()

        decide(sold, uid, Verdict(Decision.RESHIP, "运输破损，已补发"))

        assert sold.view(uid).row.outcome == {"pieces": 1}
        assert sold.order.state is OrderState.DELIVERED
        assert orders.check_references(merchant_id=merchant) == []
        assert stock.check_references(merchant_id=merchant) == []
        left = stock_left(merchant)
        assert left == 1

    def test_nothing_is_done_when_none_is_left(self, merchant):
        sold = self.sold(merchant, 1)
        uid = sold.open()

        with pytest.raises(NoGoodsLeft):
            decide(sold, uid, Verdict(Decision.RESHIP, "补发"))

        assert sold.view(uid).row.state is CaseState.NEW
        assert stock.check_references(merchant_id=merchant) == []


def stock_left(merchant):
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute("select coalesce(sum(quantity), 0) from goods_slot")
        return cursor.fetchone()[0]


class TestOnce:
    def test_of_two_clerks_at_once_one_wins_and_the_other_is_told(self, sold):
        uid = sold.open()
        verdicts = [REPLACE, refund(), REJECT, REPLACE, refund(), REJECT]

        found = at_once([functools.partial(decide, sold, uid, verdict) for verdict in verdicts])

        assert sum(one is CaseState.DECIDED for one in found) == 1
        assert sum(isinstance(one, errors.DecidedAlready) for one in found) == 5
        assert logged(sold.merchant).count("cases.decided") == 1
        faulty = make.card_states(sold.made).get(CardState.FAULTY, 0)
        given = sold.order.refunded.minor > 0
        decision = sold.view(uid).row.decision
        assert (faulty == 1, given) == (
            decision is Decision.REPLACE,
            decision is Decision.REFUND,
        )

    def test_needs_a_reason_for_the_buyer(self, sold):
        uid = sold.open()
        with pytest.raises(errors.TextMissing):
            decide(sold, uid, Verdict(Decision.REJECT, "  "))
        assert sold.view(uid).row.state is CaseState.NEW

    def test_does_nothing_to_another_merchants_case(self, sold, other_merchant):
        uid = sold.open()
        with pytest.raises(errors.UnknownCase):
            operations.decide(
                merchant_id=other_merchant, uid=uid, verdict=REJECT, actor=CLERK, role="owner",
                owner_uid="mem_1",
            )  # fmt: skip
        assert sold.view(uid).row.state is CaseState.NEW

    def test_the_limits_of_refunds_hold(self, sold):
        change_settings(
            merchant_id=sold.merchant,
            values={"refund_alone_customer_service": 10},
            actor=SYSTEM,
        )
        uid = sold.open()

        decide(sold, uid, refund(1000), role="customer_service")

        assert sold.view(uid).row.outcome.get("waits") is None
        assert sold.order.refunded == Money(1000)
