"""Gateways that the operator has closed the way to, after their accounts were enabled (P3, P5)."""

from typing import Any

import pytest

from kacang.payments.adapters.btcpay import BtcPay
from kacang.payments.adapters.epay import Epay
from kacang.payments.adapters.epusdt import Epusdt
from kacang.payments.ports import (
    BadSecrets,
    PaymentAsked,
    PaymentRef,
    ProviderSilent,
    Surroundings,
)
from kacang.shared.clock import utc_now
from kacang.shared.money import Money
from kacang.shared.outbound import Guard, Outbound
from simulators.payments import btcpay, epay, epusdt
from tests.payments.accounts import info_of

INSIDE = "http://10.0.0.7:8000"
REF = PaymentRef("Pay1", Money(1), "t1")


@pytest.mark.parametrize(("adapter", "company"), [(BtcPay, btcpay), (Epay, epay), (Epusdt, epusdt)])
def test_P3_a_gateway_out_of_reach_is_silent_not_a_failure_of_ours(
    adapter: Any, company: Any
) -> None:
    account = info_of(company.account(company.new_keys(), INSIDE))
    opened, closed = (
        adapter(Surroundings("https://shop.test", Outbound(Guard.build(networks=networks))))
        for networks in (["10.0.0.0/8"], [])
    )

    opened.check_secrets(account.secrets, account.options)
    with pytest.raises(BadSecrets):
        closed.check_secrets(account.secrets, account.options)
    for call in (
        lambda: closed.create(account, PaymentAsked("Pay1", Money(1))),
        lambda: closed.query(account, REF, utc_now()),
        lambda: closed.probe(account, utc_now()),
    ):
        with pytest.raises(ProviderSilent):
            call()
