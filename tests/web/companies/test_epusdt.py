"""epusdt and BEpusdt end to end: wallet, chain and shop over HTTP alone (P1, P2, L8, L9)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from kacang.merchants.tenancy import acting_as
from kacang.orders.models import OrderState
from kacang.orders.types import OpenPayment
from kacang.payments.models import Notice, ReceiptFit
from kacang.payments.operations import NewAccount
from kacang.payments.ports import AccountInfo
from simulators.payments.company import Deed, Mood
from simulators.payments.epusdt import Wallet, account
from simulators.payments.epusdt.books import Trade
from tests.web.companies.contract import (
    MisbehaviourContract,
    asked,
    books_agree,
    enabled,
    fits,
    forgeries,
    state_of,
)

TOKEN = "epusdt_password_xasddawqe"


@pytest.fixture
def wallet() -> Iterator[Wallet]:
    with Wallet(TOKEN) as running:
        yield running


@dataclass
class EpusdtTill:
    account: AccountInfo
    wallet: Wallet
    taken: bytes = b"ok"

    @property
    def mood(self) -> Mood:
        return self.wallet.mood

    def act(self, opened: OpenPayment, deed: Deed) -> list[tuple[int, bytes]]:
        return self.wallet.pay(self.trade(opened), deed)

    def deliver(self) -> list[tuple[int, bytes]]:
        return self.wallet.deliver()

    def trade(self, opened: OpenPayment) -> Trade:
        """The trade that the buyer sees."""
        return self.wallet.books.trades[opened.pay_url.rpartition("/")[2]]


def till_of(merchant: int, wallet: Wallet, dialect: str) -> EpusdtTill:
    wallet.dialect = dialect
    needed = account({"token": TOKEN, "dialect": dialect}, wallet.url)
    new = NewAccount(
        provider="epusdt", name="USDT", secrets=needed["secrets"], options=needed["options"]
    )
    return EpusdtTill(enabled(merchant, new), wallet)


class EpusdtContract(MisbehaviourContract):
    @pytest.mark.parametrize("deed", [Deed.LESS, Deed.MORE, Deed.CURRENCY])
    def test_L9_money_that_does_not_fit_is_kept(self, merchant, till, placed, stocked, deed):
        """Only exactly its coins are a trade's: the chain matches no others, and nobody is told."""
        opened = self.start(merchant, till, placed)

        answers = till.act(opened, deed)
        asked(merchant, opened)

        assert (answers, fits(merchant)) == ([], [])
        assert state_of(merchant, placed) is OrderState.PENDING

    @pytest.mark.parametrize(
        ("changes", "fit"),
        [
            ({"amount": 19.98}, ReceiptFit.PARTIAL),
            ({"amount": 20}, ReceiptFit.OVER),
            ({"order_id": "Nobody1234-abcd"}, ReceiptFit.UNMATCHED),
        ],
    )
    def test_L9_what_it_tells_wrongly_is_kept_and_delivers_nothing(
        self, merchant, till, placed, opened, changes, fit
    ):
        trade = till.trade(opened)
        trade.pay()

        status, _ = till.wallet.tell_of(trade, **changes)

        assert (status, fits(merchant)) == (200, [fit])
        assert state_of(merchant, placed) is OrderState.PENDING
        assert books_agree(merchant)

    @pytest.mark.parametrize(
        ("changes", "status"),
        [
            ({"status": 1}, 200),
            ({"status": 3}, 200),
            ({"amount": 0}, 400),
            ({"actual_amount": 0}, 400),
            ({"trade_id": ""}, 400),
        ],
    )
    def test_L9_what_is_signed_but_is_no_payment(
        self, merchant, till, placed, opened, changes: dict[str, Any], status
    ):
        answer = till.wallet.tell_of(till.trade(opened), **{"status": 2, **changes})

        assert answer[0] == status
        assert state_of(merchant, placed) is OrderState.PENDING
        with acting_as(merchant):
            assert not Notice.objects.filter(merchant_id=merchant).exists()

    def test_L9_another_token_speaks_for_nobody(self, merchant, till, placed, opened):
        till.wallet.token = ""

        ((status, _),) = till.act(opened, Deed.PAY)

        assert (status, forgeries(merchant), fits(merchant)) == (401, 1, [])
        assert state_of(merchant, placed) is OrderState.PENDING


class TestEpusdt(EpusdtContract):
    @pytest.fixture
    def till(self, merchant, installation, wallet) -> EpusdtTill:
        return till_of(merchant, wallet, "epusdt")


class TestBEpusdt(EpusdtContract):
    @pytest.fixture
    def till(self, merchant, installation, wallet) -> EpusdtTill:
        return till_of(merchant, wallet, "bepusdt")
