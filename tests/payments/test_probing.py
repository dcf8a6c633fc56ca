"""P1, L9: accounts are changed, tried out, and held to where their messages come from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kacang.catalog.queries import UnknownProduct
from kacang.merchants.models import AuditEntry
from kacang.merchants.tenancy import acting_as
from kacang.payments import operations, queries
from kacang.payments.accounts import probing
from kacang.payments.accounts.routing import Limits
from kacang.payments.adapters.sandbox import SECRET
from kacang.payments.companies import registry, webhooks
from kacang.payments.companies.strangers import is_expected
from kacang.payments.operations import AccountChange, BadLimits
from kacang.payments.ports import AccountInfo, BadSecrets
from kacang.payments.queries import UnknownAccount
from tests import make


def change(merchant: int, uid: str, **fields) -> None:
    operations.change_account(
        merchant_id=merchant, uid=uid, change=AccountChange(**{"name": "沙盒", **fields})
    )


class TestChange:
    def test_P1_everything_is_kept(self, merchant, account):
        made = make.sku(merchant)
        limits = Limits(7, 1, 2, 3, frozenset({made.sku.product.uid}))

        change(merchant, account.uid, name=" 新名 ", limits=limits, networks=["10.0.0.7/8"])

        (row,) = queries.accounts(merchant_id=merchant)
        assert (row.name, row.limits) == ("新名", limits)
        assert queries.account_of_uid(account.uid).networks == ("10.0.0.0/8",)
        change(merchant, account.uid)
        (row,) = queries.accounts(merchant_id=merchant)
        assert row.limits == Limits()

    def test_L9_secrets_left_out_stay_and_new_ones_stand_beside_the_old(self, merchant, account):
        (old,) = account.secrets[SECRET]
        new = webhooks.new_secret()

        change(merchant, account.uid)
        change(merchant, account.uid, secrets={SECRET: new})

        assert queries.account_of_uid(account.uid).secrets[SECRET] == (new, old)

    @pytest.mark.parametrize(
        ("fields", "error"),
        [
            ({"name": "  "}, BadLimits),
            ({"limits": Limits(weight=0)}, BadLimits),
            ({"limits": Limits(weight=1001)}, BadLimits),
            ({"limits": Limits(amount_min_minor=-1)}, BadLimits),
            ({"limits": Limits(amount_min_minor=2, amount_max_minor=1)}, BadLimits),
            ({"limits": Limits(products=frozenset({"prd_nobody"}))}, UnknownProduct),
            ({"fee_bp": 10_001}, BadLimits),
            ({"networks": ["10.0.0.0/33"]}, BadLimits),
            ({"networks": ["nonsense"]}, BadLimits),
            ({"networks": ["10.0.0.1"] * 201}, BadLimits),
            ({"secrets": {SECRET: "short"}}, BadSecrets),
        ],
    )
    def test_refuses_what_makes_no_sense_and_changes_nothing(
        self, merchant, account, fields, error
    ):
        before = queries.accounts(merchant_id=merchant)

        with pytest.raises(error):
            change(merchant, account.uid, **fields)

        assert queries.accounts(merchant_id=merchant) == before

    def test_P1_another_merchants_product_is_unknown(self, merchant, other_merchant, account):
        theirs = make.sku(other_merchant)

        limits = Limits(products=frozenset({theirs.sku.product.uid}))

        with pytest.raises(UnknownProduct):
            change(merchant, account.uid, limits=limits)

    def test_another_merchants_account_is_unknown(self, other_merchant, account):
        with pytest.raises(UnknownAccount):
            change(other_merchant, account.uid)

    def test_no_secret_stands_in_the_log(self, merchant, account):
        new = webhooks.new_secret()

        change(merchant, account.uid, secrets={SECRET: new})

        with acting_as(merchant):
            entry = AuditEntry.objects.filter(action="payments.change_account").get()
        assert new not in repr(entry.__dict__)
        assert (entry.after or {})["secrets"] == [SECRET]


class TestProbe:
    @pytest.fixture(autouse=True)
    def company(self, sandbox, monkeypatch):
        monkeypatch.setattr(registry, "providers", lambda: {"sandbox": sandbox})

    def test_P1_passes_when_the_company_answers(self, merchant, account):
        assert probing.last_probe(merchant_id=merchant, uid=account.uid) is None

        probe = operations.probe_account(merchant_id=merchant, uid=account.uid)

        assert (probe.passed, probe.said) == (True, "")
        assert probing.last_probe(merchant_id=merchant, uid=account.uid) == probe

    def test_P1_fails_with_the_companys_words_and_the_account_stays_on(
        self, merchant, account, cashier
    ):
        cashier.is_silent = True

        probe = operations.probe_account(merchant_id=merchant, uid=account.uid)

        assert not probe.passed
        assert probe.said
        assert queries.account_of_uid(account.uid).enabled

    def test_L9_one_without_secrets_is_not_tried(self, merchant, cashier):
        made = operations.create_account(
            merchant_id=merchant,
            account=operations.NewAccount(provider="sandbox", name="空", secrets={}),
        )

        with pytest.raises(BadSecrets):
            operations.probe_account(merchant_id=merchant, uid=made.uid)

        assert cashier.questions == []

    def test_another_merchants_account_is_unknown(self, other_merchant, account):
        with pytest.raises(UnknownAccount):
            operations.probe_account(merchant_id=other_merchant, uid=account.uid)
        assert probing.last_probe(merchant_id=other_merchant, uid=account.uid) is None

    def test_L18_never_inside_a_transaction(self, merchant, account):
        with acting_as(merchant), pytest.raises(RuntimeError, match="inside a transaction"):
            operations.probe_account(merchant_id=merchant, uid=account.uid)


class TestStrangers:
    @given(st.ip_addresses())
    def test_P1_without_a_list_anybody_may_speak(self, address):
        assert is_expected(make_info(), str(address))

    @pytest.mark.parametrize(
        ("address", "expected"),
        [
            ("10.1.2.3", True),
            ("10.2.0.0", False),
            ("2001:db8::1", True),
            ("2001:db9::1", False),
            ("", False),
            ("nonsense", False),
        ],
    )
    def test_P1_with_a_list_only_those(self, address, expected):
        assert is_expected(make_info("10.1.0.0/16", "2001:db8::/32"), address) is expected


def make_info(*networks: str):
    return AccountInfo(
        id=1, merchant_id=1, uid="acc_x", provider="sandbox", enabled=True, currency="CNY",
        secrets={}, networks=networks,
    )  # fmt: skip
