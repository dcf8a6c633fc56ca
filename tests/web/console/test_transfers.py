"""Bank transfers at the desk: looked at, confirmed, rejected (P1)."""

import pytest

from kacang.orders import queries
from kacang.orders.types import OrderState
from kacang.payments.bank_transfers import transfers
from tests.orders.test_bank_transfer import Bank
from tests.web.console.conftest import work_as


@pytest.fixture
def bank(merchant) -> Bank:
    return Bank(merchant)


def number_of(placed):
    return placed.payment.payment_id


def confirm(desk, number, **fields):
    values = {"bank_number": "B1", "amount": "19.99", **fields}
    return desk.post(f"/console/payments/transfers/{number}/confirm/", values)


class TestTransfers:
    def test_P1_proofs_wait_in_a_list_and_are_found_by_their_note(self, bank, work):
        proved, other = bank.order(), bank.order()
        bank.prove(proved)
        desk = work("finance")

        shown = desk.get("/console/payments/transfers/").content.decode()
        found = desk.get(f"/console/payments/transfers/?q={number_of(other)[:8].lower()}")
        none = desk.get("/console/payments/transfers/?q=NOTHING1")

        assert number_of(proved)[:8].upper() in shown
        assert number_of(other)[:8].upper() not in shown
        assert number_of(other)[:8].upper() in found.content.decode()
        assert "No transfer has this note" in none.content.decode()
        assert "Transfers to confirm" in desk.get("/console/").content.decode()

    def test_P1_a_proof_is_looked_at_and_nothing_in_it_runs(self, bank, work):
        placed = bank.order()
        desk = work("finance")
        image = desk.get(f"/console/payments/proofs/{bank.prove(placed)}/file/")
        pdf = desk.get(f"/console/payments/proofs/{bank.prove(placed, b'%PDF-1.7 x')}/file/")

        assert image.headers["Content-Type"] == "image/webp"
        assert image.headers["Content-Disposition"].startswith("inline")
        assert pdf.headers["Content-Disposition"].startswith("attachment")
        for answer in (image, pdf):
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "no-store" in answer.headers["Cache-Control"]
        shown = desk.get(f"/console/payments/transfers/{number_of(placed)}/").content.decode()
        assert "Download the PDF" in shown

    def test_L5_confirming_settles_the_order(self, bank, work):
        placed = bank.order()
        bank.prove(placed)

        answer = confirm(work("finance"), number_of(placed))

        assert (answer.status_code, answer.headers["Location"]) == (
            302,
            "/console/payments/transfers/",
        )
        assert bank.state(placed) is OrderState.DELIVERED
        assert transfers.waiting_count(merchant_id=bank.merchant) == 0

    def test_L9_another_amount_asks_first(self, bank, work):
        placed = bank.order()
        desk = work("finance")

        asked = confirm(desk, number_of(placed), amount="10")
        answer = confirm(desk, number_of(placed), amount="10", is_sure="on")

        assert asked.status_code == 409
        assert "¥19.99 was asked for, ¥10.00 has come" in asked.content.decode()
        assert answer.status_code == 302
        assert bank.state(placed) is OrderState.PENDING

    @pytest.mark.parametrize("fields", [{"bank_number": ""}, {"amount": "x"}, {"amount": "-1"}])
    def test_what_cannot_be_on_a_bank_statement_is_refused(self, bank, work, fields):
        placed = bank.order()

        answer = confirm(work("finance"), number_of(placed), **fields)

        assert answer.status_code == 422
        assert bank.state(placed) is OrderState.PENDING

    def test_P1_rejecting_tells_the_buyer_why(self, bank, work):
        placed = bank.order()
        uid = bank.prove(placed)
        desk = work("finance")

        empty = desk.post(f"/console/payments/proofs/{uid}/reject/", {"reason": " "})
        assert bank.proof(placed).state is transfers.ProofState.WAITING
        answer = desk.post(f"/console/payments/proofs/{uid}/reject/", {"reason": "unreadable"})

        assert empty.status_code == answer.status_code == 302
        assert bank.proof(placed).reason == "unreadable"

    @pytest.mark.parametrize("role", ["sales", "clerk", "order_operator", "customer_service"])
    def test_I1_only_who_may_confirm_sees_and_does_any_of_it(self, bank, work, role):
        placed = bank.order()
        uid = bank.prove(placed)
        desk = work(role)

        answers = [
            desk.get("/console/payments/transfers/"),
            desk.get(f"/console/payments/transfers/{number_of(placed)}/"),
            desk.get(f"/console/payments/proofs/{uid}/file/"),
            confirm(desk, number_of(placed)),
            desk.post(f"/console/payments/proofs/{uid}/reject/", {"reason": "no"}),
        ]

        assert {answer.status_code for answer in answers} == {403}
        assert bank.state(placed) is OrderState.PENDING
        assert bank.proof(placed).state is transfers.ProofState.WAITING

    def test_I2_another_merchants_are_not_there(self, bank, other_merchant):
        placed = bank.order()
        uid = bank.prove(placed)
        desk = work_as(other_merchant)

        answers = [
            desk.get(f"/console/payments/transfers/{number_of(placed)}/"),
            desk.get(f"/console/payments/proofs/{uid}/file/"),
            confirm(desk, number_of(placed)),
            desk.post(f"/console/payments/proofs/{uid}/reject/", {"reason": "no"}),
        ]

        assert {answer.status_code for answer in answers} == {404}
        assert bank.state(placed) is OrderState.PENDING
        assert bank.proof(placed).state is transfers.ProofState.WAITING
        orders = queries.order(merchant_id=bank.merchant, number=placed.number)
        assert orders.payments[0].paid_at is None

    def test_a_picture_that_is_no_longer_kept_is_said_to_be_gone(self, bank, work):
        assert work().get("/console/payments/proofs/prf_none/file/").status_code == 404
