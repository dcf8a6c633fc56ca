"""The port's one contract test: what every payment company must do, whoever brings it.

A class of tests for a company inherits from `PaymentContract` and gives a fixture `company`.
"""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import pytest

from kacang.payments.ports import (
    PORT_VERSION,
    AccountInfo,
    AskAgain,
    BadNotice,
    BadSecrets,
    BadSignature,
    Device,
    Ignored,
    IncomingMessage,
    NoBill,
    Notice,
    PaymentAsked,
    PaymentProvider,
    PaymentRef,
    ProviderSilent,
    QueryState,
    RefundAsked,
    RefundRefused,
    RefundState,
    RowKind,
    VerifiedNotice,
)
from kacang.shared.clock import utc_now
from kacang.shared.money import Money

NUMBER = "Pay1234567"
REFUND = "Ref1234567"
MINOR = 1999


class Company(Protocol):
    """A company and its adapter, as the contract wants to play with them."""

    provider: PaymentProvider
    account: AccountInfo
    # Whether its messages say when they were sent.
    is_dated: bool

    def message(
        self, *, minor: int = MINOR, final: bool = True, serial: str = "s1"
    ) -> IncomingMessage:
        """What it sends about a payment NUMBER, rightly signed now."""
        ...

    def signed_nonsense(self) -> IncomingMessage:
        """Something that is rightly signed and says nothing."""
        ...

    def pay(self, minor: int) -> None:
        """Somebody pays NUMBER, and the message is lost."""
        ...

    def refunded(self) -> int:
        """How much of NUMBER the company has given back, in minor units."""
        ...

    def fall_silent(self) -> None:
        """From now on it answers no question."""
        ...


def made(company: Company) -> PaymentRef:
    """Have the company make payment NUMBER."""
    amount = Money(MINOR, company.account.currency)
    asked = PaymentAsked(
        NUMBER,
        amount,
        title="视频会员 月卡 × 1",
        address="203.0.113.7",
        back_url="https://shop.example/pay",
        expires_at=utc_now() + timedelta(minutes=30),
    )
    said = company.provider.create(company.account, asked)
    return PaymentRef(NUMBER, amount, said.provider_ref, utc_now())


class PaymentContract:
    """What every payment company must do."""

    # Whether there is a company to ask. Where the merchant is the company, there is none.
    answers = True

    def read(self, company: Company, message: IncomingMessage, now: datetime | None = None):
        return company.provider.read_notice(company.account, message, now or utc_now())

    def test_is_of_the_ports_version(self, company):
        assert company.provider.port_version == PORT_VERSION
        assert company.provider.name == company.account.provider

    def test_asks_for_what_it_needs(self, company):
        named = [field.name for field in company.provider.fields]

        assert len(set(named)) == len(named)
        assert all(field.label and field.label_zh for field in company.provider.fields)
        assert {*company.account.secrets, *company.account.options} <= set(named)
        for field in company.provider.fields:
            assert not field.is_secret or field.name not in company.account.options

    def test_says_where_to_pay(self, company):
        amount = Money(MINOR, company.account.currency)

        said = company.provider.create(company.account, PaymentAsked(NUMBER, amount))

        assert said.pay_url or said.qr_content or said.in_app or said.facts
        assert not said.pay_url or said.pay_url.startswith(("http://", "https://"))
        assert len(said.pay_url) <= 2000
        assert len(said.qr_content) <= 2000
        assert any(company.provider.fits(company.account, device) for device in Device)

    def test_understands_money(self, company):
        notice = self.read(company, company.message(minor=MINOR))

        assert notice.payment_number == NUMBER
        if isinstance(notice, AskAgain):
            return  # what was paid is asked, `test_L8_is_asked_about_what_nobody_told`
        assert notice.amount == Money(MINOR, company.account.currency)
        assert notice.is_final
        assert notice.provider_number

    def test_repeats_are_the_same_notice_and_others_are_not(self, company):
        first, again, other = (
            self.read(company, company.message(serial=serial)) for serial in ("s1", "s1", "s2")
        )
        if isinstance(first, AskAgain):
            pytest.skip("its messages say nothing that is kept")

        assert first.notice_id == again.notice_id
        assert first.provider_number == again.provider_number
        assert other.notice_id != first.notice_id
        assert other.provider_number != first.provider_number

    def test_what_is_not_final_says_so_and_is_another_notice(self, company):
        waits = self.read(company, company.message(final=False))

        if isinstance(waits, VerifiedNotice):
            assert not waits.is_final
            assert waits.notice_id != self.read(company, company.message()).notice_id

    def test_no_changed_message_says_anything_else(self, company):
        message = company.message()
        said = _without_raw(self.read(company, message))

        for changed in _changed(message):
            try:
                heard = self.read(company, changed)
            except (BadSignature, BadNotice):
                continue
            # A space or the order of fields, where a company signs the fields alone.
            assert isinstance(heard, (VerifiedNotice, AskAgain))
            assert _without_raw(heard) == said

    @pytest.mark.parametrize("away", [timedelta(days=1), timedelta(days=-1)])
    def test_an_old_message_is_not_believed(self, company, away):
        if not company.is_dated:
            pytest.skip("its messages do not say when they were sent")
        with pytest.raises(BadSignature):
            self.read(company, company.message(), utc_now() + away)

    def test_nothing_is_no_message(self, company):
        message = company.message()
        bare = IncomingMessage(method=message.method)
        cut = {"body": message.body[:-20], "query": message.query[:-20]}
        for changed in (bare, replace(bare, body=b"\xff\0"), replace(message, **cut)):
            with pytest.raises((BadSignature, BadNotice)):
                self.read(company, changed)

    def test_signed_nonsense_is_not_understood(self, company):
        try:
            heard = self.read(company, company.signed_nonsense())
        except BadNotice:
            return
        assert isinstance(heard, Ignored)

    def test_L9_an_account_without_a_secret_believes_nobody(self, company):
        names = company.account.secrets
        for secrets in ({}, dict.fromkeys(names, ()), dict.fromkeys(names, ("",))):
            with pytest.raises(BadSecrets):
                company.provider.check_secrets(secrets, company.account.options)
            with pytest.raises(BadSignature):
                company.provider.read_notice(
                    replace(company.account, secrets=secrets), company.message(), utc_now()
                )

    def test_secrets_in_force_are_taken_and_new_ones_too(self, company):
        new = company.provider.new_secrets()

        company.provider.check_secrets(company.account.secrets, company.account.options)
        if new is not None:
            fresh = {name: (value,) for name, value in new.items()}
            company.provider.check_secrets(
                {**company.account.secrets, **fresh}, company.account.options
            )

    def test_L8_is_asked_about_what_nobody_told(self, company):
        ref = made(company)
        assert company.provider.query(company.account, ref, utc_now()).notice is None
        if not self.answers:
            pytest.skip("there is nobody to ask")

        company.pay(MINOR)
        first, again = (company.provider.query(company.account, ref, utc_now()) for _ in range(2))

        assert first.state is QueryState.PAID
        assert first.notice is not None
        assert first.notice.payment_number == NUMBER
        assert first.notice.amount == ref.amount
        assert again.notice is not None
        assert again.notice.notice_id == first.notice.notice_id
        assert again.notice.provider_number == first.notice.provider_number

    def test_closing_may_be_repeated(self, company):
        ref = made(company)
        for _ in range(2):
            company.provider.close(company.account, ref, utc_now())

        assert company.provider.query(company.account, ref, utc_now()).notice is None

    def test_P4_gives_back_once_whatever_is_repeated(self, company):
        ref = made(company)
        company.pay(MINOR)
        paid = company.provider.query(company.account, ref, utc_now()).notice
        assert paid is not None or not self.answers
        part = Money(500, company.account.currency)
        money = paid.provider_number if paid is not None else "none"
        asked = RefundAsked(REFUND, ref, money, part, reason="卡密无效")
        if not company.provider.refunds:
            for call in (company.provider.refund, company.provider.query_refund):
                with pytest.raises(RefundRefused):
                    call(company.account, asked, utc_now())
            return

        results = [company.provider.refund(company.account, asked, utc_now()) for _ in range(2)]

        assert all(each.state in {RefundState.DONE, RefundState.PENDING} for each in results)
        assert company.refunded() == part.minor
        known = replace(asked, provider_ref=results[0].provider_ref)
        assert company.provider.query_refund(company.account, known, utc_now()).state in {
            RefundState.DONE,
            RefundState.PENDING,
        }
        other = replace(asked, number=REFUND + "2", amount=Money(MINOR, part.currency))
        with pytest.raises(RefundRefused):
            company.provider.refund(company.account, other, utc_now())
        assert company.refunded() == part.minor

    def test_F2_its_bill_has_what_it_was_paid(self, company):
        ref = made(company)
        company.pay(MINOR)
        now = utc_now()
        day = now.astimezone(ZoneInfo(company.provider.zone)).date()
        bill = io.BytesIO()
        if not company.provider.bills:
            with pytest.raises(NoBill):
                company.provider.fetch_bill(company.account, day, bill, now)
            return

        company.provider.fetch_bill(company.account, day, bill, now + timedelta(days=2))
        bill.seek(0)
        rows = list(company.provider.read_bill(company.account, bill))

        (row,) = [row for row in rows if row.payment_number == NUMBER]
        assert (row.kind, row.amount, row.is_done) == (RowKind.PAYMENT, ref.amount, True)
        paid = company.provider.query(company.account, ref, utc_now()).notice
        assert paid is not None
        assert row.provider_number == paid.provider_number
        with pytest.raises(BadNotice):
            list(company.provider.read_bill(company.account, io.BytesIO(b"a,b,c\n1,2,3\n")))

    def test_P1_a_probe_is_a_real_round_trip(self, company):
        company.provider.probe(company.account, utc_now())
        if not self.answers:
            pytest.skip("there is nobody who could be silent")

        company.fall_silent()
        with pytest.raises(ProviderSilent):
            company.provider.probe(company.account, utc_now())

    def test_silence_is_not_an_answer(self, company):
        if not self.answers:
            pytest.skip("there is nobody who could be silent")
        ref = made(company)
        company.fall_silent()

        with pytest.raises(ProviderSilent):
            company.provider.query(company.account, ref, utc_now())


def _without_raw(notice: Notice) -> Notice:
    return replace(notice, raw="") if isinstance(notice, VerifiedNotice) else notice


def _changed(message: IncomingMessage) -> Iterator[IncomingMessage]:
    """Yield the message with each of its bytes changed by one bit."""
    for place in range(len(message.body)):
        byte = bytes([message.body[place] ^ 1])
        yield replace(message, body=message.body[:place] + byte + message.body[place + 1 :])
    for place in range(len(message.query)):
        letter = chr(ord(message.query[place]) ^ 1)
        yield replace(message, query=message.query[:place] + letter + message.query[place + 1 :])
