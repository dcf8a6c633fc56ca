"""An account at the sandbox, and the company behind it as a real server."""

from collections.abc import Iterator

import pytest

from kacang.payments import operations, queries
from kacang.payments.adapters.sandbox import SECRET, Sandbox
from kacang.payments.ports import AccountInfo, Surroundings
from kacang.shared.outbound import Guard, Outbound
from simulators.sandbox_cashier import Cashier


@pytest.fixture(autouse=True)
def fresh_accounts() -> None:
    queries.forget_accounts()


@pytest.fixture
def account(merchant) -> AccountInfo:
    made = operations.create_account(
        merchant_id=merchant, account=operations.NewAccount(provider="sandbox", name="沙盒")
    )
    operations.enable_account(merchant_id=merchant, uid=made.uid)
    return queries.account_of_uid(made.uid)


@pytest.fixture
def cashier(account) -> Iterator[Cashier]:
    with Cashier(account.uid, account.secrets[SECRET][0]) as running:
        yield running


@pytest.fixture
def sandbox(cashier) -> Sandbox:
    """The adapter, with the simulator as its company."""
    http = Outbound(Guard.build(own_urls=[cashier.url]), seconds=3)
    return Sandbox(Surroundings(public_url=cashier.url, http=http))
