"""F3: what customer and staff are told of a withdrawal, as a real server takes it."""

from datetime import UTC, datetime

import pytest

from kacang.merchants.audit import Actor
from kacang.shared.ids import new_uid
from kacang.shared.money import Money
from kacang.wallets.withdrawals import asking, deciding
from kacang.wallets.withdrawals.types import Destination, Payout, PayoutTo, WithdrawalWish
from tests import make
from tests.messages.conftest import postbox  # noqa: F401 - a fixture
from tests.web.test_mails import choose, link_in, run_news, text_of

CLERK = Actor(kind="user", id=1, label="qian@example.com")
WORDS = {
    "zh-Hans": ("提现 ¥40.00 已申请", "已付款", "未通过", "已退回"),
    "en": ("¥40.00 is asked for", "was paid", "is refused", "is in your wallet again"),
}


def ask(merchant: int, language: str = "zh-Hans") -> str:
    choose(merchant, withdrawals=True)
    to = Destination(PayoutTo.BANK, "6214830012340458", "林小满", "招商银行")
    return asking.ask(
        merchant_id=merchant,
        wallet_uid=make.wallet(merchant, 10_000, "lin@example.com"),
        wish=WithdrawalWish(Money(4_000), to, new_uid("frm"), language),
        actor=Actor(kind="buyer"),
    )


def approve(merchant: int, uid: str) -> None:
    deciding.approve(merchant_id=merchant, uid=uid, actor=CLERK, role="owner")


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("end", ["paid", "refused", "returned"])
def test_F3_the_customer_hears_of_each_step_and_the_staff_of_the_first(
    merchant,
    postbox,  # noqa: F811
    language,
    end,
):
    choose(merchant, mail_staff="desk@example.com")
    uid = ask(merchant, language)
    run_news(merchant)
    if end == "refused":
        deciding.refuse(merchant_id=merchant, uid=uid, reason="户名不符", actor=CLERK)
    else:
        approve(merchant, uid)
    if end == "paid":
        payout = Payout("CMB-0917", datetime.now(UTC), Money(0))
        deciding.note_paid(merchant_id=merchant, uid=uid, payout=payout, actor=CLERK)
    if end == "returned":
        deciding.give_back(merchant_id=merchant, uid=uid, reason="户名不符", actor=CLERK)
    run_news(merchant)

    (to_staff,) = [mail for mail in postbox.mails if mail["to"] == "desk@example.com"]
    first, last = [mail for mail in postbox.mails if mail["to"] == "lin@example.com"]
    asked, paid, refused, returned = WORDS[language]
    assert link_in(to_staff).endswith(f"/console/wallets/withdrawals/{uid}/")
    assert "¥40.00" in to_staff["subject"]
    assert asked in first["subject"]
    assert "林** •••• 0458" in text_of(first)
    assert {"paid": paid, "refused": refused, "returned": returned}[end] in last["subject"]
    assert ("CMB-0917" if end == "paid" else "户名不符") in text_of(last)
    assert link_in(last).endswith("/wallet/")
    for mail in postbox.mails:
        assert "6214830012340458" not in text_of(mail)


def test_N1_a_merchant_may_have_no_mails_of_withdrawals(merchant, postbox):  # noqa: F811
    choose(merchant, mail_withdrawals=False)
    ask(merchant)

    run_news(merchant)

    assert postbox.mails == []
