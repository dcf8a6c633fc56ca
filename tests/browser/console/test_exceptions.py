"""From exception to resolution in a real browser (O6, O8)."""

import pytest
from playwright.sync_api import Page, expect

from kacang.merchants.audit import SYSTEM
from kacang.orders import operations as orders
from kacang.orders.deadlines import operations as deadlines
from kacang.orders.exceptions import operations
from kacang.orders.exceptions.change_types import ChangeWish
from kacang.shared.clock import utc_now
from tests import make
from tests.browser.console.conftest import sign_in
from tests.browser.console.shop import Shop as Desk
from tests.browser.console.shop import an_empty_shop
from tests.browser.harness import (
    DESKTOP,
    PHONE,
    assert_axe,
    assert_fits,
    assert_walked_by_keyboard,
    shot,
)
from tests.orders.deadlines.test_watching import AGO
from tests.orders.exceptions.conftest import Shop

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def owner(database) -> Desk:
    return an_empty_shop()


@pytest.fixture(scope="module")
def troubled(owner) -> Shop:
    """A shop with something of every kind: late, looked after, to be changed, reported."""
    shop = Shop(owner.merchant_id)
    late = shop.short()
    shop.sync()
    shop.run("update order_exception set due_at = now() - interval '95 minutes', level = 1")
    operations.ask_change(
        merchant_id=shop.merchant,
        number=late.number,
        wish=ChangeWish(email="lin.xiaoyu@example.com", reason="买家来电：邮箱打错了一个字母"),
        actor=SYSTEM,
    )
    operations.report(
        merchant_id=shop.merchant,
        number=late.number,
        words="供货商回复系统维护，预计两小时后恢复",
        actor=shop.person(),
    )
    shop.run("update order_exception set owner_id = null, owned_at = null")
    return shop


def look(page: Page, name: str) -> None:
    assert_axe(page)
    assert_fits(page)
    shot(page, name)


def test_O6_an_order_short_of_stock_is_claimed_and_goes_on_by_itself(page, owner, troubled):
    shop = troubled
    placed = shop.short()
    shop.sync()
    sign_in(page, owner)
    expect(page.locator(".todo")).to_contain_text("异常订单")
    look(page, "exceptions-home-1440")
    page.locator(".todo a", has_text="异常订单").click()
    page.goto(f"/console/exceptions/?q={placed.number}")
    row = page.locator("tbody tr", has_text=placed.number)
    expect(row).to_contain_text("缺货")

    row.get_by_role("button", name="认领").click()
    expect(page.locator("tbody tr", has_text=placed.number)).to_contain_text("陆晓雨")
    page.goto("/console/exceptions/")
    look(page, "exceptions-1440")
    page.locator(f'tr:has-text("{placed.number}") [data-open^=assign-]').first.click()
    look(page, "exceptions-assign-1440")
    page.keyboard.press("Escape")

    make.stock(shop.sku, 3)
    orders.continue_waiting(merchant_id=shop.merchant, sku_id=shop.sku.sku.pk)

    page.goto("/console/exceptions/?show=stock")
    expect(page.locator("main")).not_to_contain_text(placed.number)
    page.goto("/console/exceptions/?show=closed")
    expect(page.locator("tbody tr", has_text=placed.number)).to_contain_text("已发货")
    look(page, "exceptions-closed-1440")
    page.goto(f"/console/orders/{placed.number}/")
    expect(page.locator("main")).to_contain_text("异常解除")
    look(page, "exceptions-order-1440")


def test_O6_a_change_is_approved_where_it_is_compared(page, owner, troubled):
    sign_in(page, owner)
    page.goto("/console/exceptions/?show=address")
    expect(page.locator("main")).to_contain_text("lin.xiaoyu@example.com")
    assert_walked_by_keyboard(page)
    page.locator("[data-open^=approve-]").first.click()
    look(page, "exceptions-approve-1440")
    page.locator("dialog[open] button[type=submit]").click()
    expect(page.locator("body")).to_contain_text("已修改")


def test_the_queue_fits_a_phone(open_page, owner, troubled):
    page = open_page(PHONE)
    sign_in(page, owner)
    number = troubled.queue()[0].number
    for address, name in (
        ("/console/exceptions/", "exceptions"),
        (f"/console/orders/{number}/change/", "exceptions-change"),
        (f"/console/orders/{number}/", "exceptions-order"),
    ):
        page.goto(address)
        look(page, f"{name}-390-light")


@pytest.mark.parametrize(
    ("size", "dark"), [(DESKTOP, False), (PHONE, True)], ids=["1440-light", "390-dark"]
)
def test_O8_a_breach_is_shown_with_its_rule_and_its_report(open_page, owner, troubled, size, dark):
    shop = troubled
    late = shop.short()
    shop.run(AGO, 400, late.number)
    deadlines.watch_deadlines(merchant_id=shop.merchant, now=utc_now())
    page = open_page(size, dark=dark)
    sign_in(page, owner)
    page.goto("/console/deadlines/")
    expect(page.locator("tbody tr", has_text=late.number)).to_contain_text("已超时")
    end = f"{size[0]}-{'dark' if dark else 'light'}"
    for address, name in (
        ("/console/deadlines/", "deadlines"),
        ("/console/deadlines/?show=missed", "deadlines-missed"),
        ("/console/deadlines/rules/", "deadlines-rules"),
        ("/console/stages/", "stages"),
        ("/console/stages/orders/?stage=delivery", "stages-orders"),
        ("/console/orders/", "deadlines-orders"),
    ):
        page.goto(address)
        look(page, f"{name}-{end}")
    expect(page.locator("tbody tr", has_text=late.number)).to_contain_text("已超时效")
