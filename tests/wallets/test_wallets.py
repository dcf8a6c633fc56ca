"""Wallets: a balance is a sum, never below nothing, whoever comes at once (F3)."""

from collections.abc import Callable
from functools import partial

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from kacang.ledger.accounts import Account, DocumentKind, TransferKind
from kacang.ledger.operations import Document, Side
from kacang.ledger.queries import balances
from kacang.merchants.audit import Actor
from kacang.merchants.models import MerchantKind
from kacang.merchants.operations import open_merchant
from kacang.merchants.tenancy import acting_as
from kacang.shared.ids import new_uid
from kacang.shared.money import Money
from kacang.wallets import operations, queries
from kacang.wallets.models import FROZEN_STEPS, FrozenState
from kacang.wallets.operations import NotEnough, Owner, OwnerKind, UnknownWallet
from tests import make
from tests.threads import at_once

CLERK = Actor(kind="user", id=1, label="qian@example.com")
ORDER = Document(DocumentKind.ORDER, 1)


def take(merchant: int, uid: str, minor: int, currency: str = "CNY") -> int:
    with acting_as(merchant):
        return operations.take(
            merchant_id=merchant,
            uid=uid,
            amount=Money(minor, currency),
            target=Side(Account.CASH_AT_PROVIDER),
            kind=TransferKind.PAID_FROM_WALLET,
            document=ORDER,
        )


def give(merchant: int, uid: str, minor: int) -> int:
    with acting_as(merchant):
        return operations.credit(
            merchant_id=merchant,
            uid=uid,
            amount=Money(minor),
            source=Side(Account.ADVANCE_FROM_BUYER),
            kind=TransferKind.REFUNDED_TO_WALLET,
            document=ORDER,
        )


def freeze(merchant: int, uid: str, minor: int) -> str:
    return operations.freeze(
        merchant_id=merchant, uid=uid, amount=Money(minor), reason="争议", actor=CLERK
    )


def has(merchant: int, uid: str) -> tuple[int, int, int]:
    """Balance, frozen, free."""
    view = queries.wallet(merchant_id=merchant, uid=uid)
    return view.balance.minor, view.frozen.minor, view.free.minor


class TestMoney:
    def test_F3_the_balance_is_what_came_less_what_went(self, merchant):
        uid = make.wallet(merchant, 10_000)

        take(merchant, uid, 2_500)
        give(merchant, uid, 400)

        assert has(merchant, uid) == (7_900, 0, 7_900)
        stands = {line.account: line.amount.minor for line in balances(merchant_id=merchant)}
        assert stands[Account.WALLET] == -7_900
        assert stands[Account.CASH_AT_BANK] == 10_000
        assert sum(stands.values()) == 0

    def test_F3_nothing_is_taken_that_is_not_there(self, merchant):
        uid = make.wallet(merchant, 100)

        with pytest.raises(NotEnough) as refused:
            take(merchant, uid, 101)

        assert refused.value.detail == {"has": "¥1.00"}
        assert has(merchant, uid) == (100, 0, 100)

    def test_F3_of_64_at_once_exactly_those_pay_whom_the_balance_allows(self, merchant):
        uid = make.wallet(merchant, 10 * 199 + 198)

        results = at_once([partial(take, merchant, uid, 199) for _ in range(64)], threads=16)

        assert sum(isinstance(result, int) for result in results) == 10
        assert sum(isinstance(result, NotEnough) for result in results) == 54
        assert has(merchant, uid) == (198, 0, 198)
        assert queries.check_wallets(merchant_id=merchant) == 0

    def test_F3_paying_freezing_and_refunding_at_once_keeps_every_cent(self, merchant):
        uid = make.wallet(merchant, 1_000)
        jobs: list[Callable[[], object]] = [partial(take, merchant, uid, 100) for _ in range(16)]
        jobs += [partial(freeze, merchant, uid, 100) for _ in range(16)]
        jobs += [partial(give, merchant, uid, 10) for _ in range(16)]

        results = at_once(jobs, threads=16)

        taken, frozen = (
            sum(not isinstance(result, NotEnough) for result in part)
            for part in (results[:16], results[16:32])
        )
        assert has(merchant, uid)[:2] == (1_160 - 100 * taken, 100 * frozen)
        assert taken + frozen in {10, 11}
        assert queries.check_wallets(merchant_id=merchant) == 0

    def test_another_currency_is_refused(self, merchant):
        uid = make.wallet(merchant, 100)

        with pytest.raises(operations.OtherCurrency):
            take(merchant, uid, 1, "USD")

        assert has(merchant, uid) == (100, 0, 100)

    def test_I2_another_merchant_has_no_such_wallet(self, merchant, other_merchant):
        uid = make.wallet(merchant, 100)

        for act in (take, give, freeze):
            with pytest.raises(UnknownWallet):
                act(other_merchant, uid, 1)
        with pytest.raises(UnknownWallet):
            queries.wallet(merchant_id=other_merchant, uid=uid)

        assert has(merchant, uid) == (100, 0, 100)
        assert queries.wallets_page(merchant_id=other_merchant).rows == ()

    @settings(max_examples=15, deadline=None)
    @given(
        st.lists(
            st.tuples(st.sampled_from(["take", "give", "freeze", "free"]), st.integers(1, 400)),
            max_size=14,
        )
    )
    def test_F3_whatever_is_done_the_sums_are_those_of_plain_reckoning(self, steps):
        merchant = _merchant()
        uid = make.wallet(merchant, 500)
        balance = 500
        held: list[tuple[str, int]] = []
        for step, minor in steps:
            if step == "give":
                give(merchant, uid, minor)
                balance += minor
            elif step == "free":
                if held:
                    frozen, _ = held.pop()
                    operations.unfreeze(merchant_id=merchant, frozen_uid=frozen, actor=CLERK)
            elif minor > balance - sum(sum_ for _, sum_ in held):
                with pytest.raises(NotEnough):
                    (take if step == "take" else freeze)(merchant, uid, minor)
            elif step == "take":
                take(merchant, uid, minor)
                balance -= minor
            else:
                held.append((freeze(merchant, uid, minor), minor))

        frozen_sum = sum(sum_ for _, sum_ in held)
        assert has(merchant, uid) == (balance, frozen_sum, balance - frozen_sum)
        assert queries.check_wallets(merchant_id=merchant) == 0


def _merchant() -> int:
    return open_merchant(
        slug=f"w-{new_uid('x')[2:14].lower()}", name="小鹿", kind=MerchantKind.DEMO
    )


class TestOwners:
    def test_F3_an_owner_has_one_wallet_in_a_currency_whoever_opens_it_at_once(self, merchant):
        owner = Owner(OwnerKind.CUSTOMER, "lin@example.com")
        opening = partial(operations.open_wallet, merchant_id=merchant, owner=owner, currency="CNY")

        uids = set(at_once([opening] * 8))

        assert len(uids) == 1
        dollars = operations.open_wallet(merchant_id=merchant, owner=owner, currency="USD")
        reseller = operations.open_wallet(
            merchant_id=merchant,
            owner=Owner(OwnerKind.RESELLER, "lin@example.com"),
            currency="CNY",
        )
        assert len({*uids, dollars, reseller}) == 3
        found = queries.find_wallet(
            merchant_id=merchant, kind=OwnerKind.CUSTOMER, ref="lin@example.com", currency="CNY"
        )
        assert found is not None
        assert {found.uid} == uids

    def test_nobody_owns_nothing(self, merchant):
        with pytest.raises(operations.BadWallet):
            operations.open_wallet(
                merchant_id=merchant, owner=Owner(OwnerKind.CUSTOMER, ""), currency="CNY"
            )


class TestDeposit:
    def test_F3_happens_once_however_often_the_form_is_sent(self, merchant):
        uid = make.wallet(merchant)
        deposit = partial(
            operations.deposit,
            merchant_id=merchant, uid=uid, amount=Money(5_000), note="招行 0917", once="form-1",
            actor=CLERK,
        )  # fmt: skip

        at_once([deposit] * 8)

        assert has(merchant, uid) == (5_000, 0, 5_000)
        view = queries.wallet(merchant_id=merchant, uid=uid)
        (line,) = queries.statement(merchant_id=merchant, wallet_id=view.id).lines
        assert (line.amount, line.note, line.actor_label) == (
            Money(5_000),
            "招行 0917",
            CLERK.label,
        )

    @pytest.mark.parametrize(("minor", "note"), [(0, "x"), (-1, "x"), (1, " ")])
    def test_needs_an_amount_and_a_note(self, merchant, minor, note):
        uid = make.wallet(merchant)

        with pytest.raises(operations.BadWallet):
            operations.deposit(
                merchant_id=merchant, uid=uid, amount=Money(minor), note=note, once="1",
                actor=CLERK,
            )  # fmt: skip

        assert has(merchant, uid) == (0, 0, 0)


class TestFrozen:
    def test_F3_cannot_be_spent_until_it_is_let_go(self, merchant):
        uid = make.wallet(merchant, 1_000)
        frozen = freeze(merchant, uid, 700)
        with pytest.raises(NotEnough):
            take(merchant, uid, 301)
        assert has(merchant, uid) == (1_000, 700, 300)

        for _ in range(2):
            operations.unfreeze(merchant_id=merchant, frozen_uid=frozen, actor=CLERK)

        assert has(merchant, uid) == (1_000, 0, 1_000)
        assert queries.frozen_sums(merchant_id=merchant, uid=uid) == []

    def test_F3_no_more_than_is_free_is_frozen(self, merchant):
        uid = make.wallet(merchant, 1_000)
        freeze(merchant, uid, 700)

        with pytest.raises(NotEnough):
            freeze(merchant, uid, 301)

        assert [one.amount for one in queries.frozen_sums(merchant_id=merchant, uid=uid)] == [
            Money(700)
        ]

    def test_every_state_is_in_the_table(self):
        assert set(FROZEN_STEPS) == set(FrozenState)

    def test_a_blocked_wallet_takes_money_and_pays_none(self, merchant):
        uid = make.wallet(merchant, 1_000)
        operations.block(merchant_id=merchant, uid=uid, reason="冒用", actor=CLERK)

        give(merchant, uid, 50)
        with pytest.raises(operations.WalletBlocked):
            take(merchant, uid, 1)
        operations.unblock(merchant_id=merchant, uid=uid, actor=CLERK)
        take(merchant, uid, 50)

        assert has(merchant, uid) == (1_000, 0, 1_000)


class TestBooks:
    def test_statements_go_on_and_say_what_went_out(self, merchant):
        uid = make.wallet(merchant, 1_000)
        for minor in (1, 2, 3):
            take(merchant, uid, minor)
        view = queries.wallet(merchant_id=merchant, uid=uid)

        first = queries.statement(merchant_id=merchant, wallet_id=view.id, limit=3)
        rest = queries.statement(
            merchant_id=merchant, wallet_id=view.id, cursor=first.next_cursor, limit=3
        )

        amounts = [line.amount.minor for line in (*first.lines, *rest.lines)]
        assert amounts == [-3, -2, -1, 1_000]
        assert sum(amounts) == view.balance.minor
        assert rest.next_cursor == ""
        odd = queries.statement(merchant_id=merchant, wallet_id=view.id, cursor="x" * 300, limit=3)
        assert odd.lines == first.lines

    def test_the_part_of_one_wallet_is_read_by_its_index(self, merchant):
        make.wallet(merchant, 1_000)
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute("set local enable_seqscan = off")
            cursor.execute(
                "explain select sum(amount_minor) from transfer where merchant_id = %s::bigint"
                " and credit = 2300 and credit_owner = any(%s::bigint[])",
                [merchant, [1]],
            )
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert "transfer_into_wallet" in plan

    def test_F3_the_nightly_question_finds_a_wallet_that_owes(self, merchant):
        uid = make.wallet(merchant, 100)
        view = queries.wallet(merchant_id=merchant, uid=uid)
        with acting_as(merchant), connection.cursor() as cursor:
            cursor.execute(
                "insert into transfer (merchant_id, debit, debit_owner, credit, amount_minor,"
                " currency, kind, document_kind, document_id)"
                " values (%s, 2300, %s, 1100, 101, 'CNY', 51, 1, 1)",
                [merchant, view.id],
            )

        assert queries.check_wallets(merchant_id=merchant) == 1
