"""A package of somebody else brings a payment company and a risk service (J4)."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.test import Client

from kacang.merchants.operations import MerchantKind, open_merchant
from kacang.orders import operations as orders
from kacang.orders import queries as order_queries
from kacang.orders.models import OrderState
from kacang.payments import operations, queries
from kacang.payments.companies import registry
from kacang.risk import operations as risk
from kacang.risk import registry as risk_registry
from kacang.risk.ports import Attempt, Decision
from kacang.shared.ids import new_uid
from kacang.vault.models import CardState
from tests import make
from tests.outside import company as mypay
from tests.outside.installing import install
from tests.outside.kacang_mypay import SECRET as MYPAY_SECRET

KEY = "0123456789abcdef" * 2


@pytest.fixture
def installed(tmp_path, monkeypatch) -> Iterator[None]:
    """The outside package is there, as pip leaves it; gone again afterwards."""
    install(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for cached in (registry.providers, risk_registry.checks):
        cached.cache_clear()
    yield
    sys.modules.pop("kacang_mypay", None)
    for cached in (registry.providers, risk_registry.checks):
        cached.cache_clear()


@pytest.mark.usefixtures("installed")
class TestOutsidePackage:
    def test_is_found_by_its_entry_points_and_its_broken_ones_stop_nothing(self):
        found = registry.providers()

        assert {"sandbox", "mypay"} <= set(found)
        assert not set(found) & {"outdated", "broken", "gone"}
        assert [check.name for check in risk_registry.checks()] == ["nightwatch"]

    def test_sells_over_http_for_a_live_merchant_without_a_change_of_ours(self):
        merchant = open_merchant(slug=new_uid("m").lower().replace("_", "-"), name="真店",
                                 kind=MerchantKind.LIVE)  # fmt: skip
        made = make.sku(merchant)
        account = operations.create_account(
            merchant_id=merchant,
            account=operations.NewAccount(
                provider="mypay", name="MyPay", secrets={MYPAY_SECRET: KEY},
                options={"url": "https://pay.example"},
            ),
        )  # fmt: skip
        operations.enable_account(merchant_id=merchant, uid=account.uid)
        queries.forget_accounts()
        placed = orders.place_order(
            merchant_id=merchant, request=replace(make.request(made), provider="mypay")
        )
        assert placed.payment is not None
        books = mypay.Books(KEY, datetime.now(UTC))
        said = books.message(placed.payment.payment_id, placed.payable.minor)

        def send(body: bytes) -> int:
            return (
                Client()
                .post(
                    f"/callbacks/payments/mypay/{account.uid}",
                    body,
                    content_type="application/x-www-form-urlencoded",
                )
                .status_code
            )

        forged = send(said.replace(b"fen=1999", b"fen=1998"))
        before = make.card_states(made)
        answers = [send(said) for _ in range(3)]

        assert placed.payment.pay_url.startswith("https://pay.example/pay?")
        assert (forged, before[CardState.AVAILABLE], before[CardState.RESERVED]) == (401, 2, 1)
        assert answers == [200, 200, 200]
        view = order_queries.order(merchant_id=merchant, number=placed.number)
        assert view.state is OrderState.DELIVERED
        assert make.card_states(made) == {CardState.AVAILABLE: 2, CardState.SOLD: 1}

    def test_its_risk_service_is_asked(self):
        bad = risk.consult(attempt=Attempt(email="li@bad.example"), seconds=2)
        good = risk.consult(attempt=Attempt(email="li@good.example"), seconds=2)

        assert (bad.decision, bad.reasons) == (Decision.REFUSE, ("nightwatch.domain",))
        assert good.decision is Decision.ALLOW
