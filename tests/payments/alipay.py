"""Alipay for tests: one set of keys, and the company with an account and an adapter."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote_plus

from kacang.payments.adapters.alipay import Alipay
from kacang.payments.ports import AccountInfo, IncomingMessage, PaymentProvider, Surroundings
from kacang.shared.outbound import Guard, Outbound
from simulators.payments.alipay import AlipayCompany, Trade, account, new_keys
from simulators.payments.company import Deed
from tests.payments.accounts import info_of
from tests.payments.contract import MINOR, NUMBER

keys = cache(new_keys)


@dataclass
class AlipayPlayed:
    """The company as the contract plays with it."""

    provider: PaymentProvider
    account: AccountInfo
    alipay: AlipayCompany
    is_dated: bool = False

    def message(
        self, *, minor: int = MINOR, final: bool = True, serial: str = "s1"
    ) -> IncomingMessage:
        trade = Trade(NUMBER, minor, "视频会员 月卡", trade_no=f"2026112322001{serial}")
        trade.status = "TRADE_SUCCESS" if final else "WAIT_BUYER_PAY"
        said = self.alipay.fields_of(trade, notify_id=f"n{serial}{final}", notify_time="x")
        return IncomingMessage(body=self.alipay.signed_message(said))

    def signed_nonsense(self) -> IncomingMessage:
        said = {"app_id": keys()["app_id"], "seller_id": keys()["seller_id"], "good": "morning"}
        return IncomingMessage(body=self.alipay.signed_message(said))

    def pay(self, minor: int) -> None:
        self.alipay.open({"out_trade_no": NUMBER, "total_amount": f"{minor / 100:.2f}"}, {})
        self.alipay.act(NUMBER, Deed.LOSE)

    def refunded(self) -> int:
        return self.alipay.trades[NUMBER].refunded

    def fall_silent(self) -> None:
        self.alipay.mood.is_silent = True

    def signed(self, **fields: str) -> IncomingMessage:
        """A message with changed fields, rightly signed."""
        trade = Trade(NUMBER, MINOR, status="TRADE_SUCCESS")
        return IncomingMessage(
            body=self.alipay.signed_message(self.alipay.fields_of(trade, **fields))
        )

    def forged(self, **fields: str) -> IncomingMessage:
        """The contract's message with fields changed after it was signed."""
        said = dict(pair.split("=", 1) for pair in self.message().body.decode().split("&"))
        pairs = {**said, **{name: quote_plus(value) for name, value in fields.items()}}.items()
        return IncomingMessage(body="&".join("=".join(pair) for pair in pairs).encode())


def info(company: AlipayCompany, mode: str = "keys", **options: Any) -> AccountInfo:
    """An account there, with nothing stored."""
    return info_of(account(keys(), company.url, mode), **options)


def adapter_for(company: AlipayCompany) -> Alipay:
    """The adapter, which may call the company."""
    http = Outbound(Guard.build(own_urls=[company.url]), seconds=3)
    return Alipay(Surroundings("http://shop.test", http))


@contextmanager
def played(mode: str = "keys", **options: Any) -> Iterator[AlipayPlayed]:
    """The company, running."""
    with AlipayCompany(keys()) as company:
        yield AlipayPlayed(adapter_for(company), info(company, mode, **options), company)
