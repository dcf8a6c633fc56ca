"""X1: what staff and buyer are told of a case, as a real server takes it."""

from kacang.aftersales import operations
from kacang.aftersales.types import Decision, Verdict
from tests.aftersales.cases import Sold, later
from tests.messages.conftest import postbox  # noqa: F401 - a fixture
from tests.web.test_mails import BUYER, choose, link_in, run_news, text_of

REFUND = Verdict(Decision.REFUND, "卡密确已失效", by_hand=True)


def test_from_the_complaint_to_the_decision(merchant, postbox):  # noqa: F811
    sold = Sold(merchant, 1, contact=BUYER)
    run_news(merchant)
    choose(merchant, mail_staff="desk@example.com")
    before = len(postbox.mails)
    uid = sold.open(text="卡密 SECRET-9 无效")
    run_news(merchant)
    operations.answer(**sold.theirs(uid, text="请补充 SECRET-9 的截图", waits=True))
    run_news(merchant)
    operations.decide(**sold.theirs(uid, verdict=REFUND, role="owner"))
    run_news(merchant)

    to_staff, answered, decided = postbox.mails[before:]
    assert to_staff["to"] == "desk@example.com"
    assert link_in(to_staff).endswith(f"/console/aftersales/{uid}/")
    for mail in (answered, decided):
        assert mail["to"] == BUYER.email
        assert f"/orders/{sold.number}/cases/{uid}/?t=" in link_in(mail)
        assert "SECRET-9" not in text_of(mail)
    assert "退款 ¥19.99" in text_of(decided)
    assert "卡密确已失效" in text_of(decided)


def test_a_late_case_is_told_once_before_and_once_after(merchant, postbox):  # noqa: F811
    sold = Sold(merchant, 1)
    uid = sold.open()
    run_news(merchant)
    choose(merchant, mail_staff="desk@example.com")
    before = len(postbox.mails)
    for hours in (11, 2, 5):
        later(merchant, uid, hours=hours)
        operations.look_after(merchant_id=merchant)
        run_news(merchant)

    due, late = postbox.mails[before:]
    assert "即将超时" in due["subject"]
    assert "已超时" in late["subject"]


def test_nothing_is_mailed_where_the_merchant_does_not_want_it(merchant, postbox):  # noqa: F811
    choose(merchant, mail_case=False)
    sold = Sold(merchant, 1, contact=BUYER)
    uid = sold.open()
    run_news(merchant)
    before = len(postbox.mails)
    operations.answer(**sold.theirs(uid, text="请补充截图", waits=True))
    run_news(merchant)

    assert len(postbox.mails) == before
