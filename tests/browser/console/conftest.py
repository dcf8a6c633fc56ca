"""Signing in to the console in a real browser."""

import pytest
from playwright.sync_api import Page

from tests.browser.console.shop import PASSWORD, Shop, a_busy_shop, an_empty_shop


@pytest.fixture(scope="module")
def busy(database) -> Shop:
    return a_busy_shop()


@pytest.fixture(scope="module")
def empty(database) -> Shop:
    return an_empty_shop()


def sign_in(page: Page, shop: Shop) -> Page:
    """Sign the shop's owner in by the login page."""
    page.goto("/console/login/")
    page.fill("input[name=login]", shop.email)
    page.fill("input[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url("**/console/")
    return page


@pytest.fixture
def desk(page, busy) -> Page:
    return sign_in(page, busy)


@pytest.fixture
def handheld(phone, busy) -> Page:
    return sign_in(phone, busy)
