"""P3, L4: an order that is paid twice keeps one payment; the other goes back by itself, once."""

from functools import partial

import pytest

from kacang.ledger.accounts import Account
from kacang.ledger.queries import balances
from kacang.merchants import operations as merchants
from kacang.merchants.audit import SYSTEM, Actor
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders import queries
from kacang.orders.refunding.types import RefundStatus, RefundWay, RefundWish
from kacang.orders.types import OrderState
from kacang.payments import queries as payments
from kacang.payments.messages import RefundNotice
from kacang.payments.models import Receipt
from kacang.payments.ports import RefundState
from kacang.payments.queries import NoticeOutcome, ReceiptFit
from kacang.payments.refunding import refund_lists
from kacang.payments.resolving import resolve_receipt
from kacang.shared.contacts import Contact
from kacang.shared.ids import new_uid
from kacang.shared.money import Money
from kacang.wallets import queries as wallets
from tests import make
from tests.messages.conftest import postbox  # noqa: F401 - a fixture
from tests.orders.looking import settle
from tests.orders.test_bank_transfer import Bank
from tests.threads import at_once
from tests.web.test_mails import run_news, text_of

BUYER = Contact(email="zhao@example.com")


class Twice:
    """An order of ¥19.99 that is paid, and paid once more."""

    def __init__(self, merchant: int, rule: str = "refund") -> None:
        payments.forget_accounts()
        merchants.change_settings(
            merchant_id=merchant, values={"refund_second": rule}, actor=Actor()
        )
        self.merchant = merchant
        self.account = make.account(merchant)
        self.placed = make.order(make.sku(merchant), contact=BUYER)

    def pay(self, **changes) -> "Twice":
        assert settle(self.account, make.notice(self.placed)) is NoticeOutcome.SETTLED
        second = settle(self.account, make.notice(self.placed, **changes))
        assert second is NoticeOutcome.SUSPENSE
        return self

    @property
    def second(self) -> int:
        with acting_as(self.merchant):
            return Receipt.objects.get(merchant_id=self.merchant, fit__gt=ReceiptFit.FITS).pk

    def go(self):
        return orders.refund_second(merchant_id=self.merchant, receipt_id=self.second)

    @property
    def refunds(self):
        order = queries.order(merchant_id=self.merchant, number=self.placed.number)
        return refund_lists.refunds_of_order(merchant_id=self.merchant, order_id=order.id)

    @property
    def books(self) -> dict[Account, int]:
        found = {line.account: line.amount.minor for line in balances(merchant_id=self.merchant)}
        assert sum(found.values()) == 0
        return {account: minor for account, minor in found.items() if minor}

    @property
    def state(self) -> OrderState:
        return queries.order(merchant_id=self.merchant, number=self.placed.number).state

    def hear(self, state: RefundState) -> None:
        (refund,) = self.refunds
        assert self.placed.payment is not None
        orders.settle_refund_notice(
            account=self.account,
            notice=RefundNotice(
                notice_id=new_uid("msg"),
                refund_number=refund.number,
                provider_number=new_uid("sbr"),
                payment_number=self.placed.payment.payment_id,
                amount=refund.amount,
                state=state,
                raw="{}",
            ),
        )


class TestOrigin:
    def test_P3_the_second_payment_goes_back_and_the_order_stays_delivered(self, merchant):
        twice = Twice(merchant).pay()

        twice.go()

        (refund,) = twice.refunds
        assert (refund.state, refund.way) == (RefundStatus.APPROVED, RefundWay.ORIGIN)
        assert refund.amount == Money(1_999)
        assert twice.state is OrderState.DELIVERED
        assert twice.books[Account.REFUNDS_DUE] == -1_999
        assert Account.SUSPENSE not in twice.books
        twice.hear(RefundState.DONE)
        assert twice.books == {Account.CASH_AT_PROVIDER: 1_999, Account.REVENUE: -1_999}
        assert twice.state is OrderState.DELIVERED

    def test_P3_64_notices_of_both_payments_and_the_rule_at_once_give_one_back(self, merchant):
        twice = Twice(merchant)
        notices = [make.notice(twice.placed), make.notice(twice.placed)]
        jobs = [partial(settle, twice.account, notice) for notice in notices * 32]

        outcomes = at_once(jobs, threads=16)
        at_once([twice.go] * 16, threads=16)
        at_once(jobs, threads=16)
        at_once([twice.go] * 16, threads=16)

        assert outcomes.count(NoticeOutcome.SETTLED) == 1
        assert outcomes.count(NoticeOutcome.SUSPENSE) == 1
        (refund,) = twice.refunds
        assert refund.amount == Money(1_999)
        assert twice.books == {
            Account.CASH_AT_PROVIDER: 2 * 1_999,
            Account.REVENUE: -1_999,
            Account.REFUNDS_DUE: -1_999,
        }

    def test_P3_a_refund_that_fails_is_left_to_a_person(self, merchant):
        twice = Twice(merchant).pay()
        twice.go()
        orders.pursue_refund(merchant_id=merchant, refund_id=twice.refunds[0].id)
        if twice.refunds[0].state is RefundStatus.SENT:
            twice.hear(RefundState.FAILED)

        twice.go()

        (refund,) = twice.refunds
        assert refund.state is RefundStatus.FAILED
        assert "orders.tell_refund_failed" in run_news(merchant)
        done = orders.finish_by_hand(
            merchant_id=merchant, number=refund.number, actor=SYSTEM, note="银行转账"
        )
        assert done.state is RefundStatus.DONE
        assert twice.books[Account.CASH_AT_BANK] == -1_999

    def test_P3_what_a_person_has_given_up_the_rule_does_not_begin_anew(self, merchant):
        """Its money is free again then: only the request's name says that it was tried."""
        twice = Twice(merchant).pay()
        asked = twice.go()
        orders.pursue_refund(merchant_id=merchant, refund_id=twice.refunds[0].id)
        if twice.refunds[0].state is RefundStatus.SENT:
            twice.hear(RefundState.FAILED)
        orders.drop_refund(
            merchant_id=merchant, number=asked.numbers[0], actor=SYSTEM, reason="买家要留着抵下一单"
        )
        assert twice.books[Account.SUSPENSE] == -1_999

        again = twice.go()

        (refund,) = twice.refunds
        assert refund.state is RefundStatus.DROPPED
        assert (again.numbers, again.state) == (asked.numbers, RefundStatus.DROPPED)
        assert twice.books[Account.SUSPENSE] == -1_999

    def test_P3_of_one_that_is_given_back_in_part_the_rule_takes_the_rest_once(self, merchant):
        twice = Twice(merchant).pay(provider_number="sb_second")
        by_hand = orders.request_suspense_refund(
            merchant_id=merchant, account_uid=twice.account.uid, provider_number="sb_second",
            wish=RefundWish(amount=Money(500), reason="先退一部分"), actor=SYSTEM, role="owner",
        )  # fmt: skip

        first, second = twice.go(), twice.go()

        assert first == second
        assert first.amount == Money(1_499)
        assert {one.number for one in twice.refunds} == {*by_hand.numbers, *first.numbers}
        assert twice.books[Account.REFUNDS_DUE] == -1_999

    def test_P3_a_company_that_gives_nothing_back_by_a_call_leaves_it_to_a_person(self, merchant):
        bank = Bank(merchant)
        placed = bank.order(contact=BUYER)
        assert placed.payment is not None
        for number in ("A1", "A2"):
            orders.confirm_transfer(
                merchant_id=merchant,
                payment_number=placed.payment.payment_id,
                bank_number=number,
                amount=placed.payment.amount,
                is_sure=True,
                actor=Actor(kind="user", id=1, label="qian@example.com"),
            )
        with acting_as(merchant):
            second = Receipt.objects.get(merchant_id=merchant, fit__gt=ReceiptFit.FITS)
        assert second.fit == ReceiptFit.SECOND_PAYMENT

        assert orders.refund_second(merchant_id=merchant, receipt_id=second.pk) is None

        assert "payments.tell_suspense" in run_news(merchant)


class TestOtherMoney:
    def test_P3_overpaid_money_stays_as_it_was(self, merchant):
        twice = Twice(merchant)
        over = make.notice(twice.placed, amount=Money(2_500))
        assert settle(twice.account, over) is NoticeOutcome.SUSPENSE

        assert twice.go() is None

        assert twice.books[Account.SUSPENSE] == -2_500
        assert twice.refunds == []

    def test_P3_what_a_person_has_dealt_with_is_left_alone(self, merchant):
        twice = Twice(merchant).pay(provider_number="sb_second")
        resolve_receipt(
            merchant_id=merchant,
            account_uid=twice.account.uid,
            provider_number="sb_second",
            note="已转账",
            actor=SYSTEM,
        )

        assert twice.go() is None

        assert twice.refunds == []

    def test_P3_a_merchant_may_have_it_wait(self, merchant):
        twice = Twice(merchant, "wait").pay()

        assert twice.go() is None

        assert twice.books[Account.SUSPENSE] == -1_999


class TestWallet:
    def test_P3_it_is_credited_where_the_customer_has_a_wallet(self, merchant):
        twice = Twice(merchant, "wallet").pay()
        wallet = make.wallet(merchant, 100, BUYER.email)

        at_once([twice.go] * 16, threads=16)

        (refund,) = twice.refunds
        assert (refund.state, refund.way) == (RefundStatus.DONE, RefundWay.WALLET)
        assert wallets.wallet(merchant_id=merchant, uid=wallet).balance == Money(2_099)
        assert twice.books[Account.CASH_AT_PROVIDER] == 2 * 1_999
        assert twice.state is OrderState.DELIVERED

    def test_P3_without_a_wallet_it_goes_to_where_it_came_from(self, merchant):
        twice = Twice(merchant, "wallet").pay()

        twice.go()

        (refund,) = twice.refunds
        assert refund.way is RefundWay.ORIGIN
        assert wallets.wallets_page(merchant_id=merchant).rows == ()


class TestTelling:
    @pytest.mark.parametrize("rule", ["refund", "wallet"])
    def test_P3_the_buyer_is_told_and_the_staff_not_bothered(
        self,
        merchant,
        postbox,  # noqa: F811
        rule,
    ):
        twice = Twice(merchant, rule).pay()
        make.wallet(merchant, 0, BUYER.email)
        merchants.change_settings(
            merchant_id=merchant, values={"mail_staff": "desk@example.com"}, actor=Actor()
        )
        twice.go()
        if rule == "refund":
            twice.hear(RefundState.DONE)

        run_news(merchant)

        told = [mail for mail in postbox.mails if "多付了款" in text_of(mail)]
        assert [mail["to"] for mail in told] == [BUYER.email]
        assert "¥19.99" in told[0]["subject"]
        assert not [mail for mail in postbox.mails if mail["to"] == "desk@example.com"]
