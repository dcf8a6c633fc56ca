"""Orders that do not go on by themselves, and a look at the queue."""

import secrets
from typing import Any

import pytest
from django.db import connection

from kacang.merchants.audit import SYSTEM, Actor
from kacang.merchants.operations import add_staff
from kacang.merchants.tenancy import acting_as
from kacang.orders import queries as orders
from kacang.orders.exceptions import operations, queries
from kacang.orders.exceptions.queries import ExceptionFilter, ExceptionRow, Kind
from kacang.orders.models import Event
from kacang.orders.types import PlacedOrder
from kacang.payments.ports import AccountInfo
from tests import make
from tests.orders.looking import settle

# As if somebody had taken every card that was not sold.
GONE = """
with gone as (
    update card set state = 6, reserved_until = null, line_id = null where state in (0, 1)
    returning id
)
update allocation a set released_at = now() from gone g
where a.card_id = g.id and released_at is null
"""


class Shop:
    """A shop whose orders get into trouble."""

    def __init__(self, merchant: int) -> None:
        self.merchant = merchant
        self.sku = make.sku(merchant, cards=3)
        self.account: AccountInfo = make.account(merchant)

    def short(self) -> PlacedOrder:
        """A paid order that waits for stock."""
        make.stock(self.sku, 1)
        placed = make.order(self.sku)
        self.run(GONE)
        settle(self.account, make.notice(placed))
        return placed

    def sync(self) -> int:
        return operations.sync_exceptions(merchant_id=self.merchant)

    def queue(self, **where: object) -> list[ExceptionRow]:
        asked = ExceptionFilter(**where)  # type: ignore[arg-type]  # fields of the filter
        return list(queries.exceptions_page(merchant_id=self.merchant, where=asked).rows)

    def kinds(self) -> list[tuple[str, Kind]]:
        return sorted((row.number, row.kind) for row in self.queue())

    def closed(self) -> list[tuple[str, Kind, str]]:
        return [(row.number, row.kind, row.ending) for row in self.queue(is_closed=True)]

    def events(self, number: str) -> list[Event]:
        return [one.event for one in orders.timeline(merchant_id=self.merchant, number=number)]

    def run(self, text: str, *given: Any) -> None:
        """Let time pass, or something happen that only the tables know of."""
        with acting_as(self.merchant), connection.cursor() as cursor:
            cursor.execute(text, given)

    def person(self, role: str = "order_operator") -> Actor:
        email = f"{role}-{secrets.token_hex(4)}@example.com"
        made = add_staff(
            merchant_id=self.merchant, email=email, name="陆晓雨", role=role, actor=SYSTEM
        )
        return Actor(kind="user", id=made.user_id, label=email)


@pytest.fixture
def shop(merchant) -> Shop:
    return Shop(merchant)
