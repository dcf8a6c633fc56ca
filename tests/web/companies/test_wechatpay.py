"""P2, P3, L2, L8, L9: WeChat Pay and the shop over HTTP alone, by the real door for messages."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from kacang.orders import operations as orders
from kacang.orders import queries as order_queries
from kacang.orders.models import OrderState
from kacang.orders.money.paying import Payer
from kacang.orders.types import OpenPayment, PlacedOrder
from kacang.payments import operations, queries
from kacang.payments.companies.registry import provider
from kacang.payments.ports import AccountInfo, Device, PaymentRef, RefundAsked
from kacang.shared.clock import utc_now
from kacang.shared.money import Money
from simulators.payments import company, wechatpay
from simulators.payments.company import Mood, RefundWay
from simulators.payments.wechatpay import Deed
from simulators.payments.wechatpay.speaking import Message, Way
from tests import make
from tests.payments import wechat
from tests.web.companies.afterwards import BillContract, RefundContract
from tests.web.companies.contract import (
    MisbehaviourContract,
    asked,
    enabled,
    fits,
    forgeries,
    state_of,
)
from tests.web.express.server import a_lane

MINOR = 1999
PAID = ("TRANSACTION.SUCCESS", "transaction", "EV-other")


@dataclass
class WechatTill:
    account: AccountInfo
    server: wechatpay.WechatPay
    taken: bytes = '{"code": "SUCCESS", "message": "成功"}'.encode()

    @property
    def mood(self) -> Mood:
        return self.server.mood

    def act(self, opened: OpenPayment, deed: Deed) -> list[tuple[int, bytes]]:
        return self.server.pay(opened.payment_id, deed)

    def deliver(self) -> list[tuple[int, bytes]]:
        return self.server.deliver()

    def finish_refunds(self) -> None:
        self.server.finish_refunds()

    def given_back(self, opened: OpenPayment) -> int:
        return self.server.books.refunded(self.server.books.trades[opened.payment_id])

    def make_older(self, opened: OpenPayment, by: timedelta) -> None:
        trade = self.server.books.trades[opened.payment_id]
        assert trade.paid_at is not None
        trade.paid_at -= by

    def message(self, opened: OpenPayment) -> Message:
        return self.server.paid(self.server.books.trades[opened.payment_id])


@pytest.fixture
def till(merchant, installation) -> Iterator[WechatTill]:
    with wechatpay.WechatPay(wechat.keys()) as server:
        filled = wechatpay.account_of(wechat.keys(), server.url)
        needed = operations.NewAccount(
            provider="wechatpay",
            name="微信支付",
            secrets=filled["secrets"],
            options=filled["options"],
        )
        yield WechatTill(enabled(merchant, needed), server)


class TestByPublicKey(MisbehaviourContract):
    """The contract, with messages signed by WeChat Pay's public key."""


class TestByCertificate(MisbehaviourContract):
    """The contract, with messages signed by a platform certificate."""

    @pytest.fixture(autouse=True)
    def signs(self, till):
        till.server.signs_with = Way.CERTIFICATE


@pytest.fixture
def placed(merchant, till, stocked):
    return make.order(stocked, provider=None)


@pytest.fixture
def opened(merchant, till, placed) -> OpenPayment:
    return orders.start_payment(merchant_id=merchant, number=placed.number, provider="wechatpay")


def untouched(merchant: int, placed: PlacedOrder) -> bool:
    return state_of(merchant, placed) is OrderState.PENDING and fits(merchant) == []


def delivered_once(merchant: int, placed: PlacedOrder, stocked: make.Stocked) -> bool:
    return MisbehaviourContract().delivered_once(merchant, placed, stocked)


class TestPaid:
    @pytest.mark.parametrize("device", [Device.PHONE, Device.WECHAT])
    def test_P1_by_whatever_the_buyer_holds(self, merchant, till, placed, stocked, device):
        payer = Payer(device=device, name="oBuyer1", address="203.0.113.7")
        opened = orders.start_payment(
            merchant_id=merchant, number=placed.number, provider="wechatpay", payer=payer
        )
        if device is Device.PHONE:
            # What the buyer presses at the cashier's page.
            assert httpx.post(opened.pay_url, data={"deed": "pay"}).status_code == 200
        else:
            order = order_queries.order(merchant_id=merchant, number=placed.number)
            (payment,) = queries.payments_of_order(merchant_id=merchant, order_id=order.id)
            assert till.server.pay_in_app(payment.in_app) == [(200, till.taken)]

        assert delivered_once(merchant, placed, stocked)

    def test_P1_a_person_scans_and_pays(self, merchant, till, placed, opened, stocked):
        page = httpx.get(opened.qr_content).text
        assert "¥19.99" in page
        assert "待支付" in page

        failed = httpx.post(opened.qr_content, data={"deed": "fail"}).text
        paid = httpx.post(opened.qr_content, data={"deed": "pay"}).text

        assert "支付失败" in failed
        assert "已支付" in paid
        assert "<button" not in paid
        assert delivered_once(merchant, placed, stocked)

    def test_L2_repeated_at_once(self, merchant, till, placed, opened, stocked):
        till.act(opened, Deed.LOSE)
        message = till.message(opened)
        answers: list[tuple[int, bytes]] = []
        threads = [
            threading.Thread(target=lambda: answers.append(till.server.send(message)))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert answers == [(200, till.taken)] * 8
        assert delivered_once(merchant, placed, stocked)

    def test_L8_what_was_forged_on_the_way_is_found_by_asking(
        self, merchant, till, placed, opened, stocked
    ):
        till.act(opened, Deed.FORGED)
        assert untouched(merchant, placed)

        asked(merchant, opened)

        assert delivered_once(merchant, placed, stocked)


class TestRefused:
    @pytest.mark.parametrize("shift", [330, -330])
    def test_L9_a_stale_clock(self, merchant, till, placed, opened, shift):
        till.act(opened, Deed.LOSE)

        assert till.server.send(till.message(opened), shift=shift)[0] == 401
        assert untouched(merchant, placed)
        assert forgeries(merchant) == 1

    @pytest.mark.parametrize(
        ("header", "value"),
        [
            ("wechatpay-signature-type", "WECHATPAY2-SM2-WITH-SM3"),
            ("wechatpay-signature", ""),
            ("wechatpay-serial", ""),
            ("wechatpay-serial", "00" * 20),
            ("wechatpay-nonce", "another"),
        ],
    )
    def test_L9_a_changed_header(self, merchant, till, placed, opened, header, value):
        till.act(opened, Deed.LOSE)
        message = till.message(opened)
        body, headers = till.server.written(message)

        assert company.tell(message.url, body, {**headers, header: value})[0] == 401
        assert untouched(merchant, placed)

    def test_L9_a_changed_body(self, merchant, till, placed, opened):
        till.act(opened, Deed.LOSE)
        message = till.message(opened)
        body, headers = till.server.written(message)

        for place in range(0, len(body), 97):
            changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
            assert company.tell(message.url, changed, headers)[0] == 401
        assert untouched(merchant, placed)

    def test_L9_the_same_message_at_another_account_pays_nothing_there(
        self, merchant, other_merchant, till, placed, opened, stocked
    ):
        """Two shops of one merchant number: each order is paid by its own message, once."""
        filled = wechatpay.account_of(wechat.keys(), till.server.url)
        theirs = enabled(
            other_merchant,
            operations.NewAccount(
                provider="wechatpay", name="微信", secrets=filled["secrets"],
                options=filled["options"],
            ),
        )  # fmt: skip
        till.act(opened, Deed.LATE)
        message = till.message(opened)
        body, headers = till.server.written(message)

        there = message.url.replace(till.account.uid, theirs.uid)
        assert company.tell(there, body, headers)[0] == 200

        assert untouched(merchant, placed)
        till.deliver()
        assert delivered_once(merchant, placed, stocked)

    def test_L9_another_merchant_numbers_message_at_our_door(self, merchant, till, placed, opened):
        keys = wechat.strange_keys()
        message = till.message(opened)
        inner = {**message.inner, "mchid": keys["mchid"], "appid": keys["appid"]}
        with wechatpay.WechatPay(keys) as theirs:
            assert theirs.send(Message(message.url, *PAID, inner))[0] == 401

        assert untouched(merchant, placed)

    @pytest.mark.parametrize("name", ["platform_private_key", "api_v3_key"])
    def test_L9_who_has_only_one_of_the_two_keys(self, merchant, till, placed, opened, name):
        till.act(opened, Deed.LOSE)
        till.server.keys = {**wechat.keys(), name: wechat.strange_keys()[name]}

        assert till.server.send(till.message(opened))[0] == 401
        assert untouched(merchant, placed)

    @pytest.mark.parametrize("amount", [0, -MINOR, True, str(MINOR), 19.99])
    def test_L9_an_amount_that_is_none(self, merchant, till, placed, opened, amount):
        till.act(opened, Deed.LOSE)
        message = till.message(opened)
        inner = {**message.inner, "amount": {"total": amount, "currency": "CNY"}}

        assert till.server.send(Message(message.url, *PAID, inner))[0] == 400
        assert untouched(merchant, placed)

    def test_only_post(self, till, opened):
        assert httpx.get(till.message(opened).url).status_code == 405


class TestRefunds:
    def test_P4_a_message_about_a_refund_is_taken_and_pays_no_order(
        self, merchant, till, placed, opened, stocked
    ):
        till.act(opened, Deed.PAY)
        trade = till.server.books.trades[opened.payment_id]
        ref = PaymentRef(opened.payment_id, opened.amount)
        till.mood.refunds = RefundWay.FAILS_LATER
        provider("wechatpay").refund(
            till.account, RefundAsked("Ref1", ref, trade.transaction_id, Money(500)), utc_now()
        )
        till.server.finish_refunds()

        assert till.deliver() == [(200, till.taken)]
        assert delivered_once(merchant, placed, stocked)


class TestExpressLane:
    def test_L18_a_certificate_is_not_fetched_where_all_would_wait(
        self, merchant, till, placed, opened, stocked
    ):
        """The first message goes the ordinary way, which may wait; the others do not."""
        till.act(opened, Deed.LOSE)
        till.server.signs_with = Way.CERTIFICATE
        queries.account_of_uid(till.account.uid)
        message = till.message(opened)
        bridged = []
        for lane in a_lane():
            for _ in range(2):
                body, headers = till.server.written(message)
                named = {name.replace("-", "_"): value for name, value in headers.items()}
                assert lane.post(urlsplit(message.url).path, body, **named).status == 200
                bridged.append(lane.bridged)

        assert bridged == [1, 1]
        assert delivered_once(merchant, placed, stocked)


class TestSignIn:
    def test_P1_a_browser_is_sent_back_with_a_code(self, till):
        back = "https://shop.example/pay?n=1"
        asked_for = {
            "appid": wechat.keys()["appid"], "redirect_uri": back, "response_type": "code",
            "scope": "snsapi_base", "state": "s1",
        }  # fmt: skip

        went = httpx.get(f"{till.server.url}/connect/oauth2/authorize?{urlencode(asked_for)}")

        given = parse_qs(urlsplit(went.headers["location"]).query)
        assert (given["n"], given["state"], len(given["code"])) == (["1"], ["s1"], 1)


class TestGivingBack(RefundContract):
    """Money that goes back."""


class TestBills(BillContract):
    """Bills, by reconciliation."""
