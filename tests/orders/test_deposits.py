"""Deposits by any company: credited once, whatever is told and when; given back while it is there.

F3, P1, P2, P3, L2, L4, L5. An order of one line, settled by the statements of every order.
"""

from dataclasses import replace
from functools import partial

import pytest

from kacang.ledger.accounts import Account
from kacang.ledger.queries import balances
from kacang.merchants import operations as merchants
from kacang.merchants.audit import SYSTEM, Actor
from kacang.orders import figures, queries
from kacang.orders import operations as orders
from kacang.orders.errors import BadDeposit, NoDeposits, NotPayable
from kacang.orders.operations import DepositWish
from kacang.orders.refunding.types import RefundStatus, RefundWay, RefundWish, WayNotOffered
from kacang.orders.types import OrderState, Origin, PlacedOrder
from kacang.payments import queries as payments
from kacang.payments.ports import RefundNotice, RefundState
from kacang.payments.queries import NoticeOutcome, ProviderNotOffered
from kacang.shared.clock import utc_now
from kacang.shared.ids import new_uid
from kacang.shared.money import Money
from kacang.wallets import operations as wallets
from kacang.wallets import queries as wallet_queries
from kacang.wallets.operations import NotEnough
from tests import make
from tests.threads import at_once


class Bank:
    """A shop that takes deposits, and a customer's wallet."""

    def __init__(self, merchant: int) -> None:
        payments.forget_accounts()
        self.merchant = merchant
        self.account = make.account(merchant)
        self.choose(deposits=True)
        self.wallet = make.wallet(merchant)

    def choose(self, **values: object) -> None:
        merchants.change_settings(merchant_id=self.merchant, values=values, actor=Actor())

    def place(self, minor: int = 10_000, once: str = "") -> PlacedOrder:
        wish = DepositWish(Money(minor), once or new_uid("frm"), "zh-Hans", Origin())
        return orders.place_deposit(merchant_id=self.merchant, wallet_uid=self.wallet, wish=wish)

    def begin(self, minor: int = 10_000) -> PlacedOrder:
        placed = self.place(minor)
        opened = orders.start_payment(
            merchant_id=self.merchant, number=placed.number, provider="sandbox"
        )
        return replace(placed, payment=opened)

    def settle(self, *notices) -> list[NoticeOutcome]:
        return orders.settle_notices(account=self.account, notices=notices)

    def paid(self, minor: int = 10_000) -> str:
        opened = self.begin(minor)
        assert self.settle(make.notice(opened)) == [NoticeOutcome.SETTLED]
        return opened.number

    def refund(self, number: str, minor: int | None = None, way=RefundWay.ORIGIN):
        wish = RefundWish(None if minor is None else Money(minor), "客户要求", way=way)
        return orders.request_refund(
            merchant_id=self.merchant, number=number, wish=wish, actor=SYSTEM, role="rule"
        )

    @property
    def has(self) -> int:
        return wallet_queries.wallet(merchant_id=self.merchant, uid=self.wallet).balance.minor

    @property
    def books(self) -> dict[Account, int]:
        found = {line.account: line.amount.minor for line in balances(merchant_id=self.merchant)}
        assert sum(found.values()) == 0
        return {account: minor for account, minor in found.items() if minor}

    def state(self, number: str) -> OrderState:
        return queries.order(merchant_id=self.merchant, number=number).state

    def spend(self, minor: int) -> None:
        wallets.freeze(
            merchant_id=self.merchant,
            uid=self.wallet,
            amount=Money(minor),
            reason="spent",
            actor=SYSTEM,
        )


@pytest.fixture
def bank(merchant) -> Bank:
    return Bank(merchant)


class TestSettling:
    def test_F3_what_is_paid_is_in_the_wallet_and_owed_and_is_no_sale(self, bank):
        before = utc_now()
        number = bank.paid()

        assert bank.has == 10_000
        assert bank.books == {Account.CASH_AT_PROVIDER: 10_000, Account.WALLET: -10_000}
        assert bank.state(number) is OrderState.DELIVERED
        day = figures.day_figures(merchant_id=bank.merchant, since=before, until=utc_now())
        assert (day.orders, day.paid_minor) == (0, 0)
        assert orders.check_references(merchant_id=bank.merchant) == []

    def test_P2_64_equal_callbacks_at_once_credit_once(self, bank):
        opened = bank.begin()
        notice = make.notice(opened)

        outcomes = at_once([partial(bank.settle, notice)] * 64, threads=16)

        assert outcomes.count([NoticeOutcome.SETTLED]) == 1
        assert bank.has == 10_000
        assert bank.books == {Account.CASH_AT_PROVIDER: 10_000, Account.WALLET: -10_000}

    def test_P2_64_notices_of_one_receipt_at_once_credit_once(self, bank):
        opened = bank.begin()
        jobs = [
            partial(bank.settle, make.notice(opened, provider_number="sb_1")) for _ in range(64)
        ]

        at_once(jobs, threads=16)

        assert bank.has == 10_000
        assert bank.books == {Account.CASH_AT_PROVIDER: 10_000, Account.WALLET: -10_000}

    def test_P3_the_second_of_two_payments_is_kept_in_suspense(self, bank):
        opened = bank.begin()
        jobs = [partial(bank.settle, make.notice(opened)) for _ in range(2)]

        outcomes = at_once(jobs)

        assert [NoticeOutcome.SETTLED] in outcomes
        assert [NoticeOutcome.SUSPENSE] in outcomes
        assert bank.has == 10_000
        assert bank.books[Account.SUSPENSE] == -10_000

    @pytest.mark.parametrize("change", [{"amount": Money(9_999)}, {"amount": Money(10_000, "USD")}])
    def test_P2_another_amount_or_currency_credits_nothing(self, bank, change):
        opened = bank.begin()

        assert bank.settle(make.notice(opened, **change)) == [NoticeOutcome.SUSPENSE]

        assert bank.has == 0
        assert bank.state(opened.number) is OrderState.PENDING

    def test_P3_parts_that_add_up_are_credited_together(self, bank):
        opened = bank.begin()
        bank.settle(make.notice(opened, amount=Money(4_000)))
        assert bank.has == 0

        bank.settle(make.notice(opened, amount=Money(6_000)))

        assert bank.has == 10_000
        assert bank.books == {Account.CASH_AT_PROVIDER: 10_000, Account.WALLET: -10_000}

    def test_L4_money_that_comes_after_the_order_was_cancelled_is_credited_all_the_same(self, bank):
        opened = bank.begin()
        orders.cancel_order(merchant_id=bank.merchant, number=opened.number, actor=SYSTEM)
        assert bank.state(opened.number) is OrderState.CANCELLED

        bank.settle(make.notice(opened))

        assert bank.has == 10_000
        assert bank.state(opened.number) is OrderState.DELIVERED

    def test_F3_64_deposits_settled_at_once_are_all_there(self, bank):
        notices = [make.notice(bank.begin(100)) for _ in range(64)]

        at_once([partial(bank.settle, notice) for notice in notices], threads=16)

        assert bank.has == 6_400
        assert wallet_queries.check_wallets(merchant_id=bank.merchant) == 0

    def test_F3_deposits_and_sales_are_settled_by_one_batch(self, bank):
        placed = make.order(make.sku(bank.merchant))
        opened = bank.begin()

        outcomes = bank.settle(make.notice(opened), make.notice(placed))

        assert outcomes == [NoticeOutcome.SETTLED] * 2
        assert bank.has == 10_000
        assert bank.state(placed.number) is OrderState.DELIVERED
        assert bank.books[Account.REVENUE] == -1_999

    def test_F3_a_blocked_wallet_takes_money_all_the_same(self, bank):
        opened = bank.begin()
        wallets.block(merchant_id=bank.merchant, uid=bank.wallet, reason="x", actor=SYSTEM)

        bank.settle(make.notice(opened))

        assert bank.has == 10_000


class TestPlacing:
    def test_F3_one_form_sent_64_times_makes_one_order(self, bank):
        placed = at_once([partial(bank.place, 10_000, "frm_1")] * 64, threads=16)

        made = [one for one in placed if isinstance(one, PlacedOrder)]
        assert len(made) == 64
        assert len({one.number for one in made}) == 1
        assert sum(bool(one.access_token) for one in made) == 1

    def test_F3_the_merchants_limits_hold(self, bank):
        bank.choose(deposit_min=10, deposit_max=100)

        for minor in (999, 10_001, 0):
            with pytest.raises(BadDeposit):
                bank.place(minor)
        assert bank.place(1_000).payable == Money(1_000)

    def test_F3_a_shop_that_takes_no_deposits_takes_none(self, bank):
        bank.choose(deposits=False)

        with pytest.raises(NoDeposits):
            bank.place()

    def test_F3_a_wallet_is_not_filled_from_itself(self, bank):
        make.balance_account(bank.merchant)
        placed = bank.place(100)
        rich = make.wallet(bank.merchant, 1_000)

        with pytest.raises(ProviderNotOffered):
            orders.start_payment(merchant_id=bank.merchant, number=placed.number, provider="wallet")
        with pytest.raises(NotPayable):
            orders.pay_from_wallet(merchant_id=bank.merchant, number=placed.number, wallet_uid=rich)

        assert bank.has == 0

    def test_I2_nobody_deposits_into_another_merchants_wallet(self, bank, other_merchant):
        merchants.change_settings(
            merchant_id=other_merchant, values={"deposits": True}, actor=Actor()
        )
        wish = DepositWish(Money(100), "frm_1", "en", Origin())

        with pytest.raises(wallets.UnknownWallet):
            orders.place_deposit(merchant_id=other_merchant, wallet_uid=bank.wallet, wish=wish)


class TestRefunding:
    def test_P4_what_goes_back_leaves_the_wallet_before_the_company_is_called(self, bank):
        number = bank.paid()

        asked = bank.refund(number, 4_000)

        assert asked.state is RefundStatus.APPROVED
        assert bank.has == 6_000
        assert bank.books == {
            Account.CASH_AT_PROVIDER: 10_000,
            Account.WALLET: -6_000,
            Account.REFUNDS_DUE: -4_000,
        }
        _told(bank, number, asked.numbers[0], 4_000)
        assert bank.books == {Account.CASH_AT_PROVIDER: 6_000, Account.WALLET: -6_000}

    def test_P4_what_was_spent_does_not_go_back(self, bank):
        number = bank.paid()
        bank.spend(6_001)

        with pytest.raises(NotEnough):
            bank.refund(number, 4_000)

        assert bank.has == 10_000
        assert bank.books == {Account.CASH_AT_PROVIDER: 10_000, Account.WALLET: -10_000}

    def test_P4_spending_and_refunding_at_once_gives_no_cent_twice(self, bank):
        number = bank.paid()
        jobs = [partial(bank.refund, number, 1_000) for _ in range(20)]
        jobs += [partial(bank.spend, 1_000) for _ in range(20)]

        results = at_once(jobs, threads=16)

        done = sum(not isinstance(result, Exception) for result in results)
        assert done == 10
        back = sum(not isinstance(result, Exception) for result in results[:20])
        assert bank.has == 10_000 - 1_000 * back
        assert wallet_queries.check_wallets(merchant_id=bank.merchant) == 0

    def test_P4_a_whole_deposit_that_went_back_is_a_refunded_order(self, bank):
        number = bank.paid()

        asked = bank.refund(number)
        assert bank.state(number) is OrderState.REFUNDING
        _told(bank, number, asked.numbers[0], 10_000)

        assert bank.state(number) is OrderState.REFUNDED
        assert bank.has == 0
        assert bank.books == {}

    def test_P4_a_refund_that_is_given_up_is_in_the_wallet_again(self, bank):
        number = bank.paid()
        asked = bank.refund(number, way=RefundWay.BY_HAND)
        assert bank.has == 0

        orders.drop_refund(
            merchant_id=bank.merchant, number=asked.numbers[0], actor=SYSTEM, reason="账号不存在"
        )

        assert bank.has == 10_000
        assert bank.state(number) is OrderState.DELIVERED
        assert bank.books == {Account.CASH_AT_PROVIDER: 10_000, Account.WALLET: -10_000}

    def test_P4_a_deposit_does_not_go_back_into_a_wallet(self, bank):
        number = bank.paid()

        with pytest.raises(WayNotOffered):
            bank.refund(number, way=RefundWay.WALLET)

        assert bank.has == 10_000

    @pytest.mark.parametrize("spent", [0, 1])
    def test_P4_what_the_company_gave_back_by_itself_is_counted_if_it_is_there(self, bank, spent):
        opened = bank.begin()
        bank.settle(make.notice(opened))
        if spent:
            bank.spend(spent)

        _outside(bank, opened, 10_000)

        assert bank.has == (10_000 if spent else 0)
        assert bank.state(opened.number) is (OrderState.DELIVERED if spent else OrderState.REFUNDED)
        assert wallet_queries.check_wallets(merchant_id=bank.merchant) == 0


def _told(bank: Bank, number: str, refund: str, minor: int) -> None:
    order = queries.order(merchant_id=bank.merchant, number=number)
    orders.settle_refund_notice(
        account=bank.account,
        notice=_notice(order.payments[0].payment_id, refund, minor),
    )


def _outside(bank: Bank, opened: PlacedOrder, minor: int) -> None:
    assert opened.payment is not None
    orders.settle_refund_notice(
        account=bank.account, notice=_notice(opened.payment.payment_id, "", minor)
    )


def _notice(payment: str, refund: str, minor: int) -> RefundNotice:
    return RefundNotice(
        notice_id=new_uid("msg"),
        refund_number=refund,
        provider_number=new_uid("sbr"),
        payment_number=payment,
        amount=Money(minor),
        state=RefundState.DONE,
        raw="{}",
    )
