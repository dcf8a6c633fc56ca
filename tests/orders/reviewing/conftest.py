"""A shop with rules of review, and a look at what they did."""

import secrets
from typing import Any

import pytest
from django.db import connection

from kacang.merchants.audit import SYSTEM, Actor
from kacang.merchants.operations import add_staff
from kacang.merchants.tenancy import acting_as
from kacang.orders import queries as orders
from kacang.orders.exceptions import queries as exceptions
from kacang.orders.exceptions.operations import sync_exceptions
from kacang.orders.exceptions.queries import ExceptionFilter, Kind
from kacang.orders.models import Event, OrderState
from kacang.orders.reviewing import operations, queries
from kacang.orders.reviewing.queries import Condition, ReviewView, RuleBody, Verdict
from kacang.orders.types import OrderView, PlacedOrder
from kacang.payments.ports import AccountInfo
from tests import make
from tests.orders.looking import settle


class Shop:
    """A shop that looks at its orders."""

    def __init__(self, merchant: int, account: AccountInfo | None = None) -> None:
        self.merchant = merchant
        self.sku = make.sku(merchant, cards=3)
        self.account = account or make.account(merchant)

    def rule(
        self,
        *conditions: Condition,
        verdict: Verdict = Verdict.NONE,
        on: bool = True,
        name: str = "规则",
        **words: Any,
    ) -> str:
        uid = operations.add_rule(
            merchant_id=self.merchant,
            body=RuleBody(name, conditions, verdict, **words),
            actor=SYSTEM,
        )
        if on:
            operations.switch_rule(merchant_id=self.merchant, uid=uid, is_on=True, actor=SYSTEM)
        return uid

    def paid(self, quantity: int = 1, **fields: Any) -> str:
        """The number of an order that was paid."""
        return self.pay(make.order(fields.pop("sku", self.sku), quantity, **fields))

    def pay(self, placed: PlacedOrder) -> str:
        settle(self.account, make.notice(placed))
        return placed.number

    def order(self, number: str) -> OrderView:
        return orders.order(merchant_id=self.merchant, number=number)

    def state(self, number: str) -> tuple[OrderState, str]:
        found = self.order(number)
        return found.state, found.hold_reason

    def review(self, number: str) -> ReviewView | None:
        order_id = self.order(number).id
        return queries.reviews_of(merchant_id=self.merchant, order_ids=[order_id]).get(order_id)

    def kinds(self) -> list[tuple[str, Kind, str]]:
        sync_exceptions(merchant_id=self.merchant)
        page = exceptions.exceptions_page(merchant_id=self.merchant, where=ExceptionFilter())
        return sorted((row.number, row.kind, row.reason) for row in page.rows)

    def events(self, number: str) -> list[Event]:
        return [one.event for one in orders.timeline(merchant_id=self.merchant, number=number)]

    def rows(self, text: str, *given: Any) -> list[tuple[Any, ...]]:
        with acting_as(self.merchant), connection.cursor() as cursor:
            cursor.execute(text, given)
            return list(cursor.fetchall()) if cursor.description else []

    def approve(self, number: str, actor: Actor = SYSTEM) -> OrderState | None:
        return operations.approve_order(merchant_id=self.merchant, number=number, actor=actor)

    def reject(self, number: str, actor: Actor = SYSTEM, role: str = "owner") -> Any:
        return operations.reject_order(
            merchant_id=self.merchant, number=number, reason="风险", actor=actor, role=role
        )

    def log(self) -> list[tuple[str, str]]:
        """Action and object of what the audit log tells."""
        text = "select action, object_uid from audit_entry order by id"
        return [(action, uid) for action, uid in self.rows(text)]

    def person(self, role: str = "order_operator") -> Actor:
        email = f"{role}-{secrets.token_hex(4)}@example.com"
        made = add_staff(
            merchant_id=self.merchant, email=email, name="陆晓雨", role=role, actor=SYSTEM
        )
        return Actor(kind="user", id=made.user_id, label=email)


@pytest.fixture
def shop(merchant) -> Shop:
    return Shop(merchant)
