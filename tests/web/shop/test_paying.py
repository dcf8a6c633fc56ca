"""P1, L8, L18: what is offered fits the device; who must be known signs in; companies fail."""

import html
import json
import re
import threading
import time
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection

from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders import queries as order_queries
from kacang.payments import operations, queries
from kacang.payments.adapters.sandbox import Sandbox
from kacang.payments.companies import registry
from kacang.payments.models import Payment, PaymentState
from kacang.payments.ports import (
    AccountRefused,
    Device,
    PayInstructions,
    ProviderSilent,
    Surroundings,
)
from kacang.shared.outbound import Guard, Outbound
from tests import make
from tests.outside.kacang_mypay import SECRET, MyPay
from tests.threads import at_once
from tests.web.shop.conftest import text

WECHAT = "Mozilla/5.0 (iPhone) Mobile MicroMessenger/8.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) Mobile/15E148"
DESKTOP = "Mozilla/5.0 (X11; Linux x86_64)"


class AppPay(MyPay):
    """A company that is called, must know who pays, and misbehaves on order."""

    name = "apppay"
    creates_offline = False

    def __init__(self, surroundings: Surroundings) -> None:
        super().__init__(surroundings)
        self.created: list[Any] = []
        self.codes: list[str] = []
        self.trouble: dict[str, Exception] = {}
        self.gate = threading.Event()
        self.gate.set()

    def fits(self, account, device):
        return device is not Device.ALIPAY

    def create(self, account, payment):
        self.created.append((account.uid, payment))
        self.gate.wait(10)
        if account.uid in self.trouble:
            raise self.trouble[account.uid]
        if payment.device is Device.WECHAT:
            return PayInstructions(in_app={"appId": "wx'<1>", "package": payment.payer})
        url = f"https://pay.example/{payment.number}?a=1&b=2"
        return PayInstructions(pay_url=url, qr_content=f"app:{payment.number}")

    def sign_in_url(self, account, back_url, state):
        return f"https://sign.example/?back={back_url}&state={state}"

    def buyer_of(self, account, code):
        self.codes.append(code)
        if code != "good":
            raise AccountRefused(why="40029")
        return f"openid-{account.uid}"


@pytest.fixture(autouse=True)
def company(monkeypatch) -> AppPay:
    around = Surroundings(public_url="https://shop.example", http=Outbound(Guard.build()))
    made = AppPay(around)
    monkeypatch.setattr(registry, "providers", lambda: {"sandbox": Sandbox(around), "apppay": made})
    queries.forget_accounts()
    return made


def an_account(merchant: int, provider: str = "apppay") -> str:
    account = operations.NewAccount(
        provider=provider, name="App 支付", secrets={SECRET: "0123456789abcdef" * 2},
        options={"url": "https://pay.example"},
    )  # fmt: skip
    made = operations.create_account(merchant_id=merchant, account=account)
    operations.enable_account(merchant_id=merchant, uid=made.uid)
    return made.uid


def browse(buyer, name: str):
    buyer.client.defaults["HTTP_USER_AGENT"] = name
    return buyer


def payments_of(shop, number: str) -> list[Payment]:
    order = order_queries.order(merchant_id=shop.info.id, number=number)
    with acting_as(shop.info.id):
        return list(Payment.objects.filter(order_id=order.id).order_by("id"))


def number_of(answer) -> str:
    found = re.search(r"orders/([0-9A-Z]{18})/", answer["Location"])
    assert found, answer["Location"]
    return found[1]


class TestDevices:
    def test_P1_each_device_is_offered_what_fits_it(self, shop, buyer):
        an_account(shop.info.id)
        made = make.sku(shop.info.id)

        def offers(name: str) -> set[str]:
            page = text(browse(buyer, name).get(f"checkout/?sku={made.sku.uid}"))
            return set(re.findall(r'name="provider" value="(\w+)"', page))

        assert offers(DESKTOP) == offers(PHONE) == {"sandbox", "apppay"}
        assert offers("AlipayClient/10 Mobile") == {"sandbox"}

    def test_P1_a_desktop_shows_a_code_and_a_phone_a_button(self, shop, buyer):
        an_account(shop.info.id)
        made = make.sku(shop.info.id)
        number = browse(buyer, DESKTOP).buy(made, provider="apppay")

        desktop = text(buyer.get(f"orders/{number}/pay/"))
        browse(buyer, PHONE)
        ways = text(buyer.get(f"orders/{number}/pay/"))
        buyer.post(f"orders/{number}/pay/", {"provider": "apppay"})
        phone = text(buyer.get(f"orders/{number}/pay/"))

        assert 'class="qr"' in desktop
        assert 'name="provider"' in ways
        first, second = payments_of(shop, number)
        assert (first.device, second.device) == ("desktop", "phone")
        link = f'<a class="btn grow" href="https://pay.example/{second.number}?a=1&amp;b=2"'
        assert link in phone
        assert "<details" in phone

    def test_P1_limits_hold_at_the_checkout(self, shop, buyer):
        uid = an_account(shop.info.id)
        made = make.sku(shop.info.id, price=1999)
        change = operations.AccountChange(
            name="App", options={"url": "https://pay.example"},
            limits=replace(queries.accounts(merchant_id=shop.info.id)[-1].limits,
                           amount_min_minor=2000),
        )  # fmt: skip
        operations.change_account(merchant_id=shop.info.id, uid=uid, change=change)

        page = text(buyer.get(f"checkout/?sku={made.sku.uid}"))

        assert 'value="apppay"' not in page


class TestSignIn:
    @pytest.fixture
    def sent(self, shop, buyer):
        """A buyer inside WeChat who is sent to sign in: order, account, and the way back."""
        uid = an_account(shop.info.id)
        made = make.sku(shop.info.id, cards=5)
        away = browse(buyer, WECHAT).checkout(made, provider="apppay")
        asked = parse_qs(urlsplit(away["Location"]).query)
        back = urlsplit(asked["back"][0]).path
        return re.findall(r"orders/(\w+)/", back)[0], uid, back, asked["state"][0]

    def test_P1_leads_there_and_back_to_a_payment_in_the_app(self, shop, buyer, company, sent):
        number, uid, back, state = sent

        answer = buyer.get(f"{back}?code=good&state={state}")
        page = text(buyer.get(f"orders/{number}/pay/"))

        assert answer["Location"].endswith(f"/orders/{number}/pay/")
        ((account, asked),) = company.created
        assert (account, asked.payer) == (uid, f"openid-{uid}")
        found = re.search(r'data-in-app="([^"]+)"', page)
        assert found
        shown = json.loads(html.unescape(found[1]))
        assert shown == {"appId": "wx'<1>", "package": f"openid-{uid}"}
        assert re.fullmatch(r"[0-9a-z]{1,128}", state)

    @pytest.mark.parametrize("query", ["", "?code=good", "?code=good&state=", "?state={state}",
                                       "?code=bad&state={state}", "?code=&state={state}",
                                       "?code=good&state=00000000" + "0" * 40])  # fmt: skip
    def test_what_was_not_asked_for_starts_no_payment(self, shop, buyer, company, sent, query):
        number, _, back, state = sent

        answer = buyer.get(back + query.format(state=state))

        assert answer["Location"].endswith("/pay/?failed=1")
        assert company.created == []
        assert payments_of(shop, number) == []

    def test_of_another_order_account_or_time_is_not_taken(
        self, shop, buyer, company, sent, monkeypatch
    ):
        number, uid, back, state = sent
        other = an_account(shop.info.id)
        again = browse(buyer, WECHAT).checkout(make.sku(shop.info.id), provider="apppay")
        second = re.findall(r"orders/(\w+)/", again["Location"])[0]

        answers = [
            buyer.get(f"orders/{second}/pay/back/{uid}/?code=good&state={state}"),
            buyer.get(f"orders/{number}/pay/back/{other}/?code=good&state={state}"),
        ]
        later = time.time() + 700
        monkeypatch.setattr(time, "time", lambda: later)
        answers.append(buyer.get(f"{back}?code=good&state={state}"))

        assert all(answer["Location"].endswith("/pay/?failed=1") for answer in answers)
        assert company.codes == []

    def test_a_stranger_is_asked_for_proof(self, shop, sent, company):
        _, _, back, state = sent

        answer = shop.buyer().get(f"{back}?code=good&state={state}")

        assert answer.status_code == 403
        assert company.codes == []

    def test_another_browser_that_may_open_the_order_was_not_sent(self, shop, buyer, company, sent):
        _, _, back, state = sent
        other = browse(shop.buyer(), WECHAT)
        other.client.cookies["kc_orders"] = buyer.client.cookies["kc_orders"].value

        answer = other.get(f"{back}?code=good&state={state}")

        assert answer["Location"].endswith("/pay/?failed=1")
        assert company.codes == []

    def test_elsewhere_nobody_signs_in(self, shop, buyer, company):
        an_account(shop.info.id)

        answer = browse(buyer, PHONE).checkout(make.sku(shop.info.id), provider="apppay")

        assert "sign.example" not in answer["Location"]
        assert len(company.created) == 1


class TestTrouble:
    @pytest.mark.parametrize("error", [ProviderSilent(), AccountRefused(why="closed")])
    def test_L18_the_order_stands_and_the_other_ways_are_shown(self, shop, buyer, company, error):
        company.trouble[an_account(shop.info.id)] = error

        answer = buyer.checkout(make.sku(shop.info.id), provider="apppay")
        page = text(buyer.get(answer["Location"]))

        assert answer["Location"].endswith("?failed=1")
        assert "支付渠道暂无响应" in page
        assert 'value="sandbox"' in page
        (payment,) = payments_of(shop, number_of(answer))
        silent = isinstance(error, ProviderSilent)
        assert payment.state == (PaymentState.OPEN if silent else PaymentState.FAILED)

    def test_P1_another_account_of_the_company_is_tried_at_once(self, shop, buyer, company):
        first, second = an_account(shop.info.id), an_account(shop.info.id)
        company.trouble = {first: ProviderSilent()}

        for _ in range(4):
            number = buyer.buy(make.sku(shop.info.id), provider="apppay")
            assert 'class="qr"' in text(buyer.get(f"orders/{number}/pay/"))
            opened = [row for row in payments_of(shop, number) if row.qr_content]
            assert len(opened) == 1
        assert {uid for uid, _ in company.created} == {first, second} or len(company.created) == 4

    def test_L18_two_tabs_at_once_are_one_payment(self, shop, buyer, company):
        an_account(shop.info.id)
        made = make.sku(shop.info.id)
        placed = make.order(made, provider="")
        company.gate.clear()

        def start() -> str:
            opened = orders.start_payment(
                merchant_id=shop.info.id, number=placed.number, provider="apppay"
            )
            return opened.payment_id

        threading.Timer(0.5, company.gate.set).start()
        numbers = at_once([start, start])

        assert len(set(numbers)) == 1
        assert len(payments_of(shop, placed.number)) == 1
        assert {asked.number for _, asked in company.created} == set(numbers)

    def test_L18_a_late_answer_holds_nobody_else_up(self, shop, buyer, company):
        an_account(shop.info.id)
        made = make.sku(shop.info.id, cards=4)
        slow = make.order(made, provider="")
        company.gate.clear()

        def start() -> None:
            try:
                orders.start_payment(
                    merchant_id=shop.info.id, number=slow.number, provider="apppay"
                )
            finally:
                connection.close()

        waiting = threading.Thread(target=start)
        waiting.start()
        try:
            other = make.order(made)
            orders.settle_notices(
                account=queries.account_of_uid(shop.account.uid), notices=[make.notice(other)]
            )
            cancelled = order_queries.order(merchant_id=shop.info.id, number=other.number)
        finally:
            company.gate.set()
            waiting.join(10)

        assert cancelled.state.name == "DELIVERED"
        (payment,) = payments_of(shop, slow.number)
        assert payment.pay_url

    def test_P1_a_retry_goes_on_with_the_same_attempt(self, shop, buyer, company):
        uid = an_account(shop.info.id)
        company.trouble[uid] = ProviderSilent()
        number = number_of(buyer.checkout(make.sku(shop.info.id), provider="apppay"))
        company.trouble.clear()

        buyer.post(f"orders/{number}/pay/", {"provider": "apppay"})

        (payment,) = payments_of(shop, number)
        assert payment.qr_content == f"app:{payment.number}"
