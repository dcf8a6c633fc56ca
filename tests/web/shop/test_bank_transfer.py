"""Paying by bank transfer at the shop: facts to copy, and a proof to hand in (P1)."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from kacang.merchants.audit import SYSTEM
from kacang.orders import operations as orders
from kacang.orders.types import OrderState
from kacang.payments.bank_transfers import proofs, transfers
from kacang.shared.money import Money
from kacang.web.shop.proving import UPLOADS_MAX
from tests import make
from tests.orders.test_bank_transfer import picture
from tests.web.shop.conftest import text


@pytest.fixture
def number(shop, buyer):
    """An order that this browser is paying by bank transfer."""
    make.bank_account(shop.id)
    return buyer.buy(make.sku(shop.id), provider="bank_transfer")


def hand_in(buyer, number, body, name="receipt.jpg"):
    upload = SimpleUploadedFile(name, body)
    return buyer.post(f"orders/{number}/proof/", {"proof": upload})


class TestBankTransfer:
    def test_P1_shows_all_that_must_be_copied(self, shop, buyer, number):
        shown = text(buyer.get(f"orders/{number}/pay/"))

        payment = shop.order(number).payments[-1]
        for fact in (*make.BANK.values(), payment.facts["reference"], "19.99"):
            assert f"<code>{fact}</code>" in shown
            assert f'data-copy="{fact}"' in shown
        assert f"/orders/{number}/proof/" in shown
        assert "http-equiv" not in shown

    def test_P1_a_proof_is_handed_in_and_confirmed_by_the_staff(self, shop, buyer, number):
        answer = hand_in(buyer, number, picture(), name="<script>.exe")

        assert (answer.status_code, answer.headers["Location"]) == (
            302,
            buyer.at(f"orders/{number}/pay/"),
        )
        page = transfers.waiting_page(merchant_id=shop.id)
        assert [row.transfer.order_id for row in page.rows] == [shop.order(number).id]
        assert "凭证已提交给商家" in text(buyer.get(f"orders/{number}/pay/"))
        orders.confirm_transfer(
            merchant_id=shop.id,
            payment_number=page.rows[0].transfer.number,
            bank_number="B20261126001",
            amount=Money(1999),
            actor=SYSTEM,
        )
        assert buyer.get(f"orders/{number}/pay/").status_code == 302
        assert shop.order(number).state is OrderState.DELIVERED

    def test_P1_a_rejected_proof_says_why_without_any_markup_of_it(self, shop, buyer, number):
        hand_in(buyer, number, picture())
        (row,) = transfers.waiting_page(merchant_id=shop.id).rows
        proofs.reject(
            merchant_id=shop.id, uid=row.uid, reason="<b>看不清</b>", actor=SYSTEM
        )  # fmt: skip

        shown = text(buyer.get(f"orders/{number}/pay/"))

        assert "&lt;b&gt;看不清&lt;/b&gt;" in shown
        assert "请勿重复付款" in shown

    @pytest.mark.parametrize(
        "body", [b"", b"<svg/>", b"\xff" * (5 * 2**20 + 1)], ids=["empty", "svg", "large"]
    )
    def test_P1_what_is_no_proof_is_refused_on_the_page(self, shop, buyer, number, body):
        answer = hand_in(buyer, number, body)

        assert answer.status_code == 422
        assert transfers.waiting_count(merchant_id=shop.id) == 0

    def test_L10_nobody_hands_in_for_an_order_that_is_not_theirs(self, shop, number):
        stranger = shop.buyer()

        answer = hand_in(stranger, number, picture())

        assert answer.status_code == 403
        assert transfers.waiting_count(merchant_id=shop.id) == 0

    def test_Z1_uploads_from_one_address_are_counted(self, shop, buyer, number):
        refused = [hand_in(buyer, number, b"no picture") for _ in range(UPLOADS_MAX)]

        answer = hand_in(buyer, number, picture())

        assert {one.status_code for one in refused} == {422}
        assert answer.status_code == 429
        assert transfers.waiting_count(merchant_id=shop.id) == 0

    def test_L8_nobody_is_asked_about_a_transfer(self, shop, buyer, number):
        answer = buyer.get(f"orders/{number}/state")

        assert answer.json()["state"] == "pending"
