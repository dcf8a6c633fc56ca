"""A merchant with something to sell, and keys of its."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from kacang.merchants import operations as merchants
from kacang.merchants.audit import SYSTEM
from kacang.merchants.models import AuditEntry
from kacang.merchants.operations import KeyDraft
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.payments.ports import AccountInfo
from tests import make
from tests.make import Stocked
from tests.web.api.calling import Answer, Api, order_body


@dataclass(frozen=True)
class Shop:
    """One merchant as its machines see it."""

    merchant: int
    made: Stocked
    account: AccountInfo
    api: Api

    @property
    def sku(self) -> str:
        return self.made.sku.uid

    def place(self, quantity: int = 1, **more: object) -> Answer:
        answer = self.api.post("/orders", order_body(self.sku, quantity, **more))
        assert answer.status == 201, answer
        return answer

    def sell(self, quantity: int = 1) -> str:
        """Place and pay; the order's number."""
        placed = make.order(self.made, quantity)
        orders.settle_notices(account=self.account, notices=[make.notice(placed)])
        return placed.number


def new_key(merchant: int, *scopes: str, **more: object) -> str:
    draft = KeyDraft(name="Test", scopes=scopes or ("all",), **more)  # type: ignore[arg-type]
    return merchants.create_key(merchant_id=merchant, actor=SYSTEM, draft=draft).key


def audit_actions(merchant: int, uid: str) -> list[tuple[str, str]]:
    """What the audit log says of a thing, in order: (action, who)."""
    with acting_as(merchant):
        rows = AuditEntry.objects.filter(merchant_id=merchant, object_uid=uid)
        return list(rows.order_by("at", "id").values_list("action", "actor_label"))


def open_shop(merchant: int, *, cards: int = 5) -> Shop:
    made = make.sku(merchant, cards=cards)
    return Shop(merchant, made, make.account(merchant), Api(new_key(merchant)))


@pytest.fixture
def shop(merchant: int) -> Shop:
    return open_shop(merchant)


@pytest.fixture
def other_shop(other_merchant: int) -> Shop:
    return open_shop(other_merchant)


@pytest.fixture
def key_for(merchant: int) -> Callable[..., Api]:
    """Make a caller with a key of these scopes."""
    return lambda *scopes, **more: Api(new_key(merchant, *scopes, **more))
