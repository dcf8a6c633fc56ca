"""The port's one contract test: what every payment company must do, whoever brings it.

A class of tests for a company inherits from `PaymentContract` and gives a fixture `company`.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from kacang.payments.ports import (
    PORT_VERSION,
    AccountInfo,
    BadNotice,
    BadSecrets,
    BadSignature,
    PaymentAsked,
    PaymentProvider,
    ProviderSilent,
    QueryState,
)
from kacang.shared.clock import utc_now
from kacang.shared.money import Money

# For signatures, which are looked at beside it. Companies that are really asked live in the
# present: a suite may take longer than a signature holds.
NOW = datetime.now(UTC)
NUMBER = "Pay1234567"
Message = tuple[Mapping[str, str], bytes]


class Company(Protocol):
    """A company and its adapter, as the contract wants to play with them."""

    provider: PaymentProvider
    account: AccountInfo

    def message(self, *, minor: int = 1999, final: bool = True, serial: str = "s1") -> Message:
        """What it sends about a payment NUMBER, rightly signed at NOW."""
        ...

    def signed_nonsense(self) -> Message:
        """Something that is rightly signed and says nothing."""
        ...

    def pay(self, minor: int) -> None:
        """Somebody pays NUMBER, and the message is lost."""
        ...

    def fall_silent(self) -> None:
        """From now on it answers no question."""
        ...


class PaymentContract:
    """What every payment company must do."""

    def read(self, company: Company, message: Message, now: datetime = NOW):
        return company.provider.read_notice(company.account, *message, now)

    def test_is_of_the_ports_version(self, company):
        assert company.provider.port_version == PORT_VERSION
        assert company.provider.name == company.account.provider

    def test_says_where_to_pay(self, company):
        made = company.provider.create(company.account, PaymentAsked(NUMBER, Money(1999)))

        assert made.pay_url.startswith(("http://", "https://"))
        assert NUMBER in made.pay_url
        assert 0 < len(made.qr_content) <= 500
        assert len(made.pay_url) <= 500

    def test_understands_money(self, company):
        notice = self.read(company, company.message(minor=1999))

        assert (notice.payment_number, notice.amount) == (NUMBER, Money(1999))
        assert notice.is_final
        assert notice.provider_number

    def test_repeats_are_the_same_notice_and_others_are_not(self, company):
        first, again, other = (
            self.read(company, company.message(serial=serial)) for serial in ("s1", "s1", "s2")
        )

        assert first == again
        assert other.notice_id != first.notice_id
        assert other.provider_number != first.provider_number

    def test_what_is_not_final_says_so_and_is_another_notice(self, company):
        waits = self.read(company, company.message(final=False))

        assert not waits.is_final
        assert waits.notice_id != self.read(company, company.message()).notice_id

    def test_no_byte_can_be_changed(self, company):
        headers, body = company.message()

        for place in range(len(body)):
            changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
            with pytest.raises(BadSignature):
                self.read(company, (headers, changed))

    @pytest.mark.parametrize("away", [timedelta(days=1), timedelta(days=-1)])
    def test_an_old_message_is_not_believed(self, company, away):
        with pytest.raises(BadSignature):
            self.read(company, company.message(), NOW + away)

    def test_nothing_is_no_message(self, company):
        cut = company.message()[1][:-20]
        for body in (b"", cut, b"\xff\0"):
            with pytest.raises((BadSignature, BadNotice)):
                self.read(company, ({}, body))

    def test_signed_nonsense_is_not_understood(self, company):
        with pytest.raises(BadNotice):
            self.read(company, company.signed_nonsense())

    def test_L9_an_account_without_a_secret_believes_nobody(self, company):
        names = company.account.secrets
        for secrets in ({}, dict.fromkeys(names, ()), dict.fromkeys(names, ("",))):
            with pytest.raises(BadSecrets):
                company.provider.check_secrets(secrets)
            with pytest.raises(BadSignature):
                company.provider.read_notice(
                    replace(company.account, secrets=secrets), *company.message(), NOW
                )

    def test_secrets_in_force_are_taken_and_new_ones_too(self, company):
        made = company.provider.new_secrets()

        company.provider.check_secrets(company.account.secrets)
        if made is not None:
            company.provider.check_secrets({name: (value,) for name, value in made.items()})

    def test_is_asked_about_what_nobody_told(self, company):
        assert company.provider.query(company.account, NUMBER, utc_now()).notice is None

        company.pay(1999)
        first, again = (
            company.provider.query(company.account, NUMBER, utc_now()) for _ in range(2)
        )

        assert first.state is QueryState.PAID
        assert first.notice is not None
        assert (first.notice.payment_number, first.notice.amount) == (NUMBER, Money(1999))
        assert again.notice is not None
        assert again.notice.notice_id == first.notice.notice_id
        assert again.notice.provider_number == first.notice.provider_number

    def test_closing_may_be_repeated(self, company):
        for _ in range(2):
            company.provider.close(company.account, NUMBER, utc_now())

        assert company.provider.query(company.account, NUMBER, utc_now()).state in {
            QueryState.FAILED,
            QueryState.UNKNOWN,
        }

    def test_silence_is_not_an_answer(self, company):
        company.fall_silent()

        with pytest.raises(ProviderSilent):
            company.provider.query(company.account, NUMBER, utc_now())
