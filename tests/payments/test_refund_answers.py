"""P4: what companies say of refunds, in any order, late, twice or never, comes to the same."""

import itertools
import secrets

import pytest
from django.db import connection

from kacang.ledger import queries as ledger
from kacang.ledger.accounts import Account
from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders import queries
from kacang.orders.models import OrderState
from kacang.orders.refunding import hearing
from kacang.orders.refunding.asking import RULE
from kacang.orders.refunding.types import RefundStatus, RefundWay, RefundWish
from kacang.payments.companies import registry
from kacang.payments.ports import RefundNotice, RefundState
from kacang.payments.refunding import refund_lists, refunds
from kacang.payments.refunding.refunds import RefundHeard
from kacang.shared.money import Money
from kacang.shared.states import WrongState
from tests import make

SAID = (RefundState.PENDING, RefundState.DONE, RefundState.FAILED)


@pytest.fixture
def placed(merchant, account, sandbox, cashier, monkeypatch):
    """A paid order whose company is the simulator."""
    monkeypatch.setattr(registry, "providers", lambda: {"sandbox": sandbox})
    order = make.order(make.sku(merchant))
    assert order.payment is not None
    number = order.payment.payment_id
    cashier.books.charge(number, 1999, "CNY")
    cashier.pay(number, 1999, "CNY", "lose")
    charge = cashier.books.find(number)
    told = make.notice(order, provider_number=charge.provider_number)
    orders.settle_notices(account=account, notices=[told])
    return order


def ask(merchant: int, placed, minor: int | None = None):
    wish = RefundWish(None if minor is None else Money(minor), "坏卡")
    asked = orders.request_refund(
        merchant_id=merchant, number=placed.number, wish=wish, actor=SYSTEM, role=RULE
    )
    (number,) = asked.numbers
    return look(merchant, number)


def look(merchant: int, number: str):
    return refund_lists.refund(merchant_id=merchant, number=number)


def pursue(merchant: int, refund) -> RefundStatus | None:
    return orders.pursue_refund(merchant_id=merchant, refund_id=refund.id)


def make_due(merchant: int, refund) -> None:
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute("update refund set ask_at = now() where id = %s", [refund.id])


def told(refund, state: RefundState = RefundState.DONE, **changes) -> RefundNotice:
    fields = {
        "notice_id": f"n_{secrets.token_hex(6)}",
        "refund_number": refund.number,
        "provider_number": f"r_{refund.number}",
        "payment_number": refund.payment_number,
        "amount": refund.amount,
        "state": state,
        "raw": "{}",
    }
    return RefundNotice(**{**fields, **changes})


def hear(account, *notices: RefundNotice) -> list[RefundHeard]:
    return [orders.settle_refund_notice(account=account, notice=one) for one in notices]


def state_of(merchant: int, placed) -> OrderState:
    return queries.order(merchant_id=merchant, number=placed.number).state


def balance(merchant: int, account: Account) -> int:
    found = ledger.balances(merchant_id=merchant)
    return sum(line.amount.minor for line in found if line.account is account)


class TestCalls:
    def test_money_goes_back_to_where_it_came_from(self, merchant, placed, cashier):
        refund = ask(merchant, placed)

        assert pursue(merchant, refund) is RefundStatus.DONE

        assert cashier.books.refunds[refund.number].minor == 1999
        assert state_of(merchant, placed) is OrderState.REFUNDED
        assert balance(merchant, Account.CASH_AT_PROVIDER) == 0
        assert look(merchant, refund.number).provider_ref.startswith("simr_")
        assert pursue(merchant, refund) is None

    def test_nothing_is_sent_that_is_not_approved(self, merchant, placed, cashier):
        wish = RefundWish(Money(500), "坏卡")
        asked = orders.request_refund(
            merchant_id=merchant, number=placed.number, wish=wish, actor=SYSTEM, role="api"
        )

        assert pursue(merchant, look(merchant, asked.numbers[0])) is None
        assert cashier.books.refunds == {}

    def test_a_lost_answer_is_asked_for_and_nothing_is_paid_twice(self, merchant, placed, cashier):
        refund = ask(merchant, placed, 500)
        cashier.loses_answers = True
        assert pursue(merchant, refund) is None
        assert look(merchant, refund.number).state is RefundStatus.SENT
        cashier.loses_answers = False
        assert pursue(merchant, refund) is None  # not due yet

        make_due(merchant, refund)

        assert pursue(merchant, refund) is RefundStatus.DONE
        assert [one.minor for one in cashier.books.refunds.values()] == [500]
        assert [q for q in cashier.questions if q.startswith("refund")] == [
            f"refund/{refund.number}", f"refund_query/{refund.number}",
        ]  # fmt: skip

    def test_a_crash_before_the_call_sends_it_with_the_same_number(self, merchant, placed, cashier):
        refund = ask(merchant, placed, 500)
        cashier.is_silent = True
        assert pursue(merchant, refund) is None
        cashier.is_silent = False
        make_due(merchant, refund)

        assert pursue(merchant, refund) is RefundStatus.DONE
        assert list(cashier.books.refunds) == [refund.number]

    def test_it_is_due_by_itself(self, merchant, placed, cashier):
        refund = ask(merchant, placed, 500)
        cashier.is_silent = True
        pursue(merchant, refund)
        make_due(merchant, refund)
        with connection.cursor() as cursor:
            cursor.execute("select count(*) from procrastinate_jobs where status = 'todo'"
                           " and queueing_lock = %s", [f"payments.refund/{refund.id}"])  # fmt: skip
            (before,) = cursor.fetchone()

        assert refunds.enqueue_due(most=10_000) >= 1

        assert before == 1  # queued when it was approved; it waits once only

    def test_pending_then_failed_then_tried_again(self, merchant, placed, cashier, account):
        refund = ask(merchant, placed)
        cashier.refunds_are = "refund_pending"
        assert pursue(merchant, refund) is RefundStatus.SENT
        cashier.books.refunds[refund.number].status = "refund_failed"
        make_due(merchant, refund)
        assert pursue(merchant, refund) is RefundStatus.FAILED
        assert state_of(merchant, placed) is OrderState.REFUNDING
        cashier.refunds_are = "refunded"

        again = orders.retry_refund(merchant_id=merchant, number=refund.number, actor=SYSTEM)

        assert again.number != refund.number
        assert look(merchant, refund.number).state is RefundStatus.DROPPED
        assert pursue(merchant, again) is RefundStatus.DONE
        assert state_of(merchant, placed) is OrderState.REFUNDED
        assert balance(merchant, Account.CASH_AT_PROVIDER) == 0
        assert balance(merchant, Account.REFUNDS_DUE) == balance(merchant, Account.REVENUE) == 0

    def test_refused_is_failed_and_a_person_pays_it(self, merchant, placed, cashier):
        refund = ask(merchant, placed)
        cashier.refunds_are = "refused"

        assert pursue(merchant, refund) is RefundStatus.FAILED

        assert look(merchant, refund.number).said == "no money"
        orders.finish_by_hand(
            merchant_id=merchant, number=refund.number, actor=SYSTEM, note="银行转账"
        )
        assert look(merchant, refund.number).way is RefundWay.BY_HAND
        assert state_of(merchant, placed) is OrderState.REFUNDED
        assert balance(merchant, Account.CASH_AT_BANK) == -1999

    def test_what_the_company_may_pay_nobody_pays_by_hand(self, merchant, placed, cashier):
        refund = ask(merchant, placed)
        cashier.is_silent = True
        pursue(merchant, refund)

        for act in (
            lambda: orders.finish_by_hand(
                merchant_id=merchant, number=refund.number, actor=SYSTEM, note="转账"
            ),
            lambda: orders.drop_refund(
                merchant_id=merchant, number=refund.number, actor=SYSTEM, reason="算了"
            ),
            lambda: orders.retry_refund(merchant_id=merchant, number=refund.number, actor=SYSTEM),
        ):
            with pytest.raises(WrongState):
                act()


class TestNotices:
    @pytest.fixture
    def sent(self, merchant, placed, cashier):
        cashier.is_silent = True
        refund = ask(merchant, placed, 500)
        pursue(merchant, refund)
        return look(merchant, refund.number)

    @pytest.mark.parametrize("states", list(itertools.permutations(SAID)))
    def test_any_order_comes_to_done(self, merchant, account, sent, states):
        hear(account, *(told(sent, state) for state in states))

        assert look(merchant, sent.number).state is RefundStatus.DONE
        assert balance(merchant, Account.CASH_AT_PROVIDER) == 1499

    def test_a_repeat_changes_nothing(self, merchant, account, sent):
        notice = told(sent)

        heard = hear(account, notice, notice, told(sent))

        assert heard == [RefundHeard.ACTED, RefundHeard.REPEATED, RefundHeard.REPEATED]
        assert balance(merchant, Account.CASH_AT_PROVIDER) == 1499

    def test_another_amount_is_not_believed_but_asked_about(self, merchant, account, sent):
        assert hear(account, told(sent, amount=Money(600))) == [RefundHeard.CONTRADICTS]
        assert look(merchant, sent.number).state is RefundStatus.SENT

    def test_what_cannot_be_acted_on_is_stored_and_done_later(
        self, merchant, account, sent, monkeypatch
    ):
        notice = told(sent)
        with monkeypatch.context() as patch:
            patch.setattr(hearing, "finish", None)
            assert hear(account, notice) == [RefundHeard.WAITING]
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute(
                "select count(*) from refund_message where acted_at is null and notice_id = %s",
                [notice.notice_id],
            )
            assert cursor.fetchone() == (1,)

        message_id = refunds.messages_waiting(most=0)
        assert message_id == []
        assert hear(account, notice) == [RefundHeard.ACTED]
        assert look(merchant, sent.number).state is RefundStatus.DONE

    def test_somebody_elses_account_settles_nothing(self, merchant, other_merchant, sent):
        theirs = make.account(other_merchant)

        hear(theirs, told(sent))

        assert look(merchant, sent.number).state is RefundStatus.SENT


class TestOutside:
    def outside(self, placed, minor: int = 500, **changes) -> RefundNotice:
        return RefundNotice(
            **{
                "notice_id": f"o_{secrets.token_hex(6)}",
                "refund_number": "",
                "provider_number": "web_1",
                "payment_number": placed.payment.payment_id,
                "amount": Money(minor),
                "state": RefundState.DONE,
                "raw": "{}",
                **changes,
            }
        )

    def all_of(self, merchant: int):
        return refund_lists.refunds_page(
            merchant_id=merchant, where=refund_lists.RefundFilter()
        ).rows

    def test_is_shown_and_counted_once(self, merchant, account, placed):
        hear(account, self.outside(placed), self.outside(placed))

        (refund,) = self.all_of(merchant)
        assert (refund.way, refund.state) == (RefundWay.OUTSIDE, RefundStatus.DONE)
        assert queries.order(merchant_id=merchant, number=placed.number).refunded == Money(500)
        assert balance(merchant, Account.CASH_AT_PROVIDER) == 1499

    def test_the_whole_of_an_order_refunds_it(self, merchant, account, placed):
        hear(account, self.outside(placed, 1999))

        assert state_of(merchant, placed) is OrderState.REFUNDED

    def test_more_than_is_left_waits_until_there_is_room(self, merchant, account, placed, cashier):
        cashier.refunds_are = "refused"
        ours = ask(merchant, placed, 500)
        hear(account, self.outside(placed, 1999))
        (outside,) = (one for one in self.all_of(merchant) if one.way is RefundWay.OUTSIDE)
        assert outside.state is RefundStatus.TOLD
        assert pursue(merchant, ours) is RefundStatus.FAILED
        orders.drop_refund(merchant_id=merchant, number=ours.number, actor=SYSTEM, reason="已退")

        assert pursue(merchant, outside) is RefundStatus.DONE
        assert state_of(merchant, placed) is OrderState.REFUNDED
        assert balance(merchant, Account.CASH_AT_PROVIDER) == 0

    def test_of_a_payment_that_nobody_knows_is_shown(self, merchant, account, placed):
        hear(account, self.outside(placed, payment_number="nobodyknows"))

        (refund,) = self.all_of(merchant)
        assert (refund.state, refund.receipt_id) == (RefundStatus.TOLD, None)

    def test_what_we_gave_up_and_the_company_pays_all_the_same_is_counted(
        self, merchant, account, placed, cashier
    ):
        cashier.refunds_are = "refused"
        ours = ask(merchant, placed, 500)
        pursue(merchant, ours)
        orders.drop_refund(merchant_id=merchant, number=ours.number, actor=SYSTEM, reason="算了")

        hear(account, told(look(merchant, ours.number)))

        assert look(merchant, ours.number).state is RefundStatus.DROPPED
        assert queries.order(merchant_id=merchant, number=placed.number).refunded == Money(500)
        assert balance(merchant, Account.CASH_AT_PROVIDER) == 1499
