"""P1, L9, rule 14: accounts, their secrets, and who may have one at the sandbox."""

import secrets
import time

import pytest
from django.db import DatabaseError, IntegrityError, connection

from kacang.merchants.audit import Actor
from kacang.merchants.models import AuditEntry, MerchantKind
from kacang.merchants.operations import open_merchant
from kacang.merchants.tenancy import acting_as
from kacang.payments import operations, queries
from kacang.payments.adapters.sandbox import SECRET
from kacang.payments.companies import webhooks
from kacang.payments.companies.registry import UnknownProvider
from kacang.payments.models import Account
from kacang.payments.operations import NewAccount, SandboxInEarnest
from kacang.payments.ports import BadSecrets
from kacang.payments.queries import ProviderNotOffered, UnknownAccount
from kacang.shared.money import Money, UnknownCurrency

ACTOR = Actor(kind="user", label="lu@example.com")


def create(merchant: int, **fields):
    account = NewAccount(**{"provider": "sandbox", "name": "沙盒", **fields})
    return operations.create_account(merchant_id=merchant, account=account, actor=ACTOR)


def row(merchant: int, uid: str) -> Account:
    with acting_as(merchant):
        return Account.objects.get(merchant_id=merchant, uid=uid)


class TestCreate:
    def test_makes_a_secret_that_is_sealed(self, merchant):
        made = create(merchant)

        secret = made.made_secrets[SECRET]
        assert queries.account_of_uid(made.uid).secrets == {SECRET: (secret,)}
        assert secret.encode() not in bytes(row(merchant, made.uid).secrets or b"")
        assert not queries.account_of_uid(made.uid).enabled
        assert queries.offered(merchant_id=merchant) == []

    def test_takes_a_secret_that_is_given(self, merchant):
        secret = webhooks.new_secret()

        made = create(merchant, secrets={SECRET: secret})

        assert made.made_secrets == {}
        assert queries.account_of_uid(made.uid).secrets == {SECRET: (secret,)}

    @pytest.mark.parametrize(
        ("fields", "error"),
        [
            ({"provider": "nobody"}, UnknownProvider),
            ({"secrets": {SECRET: ""}}, BadSecrets),
            ({"secrets": {SECRET: "whsec_AAAA"}}, BadSecrets),
            ({"secrets": {"wrong": webhooks.new_secret()}}, BadSecrets),
            ({"currency": "XAU"}, UnknownCurrency),
        ],
    )
    def test_refuses_what_makes_no_sense(self, merchant, fields, error):
        with pytest.raises(error):
            create(merchant, **fields)

        assert queries.accounts(merchant_id=merchant) == []

    def test_no_sandbox_for_a_live_merchant(self):
        live = open_merchant(slug=f"l-{secrets.token_hex(6)}", name="真店", kind=MerchantKind.LIVE)

        with pytest.raises(SandboxInEarnest):
            create(live)

        assert queries.accounts(merchant_id=live) == []

    @pytest.mark.parametrize("kind", ["live", "demo"])
    def test_nor_by_sql(self, kind):
        live = open_merchant(slug=f"l-{secrets.token_hex(6)}", name="真店", kind=MerchantKind.LIVE)

        with pytest.raises(IntegrityError), acting_as(live):
            Account.objects.create(
                merchant_id=live, merchant_kind=kind, uid=f"acc_{secrets.token_hex(8)}",
                provider="sandbox", name="x",
            )  # fmt: skip


class TestEnable:
    def test_offers_it_at_checkout(self, merchant):
        made = create(merchant)

        operations.enable_account(merchant_id=merchant, uid=made.uid, actor=ACTOR)

        (offer,) = queries.offered(merchant_id=merchant)
        assert (offer.provider, offer.name, offer.account_uid) == ("sandbox", "沙盒", made.uid)
        dollars = queries.Sale(currency="USD")
        assert queries.offered(merchant_id=merchant, sale=dollars) == []
        assert queries.account_for(merchant_id=merchant, provider="sandbox").uid == made.uid

    def test_L9_refuses_an_account_without_a_secret(self, merchant):
        made = create(merchant, secrets={})

        with pytest.raises(BadSecrets):
            operations.enable_account(merchant_id=merchant, uid=made.uid)

        assert not row(merchant, made.uid).enabled

    def test_L9_the_database_refuses_it_too(self, merchant):
        made = create(merchant, secrets={})

        with pytest.raises(DatabaseError, match="account_enabled_has_secrets"), acting_as(merchant):
            connection.cursor().execute("update account set enabled = true")

        assert not row(merchant, made.uid).enabled

    def test_disabled_is_offered_no_more_but_still_heard(self, merchant):
        made = create(merchant)
        operations.enable_account(merchant_id=merchant, uid=made.uid)

        operations.disable_account(merchant_id=merchant, uid=made.uid)

        assert queries.offered(merchant_id=merchant) == []
        with pytest.raises(ProviderNotOffered):
            queries.account_for(merchant_id=merchant, provider="sandbox")
        assert queries.account_of_uid(made.uid).secrets[SECRET]

    def test_of_another_merchant_is_unknown(self, merchant, other_merchant):
        made = create(merchant)

        for operation in (operations.enable_account, operations.disable_account):
            with pytest.raises(UnknownAccount):
                operation(merchant_id=other_merchant, uid=made.uid)
        with pytest.raises(UnknownAccount):
            operations.set_secret(merchant_id=other_merchant, uid=made.uid, name=SECRET)
        with pytest.raises(UnknownAccount):
            operations.reveal_secrets(merchant_id=other_merchant, uid=made.uid, actor=ACTOR)

        assert not row(merchant, made.uid).enabled


class TestRotation:
    def test_old_and_new_are_in_force_until_it_ends(self, merchant):
        made = create(merchant)
        old = made.made_secrets[SECRET]

        new = operations.set_secret(merchant_id=merchant, uid=made.uid, name=SECRET)

        assert queries.account_of_uid(made.uid).secrets[SECRET] == (new, old)
        newest = operations.set_secret(merchant_id=merchant, uid=made.uid, name=SECRET)
        assert queries.account_of_uid(made.uid).secrets[SECRET] == (newest, new)
        operations.end_rotation(merchant_id=merchant, uid=made.uid, name=SECRET)
        assert queries.account_of_uid(made.uid).secrets[SECRET] == (newest,)

    def test_a_bad_secret_changes_nothing(self, merchant):
        made = create(merchant)

        with pytest.raises(BadSecrets):
            operations.set_secret(merchant_id=merchant, uid=made.uid, name=SECRET, value="short")

        assert queries.account_of_uid(made.uid).secrets == {SECRET: (made.made_secrets[SECRET],)}

    def test_a_look_at_secrets_is_logged_first(self, merchant):
        made = create(merchant)

        found = operations.reveal_secrets(
            merchant_id=merchant, uid=made.uid, actor=ACTOR, reason="set up"
        )

        assert found == {SECRET: made.made_secrets[SECRET]}
        with acting_as(merchant):
            entries = AuditEntry.objects.filter(merchant_id=merchant, object_uid=made.uid)
            actions = list(entries.order_by("id").values_list("action", "actor_label"))
        assert actions == [
            ("payments.create_account", "lu@example.com"),
            ("payments.reveal_secrets", "lu@example.com"),
        ]


class TestLookUp:
    def test_an_unknown_account(self):
        for uid in ("acc_nobody", "", "a\0b", "x" * 500):
            with pytest.raises(UnknownAccount):
                queries.account_of_uid(uid)

    def test_is_kept_for_three_seconds(self, merchant, monkeypatch):
        made = create(merchant)
        queries.account_of_uid(made.uid)
        with acting_as(merchant):
            Account.objects.filter(merchant_id=merchant, uid=made.uid).update(currency="USD")

        assert queries.account_of_uid(made.uid).currency == "CNY"
        later = time.monotonic() + 3.1
        monkeypatch.setattr(time, "monotonic", lambda: later)
        assert queries.account_of_uid(made.uid).currency == "USD"

    def test_secrets_are_in_no_text(self, merchant):
        made = create(merchant)
        secret = made.made_secrets[SECRET]

        assert secret not in repr(queries.account_of_uid(made.uid))
        assert secret not in repr(made)
        assert secret not in repr(queries.accounts(merchant_id=merchant))

    def test_a_row_moved_to_another_account_does_not_open(self, merchant):
        first, second = create(merchant), create(merchant)
        stolen = row(merchant, first.uid).secrets
        with acting_as(merchant):
            Account.objects.filter(merchant_id=merchant, uid=second.uid).update(secrets=stolen)

        with pytest.raises(Exception, match=r"secrets\.cannot_open"):
            queries.account_of_uid(second.uid)


class TestOfflinePayment:
    def test_is_made_without_a_call(self, merchant):
        made = create(merchant)
        operations.enable_account(merchant_id=merchant, uid=made.uid)

        payment = queries.offline_payment(
            merchant_id=merchant, provider="sandbox", number="Pay1234567", amount=Money(1999)
        )

        assert payment
        assert payment.number == "Pay1234567"
        assert f"/sandbox/pay/{made.uid}/Pay1234567?m=1999&c=CNY&s=" in payment.pay_url

    @pytest.mark.parametrize(
        ("provider", "amount"), [("nobody", Money(1)), ("sandbox", Money(1, "USD"))]
    )
    def test_is_none_where_it_cannot_be(self, merchant, provider, amount):
        made = create(merchant)
        operations.enable_account(merchant_id=merchant, uid=made.uid)

        assert queries.offline_payment(
            merchant_id=merchant, provider=provider, number="Pay1234567", amount=amount
        ) is None  # fmt: skip
