"""The sandbox's adapter against the company, a real server that shares no code with it."""

import json
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kacang.merchants.tenancy import acting_as
from kacang.payments.adapters.sandbox import SECRET, Sandbox
from kacang.payments.companies import registry, webhooks
from kacang.payments.companies.outside import client, refuse_in_transaction
from kacang.payments.ports import (
    AccountInfo,
    BadNotice,
    BadSecrets,
    BadSignature,
    IncomingMessage,
    PaymentAsked,
    PaymentProvider,
    PaymentRef,
    ProviderSilent,
    QueryState,
    Surroundings,
    VerifiedNotice,
)
from kacang.shared.money import Money
from kacang.shared.outbound import Guard, Outbound

REF = PaymentRef("Pay1234567", Money(1999))
NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
KEY = webhooks.new_secret()
ADAPTER = Sandbox(Surroundings("http://shop.test", Outbound(Guard())))
ACCOUNT = AccountInfo(
    id=1, merchant_id=1, uid="acc_x", provider="sandbox", enabled=True, currency="CNY",
    secrets={SECRET: (KEY,)},
)  # fmt: skip
SAID = {
    "id": "evt_1",
    "payment_id": "Pay1234567",
    "provider_number": "sb_1",
    "amount_minor": 1999,
    "currency": "CNY",
    "status": "paid",
}


def read(said, message_id="evt_1", account=ACCOUNT):
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    stamp = int(NOW.timestamp())
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(stamp),
        "webhook-signature": webhooks.sign(KEY, message_id, stamp, body),
    }
    return ADAPTER.read_notice(account, IncomingMessage(headers=headers, body=body), NOW)


class TestReadNotice:
    def test_understands_money(self):
        notice = read({**SAID, "something": {"new": [1]}})

        assert notice.payment_number == "Pay1234567"
        assert notice.provider_number == "sb_1"
        assert notice.amount == Money(1999)
        assert notice.is_final
        assert notice.notice_id == "evt_1"
        assert json.loads(notice.raw)["something"] == {"new": [1]}

    def test_a_status_that_is_not_final(self):
        for status in ("pending", "failed", "refunded", "PAID"):
            assert not read({**SAID, "status": status, "amount_minor": 0}).is_final

    def test_names_notices_by_both_ids(self):
        ids = {read(SAID, message).notice_id for message in ("evt_1", "other")}
        ids |= {read({**SAID, "id": "evt_2"}, "other").notice_id}

        assert len(ids) == 3

    @pytest.mark.parametrize("name", sorted(SAID))
    def test_refuses_a_missing_field(self, name):
        with pytest.raises(BadNotice):
            read({key: value for key, value in SAID.items() if key != name})

    @pytest.mark.parametrize("name", sorted(SAID))
    @pytest.mark.parametrize(
        "value", [None, True, 1.5, [], {}, "", "a b", "\0", "x" * 200, "支付", -1, 0, 10**30]
    )
    def test_refuses_a_field_of_the_wrong_kind(self, name, value):
        with pytest.raises(BadNotice):
            read({**SAID, name: value})

    @pytest.mark.parametrize("minor", [0, -1, True, "1999", 19.99, 10**16, None])
    def test_L9_refuses_an_amount_that_is_none(self, minor):
        with pytest.raises(BadNotice):
            read({**SAID, "amount_minor": minor})

    @pytest.mark.parametrize(
        "body",
        [
            b"", b"null", b"[]", b'"x"', b"{", b"\xff\xfe", b"[" * 60_000, b'{"id": NaN}',
            b'{"amount_minor": ' + b"9" * 5000 + b"}", b'{"id": "a\0b"}', b"1",
        ],
    )  # fmt: skip
    def test_refuses_what_is_not_a_message(self, body):
        with pytest.raises(BadNotice):
            read(body)

    @settings(max_examples=200, deadline=None)
    @given(
        st.dictionaries(
            st.sampled_from(sorted(SAID)),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
                lambda inner: st.lists(inner, max_size=2),
            ),
        )
    )
    def test_never_fails_in_another_way(self, changes):
        try:
            notice = read({**SAID, **changes})
        except BadNotice:
            return
        assert not notice.is_final or 0 < notice.amount.minor <= 10**15

    def test_looks_at_the_signature_first(self):
        with pytest.raises(BadSignature):
            ADAPTER.read_notice(ACCOUNT, IncomingMessage(body=b"not even JSON"), NOW)

    def test_L9_believes_nobody_without_a_secret(self):
        for secrets in ({}, {SECRET: ()}, {SECRET: ("",)}, {"other": (KEY,)}):
            bare = AccountInfo(1, 1, "acc_x", "sandbox", True, "CNY", secrets)  # noqa: FBT003
            with pytest.raises(BadSignature):
                read(SAID, account=bare)


class TestVerifiedNotice:
    GOOD: ClassVar[dict[str, Any]] = {
        "notice_id": "n", "payment_number": "p", "provider_number": "x", "amount": Money(1),
        "is_final": True, "raw": "{}",
    }  # fmt: skip

    @pytest.mark.parametrize(
        "changes",
        [
            {"notice_id": ""}, {"notice_id": "n" * 129}, {"payment_number": ""},
            {"payment_number": "p" * 65}, {"provider_number": ""}, {"provider_number": "x" * 129},
            {"provider_number": "a\0"}, {"amount": Money(0)}, {"amount": Money(-1)},
            {"amount": Money(10**15 + 1)}, {"amount": Money(1, "XAU")}, {"raw": "a\0b"},
        ],
    )  # fmt: skip
    def test_L9_no_adapter_can_make_one_of_nothing(self, changes):
        with pytest.raises(BadNotice):
            VerifiedNotice(**{**self.GOOD, **changes})

    def test_one_that_is_not_final_may_be_of_nothing(self):
        changes: dict[str, Any] = {"is_final": False, "amount": Money(0), "provider_number": ""}

        assert not VerifiedNotice(**{**self.GOOD, **changes}).is_final


class TestAgainstTheCompany:
    """What is the sandbox's own; what every company must do is in `contract.py`."""

    def test_is_found_by_its_entry_point(self):
        found: PaymentProvider = registry.provider("sandbox")

        assert (found.name, found.port_version, found.creates_offline) == ("sandbox", 2, True)
        with pytest.raises(registry.UnknownProvider):
            registry.provider("nobody")

    def test_creates_what_the_company_opens(self, account, sandbox, cashier):
        made = sandbox.create(account, PaymentAsked("Pay1234567", Money(1999)))
        asked = Outbound(Guard.build(own_urls=[cashier.url])).get(made.pay_url)

        assert asked.status == 200
        assert json.loads(asked.body)["amount_minor"] == 1999
        assert made.qr_content == made.pay_url
        assert len(made.pay_url) < 500

    def test_a_changed_amount_opens_nothing(self, account, sandbox, cashier):
        made = sandbox.create(account, PaymentAsked("Pay1234567", Money(1999)))
        cheaper = made.pay_url.replace("m=1999", "m=1")

        assert Outbound(Guard.build(own_urls=[cashier.url])).get(cheaper).status == 404

    def test_asks_about_every_outcome(self, account, sandbox, cashier):
        now = datetime.now(UTC)

        assert sandbox.query(account, REF, now).state is QueryState.UNKNOWN
        cashier.books.charge("Pay1234567", 1999, "CNY")
        assert sandbox.query(account, REF, now).state is QueryState.PENDING
        cashier.pay("Pay1234567", 1999, "CNY", "lose")
        paid = sandbox.query(account, REF, now)
        assert paid.state is QueryState.PAID
        assert paid.notice.amount == Money(1999)
        assert paid.notice.is_final
        charge = cashier.books.find("Pay1234567")
        assert paid.notice.provider_number == charge.provider_number

    def test_closes(self, account, sandbox, cashier):
        cashier.books.charge("Pay1234567", 1999, "CNY")

        sandbox.close(account, REF, datetime.now(UTC))

        assert cashier.books.find("Pay1234567").status == "closed"
        assert sandbox.query(account, REF, datetime.now(UTC)).state is QueryState.FAILED

    def test_silence_is_not_an_answer(self, account, sandbox, cashier):
        cashier.is_silent = True

        with pytest.raises(ProviderSilent):
            sandbox.query(account, REF, datetime.now(UTC))

    def test_an_answer_to_another_secret_is_silence(self, account, sandbox, cashier):
        cashier.secret = webhooks.new_secret()

        with pytest.raises(ProviderSilent):
            sandbox.query(account, REF, datetime.now(UTC))

    def test_makes_secrets_that_it_accepts(self):
        made = ADAPTER.new_secrets()

        assert made
        ADAPTER.check_secrets({name: (value,) for name, value in made.items()}, {})
        for bad in ({}, {SECRET: ()}, {SECRET: ("",)}, {SECRET: (KEY, KEY, KEY)}):
            with pytest.raises(BadSecrets):
                ADAPTER.check_secrets(bad, {})


class TestL18:
    def test_no_outside_call_inside_a_transaction(self, merchant):
        with acting_as(merchant), pytest.raises(RuntimeError, match="inside a transaction"):
            client().get("http://example.com/")
        refuse_in_transaction()
