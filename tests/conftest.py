"""One database for the session; each test makes a merchant of its own and commits for real."""

import secrets
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from kacang.merchants.models import MerchantKind
from kacang.merchants.operations import open_merchant
from tests.database import Database, a_database

settings.MASTER_KEY = secrets.token_hex(32)


@pytest.fixture(scope="session", autouse=True)
def database(django_db_blocker) -> Iterator[Database]:
    """The session's database, migrated by the owner, used by the app's role."""
    with django_db_blocker.unblock(), a_database() as made:
        connection.settings_dict.update(made.django("kacang_owner"))
        call_command("migrate", verbosity=0)
        connection.close()
        connection.settings_dict.update(made.django("kacang_app"))
        yield made
        connection.close()


@pytest.fixture
def merchant() -> int:
    """A new merchant of kind demo: the id of it."""
    return open_merchant(
        slug=f"m-{secrets.token_hex(6)}", name="小鹿数卡旗舰店", kind=MerchantKind.DEMO
    )


@pytest.fixture
def other_merchant() -> int:
    """Somebody else, whose rows must never be seen."""
    return open_merchant(slug=f"o-{secrets.token_hex(6)}", name="别家店铺", kind=MerchantKind.DEMO)
