"""The real application, as browsers are given it, and people who are signed in."""

import secrets

import pytest

from kacang.merchants import operations, queries
from kacang.merchants.audit import SYSTEM
from tests.browser.conftest import live
from tests.web.console.conftest import owner, work
from tests.web.roles.operating import Operator

__all__ = ["live", "operator", "owner", "shop", "work"]


@pytest.fixture
def operator():
    return Operator()


@pytest.fixture
def shop(merchant):
    """The uid of the merchant, whose owner somebody is."""
    operations.add_staff(
        merchant_id=merchant, email=f"boss-{secrets.token_hex(4)}@example.com", name="老板",
        role="owner", actor=SYSTEM,
    )  # fmt: skip
    return queries.merchant(merchant_id=merchant).uid
