"""P3, L8: a lost notice is found by asking, soon, by itself, and outside any transaction."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders import queries as order_queries
from kacang.orders.models import OrderState
from kacang.payments import operations, queries
from kacang.payments.companies import registry
from kacang.payments.models import Payment, PaymentState
from kacang.queue import URGENT
from tests import make


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def placed(merchant, account, sandbox, monkeypatch):
    """An order with an open payment, whose company is the simulator."""
    monkeypatch.setattr(registry, "providers", lambda: {"sandbox": sandbox})
    return make.order(make.sku(merchant))


def payment_of(merchant: int, placed) -> Payment:
    with acting_as(merchant):
        return Payment.objects.get(merchant_id=merchant, number=placed.payment.payment_id)


def shift(merchant: int, payment: Payment, **columns: timedelta) -> None:
    sets = ", ".join(f"{name} = {name} + %s::interval" for name in columns)
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute(
            f"update payment set {sets} where id = %s::bigint",
            [str(value) for value in columns.values()] + [payment.pk],
        )


def due(payment: Payment) -> datetime:
    assert payment.ask_at
    return payment.ask_at


def ask(merchant: int, payment: Payment, at: datetime | None = None):
    return operations.ask_provider(
        merchant_id=merchant, payment_id=payment.pk, now=at or due(payment)
    )


class TestSchedule:
    def test_is_first_asked_after_fifteen_seconds(self, merchant, placed):
        payment = payment_of(merchant, placed)

        assert due(payment) - payment.created_at == timedelta(seconds=15)
        question = queries.DueQuestion(merchant, payment.pk, asked=0)
        assert question not in queries.due(most=10_000)
        assert ask(merchant, payment, payment.created_at) is None
        shift(merchant, payment, ask_at=timedelta(seconds=-20))
        assert question in queries.due(most=10_000)

    def test_L8_is_asked_at_15_30_and_60_seconds_and_each_45_then(self, merchant, placed):
        payment = payment_of(merchant, placed)
        ages = []
        for _ in range(6):
            at = due(payment_of(merchant, placed))
            ages.append((at - payment.created_at).total_seconds())
            ask(merchant, payment, at)

        assert ages == [15, 30, 60, 105, 150, 195]

    def test_is_asked_within_a_minute_while_it_may_be_paid(self, merchant, placed):
        payment = payment_of(merchant, placed)
        at = due(payment)

        while at - payment.created_at < timedelta(minutes=29):
            assert ask(merchant, payment, at) is not None
            following = due(payment_of(merchant, placed))
            assert timedelta(0) < following - at <= timedelta(seconds=45)
            at = following

    def test_is_asked_ever_more_seldom_and_at_last_no_more(self, merchant, placed):
        payment = payment_of(merchant, placed)
        shift(merchant, payment, created_at=timedelta(hours=-1))
        payment = payment_of(merchant, placed)

        ask(merchant, payment)
        wait = due(payment_of(merchant, placed)) - due(payment)
        shift(merchant, payment, created_at=timedelta(days=-2))
        ask(merchant, payment_of(merchant, placed))

        assert timedelta(minutes=25) < wait < timedelta(minutes=35)
        assert payment_of(merchant, placed).ask_at is None

    def test_L8_the_first_question_overtakes_the_others(self, merchant, placed):
        """A flash sale leaves thousands unpaid: they are asked about, but hold up nobody."""
        asked_before = payment_of(merchant, placed)
        shift(merchant, asked_before, ask_at=timedelta(hours=-1))
        ask(merchant, asked_before)
        shift(merchant, asked_before, ask_at=timedelta(hours=-1))
        fresh = payment_of(merchant, make.order(make.sku(merchant)))
        shift(merchant, fresh, ask_at=timedelta(seconds=-16))

        mine = [each for each in queries.due(most=10_000) if each.merchant_id == merchant]
        operations.enqueue_questions(most=10_000)

        assert [each.payment_id for each in mine] == [fresh.pk, asked_before.pk]
        with connection.cursor() as cursor:
            cursor.execute(
                "select args->>'payment_id', priority from procrastinate_jobs"
                " where task_name = 'payments.ask' and args->>'merchant_id' = %s::text"
                " order by id",
                [str(merchant)],
            )
            assert cursor.fetchall() == [(str(fresh.pk), URGENT), (str(asked_before.pk), 0)]

    def test_L8_of_many_never_asked_the_newest_comes_first(self, merchant, placed):
        earlier = payment_of(merchant, placed)
        shift(merchant, earlier, ask_at=timedelta(minutes=-10))
        later = payment_of(merchant, make.order(make.sku(merchant)))
        shift(merchant, later, ask_at=timedelta(seconds=-16))

        mine = [each for each in queries.due(most=10_000) if each.merchant_id == merchant]

        assert [each.payment_id for each in mine] == [later.pk, earlier.pk]

    def test_one_question_at_a_time(self, merchant, placed, cashier):
        payment = payment_of(merchant, placed)

        assert ask(merchant, payment) is not None
        assert ask(merchant, payment) is None
        assert cashier.questions == [payment.number]


class TestAnswer:
    def test_L8_a_lost_notice_is_found_and_delivered(self, merchant, placed, cashier):
        payment = payment_of(merchant, placed)
        cashier.pay(payment.number, 1999, "CNY", "lose")
        shift(merchant, payment, ask_at=timedelta(seconds=-20))

        orders.ask_about(merchant_id=merchant, payment_id=payment.pk)

        order = order_queries.order(merchant_id=merchant, number=placed.number)
        assert order.state is OrderState.DELIVERED
        assert payment_of(merchant, placed).state == PaymentState.PAID
        assert payment_of(merchant, placed).ask_at is None

    def test_L8_notice_and_answer_are_one_receipt(self, merchant, account, placed, cashier):
        payment = payment_of(merchant, placed)
        cashier.pay(payment.number, 1999, "CNY", "lose")
        shift(merchant, payment, ask_at=timedelta(seconds=-20))
        orders.ask_about(merchant_id=merchant, payment_id=payment.pk)
        charge = cashier.books.find(payment.number)

        late = make.notice(placed, provider_number=charge.provider_number)
        orders.settle_notices(account=account, notices=[late])

        order = order_queries.order(merchant_id=merchant, number=placed.number)
        receipts = queries.receipts_of_order(merchant_id=merchant, order_id=order.id)
        assert [(one.amount.minor, one.fit) for one in receipts] == [(1999, 0)]

    def test_a_silent_company_is_asked_again(self, merchant, placed, cashier):
        cashier.is_silent = True
        payment = payment_of(merchant, placed)

        asked = ask(merchant, payment)

        assert asked.notice is None
        after = payment_of(merchant, placed)
        assert (after.state, after.asked) == (PaymentState.OPEN, 1)
        assert due(after) > due(payment)

    def test_a_failed_payment_is_marked_and_may_still_be_paid(
        self, merchant, account, placed, cashier
    ):
        payment = payment_of(merchant, placed)
        cashier.pay(payment.number, 1999, "CNY", "lose")
        cashier.books.find(payment.number).status = "failed"

        ask(merchant, payment)
        failed = payment_of(merchant, placed).state
        orders.settle_notices(account=account, notices=[make.notice(placed)])

        assert failed == PaymentState.FAILED
        assert payment_of(merchant, placed).state == PaymentState.PAID

    def test_L18_never_inside_a_transaction(self, merchant, placed):
        payment = payment_of(merchant, placed)

        with acting_as(merchant), pytest.raises(RuntimeError, match="inside a transaction"):
            ask(merchant, payment)

    def test_another_merchants_payment_is_nothing_to_ask(self, merchant, other_merchant, placed):
        assert ask(other_merchant, payment_of(merchant, placed)) is None


class TestBuyerLooked:
    def look(self, merchant: int, placed) -> int:
        order = order_queries.order(merchant_id=merchant, number=placed.number)
        return operations.buyer_looked(merchant_id=merchant, order_id=order.id)

    def test_has_the_company_asked_but_not_at_every_look(self, merchant, placed):
        payment = payment_of(merchant, placed)
        assert self.look(merchant, placed) == 0  # too new

        shift(merchant, payment, created_at=timedelta(seconds=-9))

        assert [self.look(merchant, placed) for _ in range(3)] == [1, 0, 0]
        assert due(payment_of(merchant, placed)) <= now()
        with connection.cursor() as cursor:
            cursor.execute(
                "select queue_name, args->>'payment_id' from procrastinate_jobs"
                " where task_name = 'payments.ask' and args->>'merchant_id' = %s::text",
                [str(merchant)],
            )
            assert cursor.fetchall() == [("money", str(payment.pk))]

    def test_asks_nothing_about_what_is_paid(self, merchant, account, placed):
        shift(merchant, payment_of(merchant, placed), created_at=timedelta(seconds=-9))
        orders.settle_notices(account=account, notices=[make.notice(placed)])

        assert self.look(merchant, placed) == 0
