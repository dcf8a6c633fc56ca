"""易支付 in both versions, held to the port's contract; its company is a server of its own (P1)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import pytest

from kacang.payments.adapters.epay import Epay
from kacang.payments.ports import (
    AccountInfo,
    IncomingMessage,
    PaymentProvider,
    RefundAsked,
    RefundRefused,
    RefundState,
    Surroundings,
)
from kacang.shared.clock import utc_now
from kacang.shared.money import Money
from kacang.shared.outbound import Guard, Outbound
from simulators.payments.company import Deed
from simulators.payments.epay import Gateway, account, new_keys
from simulators.payments.epay.books import REFUND_DONE, Refund, yuan
from tests.payments.contract import MINOR, NUMBER, REFUND, PaymentContract, made

SHOP = "https://shop.test"


@pytest.fixture(scope="module")
def keys() -> dict[str, Any]:
    return new_keys()


@pytest.fixture
def gateway(keys) -> Iterator[Gateway]:
    with Gateway(keys) as running:
        yield running


@dataclass
class EpayCompany:
    provider: PaymentProvider
    account: AccountInfo
    gateway: Gateway
    is_dated: bool = False

    @property
    def version(self) -> int:
        return 2 if self.account.options["version"] == "v2" else 1

    def said(self, minor: int, *, final: bool, serial: str) -> dict[str, str]:
        return {
            "pid": "1001", "trade_no": serial, "out_trade_no": NUMBER, "type": "alipay",
            "name": "测试卡密 x1", "money": yuan(minor),
            "timestamp": str(int(utc_now().timestamp())),
            "trade_status": "TRADE_SUCCESS" if final else "WAIT_BUYER_PAY",
        }  # fmt: skip

    def message(
        self, *, minor: int = MINOR, final: bool = True, serial: str = "s1"
    ) -> IncomingMessage:
        said = self.gateway.signed(self.said(minor, final=final, serial=serial), self.version)
        return IncomingMessage(method="GET", query=urlencode(said))

    def signed_nonsense(self) -> IncomingMessage:
        said = {"good": "morning", "pid": "1001", "timestamp": str(int(utc_now().timestamp()))}
        return IncomingMessage("GET", urlencode(self.gateway.signed(said, self.version)))

    def pay(self, minor: int) -> None:
        if NUMBER not in self.gateway.books.orders:  # the buyer opens the page
            said = {
                "out_trade_no": NUMBER, "money": yuan(minor), "name": "x", "notify_url": SHOP,
            }  # fmt: skip
            self.gateway.books.open(said, self.version)
        self.gateway.pay(NUMBER, Deed.LOSE)

    def refunded(self) -> int:
        return self.gateway.books.orders[NUMBER].given_back

    def fall_silent(self) -> None:
        self.gateway.mood.is_silent = True


def company_of(gateway: Gateway, version: str, **options: str) -> EpayCompany:
    filled = account(gateway.keys, gateway.url, version)
    http = Outbound(Guard.build(own_urls=[gateway.url]), seconds=3)
    info = AccountInfo(
        id=1, merchant_id=1, uid="acc_x", provider="epay", enabled=True, currency="CNY",
        secrets={name: (value,) for name, value in filled["secrets"].items()},
        options={**filled["options"], **options},
    )  # fmt: skip
    return EpayCompany(Epay(Surroundings(SHOP, http)), info, gateway)


class TestV1(PaymentContract):
    @pytest.fixture
    def company(self, gateway) -> EpayCompany:
        return company_of(gateway, "v1")

    def test_P4_gives_back_once_whatever_is_repeated(self, company):
        """V1 knows no number of a refund: whole payments only, and then a repeat is told."""
        asked = _paid_and_asked(company, MINOR)

        for _ in range(2):
            done = company.provider.refund(company.account, asked, utc_now())
            assert done.state is RefundState.DONE
        assert company.refunded() == MINOR
        known = company.provider.query_refund(company.account, asked, utc_now())
        assert known.state is RefundState.DONE

    def test_P4_parts_of_a_payment_are_given_back_by_hand(self, company):
        asked = _paid_and_asked(company, 500)

        for call in (company.provider.refund, company.provider.query_refund):
            with pytest.raises(RefundRefused):
                call(company.account, asked, utc_now())
        assert company.refunded() == 0

    def test_P4_many_a_fork_cannot(self, company):
        company.gateway.can_refund = False
        asked = _paid_and_asked(company, MINOR)

        with pytest.raises(RefundRefused) as refused:
            company.provider.refund(company.account, asked, utc_now())

        assert refused.value.detail["why"] == "No Act!"

    def test_P4_what_was_given_back_in_part_elsewhere_is_not_done(self, company):
        asked = _paid_and_asked(company, MINOR)
        order = company.gateway.books.orders[NUMBER]
        order.refunds["by hand"] = Refund("", 500, REFUND_DONE)
        order.status = 2

        with pytest.raises(RefundRefused):
            company.provider.refund(company.account, asked, utc_now())

        assert company.refunded() == 500


class TestV1InTheShop(TestV1):
    """With a QR code in the shop instead of the gateway's page."""

    @pytest.fixture
    def company(self, gateway) -> EpayCompany:
        return company_of(gateway, "v1", way="api", type="alipay")


class TestV2(PaymentContract):
    @pytest.fixture
    def company(self, gateway) -> EpayCompany:
        return replace(company_of(gateway, "v2"), is_dated=True)


def _paid_and_asked(company: EpayCompany, minor: int) -> RefundAsked:
    ref = made(company)
    company.pay(MINOR)
    paid = company.provider.query(company.account, ref, utc_now()).notice
    assert paid is not None
    return RefundAsked(REFUND, ref, paid.provider_number, Money(minor), reason="卡密无效")
