"""A shop in the middle of its day, with a person at its desk."""

import pytest

from tests.browser.console.conftest import busy
from tests.browser.console.test_guide import GUIDE, Walker
from tests.browser.harness import sign_in

__all__ = ["busy", "walker"]


@pytest.fixture
def walker(open_page, live, busy) -> Walker:
    page = open_page(GUIDE)
    sign_in(page, live, busy.email)
    return Walker(page, busy, is_guide=True)
