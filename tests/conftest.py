"""One database for the session; each test makes a merchant of its own and commits for real."""

import secrets
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from django.conf import settings
from django.db import connection

from kacang.merchants.models import MerchantKind
from kacang.merchants.operations import open_merchant
from tests.database import Database, a_database

settings.MASTER_KEY = secrets.token_hex(32)
settings.PASSWORD_HASHERS = ["tests.hashing.QuickHasher"]
# On a busy machine an example may take long: that is no fault of what is tested.
hypothesis.settings.register_profile(
    "kacang", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("kacang")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where xdist keeps the order of files, begin with those that take long.

    Then neither worker is left with a long file at the end while the other has nothing to do.
    """
    if config.getoption("loadscopereorder", default=True):
        return
    long: Counter[Path] = Counter(
        item.path
        for item in items
        if any(item.get_closest_marker(name) for name in ("slow", "browser"))
    )
    many = Counter(item.path for item in items)
    items.sort(key=lambda item: (-long[item.path], -many[item.path], str(item.path)))


@pytest.fixture(scope="session", autouse=True)
def database(django_db_blocker) -> Iterator[Database]:
    """The session's database, whose tables the owner made, used by the app's role."""
    with django_db_blocker.unblock(), a_database() as made:
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
