"""P2, L9: Stripe's adapter, held to the contract, to a known signature and to the traps."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import stripe

from kacang.payments.adapters.stripe import notices
from kacang.payments.adapters.stripe.company import CURRENCIES
from kacang.payments.ports import (
    BadNotice,
    BadSecrets,
    BadSignature,
    Device,
    Ignored,
    IncomingMessage,
    PaymentAsked,
    RefundNotice,
    RefundState,
    VerifiedNotice,
)
from kacang.shared.clock import utc_now
from kacang.shared.money import Money, exponent
from simulators.payments.stripe import signing
from tests.payments import stripe_company
from tests.payments.contract import MINOR, NUMBER, PaymentContract
from tests.payments.vectors import vector

# As Stripe lists them.
ZERO_DECIMAL = {
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "UGX", "VND", "VUV",
    "XAF", "XOF", "XPF",
}  # fmt: skip


@pytest.fixture
def company():
    with stripe_company.played() as running:
        yield running


class TestStripe(PaymentContract):
    @pytest.fixture
    def company(self):
        with stripe_company.played() as running:
            yield running


class TestVectors:
    def test_both_sides_sign_as_is_known(self):
        known = vector("stripe_webhook")
        at, body = known["timestamp"], known["payload"]

        assert signing.header([known["secret"]], at, body) == known["header"]
        now = datetime.fromtimestamp(at, UTC)
        notices.check([known["secret"]], known["header"], body.encode(), now)
        with pytest.raises(BadSignature):
            notices.check([known["secret"]], known["header"], body.encode() + b" ", now)

    def test_as_the_library_does(self):
        body, secret = '{"object": "event", "名": "值"}', "whsec_0123456789abcdef"
        stamp = int(utc_now().timestamp())

        theirs = stripe.WebhookSignature.generate_signature_header(body, secret, stamp)

        assert theirs == signing.header([secret], stamp, body)
        notices.check([secret], theirs, body.encode(), utc_now())
        assert stripe.WebhookSignature.verify_header(
            body, signing.header(["whsec_other", secret], stamp, body), secret
        )


class TestPaying:
    def ask(self, company, **changes):
        asked = PaymentAsked(NUMBER, Money(MINOR, company.account.currency), "视频会员", **changes)
        return company.provider.create(company.account, asked)

    def test_P1_every_device_is_served(self, company):
        assert all(company.provider.fits(company.account, one) for one in Device)

    def test_P1_a_payment_is_one_session_however_often_it_is_asked_for(self, company):
        until = utc_now() + timedelta(minutes=15)

        first, again = (
            self.ask(company, expires_at=until, back_url="https://shop.example/b") for _ in range(2)
        )

        assert first == again
        (session,) = company.stripe.sessions.values()
        assert first.provider_ref == session.id
        assert first.pay_url == f"{company.stripe.url}/c/pay/{session.id}"
        assert (session.minor, session.currency, session.name) == (MINOR, "cny", "视频会员")
        assert session.back_url == "https://shop.example/b"
        assert session.expires_at == int((until + timedelta(minutes=31)).timestamp())

    def test_P1_an_order_that_waits_for_days_has_a_session_for_a_day(self, company):
        self.ask(company, expires_at=utc_now() + timedelta(days=3))

        assert company.session.expires_at - utc_now().timestamp() > 86_000

    def test_tells_stripe_nothing_about_this_machine(self, company):
        self.ask(company)

        (call,) = company.stripe.calls
        said = {name for name in call.headers if name.startswith("x-stripe")}
        assert said == set()
        assert call.headers["user-agent"] == "Kacang"
        assert b"payment_method_types[0]=card" in call.body
        assert b"adaptive_pricing[enabled]=False" in call.body.replace(b"false", b"False")

    def test_or_all_that_is_switched_on_there(self):
        with stripe_company.played(methods="all") as company:
            self.ask(company)
            assert b"payment_method_types" not in company.stripe.calls[0].body

    def test_yen_have_no_cents(self, company):
        account = replace(company.account, currency="JPY")
        asked = PaymentAsked(NUMBER, Money(1999, "JPY"), "x")

        company.provider.create(account, asked)

        assert (company.session.minor, company.session.currency) == (1999, "jpy")

    def test_stripe_counts_our_currencies_as_we_do(self):
        assert {one for one in CURRENCIES if exponent(one) == 0} == CURRENCIES & ZERO_DECIMAL
        assert {exponent(one) for one in CURRENCIES - ZERO_DECIMAL} == {2}


class TestNotices:
    def read(self, company, message: IncomingMessage):
        return company.provider.read_notice(company.account, message, utc_now())

    @pytest.mark.parametrize(
        "header",
        [
            "", "t=,v1=", "v1=aa", "t=1", "t=soon,v1={v1}", "t={t}", "t={t},v0={v1}",
            "t={t},v1={v1}0", "t={t},t={t},v1={v1}", "t={t}0,v1={v1}",
            "t={t},v1=" + "0" * 64, "t= {t},v1={v1}",
        ],
    )  # fmt: skip
    def test_L9_a_header_that_does_not_fit_is_no_signature(self, company, header):
        message = company.message()
        stamp, mac = message.headers["stripe-signature"].removeprefix("t=").split(",v1=")
        forged = {"stripe-signature": header.format(t=stamp, v1=mac)}

        with pytest.raises(BadSignature):
            self.read(company, replace(message, headers=forged))

    def test_L9_an_empty_secret_signs_nothing(self, company):
        company.stripe.webhook_secrets = [""]
        empty = {**company.account.secrets, notices.SIGNING: ("",)}

        with pytest.raises(BadSignature):
            company.provider.read_notice(
                replace(company.account, secrets=empty), company.message(), utc_now()
            )

    def test_while_a_secret_changes_both_count(self, company):
        new = "whsec_new_one_0123456789"
        company.stripe.webhook_secrets = [new, stripe_company.KEYS["webhook_secret"]]
        message = company.message()

        for ours in ((new,), (stripe_company.KEYS["webhook_secret"],)):
            secrets = {**company.account.secrets, notices.SIGNING: ours}
            account = replace(company.account, secrets=secrets)
            assert company.provider.read_notice(account, message, utc_now()).is_final
        company.stripe.webhook_secrets = ["whsec_stranger_0123456789"]
        with pytest.raises(BadSignature):
            self.read(company, company.message())

    @pytest.mark.parametrize(
        "changes",
        [
            {"amount_total": 0}, {"amount_total": -1}, {"amount_total": "1999"},
            {"amount_total": True}, {"amount_total": 19.99}, {"amount_total": None},
            {"amount_total": 10**16}, {"currency": "xxx"}, {"currency": None},
            {"payment_intent": None}, {"metadata": {"kacang_payment": "x" * 65}},
            {"metadata": {"kacang_payment": "a\0"}},
        ],
    )  # fmt: skip
    def test_L9_what_says_no_money_is_none(self, company, changes):
        with pytest.raises(BadNotice):
            self.read(company, company.changed(**changes))

    @pytest.mark.parametrize("status", ["unpaid", "no_payment_required", None, 1, "PAID"])
    def test_L9_completed_is_not_paid(self, company, status):
        assert not self.read(company, company.changed(payment_status=status)).is_final

    def test_L9_money_of_trials_pays_for_nothing_in_earnest(self, company):
        live = {**company.account.secrets, "secret_key": ("sk_live_0123456789",)}

        with pytest.raises(BadNotice):
            company.provider.read_notice(
                replace(company.account, secrets=live), company.message(), utc_now()
            )

    @pytest.mark.parametrize("metadata", [None, {}, [], {"kacang_payment": 1}, "x"])
    def test_what_another_shop_sells_there_is_nothing_to_us(self, company, metadata):
        assert isinstance(self.read(company, company.changed(metadata=metadata)), Ignored)

    @pytest.mark.parametrize(
        "kind", ["payment_intent.succeeded", "charge.dispute.created", "invoice.paid"]
    )
    def test_nor_what_is_not_about_a_session(self, company, kind):
        assert isinstance(self.read(company, company.event(kind, {"id": "x"})), Ignored)

    def test_money_that_comes_later(self, company):
        said = {
            "metadata": {"kacang_payment": NUMBER},
            "amount_total": MINOR,
            "currency": "cny",
            "payment_intent": "pi_1",
        }
        for kind, status, is_final in (
            ("completed", "unpaid", False),
            ("async_payment_succeeded", "paid", True),
            ("async_payment_failed", "unpaid", False),
            ("expired", "unpaid", False),
        ):
            event = company.event(f"checkout.session.{kind}", {**said, "payment_status": status})
            heard = self.read(company, event)
            assert isinstance(heard, VerifiedNotice)
            assert heard.is_final is is_final

    @pytest.mark.parametrize(
        ("kind", "status", "state"),
        [
            ("refund.created", "pending", RefundState.PENDING),
            ("refund.updated", "succeeded", RefundState.DONE),
            ("refund.failed", "failed", RefundState.FAILED),
            ("charge.refund.updated", "canceled", RefundState.FAILED),
            ("refund.updated", "requires_action", RefundState.PENDING),
        ],
    )
    def test_P4_refunds_are_told(self, company, kind, status, state):
        said = {
            "id": "re_1", "status": status, "amount": 500, "currency": "cny",
            "metadata": {"kacang_refund": "Ref1", "kacang_payment": NUMBER},
        }  # fmt: skip

        heard = self.read(company, company.event(kind, said))

        assert isinstance(heard, RefundNotice)
        assert (heard.refund_number, heard.provider_number) == ("Ref1", "re_1")
        assert (heard.payment_number, heard.amount) == (NUMBER, Money(500))
        assert heard.state is state

    def test_P4_a_refund_at_the_website_is_told_by_what_the_sum_grew(self, company):
        charge = {
            "id": "ch_1", "amount_refunded": 700, "currency": "cny",
            "metadata": {"kacang_payment": NUMBER},
        }  # fmt: skip
        grown = {"amount_refunded": 500}

        heard = self.read(company, company.event("charge.refunded", charge, previous=grown))

        assert isinstance(heard, RefundNotice)
        assert (heard.refund_number, heard.amount) == ("", Money(200))
        for changes in (
            {"key": "kacang-refund-Ref1", "previous": grown},
            {"previous": {"amount_refunded": 700}},
            {},
        ):
            event = company.event("charge.refunded", charge, **changes)
            assert isinstance(self.read(company, event), Ignored)


class TestSecrets:
    @pytest.mark.parametrize(
        "secrets",
        [
            {"secret_key": "pk_test_0123456789abcdef"},
            {"secret_key": "sk_test_"},
            {"secret_key": ""},
            {"webhook_secret": "whsec_"},
            {"webhook_secret": ""},
            {"webhook_secret": "0123456789abcdef0123"},
        ],
    )
    def test_L9_what_could_be_forged_is_refused(self, company, secrets):
        given = {
            **company.account.secrets,
            **{name: (value,) for name, value in secrets.items()},
        }

        with pytest.raises(BadSecrets) as told:
            company.provider.check_secrets(given, company.account.options)
        assert told.value.detail == {"field": next(iter(secrets))}

    def test_L9_keys_for_trials_and_for_earnest_do_not_mix(self, company):
        key = company.account.secrets["secret_key"][0]
        mixed = {**company.account.secrets, "secret_key": ("rk_live_0123456789", key)}

        with pytest.raises(BadSecrets):
            company.provider.check_secrets(mixed, company.account.options)

    @pytest.mark.parametrize("options", [{"methods": "cash"}, {"url": "ftp://x"}])
    def test_nor_options_that_mean_nothing(self, company, options):
        with pytest.raises(BadSecrets):
            company.provider.check_secrets(company.account.secrets, options)
