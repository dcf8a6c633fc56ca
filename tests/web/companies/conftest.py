"""A shop that its payment companies' simulators reach, and are reached by, over HTTP alone."""

from collections.abc import Iterator

import pytest

from tests import make
from tests.installed import installed


@pytest.fixture
def installation() -> Iterator[str]:
    with installed(networks=["127.0.0.0/8"]) as url:
        yield url


@pytest.fixture
def stocked(merchant, installation):
    return make.sku(merchant)
