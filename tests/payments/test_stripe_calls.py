"""P3, P4, F2: what Stripe is asked, what it answers, and when it does not."""

import io
import json
from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from kacang.payments.ports import (
    AccountRefused,
    BadNotice,
    NoBill,
    PaymentAsked,
    ProviderSilent,
    QueryState,
    RefundAsked,
    RefundRefused,
    RefundState,
    RowKind,
)
from kacang.shared.clock import utc_now
from kacang.shared.money import Money
from simulators.payments.company import BillFault, Deed, RefundWay
from tests.payments import stripe_company
from tests.payments.contract import MINOR, NUMBER, made


@pytest.fixture
def company():
    with stripe_company.played() as running:
        yield running


class TestAnswers:
    def test_what_becomes_of_a_session(self, company):
        ref = made(company)
        ask = company.provider.query

        assert ask(company.account, ref, utc_now()).state is QueryState.PENDING
        company.provider.close(company.account, ref, utc_now())
        assert ask(company.account, ref, utc_now()).state is QueryState.FAILED
        unknown = replace(ref, provider_ref="cs_test_nobody")
        assert ask(company.account, unknown, utc_now()).state is QueryState.UNKNOWN
        never = replace(ref, provider_ref="")
        assert ask(company.account, never, utc_now()).state is QueryState.UNKNOWN

    def test_what_is_paid_is_not_closed(self, company):
        ref = made(company)
        company.pay(MINOR)

        company.provider.close(company.account, ref, utc_now())

        assert company.provider.query(company.account, ref, utc_now()).state is QueryState.PAID

    def test_money_that_is_under_way_is_asked_about_again(self, company):
        ref = made(company)
        company.stripe.act_slowly(company.session, succeeds=False)

        assert company.provider.query(company.account, ref, utc_now()).state is QueryState.PENDING

    def test_another_payments_session_is_no_answer(self, company):
        ref = made(company)
        company.pay(MINOR)

        with pytest.raises(ProviderSilent):
            company.provider.query(company.account, replace(ref, number="Other1"), utc_now())

    def test_another_currency_is_another_amount(self, company):
        ref = made(company)
        company.stripe.act(company.session, Deed.CURRENCY)

        notice = company.provider.query(company.account, ref, utc_now()).notice

        assert notice.amount == Money(MINOR, "USD")

    def test_P1_a_wrong_key_is_told_without_showing_it(self, company):
        key = "sk_test_wrong_0123456789abcd"
        wrong = replace(company.account, secrets={**company.account.secrets, "secret_key": (key,)})

        with pytest.raises(AccountRefused) as told:
            company.provider.probe(wrong, utc_now())
        assert "abcd" not in repr(told.value)
        assert told.value.__cause__ is None
        with pytest.raises(AccountRefused):
            made(replace(company, account=wrong))
        ref = made(company)
        for call in (company.provider.query, company.provider.close):
            with pytest.raises(ProviderSilent):
                call(wrong, ref, utc_now())

    def test_P3_500_and_silence_are_not_tried_again_here(self, company):
        for trouble in ("broken", "mute"):
            setattr(company.stripe.mood, trouble, 1)
            before = len(company.stripe.calls)
            with pytest.raises(ProviderSilent):
                company.provider.probe(company.account, utc_now())
            assert len(company.stripe.calls) == before + 1
        company.provider.probe(company.account, utc_now())

    def test_P1_one_number_is_not_two_payments(self, company):
        company.provider.create(company.account, PaymentAsked(NUMBER, Money(MINOR), "x"))

        with pytest.raises(ProviderSilent):
            company.provider.create(company.account, PaymentAsked(NUMBER, Money(5), "x"))
        assert len(company.stripe.sessions) == 1

    def test_P1_what_stripe_will_not_make_is_told(self, company):
        asked = PaymentAsked(NUMBER, Money(0), "x")

        with pytest.raises(AccountRefused) as told:
            company.provider.create(company.account, asked)
        assert "Missing required param" in str(told.value)


class TestRefunds:
    def asked(self, company, minor: int = 500, number: str = "Ref1") -> RefundAsked:
        ref = made(company)
        company.pay(MINOR)
        return RefundAsked(number, ref, company.session.intent, Money(minor), reason="卡密无效")

    def test_P4_a_lost_answer_is_found_again(self, company):
        asked = self.asked(company)
        company.stripe.mood.mute, company.stripe.mood.only = 1, "POST /v1/refunds"

        with pytest.raises(ProviderSilent):
            company.provider.refund(company.account, asked, utc_now())
        assert company.refunded() == 500
        again = company.provider.refund(company.account, asked, utc_now())

        assert again.state is RefundState.DONE
        assert company.refunded() == 500

    def test_P4_even_when_stripe_has_forgotten_the_call(self, company):
        asked = self.asked(company)
        company.provider.refund(company.account, asked, utc_now())
        company.stripe.forget_calls()

        again = company.provider.refund(company.account, asked, utc_now())

        assert again.state is RefundState.DONE
        assert company.refunded() == 500

    @pytest.mark.parametrize(
        ("way", "state"),
        [(RefundWay.PENDING, RefundState.DONE), (RefundWay.FAILS_LATER, RefundState.FAILED)],
    )
    def test_P4_what_is_pending_ends_one_way_or_the_other(self, company, way, state):
        asked = self.asked(company)
        company.stripe.mood.refunds = way

        first = company.provider.refund(company.account, asked, utc_now())
        company.stripe.finish_refunds()
        last = company.provider.query_refund(company.account, asked, utc_now())

        assert (first.state, last.state) == (RefundState.PENDING, state)
        assert first.provider_ref == last.provider_ref
        assert bool(last.why) is (state is RefundState.FAILED)

    def test_P4_one_that_it_never_heard_of(self, company):
        known = company.provider.query_refund(company.account, self.asked(company), utc_now())

        assert known.state is RefundState.UNKNOWN

    def test_P4_a_refusal_comes_in_its_words(self, company):
        with pytest.raises(RefundRefused) as told:
            company.provider.refund(company.account, self.asked(company, 2000), utc_now())

        assert "greater than unrefunded amount" in str(told.value)
        assert company.refunded() == 0

    def test_P4_trouble_there_is_not_a_refusal(self, company):
        asked = self.asked(company)
        company.stripe.mood.broken = 1

        with pytest.raises(ProviderSilent):
            company.provider.refund(company.account, asked, utc_now())
        assert company.refunded() == 0


class TestBill:
    def fetched(self, company) -> io.BytesIO:
        bill = io.BytesIO()
        day = utc_now().astimezone(UTC).date()
        company.provider.fetch_bill(company.account, day, bill, utc_now() + timedelta(days=1))
        bill.seek(0)
        return bill

    def rows(self, company):
        return list(company.provider.read_bill(company.account, self.fetched(company)))

    @pytest.fixture
    def booked(self, company):
        ref = made(company)
        company.pay(MINOR)
        asked = RefundAsked("Ref1", ref, company.session.intent, Money(500))
        company.provider.refund(company.account, asked, utc_now())
        return company

    def test_F2_has_payments_and_refunds_and_nothing_else(self, booked):
        back, paid = sorted(self.rows(booked), key=lambda row: row.kind.value, reverse=True)

        assert (paid.kind, paid.amount, paid.fee) == (RowKind.PAYMENT, Money(MINOR), Money(67))
        assert (back.kind, back.amount, back.fee) == (RowKind.REFUND, Money(500), Money(0))
        assert (back.payment_number, back.refund_number) == (NUMBER, "Ref1")
        assert back.provider_number == booked.session.refunds[0].id
        assert abs(paid.at - utc_now()) < timedelta(minutes=1)

    def test_F2_a_day_that_is_not_over_has_none(self, booked):
        with pytest.raises(NoBill):
            booked.provider.fetch_bill(booked.account, utc_now().date(), io.BytesIO(), utc_now())

    def test_F2_a_refund_that_failed_is_not_done(self, company):
        ref = made(company)
        company.pay(MINOR)
        company.stripe.mood.refunds = RefundWay.FAILS_LATER
        asked = RefundAsked("Ref1", ref, company.session.intent, Money(500))
        company.provider.refund(company.account, asked, utc_now())
        company.stripe.finish_refunds()

        refunds = [row.is_done for row in self.rows(company) if row.kind is RowKind.REFUND]

        assert refunds == [False]

    def test_F2_faults_come_through(self, booked):
        booked.stripe.mood.bill = frozenset({BillFault.EXTRA, BillFault.CHANGED})

        amounts = sorted(row.amount.minor for row in self.rows(booked))

        assert amounts == [500, 777, MINOR + 1]
        booked.stripe.mood.bill = frozenset({BillFault.MISSING})
        assert [row.kind for row in self.rows(booked)] == [RowKind.REFUND]

    def test_F2_more_than_a_page(self, company):
        made(company)
        company.pay(MINOR)
        for _ in range(150):
            company.stripe.refund_by_hand(company.session, 1)

        rows = self.rows(company)

        assert len(rows) == 151
        assert len({row.provider_number for row in rows}) == 151
        assert sum(one.path == "/v1/balance_transactions" for one in company.stripe.calls) == 2

    def test_F2_in_the_buyers_currency_and_the_fee_only_in_the_same(self, booked):
        lines = [json.loads(line) for line in self.fetched(booked).readlines()]
        for line in lines:
            if line.get("type") == "charge":
                line.update(amount=250, currency="eur", fee=9)
        changed = io.BytesIO(b"".join(json.dumps(line).encode() + b"\n" for line in lines))

        rows = list(booked.provider.read_bill(booked.account, changed))

        (paid,) = [row for row in rows if row.kind is RowKind.PAYMENT]
        assert (paid.amount, paid.fee) == (Money(MINOR), None)

    def test_F2_cut_off_or_anothers_it_is_refused(self, booked):
        whole = self.fetched(booked).getvalue()
        lines = whole.splitlines(keepends=True)
        other = replace(booked.account, uid="acc_other")
        with pytest.raises(BadNotice):
            list(booked.provider.read_bill(other, io.BytesIO(whole)))
        for broken in (
            b"", b"".join(lines[:-1]), b"".join([*lines[:1], *lines[2:]]), whole[:-1],
            whole.replace(b'"source":{', b'"source":1,"x":{'), b"x" * 300_000, lines[0] + b"[1]\n",
        ):  # fmt: skip
            with pytest.raises(BadNotice):
                list(booked.provider.read_bill(booked.account, io.BytesIO(broken)))
