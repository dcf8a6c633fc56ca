"""P2, L2, L8, L9: Alipay and the shop over HTTP alone, by the real door for messages."""

from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode

import httpx
import pytest

from kacang.orders.models import OrderState
from kacang.orders.types import OpenPayment
from kacang.payments import operations
from kacang.payments.companies.registry import provider
from kacang.payments.ports import AccountInfo, PaymentAsked, PaymentRef, RefundAsked
from kacang.shared.clock import utc_now
from kacang.shared.money import Money
from simulators.payments.alipay import AlipayCompany, account
from simulators.payments.company import Deed, Mood
from tests import make
from tests.payments.alipay import keys
from tests.web.companies.afterwards import BillContract, RefundContract
from tests.web.companies.contract import (
    MisbehaviourContract,
    enabled,
    fits,
    forgeries,
    state_of,
)


@dataclass
class AlipayTill:
    account: AccountInfo
    alipay: AlipayCompany
    taken: bytes = b"success"

    @property
    def mood(self) -> Mood:
        return self.alipay.mood

    def act(self, opened: OpenPayment, deed: Deed) -> list[tuple[int, bytes]]:
        return self.alipay.act(opened.payment_id, deed)

    def deliver(self) -> list[tuple[int, bytes]]:
        return self.alipay.deliver()

    def finish_refunds(self) -> None:
        self.alipay.finish_refunds()

    def given_back(self, opened: OpenPayment) -> int:
        return self.alipay.trades[opened.payment_id].refunded

    def make_older(self, opened: OpenPayment, by: timedelta) -> None:
        trade = self.alipay.trades[opened.payment_id]
        assert trade.paid_at is not None
        trade.paid_at -= by


@pytest.fixture
def till(merchant, installation):
    with AlipayCompany(keys()) as company:
        needed = account(keys(), company.url)
        options = {**needed["options"], "desktop": "qr"}
        yield AlipayTill(
            enabled(
                merchant,
                operations.NewAccount(
                    provider="alipay", name="支付宝", secrets=needed["secrets"], options=options
                ),
            ),
            company,
        )


class TestMisbehaviour(MisbehaviourContract):
    def post(self, till: AlipayTill, body: bytes) -> int:
        url = till.alipay.trades[next(iter(till.alipay.trades))].notify_url
        kind = {"content-type": "application/x-www-form-urlencoded"}
        return httpx.post(url, content=body, headers=kind, trust_env=False).status_code

    def test_L9_a_message_changed_on_the_way(self, merchant, till, placed, opened):
        trade = till.alipay.trades[opened.payment_id]
        trade.status = "TRADE_SUCCESS"
        said = dict(parse_qsl(till.alipay.message(trade).decode()))
        changes = ({"total_amount": "9999.00"}, {"seller_id": ""}, {"sign": ""},
                   {"sign_type": "MD5"}, {"trade_no": "1"})  # fmt: skip

        statuses = {self.post(till, urlencode({**said, **change}).encode()) for change in changes}

        assert statuses == {401}
        assert forgeries(merchant) == len(changes)
        assert (state_of(merchant, placed), fits(merchant)) == (OrderState.PENDING, [])

    def test_L9_money_of_nothing(self, merchant, till, placed, opened):
        trade = till.alipay.trades[opened.payment_id]
        trade.status = "TRADE_SUCCESS"

        status = self.post(till, till.alipay.message(trade, total_amount="0.00"))

        assert status == 400
        assert (state_of(merchant, placed), fits(merchant)) == (OrderState.PENDING, [])

    def test_L9_another_merchants_message_at_our_door(
        self, merchant, other_merchant, till, placed, opened
    ):
        other = {**keys(), "app_id": "2021000000000002", "seller_id": "2088621900000002"}
        with AlipayCompany(other) as theirs:
            theirs.open({"out_trade_no": opened.payment_id, "total_amount": "19.99"}, {})
            trade = theirs.trades[opened.payment_id]
            trade.status = "TRADE_SUCCESS"
            status = self.post(till, theirs.message(trade))

        assert status == 401
        assert (state_of(merchant, placed), fits(merchant)) == (OrderState.PENDING, [])

    def test_P4_the_news_of_a_refund_is_no_second_payment(
        self, merchant, till, placed, opened, stocked
    ):
        till.act(opened, Deed.PAY)
        trade = till.alipay.trades[opened.payment_id]
        ref = PaymentRef(opened.payment_id, opened.amount)
        for number, minor in (("Ref1", 500), ("Ref2", 1499)):
            provider("alipay").refund(
                till.account,
                RefundAsked(number, ref, trade.trade_no, Money(minor)),
                utc_now(),
            )

        answers = till.deliver()

        assert [status for status, _ in answers] == [200, 200]
        assert trade.status == "TRADE_CLOSED"
        assert self.delivered_once(merchant, placed, stocked)

    def test_P1_a_person_pays_at_the_page(self, merchant, till, placed, opened, stocked):
        with httpx.Client(trust_env=False) as browser:
            page = browser.get(opened.qr_content)
            assert "¥19.99" in page.text
            assert 'value="pay"' in page.text
            after = browser.post(opened.qr_content, data={"deed": "pay"})

        assert "TRADE_SUCCESS" in after.text
        assert self.delivered_once(merchant, placed, stocked)

    def test_P1_or_at_the_page_for_computers(self, merchant, till, stocked):
        paged = make.order(stocked, provider=None)
        on_page = replace(till.account, options={**till.account.options, "desktop": "page"})
        asked = PaymentAsked("Page1", paged.payable, "视频会员")
        said = provider("alipay").create(on_page, asked)

        with httpx.Client(trust_env=False) as browser:
            page = browser.get(said.pay_url)
            forged = browser.get(said.pay_url.replace("total_amount", "total_amounts"))

        assert page.status_code == 200
        assert "¥19.99" in page.text
        assert forged.status_code == 400


class TestGivingBack(RefundContract):
    """Money that goes back."""


class TestBills(BillContract):
    """Bills, by reconciliation."""
