"""A shop and its buyers: browsers without scripts, against the real database."""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from kacang.merchants import queries as merchants
from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations import change_settings
from kacang.merchants.queries import MerchantInfo
from kacang.orders import operations as orders
from kacang.orders import queries
from kacang.orders.types import OrderView, PlacedOrder
from kacang.payments.ports import AccountInfo, VerifiedNotice
from tests import make
from tests.make import Stocked

EMAIL = "lin@example.com"
PASSWORD = "deer-2026"


@dataclass
class Buyer:
    """One browser before one shop. Each comes from an address of its own."""

    base: str
    client: Client = field(default_factory=Client)
    address: str = field(default_factory=lambda: str(IPv6Address(secrets.randbits(127))))

    def get(self, path: str = "", **headers: str) -> Any:
        return self.client.get(self.at(path), REMOTE_ADDR=self.address, headers=headers)

    def post(self, path: str, data: dict[str, object] | None = None) -> Any:
        return self.client.post(self.at(path), data or {}, REMOTE_ADDR=self.address)

    def at(self, path: str) -> str:
        return path if path.startswith("/") else f"{self.base}{path}"

    def checkout(self, made: Stocked, quantity: int = 1, **fields: object) -> Any:
        """Buy by the form of the checkout page; fields override what is typed."""
        path = f"checkout/?sku={made.sku.uid}&quantity={quantity}"
        shown = self.get(path)
        return self.post(path, filled(shown, **fields))

    def buy(self, made: Stocked, quantity: int = 1, **fields: object) -> str:
        """Place an order and return its number."""
        answer = self.checkout(made, quantity, **fields)
        assert answer.status_code == 302, text(answer)
        return number_in(answer)


def filled(shown: Any, **fields: object) -> dict[str, object]:
    """What a buyer sends after this checkout page."""
    token = re.search(r'name="token" value="([^"]+)"', text(shown))
    values = {"email": EMAIL, "provider": "sandbox", "token": token[1] if token else ""}
    return {**values, **fields}


def number_in(answer: Any) -> str:
    found = re.search(r"/orders/([0-9A-Z]{18})/", answer.headers["Location"])
    assert found, answer.headers["Location"]
    return found[1]


def text(answer: Any) -> str:
    return str(answer.content, "utf-8")


@dataclass
class Shop:
    """A merchant with a shop at /s/{slug}/ and an account at the sandbox."""

    info: MerchantInfo
    account: AccountInfo

    @property
    def id(self) -> int:
        return self.info.id

    def buyer(self) -> Buyer:
        return Buyer(f"/s/{self.info.slug}/")

    def choose(self, **values: object) -> None:
        change_settings(merchant_id=self.id, values=values, actor=SYSTEM)

    def order(self, number: str) -> OrderView:
        return queries.order(merchant_id=self.id, number=number)

    def pay(self, number: str) -> None:
        """Let the sandbox say that the order's newest payment was made."""
        payment = self.order(number).payments[-1]
        notice = VerifiedNotice(
            notice_id=f"msg_{secrets.token_hex(8)}",
            payment_number=payment.payment_id,
            provider_number=f"sb_{secrets.token_hex(8)}",
            amount=payment.amount,
            is_final=True,
            raw="{}",
        )
        orders.settle_notices(account=self.account, notices=[notice])

    def sold(self, cards: int = 1, **fields: object) -> tuple[Stocked, PlacedOrder]:
        """An order that is paid and delivered, placed by no browser."""
        made = make.sku(self.id, cards=cards)
        placed = make.order(made, cards, **fields)
        self.pay(placed.number)
        return made, placed


@pytest.fixture(scope="session", autouse=True)
def _static_folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings.STATIC_ROOT = tmp_path_factory.mktemp("static")


@pytest.fixture
def open_shop() -> Callable[[int], Shop]:
    def opened(merchant_id: int) -> Shop:
        return Shop(merchants.merchant(merchant_id=merchant_id), make.account(merchant_id))

    return opened


@pytest.fixture
def shop(merchant: int, open_shop: Callable[[int], Shop]) -> Shop:
    return open_shop(merchant)


@pytest.fixture
def buyer(shop: Shop) -> Buyer:
    return shop.buyer()
