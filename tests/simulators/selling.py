"""A shop whose buyers pay at a simulated company: what is sold, told, booked and delivered."""

import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import connection
from django.test import override_settings

from kacang.ledger import queries as ledger
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders import queries as order_queries
from kacang.orders.models import OrderState
from kacang.orders.types import OpenPayment, PlacedOrder
from kacang.payments import operations as payments
from kacang.payments import outside, queries, registry
from kacang.payments.models import Forgery, Notice, Payment, Receipt, ReceiptFit
from kacang.payments.ports import AccountInfo
from kacang.vault.models import CardState
from tests import make

CASH = "CASH_AT_PROVIDER"


@contextmanager
def neighbours_allowed() -> Iterator[None]:
    """Let the installation call companies of this machine, as an operator would for a demo."""
    with override_settings(PRIVATE_NETWORKS_ALLOWED=["127.0.0.0/8"]):
        _forget()
        yield
    _forget()


@dataclass
class Shop:
    """A merchant with an account at one company."""

    merchant: int
    account: AccountInfo
    stocked: make.Stocked = field(init=False)

    def __post_init__(self) -> None:
        self.stocked = make.sku(self.merchant)

    def order(self) -> PlacedOrder:
        """A buyer orders one card, for 19.99."""
        return make.order(self.stocked, provider="")

    def start(self, placed: PlacedOrder) -> OpenPayment:
        """The buyer chooses the company."""
        return orders.start_payment(
            merchant_id=self.merchant, number=placed.number, provider=self.account.provider
        )

    def ask(self, payment_number: str) -> None:
        """The clock has us ask the company about a payment."""
        with acting_as(self.merchant):
            payment = Payment.objects.get(merchant_id=self.merchant, number=payment_number)
            Payment.objects.filter(id=payment.pk).update(
                ask_at=payment.created_at - timedelta(seconds=1)
            )
        orders.ask_about(merchant_id=self.merchant, payment_id=payment.pk)

    def state(self, placed: PlacedOrder) -> OrderState:
        """Where an order is."""
        return order_queries.order(merchant_id=self.merchant, number=placed.number).state

    def receipts(self) -> list[tuple[int, ReceiptFit]]:
        """The money that was seen, in minor units, and how it fits."""
        with acting_as(self.merchant):
            rows = Receipt.objects.filter(merchant_id=self.merchant).order_by("id")
            return [(row.amount_minor, ReceiptFit(row.fit or 0)) for row in rows]

    def notices(self) -> int:
        """How many messages and answers were kept."""
        with acting_as(self.merchant):
            return Notice.objects.filter(merchant_id=self.merchant).count()

    def forgeries(self) -> int:
        """How many messages had a wrong signature."""
        with acting_as(self.merchant):
            rows = Forgery.objects.filter(merchant_id=self.merchant)
            return sum(rows.values_list("count", flat=True))

    def sold(self) -> int:
        """How many cards left the stock."""
        return make.card_states(self.stocked).get(CardState.SOLD, 0)

    def cash(self) -> int:
        """What the books say that the company holds for the merchant, in minor units."""
        lines = ledger.balances(merchant_id=self.merchant)
        return sum(line.amount.minor for line in lines if line.account.name == CASH)

    def untouched(self, placed: PlacedOrder) -> bool:
        """Whether an order is as if nobody had paid."""
        return self.state(placed) is OrderState.PENDING and self.sold() == 0

    def sold_once(self, placed: PlacedOrder) -> bool:
        """Whether an order was paid and delivered once, and the books say the same."""
        return (
            self.state(placed) is OrderState.DELIVERED
            and self.receipts() == [(1999, ReceiptFit.FITS)]
            and self.sold() == 1
            and self.cash() == 1999
        )


def open_shop(merchant: int, filled: Mapping[str, Any]) -> Shop:
    """Make and enable the account that a simulator says fits it."""
    made = payments.create_account(
        merchant_id=merchant,
        account=payments.NewAccount(
            provider=filled["provider"],
            name=filled["provider"],
            currency=filled["currency"],
            secrets=filled["secrets"],
            options=filled["options"],
        ),
    )
    payments.enable_account(merchant_id=merchant, uid=made.uid)
    return Shop(merchant, queries.account_of_uid(made.uid))


def visit(url: str, fields: bytes | None = None) -> str:
    """Open a page as a browser does, or press a button of it; returns where it ends."""
    request = urllib.request.Request(url, fields)  # noqa: S310 - a company of this machine
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        answer.read()
        return str(answer.url)


def _forget() -> None:
    outside.client.cache_clear()
    registry.providers.cache_clear()
    queries.forget_accounts()
    connection.close()
