"""Prices as a sheet in a real browser (W3)."""

import pytest
from playwright.sync_api import expect

from tests.browser.console.conftest import sign_in
from tests.browser.harness import DESKTOP, PHONE, assert_axe, assert_fits, shot

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, True), (PHONE, False)])
def test_prices_are_changed_looked_at_and_saved(open_page, busy, size, dark):
    page = sign_in(open_page(size, dark=dark), busy)
    page.goto("/console/products/")
    page.get_by_role("link", name="批量改价").click()
    shot(page, f"sheet-{size[0]}")
    cell = page.locator("input[name=form-0-price]")
    before = cell.input_value()
    cell.fill("88.80")
    page.locator("input[name=form-1-on_sale]").click()
    page.get_by_role("button", name="查看变化").click()

    expect(page.get_by_role("heading", name="将修改 2 个规格")).to_be_visible()
    expect(page.locator("del").first).to_contain_text(before.removesuffix("0"))
    assert_axe(page)
    assert_fits(page)
    shot(page, f"sheet-shown-{size[0]}")
    page.get_by_role("button", name="保存 2 个规格").click()
    expect(page.get_by_text("已修改 2 个规格。")).to_be_visible()
    expect(cell).to_have_value("88.80")
    cell.fill("77.70")
    cell.press("Enter")
    expect(page.get_by_role("heading", name="将修改 1 个规格")).to_be_visible()
    page.get_by_role("link", name="放弃修改").click()
    expect(cell).to_have_value("88.80")
    cell.fill(before)
    page.locator("input[name=form-1-on_sale]").click()
    page.get_by_role("button", name="查看变化").click()
    page.get_by_role("button", name="保存 2 个规格").click()
    expect(cell).to_have_value(before)
