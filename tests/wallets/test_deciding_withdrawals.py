"""Withdrawals at the desk: who may approve, what is noted as paid, whereto is shown (F3, I1)."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from kacang.merchants.tenancy import acting_as
from kacang.shared.money import Money
from kacang.wallets import operations
from kacang.wallets.models import WithdrawalState
from kacang.wallets.withdrawals import deciding, destinations
from kacang.wallets.withdrawals import queries as withdrawals
from kacang.wallets.withdrawals.types import (
    BadPayout,
    Destination,
    OwnApproval,
    OwnDeposit,
    Payout,
    PayoutTo,
    WithdrawalReasonMissing,
)
from tests import make
from tests.threads import at_once
from tests.wallets.withdrawing import (
    QIAN,
    SUN,
    approve,
    ask,
    audited,
    choose,
    has,
    state_of,
)


@pytest.fixture
def shop(merchant):
    choose(merchant, withdrawals=True)
    return merchant


class TestApproving:
    def test_I1_more_than_a_role_approves_alone_is_approved_by_two(self, shop):
        choose(shop, withdrawal_alone_finance=30)
        wallet = make.wallet(shop, 100_000)
        small, large = ask(shop, wallet, 3_000), ask(shop, wallet, 1)

        assert approve(shop, small, role="finance") is WithdrawalState.APPROVED
        assert approve(shop, large, role="finance") is WithdrawalState.ASKED
        with pytest.raises(OwnApproval):
            approve(shop, large, role="finance")
        assert state_of(shop, large) is WithdrawalState.ASKED
        assert approve(shop, large, SUN, "finance") is WithdrawalState.APPROVED

    def test_I1_who_has_deposited_does_not_approve_much_of_it(self, shop):
        choose(shop, withdrawal_alone_owner=30)
        wallet = make.wallet(shop)
        operations.deposit(
            merchant_id=shop, uid=wallet, amount=Money(10_000), note="现金", once="a", actor=QIAN
        )
        small, large = ask(shop, wallet, 3_000), ask(shop, wallet, 5_000)

        assert approve(shop, small) is WithdrawalState.APPROVED
        with pytest.raises(OwnDeposit):
            approve(shop, large)
        assert approve(shop, large, SUN) is WithdrawalState.ASKED
        with pytest.raises(OwnDeposit):
            approve(shop, large)

        assert state_of(shop, large) is WithdrawalState.ASKED

    def test_I1_other_roles_approve_nothing_alone(self, shop):
        uid = ask(shop, make.wallet(shop, 100), 1)

        assert approve(shop, uid, role="customer_service") is WithdrawalState.ASKED

    def test_a_refusal_has_its_reason(self, shop):
        uid = ask(shop, make.wallet(shop, 100), 1)

        with pytest.raises(WithdrawalReasonMissing):
            deciding.refuse(merchant_id=shop, uid=uid, reason=" ", actor=QIAN)

        assert state_of(shop, uid) is WithdrawalState.ASKED

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"ref": " "}, "ref"),
            ({"at": datetime.now(UTC) + timedelta(hours=1)}, "at"),
            ({"at": datetime.now(UTC) - timedelta(days=1)}, "at"),
            ({"fee": Money(-1)}, "fee"),
            ({"fee": Money(1, "USD")}, "fee"),
        ],
    )
    def test_a_payout_that_cannot_be_is_not_noted(self, shop, change, field):
        wallet = make.wallet(shop, 100)
        uid = ask(shop, wallet, 1)
        approve(shop, uid)
        said = {"ref": "CMB-1", "at": datetime.now(UTC), "fee": Money(0), **change}

        with pytest.raises(BadPayout) as refused:
            deciding.note_paid(merchant_id=shop, uid=uid, payout=Payout(**said), actor=QIAN)

        assert refused.value.detail == {"field": field}
        assert has(shop, wallet) == (100, 1)

    def test_a_proof_is_kept_with_the_payout(self, shop):
        uid = ask(shop, make.wallet(shop, 100), 1)
        approve(shop, uid)
        payout = Payout("CMB-1", datetime.now(UTC), Money(0), ("image/webp", b"picture"))

        deciding.note_paid(merchant_id=shop, uid=uid, payout=payout, actor=QIAN)

        assert withdrawals.proof(merchant_id=shop, uid=uid) == ("image/webp", b"picture")


class TestDestinations:
    def test_F3_a_destination_lies_sealed_is_shown_by_mask_and_opened_for_a_reason(self, shop):
        uid = ask(shop, make.wallet(shop, 1_000), 100)

        assert withdrawals.withdrawal(merchant_id=shop, uid=uid).to_mask == "林** •••• 0458"
        with acting_as(shop), connection.cursor() as cursor:
            cursor.execute("select w::text from wallet_withdrawal w where uid = %s", [uid])
            (row,) = cursor.fetchone()
        for secret in ("6214830012340458", "招商", "小满"):
            assert secret not in row
            assert secret.encode().hex() not in row
        with pytest.raises(WithdrawalReasonMissing):
            destinations.reveal(merchant_id=shop, uid=uid, reason="", actor=QIAN)
        shown = destinations.reveal(merchant_id=shop, uid=uid, reason="付款", actor=QIAN)

        assert shown == Destination(PayoutTo.BANK, "6214830012340458", "林小满", "招商银行深圳分行")
        assert audited(shop, uid) == ["wallets.ask_withdrawal", "wallets.reveal_destination"]

    @pytest.mark.parametrize(
        ("to", "mask"),
        [
            (Destination(PayoutTo.ALIPAY, "13812345678", "林小满"), "林** •••• 5678"),
            (Destination(PayoutTo.ALIPAY, "lin.xiaoman@example.com", "Lin"), "L** •••• oman"),
            (Destination(PayoutTo.ALIPAY, "lin@a.cn", "Lin"), "L** ••••"),
            (Destination(PayoutTo.OTHER, "微信转账给林"), "••••"),
        ],
    )
    def test_a_mask_tells_its_owner_only(self, to, mask):
        assert destinations.masked(destinations.checked(to)) == mask


class TestFreezing:
    def test_F3_a_form_that_freezes_sent_64_times_freezes_once(self, merchant):
        wallet = make.wallet(merchant, 10_000)

        def freeze() -> str:
            return operations.freeze(
                merchant_id=merchant,
                uid=wallet,
                amount=Money(100),
                reason="争议",
                actor=QIAN,
                once="frm_1",
            )

        uids = set(at_once([freeze] * 64, threads=16))

        assert len(uids) == 1
        assert has(merchant, wallet) == (10_000, 100)
