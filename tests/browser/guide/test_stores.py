"""The guide's part of stores (R1, I1)."""

import pytest
from playwright.sync_api import expect

from kacang.merchants import operations
from kacang.merchants.audit import SYSTEM
from tests.browser.console.test_guide import Walker

pytestmark = pytest.mark.browser


def test_a_store_and_its_people(walker: Walker):
    page, who = walker.page, walker.shop.merchant_id
    for name in ("王店员", "赵店员"):
        operations.add_staff(
            merchant_id=who,
            email=f"clerk-{ord(name[0])}@example.com",
            name=name,
            role="clerk",
            actor=SYSTEM,
        )
    walker.go("stores/new/")
    page.get_by_label("名称").fill("南京路体验店")
    page.get_by_label("代码").fill("nanjing-road")
    page.get_by_label("门店地址").fill("上海市黄浦区南京东路 1 号")
    page.get_by_role("button", name="开设门店").click()
    page.get_by_role("button", name="选择人员").click()
    for box in ("王店员", "赵店员"):
        page.locator("#people-ask label", has_text=box).locator("input").check()
    page.locator("#people-ask button[type=submit]").click()

    expect(page.get_by_role("cell", name="所属门店的订单")).to_have_count(2)
    # Without what only tells that it was saved.
    page.reload()
    walker.look("store")
