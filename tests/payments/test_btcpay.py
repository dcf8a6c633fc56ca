"""BTCPay Server: contract, signature, and what its invoices say (P1, P2, L8, L9)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from kacang.payments.adapters.btcpay import BtcPay
from kacang.payments.ports import (
    AccountInfo,
    AccountRefused,
    AskAgain,
    BadNotice,
    BadSecrets,
    BadSignature,
    Ignored,
    IncomingMessage,
    PaymentAsked,
    PaymentProvider,
    PaymentRef,
    ProviderSilent,
    QueryState,
    Surroundings,
)
from kacang.shared.clock import utc_now
from kacang.shared.money import Money
from kacang.shared.outbound import Guard, Outbound
from simulators.payments.btcpay import Server, account, new_keys
from simulators.payments.btcpay.books import Invoice
from simulators.payments.btcpay.server import signature
from simulators.payments.company import Deed
from tests.payments.accounts import info_of
from tests.payments.contract import MINOR, NUMBER, PaymentContract
from tests.payments.vectors import vector

KEYS = new_keys()


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(KEYS) as running:
        yield running


@dataclass
class BtcPayCompany:
    provider: PaymentProvider
    account: AccountInfo
    server: Server
    is_dated: bool = False

    def message(
        self, *, minor: int = MINOR, final: bool = True, serial: str = "s1"
    ) -> IncomingMessage:
        return self.signed({
            "deliveryId": serial, "type": "InvoiceSettled" if final else "InvoiceProcessing",
            "storeId": KEYS["store_id"], "invoiceId": "i1", "metadata": {"orderId": NUMBER},
        })  # fmt: skip

    def signed(self, said: dict[str, Any]) -> IncomingMessage:
        body = json.dumps(said).encode()
        return IncomingMessage(
            headers={"btcpay-sig": signature(KEYS["webhook_secret"], body)}, body=body
        )

    def signed_nonsense(self) -> IncomingMessage:
        return self.signed({"good": "morning"})

    def pay(self, minor: int) -> None:
        for invoice in self.server.invoices.values():
            self.server.pay(invoice, Deed.LOSE)

    def refunded(self) -> int:
        return 0

    def fall_silent(self) -> None:
        self.server.mood.is_silent = True


def btcpay(url: str) -> BtcPay:
    return BtcPay(Surroundings("https://shop.test", Outbound(Guard.build(own_urls=[url]))))


@pytest.fixture
def company(server) -> BtcPayCompany:
    return BtcPayCompany(btcpay(server.url), info_of(account(KEYS, server.url)), server)


class TestBtcPay(PaymentContract):
    @pytest.fixture
    def company(self, server) -> BtcPayCompany:
        return BtcPayCompany(btcpay(server.url), info_of(account(KEYS, server.url)), server)


class TestNotices:
    def test_is_signed_as_the_vector_says(self):
        known = vector("btcpay_webhook")
        message = IncomingMessage(
            headers={"btcpay-sig": known["header"]}, body=known["body"].encode()
        )
        filled = info_of(account({**KEYS, "webhook_secret": known["secret"]}, "http://h"))
        theirs = replace(filled, options={**filled.options, "store_id": "s1"})

        # It names no order of ours: rightly signed, and nothing follows.
        assert isinstance(btcpay("http://h").read_notice(theirs, message, utc_now()), Ignored)
        with pytest.raises(BadNotice):
            btcpay("http://h").read_notice(filled, message, utc_now())
        turned = replace(message, body=message.body.replace(b"i1", b"i2"))
        with pytest.raises(BadSignature):
            btcpay("http://h").read_notice(theirs, turned, utc_now())

    def test_L9_an_empty_secret_signs_nothing(self, company):
        empty = replace(company.account, secrets={"webhook_secret": ("",)})
        body = company.message().body
        message = IncomingMessage(headers={"btcpay-sig": signature("", body)}, body=body)

        with pytest.raises(BadSignature):
            company.provider.read_notice(empty, message, utc_now())

    @pytest.mark.parametrize("kind", ["InvoiceSettled", "InvoiceExpired", "InvoiceInvalid"])
    def test_P2_no_message_pays_by_itself(self, company, kind):
        said = {"type": kind, "storeId": KEYS["store_id"], "metadata": {"orderId": NUMBER}}

        heard = company.provider.read_notice(company.account, company.signed(said), utc_now())

        assert heard == AskAgain(NUMBER)

    @pytest.mark.parametrize(
        "metadata", [None, {}, {"orderId": 7}, {"orderId": "a b"}, {"orderId": "x" * 65}, []]
    )
    def test_invoices_of_others_lead_to_nothing(self, company, metadata):
        said = {"type": "InvoiceSettled", "storeId": KEYS["store_id"], "metadata": metadata}

        heard = company.provider.read_notice(company.account, company.signed(said), utc_now())

        assert isinstance(heard, (Ignored, AskAgain))
        assert heard in {Ignored("no order"), AskAgain("7")}


class TestInvoices:
    def made(self, company: BtcPayCompany, minor: int = 1999) -> tuple[PaymentRef, Invoice]:
        asked = PaymentAsked(
            NUMBER,
            Money(minor),
            title="年卡",
            back_url="https://shop.test/pay",
            expires_at=utc_now() + timedelta(minutes=30),
        )
        made = company.provider.create(company.account, asked)
        ref = PaymentRef(NUMBER, Money(minor), made.provider_ref)
        return ref, company.server.invoices[made.provider_ref]

    def asked(self, company: BtcPayCompany, ref: PaymentRef, *, minutes: int = 0):
        now = datetime.now(UTC) + timedelta(minutes=minutes)
        return company.provider.query(company.account, ref, now)

    def test_lives_as_long_as_the_order(self, company):
        _, invoice = self.made(company)
        sent = json.loads(company.server.calls[0].body)

        assert sent["checkout"]["expirationMinutes"] == 30
        assert sent["checkout"]["paymentTolerance"] == 0
        assert sent["amount"] == "19.99"
        assert invoice.metadata == {"orderId": NUMBER, "itemDesc": "年卡"}
        assert invoice.back_url == "https://shop.test/pay"

    @pytest.mark.parametrize("status", ["New", "Processing"])
    def test_P2_what_is_not_settled_is_not_paid(self, company, status):
        ref, invoice = self.made(company)
        invoice.paid, invoice.status = Decimal("19.99"), status

        assert self.asked(company, ref).state is QueryState.PENDING

    @pytest.mark.parametrize("status", ["Expired", "Invalid"])
    def test_an_invoice_that_came_to_nothing(self, company, status):
        ref, invoice = self.made(company)
        invoice.status = status

        assert self.asked(company, ref).state is QueryState.FAILED

    @pytest.mark.parametrize(
        ("paid", "besides", "minor"),
        [
            ("20.50", "PaidOver", 2050),
            ("19.9901", "PaidOver", 1999),  # less than a fen too much is the price
            ("19.99", "Marked", 1999),
            ("10", "Marked", 1000),
        ],
    )
    def test_P2_what_came_counts_not_what_was_wanted(self, company, paid, besides, minor):
        ref, invoice = self.made(company)
        invoice.status, invoice.besides, invoice.paid = "Settled", besides, Decimal(paid)

        said = self.asked(company, ref)

        assert said.notice is not None
        assert said.notice.amount == Money(minor)

    def test_settled_by_hand_without_money_is_not_paid(self, company):
        ref, invoice = self.made(company)
        invoice.status, invoice.besides = "Settled", "Marked"

        assert self.asked(company, ref).state is QueryState.FAILED

    @pytest.mark.parametrize(
        ("paid", "besides", "minor"),
        [("5.004", "PaidPartial", 500), ("19.99", "PaidLate", 1999)],
    )
    def test_L4_what_came_late_or_in_part_is_told_once_nothing_more_can_come(
        self, company, paid, besides, minor
    ):
        ref, invoice = self.made(company)
        invoice.status, invoice.besides, invoice.paid = "Expired", besides, Decimal(paid)

        assert self.asked(company, ref, minutes=80).state is QueryState.PENDING
        over = self.asked(company, ref, minutes=100)

        assert over.notice is not None
        assert over.notice.amount == Money(minor)

    def test_P3_an_invoice_whose_number_was_lost_is_found_by_ours(self, company):
        _, invoice = self.made(company)
        self.made(company)
        lost = PaymentRef(NUMBER, Money(1999))
        assert self.asked(company, lost).state is QueryState.PENDING

        invoice.receive(Decimal("19.99"))

        assert self.asked(company, lost).state is QueryState.PAID
        assert self.asked(company, PaymentRef("Nobody", Money(1))).state is QueryState.UNKNOWN
        gone = PaymentRef(NUMBER, Money(1), "x" * 22)
        assert self.asked(company, gone).state is QueryState.UNKNOWN

    @pytest.mark.parametrize(
        "changes",
        [
            {"metadata": {"orderId": "Other"}}, {"amount": Decimal("NaN")}, {"currency": "DOGE"},
            {"id": "?"},
        ],
    )  # fmt: skip
    def test_L9_an_answer_about_something_else_is_none(self, company, changes):
        ref, invoice = self.made(company)
        invoice.receive(invoice.amount)
        for name, value in changes.items():
            setattr(invoice, name, value)

        with pytest.raises(ProviderSilent):
            self.asked(company, ref)

    def test_coins_have_eight_digits(self, company):
        coins = replace(company.account, currency="BTC")
        made = company.provider.create(coins, PaymentAsked(NUMBER, Money(12345, "BTC")))
        invoice = company.server.invoices[made.provider_ref]
        invoice.receive(invoice.amount)

        said = self.asked(company, PaymentRef(NUMBER, Money(12345, "BTC"), made.provider_ref))

        assert invoice.amount == Decimal("0.00012345")
        assert said.notice is not None
        assert said.notice.amount == Money(12345, "BTC")


class TestFilledIn:
    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"gateway": "http://b.test"}, "gateway"),
            ({"store_id": ""}, "store_id"),
            ({"store_id": "../x"}, "store_id"),
            ({"payment_methods": "BTC;rm"}, "payment_methods"),
            ({"speed": "Warp"}, "speed"),
        ],
    )
    def test_options_are_of_their_form(self, changes, field):
        filled = info_of(account(KEYS, "https://b.test"), **changes)

        with pytest.raises(BadSecrets) as refused:
            btcpay("http://h").check_secrets(filled.secrets, filled.options)

        assert refused.value.detail == {"field": field}

    @pytest.mark.parametrize("name", ["api_key", "webhook_secret"])
    def test_L9_both_secrets_are_worth_something(self, name):
        filled = info_of(account({**KEYS, name: "short"}, "https://b.test"))

        with pytest.raises(BadSecrets):
            btcpay("http://h").check_secrets(filled.secrets, filled.options)

    @pytest.mark.parametrize("changes", [{"api_key": "k" * 40}, {"store_id": "s" * 40}])
    def test_P1_what_the_server_refuses_is_told_without_the_key(self, server, changes):
        filled = info_of(account({**KEYS, **changes}, server.url))

        for call in (
            lambda: btcpay(server.url).probe(filled, utc_now()),
            lambda: btcpay(server.url).create(filled, PaymentAsked(NUMBER, Money(1))),
        ):
            with pytest.raises(AccountRefused) as refused:
                call()
            assert str(refused.value.detail["why"]).startswith("HTTP 40")
            assert filled.secrets["api_key"][0] not in repr(refused.value)
        with pytest.raises(ProviderSilent):
            btcpay(server.url).query(
                replace(filled, secrets={"api_key": ("k" * 40,)}),
                PaymentRef(NUMBER, Money(1)),
                utc_now(),
            )

    def test_methods_are_named_to_the_server(self, server):
        filled = info_of(account(KEYS, server.url), payment_methods="BTC-CHAIN, BTC-LN")
        btcpay(server.url).create(filled, PaymentAsked(NUMBER, Money(1)))

        sent = json.loads(server.calls[0].body)
        assert sent["checkout"]["paymentMethods"] == ["BTC-CHAIN", "BTC-LN"]
