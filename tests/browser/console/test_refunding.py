"""A refund in a real browser: asked for, looked at once more, decided in the queue (P4)."""

import pytest
from playwright.sync_api import Page, expect

from kacang.merchants.audit import Actor
from kacang.orders import operations as orders
from kacang.orders import queries
from kacang.orders.refunding.types import RefundStatus, RefundWay, RefundWish
from kacang.payments.refunding import refund_lists
from kacang.shared.money import Money
from tests.browser.console.shop import Shop
from tests.browser.harness import assert_axe, assert_fits, shot

pytestmark = pytest.mark.browser
SERVICE = Actor(kind="user", id=9_999_999, label="chen@example.com")


def asked(shop: Shop, at: int, minor: int, way: RefundWay, role: str) -> str:
    wish = RefundWish(Money(minor), "卡密无法激活，买家已提供截图", way=way)
    done = orders.request_refund(
        merchant_id=shop.merchant_id, number=shop.numbers[at], wish=wish, actor=SERVICE, role=role
    )
    return done.numbers[0]


@pytest.fixture
def queue(busy) -> str:
    asked(busy, 0, 5_000, RefundWay.BY_HAND, "owner")
    asked(busy, 1, 100, RefundWay.ORIGIN, "owner")
    return asked(busy, 2, 1_000, RefundWay.BY_HAND, "customer_service")


def look(page: Page, name: str) -> None:
    assert_axe(page)
    assert_fits(page)
    shot(page, name)


def test_from_the_order_to_the_money(desk, busy, queue):
    number = busy.numbers[3]
    desk.goto(f"/console/orders/{number}/")
    desk.get_by_role("link", name="退款", exact=True).last.click()
    desk.fill("[name=reason]", "卡密无法激活")
    desk.check("[name=way][value=by_hand]")
    look(desk, "refund-ask-1440")
    desk.get_by_role("button", name="继续").click()
    expect(desk.locator("main")).to_contain_text("无法撤销")
    look(desk, "refund-sure-1440")
    desk.locator("button[name=step][value=do]").click()
    expect(desk.locator("main")).to_contain_text("退款")
    look(desk, "refund-order-1440")

    desk.goto("/console/refunds/")
    look(desk, "refunds-1440")
    desk.goto("/console/refunds/?state=requested")
    desk.locator(f"[data-open=approve-{queue}]").click()
    dialog = desk.locator(f"#approve-{queue}")
    expect(dialog).to_contain_text("¥10.00")
    look(desk, "refund-approve-1440")
    dialog.locator("button[type=submit]").click()

    found = refund_lists.refund(merchant_id=busy.merchant_id, number=queue)
    assert found.state is RefundStatus.APPROVED
    order = queries.order(merchant_id=busy.merchant_id, number=number)
    assert order.refunded == order.payable


def test_fits_a_phone(handheld, busy):
    for address, name in (
        (f"/console/orders/{busy.numbers[4]}/refund/", "refund-ask-390"),
        ("/console/refunds/", "refunds-390"),
        ("/console/payments/suspense/", "refund-suspense-390"),
    ):
        handheld.goto(address)
        look(handheld, name)
