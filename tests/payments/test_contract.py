"""Every company is held to the same contract: ours, and one of an outside package (P1, J4)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from kacang.payments.adapters.balance import Balance
from kacang.payments.adapters.bank_transfer import BankTransfer
from kacang.payments.adapters.ourselves import SECRET as BANK_SECRET
from kacang.payments.adapters.sandbox import SECRET, Sandbox
from kacang.payments.companies import plain_messages, webhooks
from kacang.payments.ports import (
    AccountInfo,
    BadSecrets,
    IncomingMessage,
    PaymentAsked,
    Surroundings,
)
from kacang.shared.clock import utc_now
from kacang.shared.money import Money
from kacang.shared.outbound import Guard, Outbound
from simulators.sandbox_cashier import Cashier
from tests.outside import company as mypay
from tests.outside.kacang_mypay import SECRET as MYPAY_SECRET
from tests.outside.kacang_mypay import MyPay
from tests.payments.contract import NUMBER, PaymentContract

KEY = "0123456789abcdef" * 2


@dataclass
class SandboxCompany:
    provider: Sandbox
    account: AccountInfo
    cashier: Cashier

    is_dated: bool = True

    def signed(self, body: bytes, message_id: str) -> IncomingMessage:
        stamp = int(utc_now().timestamp())
        signature = webhooks.sign(self.account.secrets[SECRET][0], message_id, stamp, body)
        headers = {
            "webhook-id": message_id,
            "webhook-timestamp": str(stamp),
            "webhook-signature": signature,
        }
        return IncomingMessage(headers=headers, body=body)

    def message(
        self, *, minor: int = 1999, final: bool = True, serial: str = "s1"
    ) -> IncomingMessage:
        status = "paid" if final else "pending"
        said = {
            "id": f"{serial}-{status}", "payment_id": NUMBER, "provider_number": serial,
            "amount_minor": minor, "currency": "CNY", "status": status,
        }  # fmt: skip
        return self.signed(json.dumps(said).encode(), str(said["id"]))

    def signed_nonsense(self) -> IncomingMessage:
        return self.signed(b'{"good": "morning"}', "evt_1")

    def refunded(self) -> int:
        charge = self.cashier.books.find(NUMBER)
        return self.cashier.books.gone(charge) if charge else 0

    def pay(self, minor: int) -> None:
        self.cashier.books.charge(NUMBER, minor, "CNY")
        self.cashier.pay(NUMBER, minor, "CNY", "lose")

    def fall_silent(self) -> None:
        self.cashier.is_silent = True


@dataclass
class MyPayCompany:
    provider: MyPay
    account: AccountInfo
    books: mypay.Books
    is_dated: bool = True

    def message(
        self, *, minor: int = 1999, final: bool = True, serial: str = "s1"
    ) -> IncomingMessage:
        result = "SUCCESS" if final else "WAITING"
        return IncomingMessage(body=self.books.message(NUMBER, minor, serial=serial, result=result))

    def signed_nonsense(self) -> IncomingMessage:
        return IncomingMessage(body=self.books.message(NUMBER, -1))

    def refunded(self) -> int:
        return 0

    def pay(self, minor: int) -> None:
        self.books.paid[NUMBER] = minor

    def fall_silent(self) -> None:
        self.books.is_silent = True


@dataclass
class Bank:
    """A merchant's bank account: the merchant is the company, and tells of money by itself."""

    provider: BankTransfer | Balance
    account: AccountInfo

    is_dated: bool = True

    def message(
        self, *, minor: int = 1999, final: bool = True, serial: str = "s1"
    ) -> IncomingMessage:
        status = "paid" if final else "pending"
        said = {
            "id": f"{serial}-{status}", "payment_id": NUMBER, "provider_number": serial,
            "amount_minor": minor, "currency": "CNY", "status": status,
        }  # fmt: skip
        return plain_messages.written(self.account.secrets[BANK_SECRET][0], said, utc_now())

    def signed_nonsense(self) -> IncomingMessage:
        return plain_messages.written(
            self.account.secrets[BANK_SECRET][0], {"id": "evt_1"}, utc_now()
        )

    def refunded(self) -> int:
        return 0

    def pay(self, minor: int) -> None:
        """Nobody hears of it."""

    def fall_silent(self) -> None:
        """It never speaks."""


class TestBankTransfer(PaymentContract):
    answers = False

    @pytest.fixture
    def company(self) -> Bank:
        bank = BankTransfer(Surroundings("http://shop.test", Outbound(Guard.build())))
        new = bank.new_secrets()
        assert new is not None
        account = AccountInfo(
            id=1, merchant_id=1, uid="acc_x", provider="bank_transfer", enabled=True,
            currency="CNY", secrets={name: (value,) for name, value in new.items()},
            options={"bank": "招商银行", "holder": "卡仓科技", "number": "6214830000000000"},
        )  # fmt: skip
        return Bank(bank, account)

    def test_L9_needs_all_that_a_buyer_must_copy(self, company):
        for name in company.account.options:
            for value in ("", "  ", None, "x" * 200):
                with pytest.raises(BadSecrets):
                    company.provider.check_secrets(
                        company.account.secrets, {**company.account.options, name: value}
                    )

    def test_says_what_to_copy(self, company):
        said = company.provider.create(company.account, PaymentAsked(NUMBER, Money(1999, "CNY")))

        assert said.facts == {**company.account.options, "amount": "19.99", "reference": "PAY12345"}
        assert said.provider_ref == "PAY12345"


class TestBalance(PaymentContract):
    answers = False

    @pytest.fixture
    def company(self) -> Bank:
        balance = Balance(Surroundings("http://shop.test", Outbound(Guard.build())))
        new = balance.new_secrets()
        assert new is not None
        account = AccountInfo(
            id=1, merchant_id=1, uid="acc_x", provider="wallet", enabled=True, currency="CNY",
            secrets={name: (value,) for name, value in new.items()},
        )  # fmt: skip
        return Bank(balance, account)


class TestSandbox(PaymentContract):
    @pytest.fixture
    def company(self, sandbox, account, cashier) -> SandboxCompany:
        return SandboxCompany(sandbox, account, cashier)


class TestMyPay(PaymentContract):
    @pytest.fixture
    def company(self) -> Iterator[MyPayCompany]:
        books = mypay.Books(KEY, utc_now())
        with mypay.running(books) as url:
            http = Outbound(Guard.build(own_urls=[url]), seconds=3)
            account = AccountInfo(
                id=1, merchant_id=1, uid="acc_x", provider="mypay", enabled=True, currency="CNY",
                secrets={MYPAY_SECRET: (KEY,)}, options={"url": url},
            )  # fmt: skip
            yield MyPayCompany(MyPay(Surroundings("http://shop.test", http)), account, books)
