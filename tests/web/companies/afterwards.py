"""What must come of refunds that a company takes its time with, and of bills that it gets wrong.

A class for a company inherits from these as from `MisbehaviourContract`; its till is a `LongTill`.
"""

from datetime import datetime, time, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from kacang.ledger import queries as ledger
from kacang.ledger.accounts import Account
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders import queries as order_queries
from kacang.orders.models import OrderState
from kacang.orders.refunding.types import RefundWish
from kacang.orders.types import OpenPayment, PlacedOrder
from kacang.payments.companies import registry
from kacang.payments.refund_models import RefundStatus
from kacang.payments.refunding import refund_lists
from kacang.reconciliation import operations as bills
from kacang.reconciliation import queries as bill_queries
from kacang.reconciliation.queries import DifferenceKind
from kacang.shared.money import Money
from simulators.payments.company import BillFault, Deed, RefundWay
from tests import make
from tests.web.companies.contract import Sold, Till, books_agree, state_of

STAFF = Actor(kind="user", id=1, label="p@example.com")


def yesterday_of(till) -> datetime:
    """A day ago, in the zone in which the company's days begin."""
    zone = ZoneInfo(registry.provider(till.account.provider).zone)
    return datetime.now(zone) - timedelta(days=1)


class LongTill(Till, Protocol):
    """A till whose company gives money back, and has bills."""

    def finish_refunds(self) -> None:
        """Let the refunds that are pending end as the mood says."""
        ...

    def given_back(self, opened: OpenPayment) -> int:
        """Return how much of a payment has gone back, by the company's books."""
        ...

    def make_older(self, opened: OpenPayment, by: timedelta) -> None:
        """Have the company say that it was paid so much earlier."""
        ...


def refund_of(merchant: int) -> Any:
    (row,) = refund_lists.refunds_page(
        merchant_id=merchant, where=refund_lists.RefundFilter(), limit=10
    ).rows
    return row


def pursue(merchant: int) -> RefundStatus | None:
    """Do what the job does when it is time: send the refund, or ask about it."""
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute("update refund set ask_at = clock_timestamp() where state = 2")
    return orders.pursue_refund(merchant_id=merchant, refund_id=refund_of(merchant).id)


def told(merchant: int) -> int:
    """How often it was said to the buyer that money has gone back."""
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute("select count(*) from outbox where kind = 'orders.refunded'")
        return int(cursor.fetchone()[0])


def due(merchant: int) -> int:
    return -sum(
        line.amount.minor
        for line in ledger.balances(merchant_id=merchant)
        if line.account is Account.REFUNDS_DUE
    )


class RefundContract(Sold):
    """What a company may do with money that is to go back."""

    @pytest.fixture
    def asked_back(self, merchant, till, placed, opened, stocked) -> Money:
        """All of a paid order is asked back, and approved."""
        till.act(opened, Deed.PAY)
        assert self.delivered_once(merchant, placed, stocked)
        asked = orders.request_refund(
            merchant_id=merchant, number=placed.number, wish=RefundWish(None, "不想要了"),
            actor=STAFF, role="owner",
        )  # fmt: skip
        return asked.amount

    def nothing_false_was_said(self, merchant: int, placed: PlacedOrder, amount: Money) -> None:
        """It is on its way, and nobody says that it is there."""
        assert (told(merchant), due(merchant)) == (0, amount.minor)
        assert state_of(merchant, placed) is OrderState.REFUNDING
        assert books_agree(merchant)

    def is_back_once(self, merchant: int, till, placed, opened, amount: Money) -> None:
        assert refund_of(merchant).state is RefundStatus.DONE
        assert (told(merchant), due(merchant)) == (1, 0)
        assert state_of(merchant, placed) is OrderState.REFUNDED
        assert till.given_back(opened) == amount.minor
        assert books_agree(merchant)

    @pytest.mark.parametrize("hears", [False, True])
    def test_P4_accepted_then_done(self, merchant, till, placed, opened, asked_back, hears):
        till.mood.refunds = RefundWay.PENDING
        assert pursue(merchant) is RefundStatus.SENT
        self.nothing_false_was_said(merchant, placed, asked_back)

        till.finish_refunds()
        if hears:
            till.deliver()
        pursue(merchant)
        till.deliver()
        pursue(merchant)

        self.is_back_once(merchant, till, placed, opened, asked_back)

    @pytest.mark.parametrize("hears", [False, True])
    def test_P4_accepted_then_failed_is_in_the_queue_again(
        self, merchant, till, placed, opened, asked_back, hears
    ):
        till.mood.refunds = RefundWay.FAILS_LATER
        assert pursue(merchant) is RefundStatus.SENT

        till.finish_refunds()
        if hears:
            till.deliver()
        pursue(merchant)
        till.deliver()

        assert refund_of(merchant).state is RefundStatus.FAILED
        self.nothing_false_was_said(merchant, placed, asked_back)
        assert till.given_back(opened) == 0

    def test_P4_what_failed_is_tried_again_with_another_number(
        self, merchant, till, placed, opened, asked_back
    ):
        till.mood.refunds = RefundWay.FAILS_LATER
        pursue(merchant)
        till.finish_refunds()
        pursue(merchant)
        failed = refund_of(merchant)
        till.mood.refunds = RefundWay.AT_ONCE

        orders.retry_refund(merchant_id=merchant, number=failed.number, actor=STAFF)
        again, old = refund_lists.refunds_page(
            merchant_id=merchant, where=refund_lists.RefundFilter(), limit=10
        ).rows
        orders.pursue_refund(merchant_id=merchant, refund_id=again.id)
        till.deliver()

        states = {one.number: one.state for one in refund_lists.refunds_page(
            merchant_id=merchant, where=refund_lists.RefundFilter(), limit=10
        ).rows}  # fmt: skip
        assert states == {again.number: RefundStatus.DONE, old.number: RefundStatus.DROPPED}
        assert (told(merchant), due(merchant)) == (1, 0)
        assert till.given_back(opened) == asked_back.minor
        assert books_agree(merchant)

    def test_P4_what_failed_and_is_given_up_was_never_refunded(
        self, merchant, till, placed, opened, asked_back
    ):
        till.mood.refunds = RefundWay.FAILS_LATER
        pursue(merchant)
        till.finish_refunds()
        pursue(merchant)

        orders.drop_refund(
            merchant_id=merchant, number=refund_of(merchant).number, actor=STAFF, reason="算了"
        )

        assert (told(merchant), due(merchant)) == (0, 0)
        assert state_of(merchant, placed) is OrderState.DELIVERED
        order = order_queries.order(merchant_id=merchant, number=placed.number)
        assert order.refunded == Money(0)
        assert books_agree(merchant)

    @pytest.mark.parametrize("trouble", ["broken", "mute"])
    def test_P4_a_500_and_a_silence_after_it_was_done(
        self, merchant, till, placed, opened, asked_back, trouble
    ):
        setattr(till.mood, trouble, 1)
        assert pursue(merchant) is not RefundStatus.DONE
        self.nothing_false_was_said(merchant, placed, asked_back)

        for _ in range(2):
            pursue(merchant)
            till.deliver()

        self.is_back_once(merchant, till, placed, opened, asked_back)


class BillContract(Sold):
    """What a company may get wrong in a bill."""

    def read(self, merchant: int, till, opened: OpenPayment, *faults: BillFault) -> Any:
        """Have yesterday's bill read, on which day the order was paid."""
        till.mood.bill = frozenset(faults)
        day = yesterday_of(till).date()
        uid = bills.fetch_bill(
            merchant_id=merchant, account_uid=till.account.uid, day=day, actor=STAFF
        )
        bills.run_read(merchant_id=merchant, work_uid=uid)
        (bill,) = bill_queries.bills(merchant_id=merchant)
        assert (bill.state, bill.problem) == (bill_queries.BillState.READ, "")
        return bill

    @pytest.fixture
    def paid(self, merchant, till, placed, opened: OpenPayment, stocked) -> OpenPayment:
        other = self.start(merchant, till, make.order(stocked, provider=None))
        for one in (opened, other):
            till.act(one, Deed.PAY)
            till.make_older(one, timedelta(days=1))
        day = yesterday_of(till)
        noon = datetime.combine(day.date(), time(12), day.tzinfo)
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute("update receipt set seen_at = %s", [noon])
        return opened

    def differences(self, merchant: int) -> list[Any]:
        return bill_queries.differences(
            merchant_id=merchant, where=bill_queries.DifferenceFilter(is_open=True)
        )

    def test_F2_a_bill_that_is_right_differs_in_nothing(self, merchant, till, paid):
        assert self.read(merchant, till, paid).open == 0

    def test_F2_money_that_nobody_asked_for_is_found_and_taken_in(self, merchant, till, paid):
        assert self.read(merchant, till, paid, BillFault.EXTRA).open == 1
        (found,) = self.differences(merchant)
        assert found.kind is DifferenceKind.THEIRS_ONLY

        bills.take_in(merchant_id=merchant, difference_id=found.id, actor=STAFF)

        assert self.differences(merchant) == []
        suspense = [
            -line.amount.minor
            for line in ledger.balances(merchant_id=merchant)
            if line.account is Account.SUSPENSE
        ]
        assert suspense == [found.theirs.minor]

    def test_F2_a_payment_that_is_missing_is_found_and_explained(self, merchant, till, paid):
        assert self.read(merchant, till, paid, BillFault.MISSING).open == 1
        (found,) = self.differences(merchant)
        assert found.kind is DifferenceKind.OURS_ONLY
        before = ledger.balances(merchant_id=merchant)

        bills.explain(merchant_id=merchant, ids=[found.id], note="次日入账", actor=STAFF)

        assert self.differences(merchant) == []
        assert ledger.balances(merchant_id=merchant) == before

    def test_F2_another_amount_is_found_and_changes_nothing(self, merchant, till, placed, paid):
        assert self.read(merchant, till, paid, BillFault.CHANGED).open == 1

        (found,) = self.differences(merchant)
        assert found.kind is DifferenceKind.AMOUNT
        assert found.theirs.minor == found.ours.minor + 1
        assert state_of(merchant, placed) is OrderState.DELIVERED

    def test_F2_read_again_when_it_is_right_nothing_is_open(self, merchant, till, paid):
        everything = (BillFault.EXTRA, BillFault.CHANGED)
        assert self.read(merchant, till, paid, *everything).open == 2

        assert self.read(merchant, till, paid).open == 0
        assert self.differences(merchant) == []
