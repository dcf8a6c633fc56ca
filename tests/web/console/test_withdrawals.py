"""Withdrawals at the desk: found, looked at, approved, paid, refused, given back (F3, I1)."""

import io
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from PIL import Image

from kacang.merchants import operations as merchants
from kacang.merchants.audit import Actor
from kacang.wallets import queries
from kacang.wallets.withdrawals import queries as withdrawals
from kacang.wallets.withdrawals.types import WithdrawalState
from tests import make
from tests.web.console.conftest import work_as

NUMBER = "6214830012340458"


class Asked:
    """A wallet of ¥100, with ¥40 asked for."""

    def __init__(self, merchant: int) -> None:
        self.merchant = merchant
        self.wallet = make.wallet(merchant, 10_000, "lin@example.com")
        self.uid = make.withdrawal(merchant, self.wallet, 4_000, NUMBER)
        self.url = f"/console/wallets/withdrawals/{self.uid}/"

    @property
    def state(self) -> str:
        return withdrawals.withdrawal(merchant_id=self.merchant, uid=self.uid).state.name

    @property
    def money(self) -> tuple[int, int]:
        view = queries.wallet(merchant_id=self.merchant, uid=self.wallet)
        return view.balance.minor, view.frozen.minor


@pytest.fixture
def asked(merchant) -> Asked:
    return Asked(merchant)


def now() -> str:
    return datetime.now(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%dT%H:%M")


def picture() -> io.BytesIO:
    file = io.BytesIO()
    Image.new("RGB", (40, 40), "white").save(file, "PNG")
    file.seek(0)
    file.name = "a.png"
    return file


class TestDesk:
    def test_F3_it_is_found_approved_and_noted_as_paid_with_its_proof(self, asked, work):
        desk = work("finance")
        found = desk.get("/console/wallets/withdrawals/?state=asked").content.decode()
        assert asked.url in found
        assert "l***@example.com" in found or "lin@example.com" not in found

        desk.post(f"{asked.url}approve/")
        assert asked.state == "APPROVED"
        answer = desk.post(
            f"{asked.url}pay/",
            {"ref": "CMB-0917", "at": now(), "fee": "2.5", "proof": picture()},
        )

        assert answer.status_code == 302
        assert asked.state == "PAID"
        assert asked.money == (6_000, 0)
        shown = desk.get(asked.url).content.decode()
        assert "CMB-0917" in shown
        assert "2.50" in shown
        proof = desk.get(f"{asked.url}proof/")
        assert proof.headers["Content-Type"] == "image/webp"
        assert proof.headers["X-Content-Type-Options"] == "nosniff"
        assert asked.uid in desk.get("/console/ledger/accounts/2300/").content.decode()

    def test_F3_it_is_refused_with_a_reason(self, asked, work):
        desk = work("finance")

        desk.post(f"{asked.url}refuse/", {"text": " "})
        assert asked.state == "ASKED"
        desk.post(f"{asked.url}refuse/", {"text": "户名不符"})

        assert asked.state == "REFUSED"
        assert asked.money == (10_000, 0)
        assert "户名不符" in desk.get(asked.url).content.decode()

    def test_F3_what_was_not_paid_is_given_back(self, asked, work):
        desk = work()
        desk.post(f"{asked.url}approve/")

        desk.post(f"{asked.url}return/", {"text": "账号不存在"})

        assert asked.state == "RETURNED"
        assert asked.money == (10_000, 0)

    @pytest.mark.parametrize(
        "values",
        [
            {"ref": ""},
            {"at": ""},
            {"at": "2020-01-01T00:00"},
            {"fee": "x"},
            {"proof": io.BytesIO(b"#!/bin/sh")},
        ],
    )
    def test_a_payout_that_makes_no_sense_is_not_noted(self, asked, work, values):
        desk = work()
        desk.post(f"{asked.url}approve/")

        answer = desk.post(f"{asked.url}pay/", {"ref": "CMB-1", "at": now(), **values})

        assert answer.status_code == 422
        assert asked.state == "APPROVED"
        assert asked.money == (10_000, 4_000)

    def test_I3_whereto_is_shown_whole_only_for_a_reason_that_is_kept(self, asked, work):
        desk = work("finance")

        page = desk.get(asked.url).content.decode()
        without = desk.post(f"{asked.url}reveal/", {"text": ""})
        shown = desk.post(f"{asked.url}reveal/", {"text": "付款"})

        assert NUMBER not in page
        assert without.status_code == 422
        assert NUMBER not in without.content.decode()
        assert NUMBER in shown.content.decode()
        assert "no-store" in shown.headers["Cache-Control"]
        log = work().get("/console/audit/").content.decode()
        assert "Looked at where a withdrawal goes" in log
        assert "付款" in log
        assert NUMBER not in log

    def test_I1_two_people_approve_more_than_one_may(self, asked, work, merchant):
        merchants.change_settings(
            merchant_id=merchant, values={"withdrawal_alone_finance": 30}, actor=Actor()
        )
        first, second = work("finance"), work("finance")

        first.post(f"{asked.url}approve/")
        first.post(f"{asked.url}approve/")
        assert asked.state == "ASKED"
        assert "has approved it" in second.get(asked.url).content.decode()
        second.post(f"{asked.url}approve/")

        assert asked.state == "APPROVED"

    def test_the_held_sum_leads_to_its_withdrawal_and_is_not_let_go_by_hand(self, asked, work):
        desk = work("finance")
        (held,) = queries.frozen_sums(merchant_id=asked.merchant, uid=asked.wallet)

        page = desk.get(f"/console/wallets/{asked.wallet}/").content.decode()
        desk.post(f"/console/wallets/{asked.wallet}/unfreeze/{held.uid}/")

        assert asked.url in page
        assert f"free-{held.uid}" not in page
        assert asked.money == (10_000, 4_000)

    def test_a_wallet_that_is_frozen_by_a_form_sent_twice_is_frozen_once(self, merchant, work):
        uid = make.wallet(merchant, 10_000)
        desk = work("finance")
        values = {"once": "frm_1", "amount": "50", "reason": "争议", "sure": "1"}

        for _ in range(2):
            desk.post(f"/console/wallets/{uid}/freeze/", values)

        assert queries.wallet(merchant_id=merchant, uid=uid).frozen.minor == 5_000

    def test_I1_who_may_not_pay_out_decides_nothing(self, asked, work):
        deeds = ("approve", "refuse", "return", "pay", "reveal")
        for role in ("sales", "customer_service", "clerk"):
            desk = work(role)
            answers = [desk.get(asked.url), desk.get("/console/wallets/withdrawals/")]
            answers += [desk.post(f"{asked.url}{deed}/", {"text": "x"}) for deed in deeds]
            assert {answer.status_code for answer in answers} == {403}

        assert asked.state == "ASKED"

    def test_I2_another_merchants_withdrawal_is_not_there(self, asked, other_merchant):
        desk = work_as(other_merchant)
        deeds = ("approve", "refuse", "return", "pay", "reveal")

        answers = [desk.get(asked.url), desk.get(f"{asked.url}proof/")]
        answers += [
            desk.post(f"{asked.url}{deed}/", {"text": "x", "ref": "x", "at": now()})
            for deed in deeds
        ]

        assert {answer.status_code for answer in answers} == {404}
        assert asked.state == "ASKED"
        assert asked.uid not in desk.get("/console/wallets/withdrawals/").content.decode()

    def test_O6_what_waits_stands_on_the_overview(self, asked, work):
        assert "/console/wallets/withdrawals/" in work().get("/console/").content.decode()

    def test_every_state_has_its_view(self, asked, work):
        desk = work()
        for state in WithdrawalState:
            answer = desk.get(f"/console/wallets/withdrawals/?state={state.name.lower()}")
            assert answer.status_code == 200
