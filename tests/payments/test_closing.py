"""P3, L4: what nothing is left to pay with is closed at its company; money still counts."""

from datetime import timedelta

import pytest
from django.db import connection

from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders import queries as order_queries
from kacang.orders.models import OrderState
from kacang.payments import operations, queries
from kacang.payments.account_models import CallKind, CallResult
from kacang.payments.companies import calls, registry
from kacang.payments.models import Payment, PaymentState
from kacang.shared.clock import utc_now
from tests import make


@pytest.fixture
def placed(merchant, account, sandbox, monkeypatch):
    """An order with an open payment, whose company is the simulator and knows of it."""
    monkeypatch.setattr(registry, "providers", lambda: {"sandbox": sandbox})
    return make.order(make.sku(merchant))


def payment_of(merchant: int, placed) -> Payment:
    with acting_as(merchant):
        return Payment.objects.get(merchant_id=merchant, number=placed.payment.payment_id)


def is_due(merchant: int, payment: Payment) -> bool:
    found = queries.due(most=10_000)
    return (merchant, payment.pk) in {(each.merchant_id, each.payment_id) for each in found}


def ask(merchant: int, placed) -> None:
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute("update payment set ask_at = clock_timestamp() where state <> 1")
    orders.ask_about(merchant_id=merchant, payment_id=payment_of(merchant, placed).pk)


def cancel(merchant: int, placed) -> None:
    orders.cancel_order(merchant_id=merchant, number=placed.number, actor=SYSTEM)


def kinds(merchant: int, placed) -> list[tuple[CallKind, CallResult]]:
    payment = payment_of(merchant, placed)
    found = calls.calls_about(merchant_id=merchant, payment_id=payment.pk)
    return [(call.kind, call.result) for call in reversed(found)]


QUERY, CLOSE = CallKind.QUERY, CallKind.CLOSE
ANSWERED, SILENT = CallResult.ANSWERED, CallResult.SILENT


class TestClosing:
    def test_P3_a_cancelled_order_is_asked_about_at_once_and_closed(
        self, merchant, placed, cashier
    ):
        payment = payment_of(merchant, placed)
        assert not is_due(merchant, payment)

        cancel(merchant, placed)

        assert is_due(merchant, payment)
        orders.ask_about(merchant_id=merchant, payment_id=payment.pk)
        assert payment_of(merchant, placed).state == PaymentState.CLOSED
        assert cashier.questions == [payment.number] * 2
        assert kinds(merchant, placed) == [(QUERY, ANSWERED), (CLOSE, ANSWERED)]
        again_at = payment_of(merchant, placed).ask_at
        assert again_at
        assert again_at - utc_now() <= timedelta(seconds=15)

    def test_P3_one_past_its_time_is_closed_though_no_job_cancelled_it(self, merchant, placed):
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute("update sale_order set pay_by = clock_timestamp() - interval '1 second'")

        ask(merchant, placed)

        assert payment_of(merchant, placed).state == PaymentState.CLOSED

    def test_P3_one_that_may_be_paid_stays_open(self, merchant, placed):
        ask(merchant, placed)

        assert payment_of(merchant, placed).state == PaymentState.OPEN
        assert kinds(merchant, placed) == [(QUERY, ANSWERED)]

    def test_L4_paid_just_before_it_is_closed_goes_by_the_rule_for_late_money(
        self, merchant, placed, cashier
    ):
        payment = payment_of(merchant, placed)
        cashier.pay(payment.number, 1999, "CNY", "lose")
        cancel(merchant, placed)

        ask(merchant, placed)

        assert payment_of(merchant, placed).state == PaymentState.PAID
        order = order_queries.order(merchant_id=merchant, number=placed.number)
        assert order.state is OrderState.DELIVERED
        assert kinds(merchant, placed) == [(QUERY, ANSWERED)]

    def test_L4_paid_while_it_is_closed_is_found_by_the_next_question(
        self, merchant, account, placed, cashier
    ):
        cancel(merchant, placed)
        ask(merchant, placed)

        orders.settle_notices(account=account, notices=[make.notice(placed)])

        assert payment_of(merchant, placed).state == PaymentState.PAID

    def test_P3_another_way_to_pay_that_is_left_over_is_closed(self, merchant, account, placed):
        other = make.account(merchant)
        operations.disable_account(merchant_id=merchant, uid=account.uid)
        second = orders.start_payment(
            merchant_id=merchant, number=placed.number, provider="sandbox"
        )
        orders.settle_notices(
            account=other,
            notices=[make.notice(placed, payment_number=second.payment_id)],
        )

        ask(merchant, placed)

        assert second.payment_id != placed.payment.payment_id
        assert payment_of(merchant, placed).state == PaymentState.CLOSED

    def test_P3_a_silent_company_is_told_again_later(self, merchant, placed, cashier):
        cancel(merchant, placed)
        cashier.is_silent = True
        ask(merchant, placed)
        assert payment_of(merchant, placed).state == PaymentState.OPEN
        cashier.is_silent = False

        ask(merchant, placed)

        assert payment_of(merchant, placed).state == PaymentState.CLOSED
        assert kinds(merchant, placed)[0] == (QUERY, SILENT)

    def test_closing_twice_calls_once(self, merchant, placed):
        cancel(merchant, placed)
        ask(merchant, placed)
        ask(merchant, placed)

        assert [kind for kind, _ in kinds(merchant, placed)] == [QUERY, CLOSE, QUERY]

    def test_L18_never_inside_a_transaction(self, merchant, placed):
        payment = payment_of(merchant, placed)

        with acting_as(merchant), pytest.raises(RuntimeError, match="inside a transaction"):
            operations.close_payment(merchant_id=merchant, payment_id=payment.pk, now=utc_now())

    def test_another_merchants_payment_is_nothing_to_close(self, merchant, other_merchant, placed):
        payment = payment_of(merchant, placed)

        assert not operations.close_payment(
            merchant_id=other_merchant, payment_id=payment.pk, now=utc_now()
        )
        assert payment_of(merchant, placed).state == PaymentState.OPEN
