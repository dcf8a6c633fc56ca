"""P1: a buyer who pays in coins is told what to send, exactly, and by which network."""

from collections.abc import Iterator

import pytest
from django.test import override_settings

from kacang.payments import operations as payments
from kacang.payments import queries
from kacang.payments.companies import outside, registry
from simulators.payments.epusdt import Wallet, account
from simulators.payments.epusdt.books import WALLET
from tests import make
from tests.web.shop.conftest import text

KEYS = {"token": "t" * 32, "dialect": "epusdt"}


@pytest.fixture
def wallet(shop) -> Iterator[Wallet]:
    with override_settings(PRIVATE_NETWORKS_ALLOWED=["127.0.0.0/8"]), Wallet(**KEYS) as running:
        _forget()
        needed = account(KEYS, running.url)
        made = payments.create_account(
            merchant_id=shop.id,
            account=payments.NewAccount(
                "epusdt", "USDT", secrets=needed["secrets"], options=needed["options"]
            ),
        )
        payments.enable_account(merchant_id=shop.id, uid=made.uid)
        yield running
    _forget()


def _forget() -> None:
    outside.client.cache_clear()
    registry.providers.cache_clear()
    queries.forget_accounts()


def test_P1_the_page_says_address_network_and_amount(shop, buyer, wallet):
    number = buyer.buy(make.sku(shop.id), provider="epusdt")

    page = buyer.get(f"orders/{number}/pay/")

    (trade,) = wallet.books.trades.values()
    shown = text(page)
    assert all(word in shown for word in (WALLET, "USDT · TRC20", str(trade.coins)))
    assert "数量不符将无法识别到账" in shown
    assert f"{wallet.url}/pay/checkout-counter/{trade.trade_id}" in page.content.decode()
    assert trade.redirect_url.endswith(buyer.at(f"orders/{number}/pay/"))
