"""The sandbox's pay page in a real browser: both widths, both languages, no violation (P1, W4)."""

import re

import pytest
from django.test import override_settings
from playwright.sync_api import expect

from kacang.payments import queries
from kacang.payments.companies import outside, registry
from tests import make
from tests.browser.harness import DESKTOP, PHONE, assert_axe, assert_fits, shot

pytestmark = pytest.mark.browser


@pytest.fixture
def placed(merchant, live):
    with override_settings(PUBLIC_URL=live):
        registry.providers.cache_clear()
        outside.client.cache_clear()
        queries.forget_accounts()
        make.account(merchant)
        yield make.order(make.sku(merchant))
    registry.providers.cache_clear()
    outside.client.cache_clear()


@pytest.fixture
def pay_url(placed):
    return placed.payment.pay_url


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_state_is_readable(open_page, pay_url, size, dark):
    page = open_page(size, dark=dark)
    page.goto(pay_url)
    expect(page.get_by_role("heading", name="模拟收银台")).to_be_visible()
    expect(page.locator(".price")).to_have_text("¥19.99")
    page.locator("details.fold summary").click()
    assert_axe(page)
    assert_fits(page)
    shot(page, f"cashier-open-{size[0]}-{'dark' if dark else 'light'}")

    page.locator("button[value=fail]").click()
    expect(page.locator(".done.bad")).to_be_visible()
    assert_axe(page)

    page.locator("button[value=pay]").click()
    expect(page.locator(".done")).to_be_visible()
    expect(page.locator("button[value=pay]")).to_have_count(0)
    assert_axe(page)
    assert_fits(page)
    shot(page, f"cashier-paid-{size[0]}-{'dark' if dark else 'light'}")


def test_in_english_and_without_scripts(open_page, pay_url):
    page = open_page(PHONE, scripts=False, language="en-US")

    page.goto(pay_url)
    expect(page.get_by_text("A trial: no real money moves.")).to_be_visible()
    page.get_by_role("button", name=re.compile(r"Pay ¥19\.99")).click()

    expect(page.get_by_role("heading", name="Paid")).to_be_visible()


def test_a_misdeed_is_chosen_and_done(open_page, pay_url):
    page = open_page(PHONE, language="en-US")

    page.goto(pay_url)
    page.get_by_text("Try what goes wrong elsewhere").click()
    page.get_by_label("Pay one unit too little").check()
    page.get_by_role("button", name="Do this").click()

    expect(page.get_by_role("heading", name="Paid")).to_be_visible()
