"""易支付 end to end: the gateway and the installation meet over HTTP alone (P1, P2, P3, P4)."""

import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from kacang.orders import operations as orders
from kacang.orders.models import OrderState
from kacang.orders.types import OpenPayment
from kacang.payments.companies import registry
from kacang.payments.models import ReceiptFit
from kacang.payments.operations import NewAccount
from kacang.payments.ports import (
    AccountInfo,
    AccountRefused,
    PaymentRef,
    ProviderSilent,
    RefundAsked,
    RefundState,
)
from kacang.shared.clock import utc_now
from kacang.shared.money import Money
from simulators.payments.company import Deed, Mood, RefundWay, tell
from simulators.payments.epay import Gateway, account, new_keys
from simulators.payments.epay.books import Order
from tests import make
from tests.web.companies.afterwards import RefundContract
from tests.web.companies.contract import (
    MisbehaviourContract,
    asked,
    enabled,
    fits,
    forgeries,
    state_of,
)


@pytest.fixture(scope="module")
def keys() -> dict[str, Any]:
    return new_keys()


@pytest.fixture
def gateway(keys) -> Iterator[Gateway]:
    with Gateway(keys) as running:
        yield running


@dataclass
class EpayTill:
    account: AccountInfo
    gateway: Gateway
    taken: bytes = b"success"

    @property
    def mood(self) -> Mood:
        return self.gateway.mood

    def act(self, opened: OpenPayment, deed: Deed) -> list[tuple[int, bytes]]:
        if opened.payment_id not in self.gateway.books.orders:
            visit(opened.pay_url)
        return self.gateway.pay(opened.payment_id, deed)

    def deliver(self) -> list[tuple[int, bytes]]:
        return self.gateway.deliver()

    def finish_refunds(self) -> None:
        self.gateway.finish_refunds()

    def given_back(self, opened: OpenPayment) -> int:
        return self.order(opened).given_back

    def order(self, opened: OpenPayment) -> Order:
        """What the gateway knows of a payment whose buyer has opened the page."""
        if opened.payment_id not in self.gateway.books.orders:
            visit(opened.pay_url)
        return self.gateway.books.orders[opened.payment_id]


def till_of(merchant: int, gateway: Gateway, version: str, **options: str) -> EpayTill:
    filled = account(gateway.keys, gateway.url, version)
    needed = NewAccount(
        provider="epay",
        name="易支付",
        secrets=filled["secrets"],
        options={**filled["options"], **options},
    )
    return EpayTill(enabled(merchant, needed), gateway)


def visit(url: str, fields: bytes | None = None) -> str:
    """Open a page as a browser does, or press a button of it; returns where it ends."""
    request = urllib.request.Request(url, fields)  # noqa: S310 - a company of this machine
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        answer.read()
        return str(answer.url)


class EpayContract(MisbehaviourContract):
    @pytest.mark.parametrize("deed", [Deed.LESS, Deed.MORE])
    def test_L9_money_that_does_not_fit_is_kept(self, merchant, till, placed, stocked, deed):
        super().test_L9_money_that_does_not_fit_is_kept(merchant, till, placed, stocked, deed)

    def test_L9_what_is_not_yuan_is_not_understood(self, merchant, till, placed, opened):
        ((status, _),) = till.act(opened, Deed.CURRENCY)

        assert (status, fits(merchant)) == (400, [])
        assert state_of(merchant, placed) is OrderState.PENDING

    @pytest.mark.parametrize("notify_by", ["GET", "POST"])
    def test_P2_it_tells_by_either_method(self, merchant, till, placed, opened, stocked, notify_by):
        till.gateway.notify_by = notify_by

        assert till.act(opened, Deed.PAY) == [(200, b"success")]
        assert self.delivered_once(merchant, placed, stocked)

    @pytest.mark.parametrize(
        ("changes", "status"),
        [
            ({"pid": "1002"}, 400),
            ({"money": "0.00"}, 400),
            ({"money": "-19.99"}, 400),
            ({"money": "19.999"}, 400),
            ({"trade_no": ""}, 400),
            ({"status": "TRADE_CLOSED"}, 200),
        ],
    )
    def test_L9_what_the_key_has_signed_but_is_no_payment(
        self, merchant, till, placed, opened, changes, status
    ):
        order = till.order(opened)
        message = till.gateway.message(order, **changes)

        answer = tell(f"{order.notify_url}?{urlencode(message)}", None, {})

        assert (answer[0], fits(merchant)) == (status, [])
        assert state_of(merchant, placed) is OrderState.PENDING

    def test_L9_a_message_turned_to_another_order_is_forged(self, merchant, till, placed, opened):
        order = till.order(opened)
        message = {**till.gateway.message(order), "out_trade_no": "Another123"}

        answer = tell(f"{order.notify_url}?{urlencode(message)}", None, {})

        assert (answer[0], forgeries(merchant)) == (401, 1)
        assert state_of(merchant, placed) is OrderState.PENDING

    def test_L9_the_other_versions_signature_is_a_forgery(self, merchant, till, placed, opened):
        order = till.order(opened)

        answer = till.gateway.tell_of(replace(order, version=3 - order.version))

        assert (answer[0], forgeries(merchant)) == (401, 1)
        assert state_of(merchant, placed) is OrderState.PENDING

    def test_coming_back_to_the_shop_pays_nothing(self, merchant, till, placed, opened):
        """Most frauds at 易支付 are this one: the way back is taken for the message."""
        order = till.order(opened)

        visit(f"{order.return_url}?{urlencode(till.gateway.message(order))}")

        assert (state_of(merchant, placed), fits(merchant)) == (OrderState.PENDING, [])

    def test_P1_a_wrong_key_is_told_in_the_gateways_words(self, merchant, till, placed):
        till.gateway.keys = {**new_keys(), "pid": till.gateway.keys["pid"]}

        with pytest.raises(AccountRefused) as refused:
            self.start(merchant, till, placed)

        assert "签名校验失败" in str(refused.value.detail["why"])

    def test_P4_a_refund_whose_answer_is_lost_pays_back_once(self, merchant, till, placed, opened):
        till.act(opened, Deed.PAY)
        wanted = _refund_of(till, opened)
        provider = registry.provider("epay")
        states = []
        for mute in (1, 0, 0):
            till.mood.mute = mute
            try:
                states.append(provider.refund(till.account, wanted, utc_now()).state)
            except ProviderSilent:
                states.append(RefundState.UNKNOWN)

        assert states == [RefundState.UNKNOWN, RefundState.DONE, RefundState.DONE]
        assert till.order(opened).given_back == 1999


class TestV1(EpayContract):
    @pytest.fixture
    def till(self, merchant, installation, gateway) -> EpayTill:
        return till_of(merchant, gateway, "v1", way="api", type="alipay")


class TestV2(EpayContract):
    @pytest.fixture
    def till(self, merchant, installation, gateway) -> EpayTill:
        return till_of(merchant, gateway, "v2", way="api")

    @pytest.mark.parametrize("way", [RefundWay.PENDING, RefundWay.FAILS_LATER])
    def test_P4_what_runs_is_pending_and_may_fail(self, till, placed, opened, way):
        till.act(opened, Deed.PAY)
        wanted = _refund_of(till, opened, 500)
        provider = registry.provider("epay")
        till.mood.refunds = way

        first = provider.refund(till.account, wanted, utc_now()).state
        waits = provider.query_refund(till.account, wanted, utc_now()).state
        till.gateway.finish_refunds()
        last = provider.query_refund(till.account, wanted, utc_now()).state

        assert (first, waits) == (RefundState.PENDING, RefundState.PENDING)
        done = way is RefundWay.PENDING
        assert last is (RefundState.DONE if done else RefundState.FAILED)


class TestRefundsOfV2(RefundContract):
    """Money that goes back, by V2; V1 gives it back at once or not at all."""

    @pytest.fixture
    def till(self, merchant, installation, gateway) -> EpayTill:
        return till_of(merchant, gateway, "v2", way="api")


class TestTheGatewaysPage:
    @pytest.fixture(params=["v1", "v2"])
    def till(self, request, merchant, installation, gateway) -> EpayTill:
        return till_of(merchant, gateway, request.param)

    def test_P1_a_buyer_pays_there(self, merchant, till, stocked):
        placed = make.order(stocked, provider="")
        opened = orders.start_payment(merchant_id=merchant, number=placed.number, provider="epay")

        cashier = visit(opened.pay_url)
        visit(cashier, b"deed=pay")

        assert fits(merchant) == [ReceiptFit.FITS]
        assert state_of(merchant, placed) is OrderState.DELIVERED

    def test_L8_one_who_never_opened_the_page_is_unknown_there(self, merchant, till, stocked):
        placed = make.order(stocked, provider="")
        opened = orders.start_payment(merchant_id=merchant, number=placed.number, provider="epay")

        asked(merchant, opened)

        assert (state_of(merchant, placed), fits(merchant)) == (OrderState.PENDING, [])


class TestSecrets:
    def test_no_key_is_in_an_error_a_log_or_an_address_that_is_shown(
        self, merchant, installation, gateway, stocked, caplog
    ):
        caplog.set_level("DEBUG")
        till = till_of(merchant, gateway, "v1")
        placed = make.order(stocked, provider="")
        opened = orders.start_payment(merchant_id=merchant, number=placed.number, provider="epay")
        provider = registry.provider("epay")
        ref = PaymentRef(opened.payment_id, Money(1999))
        gateway.mood.broken = 2
        said = [opened.pay_url]
        for is_silent in (False, True):
            gateway.mood.is_silent = is_silent
            for call in (
                lambda: provider.probe(till.account, utc_now()),
                lambda: provider.query(till.account, ref, utc_now()),
            ):
                with pytest.raises(ProviderSilent) as silent:
                    call()
                said.append(repr(silent.value) + repr(silent.value.__cause__))

        logged = [one.getMessage() for one in caplog.records if one.name.startswith("kacang")]
        key = gateway.keys["key"]
        assert dict(parse_qsl(gateway.calls[0].query))["key"] == key
        assert not any(key in text for text in [*said, *logged])


def _refund_of(till: EpayTill, opened: OpenPayment, minor: int = 1999) -> RefundAsked:
    ref = PaymentRef(opened.payment_id, opened.amount)
    return RefundAsked("Refund1", ref, till.order(opened).trade_no, Money(minor))
