"""The sandbox and the shop meet over HTTP alone."""

from collections.abc import Iterator

import pytest

from tests.installed import installed


@pytest.fixture
def installation() -> Iterator[str]:
    """Where it is reached; the outbound client knows the address as the operator's own."""
    with installed() as url:
        yield url
