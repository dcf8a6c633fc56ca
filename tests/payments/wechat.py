"""WeChat Pay to test with: a merchant's keys, the company as a real server, and its adapter."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from kacang.payments.adapters.wechatpay import WechatPay
from kacang.payments.ports import (
    AccountInfo,
    IncomingMessage,
    PaymentAsked,
    PaymentRef,
    RefundAsked,
    Surroundings,
)
from kacang.shared.money import Money
from kacang.shared.outbound import Guard, Outbound
from simulators.payments import wechatpay as simulator
from simulators.payments.wechatpay.speaking import Message
from tests.payments.contract import MINOR, NUMBER, REFUND, made

SHOP = "http://shop.test"
AMOUNT = Money(MINOR)
REF = PaymentRef(NUMBER, AMOUNT)
# A merchant without the public key.
CERTIFICATES = {"verification": "certificates", "public_key": "", "public_key_id": ""}


@cache
def keys() -> dict[str, Any]:
    """One merchant for all tests: its keys take a second to make."""
    return simulator.new_keys()


@cache
def strange_keys() -> dict[str, Any]:
    """Somebody else's."""
    return simulator.new_keys()


def account(url: str, **options: str) -> AccountInfo:
    """An account at the company that listens on `url`."""
    filled = simulator.account_of(keys(), url)
    return AccountInfo(
        id=1,
        merchant_id=1,
        uid="acc_wechat",
        provider=filled["provider"],
        enabled=True,
        currency=filled["currency"],
        secrets={name: (value,) for name, value in filled["secrets"].items()},
        options={**filled["options"], **options},
    )


@dataclass
class WechatCompany:
    """The company, as the contract plays with it."""

    provider: WechatPay
    account: AccountInfo
    server: simulator.WechatPay
    is_dated: bool = True

    def incoming(self, message: Message, **wrong: Any) -> IncomingMessage:
        body, headers = self.server.written(message, **wrong)
        return IncomingMessage(headers=headers, body=body)

    def said(self, *, minor: int = 1999, serial: str = "s1", **changes: Any) -> dict[str, Any]:
        return {
            "mchid": keys()["mchid"],
            "appid": keys()["appid"],
            "out_trade_no": NUMBER,
            "transaction_id": f"4200000{serial}",
            "trade_type": "NATIVE",
            "trade_state": "SUCCESS",
            "amount": {"total": minor, "currency": "CNY"},
            **changes,
        }

    def message(
        self, *, minor: int = 1999, final: bool = True, serial: str = "s1"
    ) -> IncomingMessage:
        state = "SUCCESS" if final else "USERPAYING"
        inner = self.said(minor=minor, serial=serial, trade_state=state)
        return self.incoming(self.paid(inner, event_id=f"EV-{serial}-{state}"))

    def paid(self, inner: Mapping[str, Any], event_id: str = "EV-1") -> Message:
        return Message("", "TRANSACTION.SUCCESS", "transaction", event_id, dict(inner))

    def signed_nonsense(self) -> IncomingMessage:
        return self.incoming(self.paid({"good": "morning"}))

    def pay(self, minor: int) -> None:
        self.server.books.trades[NUMBER].total = minor
        self.server.pay(NUMBER, simulator.Deed.LOSE)

    def refunded(self) -> int:
        return self.server.books.refunded(self.server.books.trades[NUMBER])

    def fall_silent(self) -> None:
        self.server.mood.is_silent = True


@contextmanager
def running(**options: str) -> Iterator[WechatCompany]:
    """Run the company, and build the adapter against it."""
    with simulator.WechatPay(keys()) as server:
        http = Outbound(Guard.build(own_urls=[server.url]), seconds=5)
        provider = WechatPay(Surroundings(SHOP, http))
        yield WechatCompany(provider, account(server.url, **options), server)


def without(made: AccountInfo, **changes: Any) -> AccountInfo:
    """The account with some options changed."""
    return replace(made, options={**made.options, **changes})


def read(company: WechatCompany, message: IncomingMessage, **account: Any) -> Any:
    """Have the adapter read a message now, for the account with some fields changed."""
    info = replace(company.account, **account)
    return company.provider.read_notice(info, message, datetime.now(UTC))


def create(company: WechatCompany, **fields: Any) -> Any:
    """Have the company make payment NUMBER."""
    asked = PaymentAsked(NUMBER, AMOUNT, **fields)
    return company.provider.create(company.account, asked)


def paid(company: Any) -> RefundAsked:
    """Somebody has paid NUMBER, and wants five yuan back."""
    ref = made(company)
    company.pay(MINOR)
    number = company.server.books.trades[NUMBER].transaction_id
    return RefundAsked(REFUND, ref, number, Money(500), reason="卡密无效")
