"""P1: what staff and buyer are told of a bank transfer, as a real server takes it."""

from kacang.payments.bank_transfers import proofs
from tests.messages.conftest import postbox  # noqa: F401 - a fixture
from tests.orders.test_bank_transfer import CLERK, Bank
from tests.web.test_mails import BUYER, choose, link_in, run_news, text_of


def test_the_staff_hear_of_a_proof_and_the_buyer_why_it_was_rejected(merchant, postbox):  # noqa: F811
    bank = Bank(merchant)
    choose(merchant, mail_staff="desk@example.com")
    placed = bank.order(contact=BUYER)
    uid = bank.prove(placed)
    assert run_news(merchant) == ["payments.tell_proof", "messages.send"]

    proofs.reject(merchant_id=merchant, uid=uid, reason="看不清金额", actor=CLERK)
    assert run_news(merchant) == ["payments.tell_rejected", "messages.send"]

    to_staff, to_buyer = postbox.mails
    assert placed.payment is not None
    assert to_staff["to"] == "desk@example.com"
    assert link_in(to_staff).endswith(f"/console/payments/transfers/{placed.payment.payment_id}/")
    assert "¥19.99" in to_staff["subject"]
    assert to_buyer["to"] == BUYER.email
    assert "看不清金额" in text_of(to_buyer)
    assert f"/orders/{placed.number}/?t=" in link_in(to_buyer)
