"""What must come of every company's misbehaviour: paid once, delivered once, books that agree.

A class for a company inherits from `MisbehaviourContract` and gives a fixture `till`.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from kacang.ledger import queries as ledger
from kacang.ledger.accounts import Account
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders import queries as order_queries
from kacang.orders.models import OrderState
from kacang.orders.types import OpenPayment, PlacedOrder
from kacang.payments import operations, queries
from kacang.payments.models import Forgery, Notice, Payment, Receipt, ReceiptFit
from kacang.payments.ports import AccountInfo, ProviderSilent
from kacang.payments.refund_models import Refund, RefundStatus, RefundWay
from kacang.vault.models import CardState
from simulators.payments.company import Deed, Mood
from tests import make

ODD = {
    Deed.LESS: ReceiptFit.PARTIAL,
    Deed.MORE: ReceiptFit.OVER,
    Deed.CURRENCY: ReceiptFit.OTHER_CURRENCY,
}


class Till(Protocol):
    """A company with an account of the merchant, as these tests play with it."""

    account: AccountInfo
    mood: Mood
    # What its messages are answered.
    taken: bytes

    def act(self, opened: OpenPayment, deed: Deed) -> list[tuple[int, bytes]]:
        """Do something at its cashier's page; return what the shop answered to its messages."""
        ...

    def deliver(self) -> list[tuple[int, bytes]]:
        """Send the messages that are late."""
        ...


def enabled(merchant: int, needed: operations.NewAccount) -> AccountInfo:
    """Return a new account of the merchant that takes payments."""
    made = operations.create_account(merchant_id=merchant, account=needed)
    operations.enable_account(merchant_id=merchant, uid=made.uid)
    return queries.account_of_uid(made.uid)


def asked(merchant: int, opened: OpenPayment) -> None:
    """Do what the schedule does when nobody has heard of a payment."""
    with acting_as(merchant):
        row = Payment.objects.get(merchant_id=merchant, number=opened.payment_id)
        Payment.objects.filter(merchant_id=merchant, id=row.pk).update(
            ask_at=datetime.now(UTC) - timedelta(seconds=1)
        )
    orders.ask_about(merchant_id=merchant, payment_id=row.pk)


def state_of(merchant: int, placed: PlacedOrder) -> OrderState:
    return order_queries.order(merchant_id=merchant, number=placed.number).state


def fits(merchant: int) -> list[int | None]:
    with acting_as(merchant):
        return list(Receipt.objects.filter(merchant_id=merchant).values_list("fit", flat=True))


def forgeries(merchant: int) -> int:
    with acting_as(merchant):
        return sum(Forgery.objects.filter(merchant_id=merchant).values_list("count", flat=True))


def books_agree(merchant: int) -> bool:
    """Whether the ledger's cash is what companies have taken less what they gave back."""
    received: Counter[str] = Counter()
    with acting_as(merchant):
        for receipt in Receipt.objects.filter(merchant_id=merchant):
            received[receipt.currency] += receipt.amount_minor
        gone = Refund.objects.filter(
            merchant_id=merchant,
            state=RefundStatus.DONE,
            way__in=(RefundWay.ORIGIN, RefundWay.OUTSIDE),
        )
        for refund in gone:
            received[refund.currency] -= refund.amount_minor
    booked: Counter[str] = Counter()
    for line in ledger.balances(merchant_id=merchant):
        if line.account is Account.CASH_AT_PROVIDER:
            booked[line.amount.currency] += line.amount.minor
    return received == booked


class Sold:
    """An order, and a payment of it that was begun at the company."""

    @pytest.fixture
    def placed(self, merchant, till, stocked) -> PlacedOrder:
        return make.order(stocked, provider=None)

    @pytest.fixture
    def opened(self, merchant, till, placed) -> OpenPayment:
        return self.start(merchant, till, placed)

    def start(self, merchant: int, till: Till, placed: PlacedOrder) -> OpenPayment:
        return orders.start_payment(
            merchant_id=merchant, number=placed.number, provider=till.account.provider
        )

    def delivered_once(self, merchant: int, placed: PlacedOrder, stocked) -> bool:
        return (
            state_of(merchant, placed) is OrderState.DELIVERED
            and fits(merchant) == [ReceiptFit.FITS]
            and make.card_states(stocked)[CardState.SOLD] == 1
            and books_agree(merchant)
        )


class MisbehaviourContract(Sold):
    """What every company may do to a shop."""

    def test_P2_paid_is_delivered(self, merchant, till, placed, opened, stocked):
        answers = till.act(opened, Deed.PAY)

        assert answers == [(200, till.taken)] * len(answers)
        assert answers
        assert self.delivered_once(merchant, placed, stocked)

    def test_L2_repeats_are_answered_alike_and_nothing_more(
        self, merchant, till, placed, opened, stocked
    ):
        answers = till.act(opened, Deed.REPEAT)

        assert len(answers) >= 5
        assert set(answers) == {(200, till.taken)}
        assert self.delivered_once(merchant, placed, stocked)

    def test_P2_late_is_not_never(self, merchant, till, placed, opened, stocked):
        till.act(opened, Deed.LATE)
        assert state_of(merchant, placed) is OrderState.PENDING

        assert {status for status, _ in till.deliver()} == {200}
        assert self.delivered_once(merchant, placed, stocked)

    def test_P2_what_comes_out_of_order(self, merchant, till, placed, opened, stocked):
        answers = till.act(opened, Deed.UNORDERED)

        assert {status for status, _ in answers} == {200}
        assert self.delivered_once(merchant, placed, stocked)

    def test_L8_what_nobody_told_is_asked(self, merchant, till, placed, opened, stocked):
        till.act(opened, Deed.LOSE)
        assert state_of(merchant, placed) is OrderState.PENDING

        asked(merchant, opened)

        assert self.delivered_once(merchant, placed, stocked)

    def test_L8_and_told_afterwards_changes_nothing(self, merchant, till, placed, opened, stocked):
        till.act(opened, Deed.LATE)
        asked(merchant, opened)

        assert {status for status, _ in till.deliver()} == {200}
        assert self.delivered_once(merchant, placed, stocked)

    @pytest.mark.parametrize("deed", list(ODD))
    def test_L9_money_that_does_not_fit_is_kept(self, merchant, till, placed, stocked, deed):
        opened = self.start(merchant, till, placed)

        answers = till.act(opened, deed)
        asked(merchant, opened)

        assert {status for status, _ in answers} == {200}
        assert fits(merchant) == [ODD[deed]]
        assert state_of(merchant, placed) is OrderState.PENDING
        assert CardState.SOLD not in make.card_states(stocked)
        assert books_agree(merchant)

    def test_L9_a_forgery_leaves_a_count(self, merchant, till, placed, opened):
        ((status, _),) = till.act(opened, Deed.FORGED)

        assert (status, forgeries(merchant), fits(merchant)) == (401, 1, [])
        with acting_as(merchant):
            assert not Notice.objects.filter(merchant_id=merchant).exists()
        assert state_of(merchant, placed) is OrderState.PENDING

    def test_P2_a_failure_pays_nothing(self, merchant, till, placed, opened):
        till.act(opened, Deed.FAIL)

        assert (state_of(merchant, placed), fits(merchant)) == (OrderState.PENDING, [])

    def test_P3_silence_and_500_are_asked_about_again(
        self, merchant, till, placed, opened, stocked
    ):
        till.act(opened, Deed.LOSE)
        for trouble in ("broken", "mute"):
            setattr(till.mood, trouble, 1)
            asked(merchant, opened)
            assert state_of(merchant, placed) is OrderState.PENDING

        asked(merchant, opened)

        assert self.delivered_once(merchant, placed, stocked)

    def test_P3_a_payment_made_without_an_answer_is_made_once(
        self, merchant, till, placed, stocked
    ):
        till.mood.mute = 1

        with pytest.raises(ProviderSilent):
            self.start(merchant, till, placed)
        opened = self.start(merchant, till, placed)
        till.act(opened, Deed.PAY)

        with acting_as(merchant):
            assert Payment.objects.filter(merchant_id=merchant).count() == 1
        assert self.delivered_once(merchant, placed, stocked)

    def test_L9_one_orders_message_does_not_pay_another(
        self, merchant, till, placed, opened, stocked
    ):
        other = make.order(stocked, provider=None)
        self.start(merchant, till, other)
        till.act(opened, Deed.LATE)

        till.deliver()

        assert state_of(merchant, other) is OrderState.PENDING
        assert self.delivered_once(merchant, placed, stocked)
