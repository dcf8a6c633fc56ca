"""Withdrawals: held once, decided by whom it may, paid once, given back whole (F3)."""

from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kacang.ledger.accounts import Account
from kacang.merchants.models import MerchantKind
from kacang.merchants.operations import open_merchant
from kacang.shared.ids import new_uid
from kacang.shared.money import Money
from kacang.shared.states import WrongState
from kacang.wallets import operations, queries
from kacang.wallets.models import WITHDRAWAL_STEPS, WithdrawalState
from kacang.wallets.operations import HeldForWithdrawal, NotEnough, UnknownWallet, WalletBlocked
from kacang.wallets.withdrawals import destinations
from kacang.wallets.withdrawals import queries as withdrawals
from kacang.wallets.withdrawals.types import (
    BadDestination,
    DayFull,
    Destination,
    NotWithdrawable,
    OutOfLimits,
    PayoutTo,
    UnknownWithdrawal,
)
from tests import make
from tests.threads import at_once
from tests.wallets.withdrawing import (
    QIAN,
    approve,
    ask,
    audited,
    back,
    cancel,
    choose,
    has,
    pay,
    refuse,
    stands,
    state_of,
)


@pytest.fixture
def shop(merchant):
    choose(merchant, withdrawals=True)
    return merchant


class TestMoney:
    def test_F3_what_is_asked_for_is_held_and_leaves_the_books_when_it_is_paid(self, shop):
        wallet = make.wallet(shop, 10_000)

        uid = ask(shop, wallet, 4_000)
        assert has(shop, wallet) == (10_000, 4_000)
        approve(shop, uid)
        assert has(shop, wallet) == (10_000, 4_000)
        pay(shop, uid, fee=200)

        assert has(shop, wallet) == (6_000, 0)
        books = stands(shop)
        assert books[Account.WALLET] == -6_000
        assert books[Account.CASH_AT_BANK] == 10_000 - 4_000 - 200
        assert books[Account.PROVIDER_FEE] == 200
        assert sum(books.values()) == 0
        assert audited(shop, uid) == [
            "wallets.ask_withdrawal",
            "wallets.approve_withdrawal",
            "wallets.pay_withdrawal",
        ]

    @pytest.mark.parametrize("end", ["refuse", "cancel", "failed", "sent_back"])
    def test_F3_what_comes_to_nothing_is_in_the_wallet_again(self, shop, end):
        wallet = make.wallet(shop, 10_000)
        uid = ask(shop, wallet, 4_000)
        if end in {"failed", "sent_back"}:
            approve(shop, uid)
        if end == "sent_back":
            pay(shop, uid, fee=200)

        if end == "refuse":
            refuse(shop, uid)
        elif end == "cancel":
            cancel(shop, uid, wallet)
        else:
            back(shop, uid)

        assert has(shop, wallet) == (10_000, 0)
        cost = 200 if end == "sent_back" else 0
        assert stands(shop)[Account.CASH_AT_BANK] == 10_000 - cost
        assert stands(shop)[Account.WALLET] == -10_000

    def test_F3_of_64_who_ask_at_once_as_many_are_held_as_the_balance_allows(self, shop):
        wallet = make.wallet(shop, 10 * 199 + 198)

        results = at_once([partial(ask, shop, wallet, 199) for _ in range(64)], threads=16)

        kinds = Counter(type(result) for result in results)
        assert kinds == {str: 10, NotEnough: 54}
        assert has(shop, wallet) == (10 * 199 + 198, 10 * 199)
        assert queries.check_wallets(merchant_id=shop) == 0

    def test_F3_one_form_sent_64_times_at_once_asks_once(self, shop):
        wallet = make.wallet(shop, 10_000)

        uids = set(at_once([partial(ask, shop, wallet, 100, "frm_1") for _ in range(64)]))

        assert len(uids) == 1
        assert has(shop, wallet) == (10_000, 100)

    def test_F3_paid_cancelled_and_given_back_at_once_ends_in_one_of_them(self, shop):
        wallet = make.wallet(shop, 10_000)
        uid = ask(shop, wallet, 4_000)
        approve(shop, uid)
        jobs = [partial(pay, shop, uid) for _ in range(8)]
        jobs += [partial(refuse, shop, uid) for _ in range(8)]
        jobs += [partial(cancel, shop, uid, wallet) for _ in range(8)]

        results = at_once(jobs, threads=16)

        assert sum(result is None for result in results) == 1
        assert sum(isinstance(result, WrongState) for result in results) == 23
        assert has(shop, wallet) == (6_000, 0)

    def test_F3_spending_and_asking_at_once_never_gives_a_cent_twice(self, shop):
        wallet = make.wallet(shop, 1_000)

        def freeze() -> str:
            return operations.freeze(
                merchant_id=shop, uid=wallet, amount=Money(100), reason="争议", actor=QIAN
            )

        results = at_once([partial(ask, shop, wallet, 100)] * 32 + [freeze] * 32, threads=16)

        assert sum(isinstance(result, str) for result in results) == 10
        assert has(shop, wallet) == (1_000, 1_000)

    @settings(max_examples=15, deadline=None)
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["ask", "approve", "refuse", "cancel", "pay", "back"]),
                st.integers(0, 3),
            ),
            max_size=24,
        )
    )
    def test_F3_whatever_is_tried_only_steps_of_the_table_happen_and_sums_stay_right(self, steps):
        merchant = open_merchant(
            slug=f"w-{new_uid('x')[2:14].lower()}", name="小鹿", kind=MerchantKind.DEMO
        )
        choose(merchant, withdrawals=True)
        wallet = make.wallet(merchant, 2_000)
        uids: list[str] = []
        states: list[WithdrawalState] = []
        targets = {
            "approve": WithdrawalState.APPROVED,
            "refuse": WithdrawalState.REFUSED,
            "cancel": WithdrawalState.CANCELLED,
            "pay": WithdrawalState.PAID,
            "back": WithdrawalState.RETURNED,
        }
        acts: dict[str, Callable[[int, str], object]] = {
            "approve": approve,
            "refuse": refuse,
            "cancel": lambda m, u: cancel(m, u, wallet),
            "pay": pay,
            "back": back,
        }
        for deed, which in steps:
            if deed == "ask":
                gone = {WithdrawalState.ASKED, WithdrawalState.APPROVED, WithdrawalState.PAID}
                if sum(state in gone for state in states) == 4:
                    with pytest.raises(NotEnough):
                        ask(merchant, wallet, 500)
                else:
                    uids.append(ask(merchant, wallet, 500))
                    states.append(WithdrawalState.ASKED)
            elif which < len(uids):
                to = targets[deed]
                if to in WITHDRAWAL_STEPS[states[which]]:
                    acts[deed](merchant, uids[which])
                    states[which] = to
                else:
                    with pytest.raises(WrongState):
                        acts[deed](merchant, uids[which])
        assert [state_of(merchant, uid) for uid in uids] == states
        waiting = {WithdrawalState.ASKED, WithdrawalState.APPROVED}
        held = 500 * sum(state in waiting for state in states)
        paid = 500 * sum(state is WithdrawalState.PAID for state in states)
        assert has(merchant, wallet) == (2_000 - paid, held)
        assert queries.check_wallets(merchant_id=merchant) == 0

    def test_every_state_is_in_the_table(self):
        assert set(WITHDRAWAL_STEPS) == set(WithdrawalState)


class TestAsking:
    def test_F3_nothing_is_paid_out_where_the_merchant_has_not_switched_it_on(self, merchant):
        wallet = make.wallet(merchant, 10_000)

        with pytest.raises(NotWithdrawable):
            ask(merchant, wallet, 100)

        assert has(merchant, wallet) == (10_000, 0)

    def test_F3_the_merchants_limits_hold_at_once_and_in_a_day(self, shop):
        choose(shop, withdrawal_min=10, withdrawal_max=50, withdrawal_day_max=80)
        wallet = make.wallet(shop, 100_000)

        for minor in (999, 5_001):
            with pytest.raises(OutOfLimits):
                ask(shop, wallet, minor)
        ask(shop, wallet, 5_000)
        gone = ask(shop, wallet, 1_000)
        with pytest.raises(DayFull) as full:
            ask(shop, wallet, 2_001)
        assert full.value.detail == {"left": "¥20.00", "most": "¥80.00"}
        refuse(shop, gone)
        ask(shop, wallet, 3_000)

        assert has(shop, wallet) == (100_000, 8_000)

    def test_F3_a_day_has_room_for_no_more_however_many_ask_at_once(self, shop):
        choose(shop, withdrawal_day_max=80)
        wallet = make.wallet(shop, 100_000)

        results = at_once([partial(ask, shop, wallet, 1_000) for _ in range(64)], threads=16)

        assert sum(isinstance(result, DayFull) for result in results) == 56
        assert has(shop, wallet) == (100_000, 8_000)

    def test_F3_frozen_money_and_a_blocked_wallet_pay_nothing_out(self, shop):
        wallet = make.wallet(shop, 1_000)
        operations.freeze(
            merchant_id=shop, uid=wallet, amount=Money(600), reason="争议", actor=QIAN
        )

        with pytest.raises(NotEnough):
            ask(shop, wallet, 401)
        uid = ask(shop, wallet, 400)
        operations.block(merchant_id=shop, uid=wallet, reason="盗用", actor=QIAN)
        with pytest.raises(WalletBlocked):
            ask(shop, wallet, 1)
        with pytest.raises(WalletBlocked):
            approve(shop, uid)

        assert has(shop, wallet) == (1_000, 1_000)

    def test_F3_money_that_is_gone_is_noted_though_the_wallet_was_blocked_meanwhile(self, shop):
        wallet = make.wallet(shop, 1_000)
        uid = ask(shop, wallet, 400)
        approve(shop, uid)
        operations.block(merchant_id=shop, uid=wallet, reason="盗用", actor=QIAN)

        pay(shop, uid)

        assert has(shop, wallet) == (600, 0)

    @pytest.mark.parametrize(
        "to",
        [
            Destination(PayoutTo.BANK, "62148300", "", "招商银行"),
            Destination(PayoutTo.BANK, "62148300", "林小满", ""),
            Destination(PayoutTo.BANK, "abc 12", "林小满", "招商银行"),
            Destination(PayoutTo.BANK, "银行卡号码号码号码", "林小满", "招商银行"),
            Destination(PayoutTo.ALIPAY, "", "林小满"),
            Destination(PayoutTo.OTHER, " "),
            Destination(PayoutTo.OTHER, "x" * 301),
            Destination(PayoutTo.OTHER, "a\x07b"),
        ],
    )
    def test_a_destination_without_what_it_needs_is_refused(self, shop, to):
        wallet = make.wallet(shop, 1_000)

        with pytest.raises(BadDestination):
            ask(shop, wallet, 100, to=to)

        assert has(shop, wallet) == (1_000, 0)

    def test_I2_another_merchant_and_another_customer_have_no_such_withdrawal(
        self, shop, other_merchant
    ):
        wallet, other = make.wallet(shop, 1_000), make.wallet(shop, 1_000)
        uid = ask(shop, wallet, 100, "frm_mine")
        choose(other_merchant, withdrawals=True)

        with pytest.raises(UnknownWallet):
            ask(other_merchant, wallet, 100)
        with pytest.raises(UnknownWithdrawal):
            cancel(shop, uid, other)
        with pytest.raises(UnknownWithdrawal):
            ask(shop, other, 100, "frm_mine")
        for act in (approve, pay, back, refuse):
            with pytest.raises(UnknownWithdrawal):
                act(other_merchant, uid)
        with pytest.raises(UnknownWithdrawal):
            destinations.reveal(merchant_id=other_merchant, uid=uid, reason="x", actor=QIAN)

        assert state_of(shop, uid) is WithdrawalState.ASKED
        assert withdrawals.withdrawals_page(merchant_id=other_merchant).rows == ()

    def test_the_desk_does_not_unfreeze_what_is_held_for_a_withdrawal(self, shop):
        wallet = make.wallet(shop, 1_000)
        uid = ask(shop, wallet, 400)
        (held,) = queries.frozen_sums(merchant_id=shop, uid=wallet)

        with pytest.raises(HeldForWithdrawal):
            operations.unfreeze(merchant_id=shop, frozen_uid=held.uid, actor=QIAN)

        assert held.withdrawal == uid
        assert has(shop, wallet) == (1_000, 400)
