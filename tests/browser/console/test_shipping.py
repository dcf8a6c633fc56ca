"""Sending orders in a real browser: one by hand, and fifty from a workbook (O3, O4, L1, L2)."""

import pytest
from playwright.sync_api import expect

from kacang.orders.batches import operations
from kacang.orders.models import OrderState
from tests.browser.harness import DESKTOP, PHONE, assert_axe, assert_fits, shot, sign_in
from tests.orders.batches.conftest import Shop, tracking, workbook

pytestmark = pytest.mark.browser


def look(page, name: str) -> None:
    assert_axe(page)
    assert_fits(page)
    shot(page, name)


def uid_of(page) -> str:
    return str(page.url).rstrip("/").split("/")[-1]


@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (PHONE, True)])
def test_L2_fifty_orders_from_a_workbook_with_three_wrong_lines(
    open_page, live, busy, tmp_path, size, dark
):
    shop, width = Shop(busy.merchant_id), size[0]
    paid = shop.many(shop.nuts(free=True), 50)
    lines = [(one.number, "顺丰", tracking()) for one in paid]
    lines[3] = (lines[3][0], "顺丰", "12")
    lines[7] = ("20261126AAAAAAAAAA", "顺丰", tracking())
    lines[11] = (lines[11][0], "飞毛腿快递", tracking())
    (tmp_path / "发货.xlsx").write_bytes(workbook(lines))
    page = open_page(size, dark=dark)
    sign_in(page, live, busy.email)

    page.goto("/console/orders/")
    page.get_by_role("link", name="批量发货").click()
    page.set_input_files("input[type=file]", tmp_path / "发货.xlsx")
    look(page, f"ship-list-{width}")
    page.get_by_role("button", name="检查").click()
    page.wait_for_url("**/batches/ship/job_*/")
    operations.run_ship_check(merchant_id=shop.merchant, work_uid=uid_of(page))
    page.reload()
    expect(page.locator("main")).to_contain_text("3 行不能发货")
    look(page, f"ship-check-{width}")
    page.get_by_role("button", name="发货 47 单").click()
    page.wait_for_url("**/batches/job_*/")
    shop.run(uid_of(page))
    page.reload()
    expect(page.locator("main")).to_contain_text("47")
    look(page, f"ship-batch-{width}")

    states = [shop.state(one) for one in paid]
    assert states.count(OrderState.SHIPPED) == 47
    assert [at for at, state in enumerate(states) if state is OrderState.PAID] == [3, 7, 11]
    page.get_by_role("button", name="整批撤回").first.click()
    page.fill("#undo-reason", "表格用错了")
    look(page, f"ship-undo-{width}")
    page.locator("#undo-ask button[type=submit]").click()
    page.wait_for_url("**/batches/job_*/")
    shop.run(uid_of(page))
    assert {shop.state(one) for one in paid} == {OrderState.PAID}
    assert shop.wrong() == []


@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, True), (PHONE, False)])
def test_L1_one_order_is_sent_in_two_parcels_by_keyboard_and_dialog(
    open_page, live, busy, size, dark
):
    shop, width = Shop(busy.merchant_id), size[0]
    (one,) = shop.many(shop.nuts(free=True), 1, pieces=3)
    page = open_page(size, dark=dark)
    sign_in(page, live, busy.email)

    page.goto(f"/console/orders/{one.number}/?act=ship")
    page.fill("#ship-tracking", "SF1234567890123")
    page.fill("#pieces-1", "2")
    look(page, f"ship-one-{width}")
    page.locator("#ship-ask button[type=submit]").click()
    expect(page.locator("#parcels")).to_contain_text("SF1234567890123")
    page.locator("[data-open=recipient-ask]").click()
    for field, text in (
        ("name", "张小满"), ("phone", "13826042716"), ("region", "江苏省苏州市"),
        ("address", "金陵东路 88 号"),
    ):  # fmt: skip
        page.fill(f"#recipient-{field}", text)
    page.locator("#recipient-ask button[type=submit]").click()
    expect(page.locator("#recipient")).to_contain_text("张**")
    look(page, f"ship-parcels-{width}")
    page.locator("[data-open$=-void]").click()
    page.locator("dialog[open] input[name=reason]").fill("地址不对")
    look(page, f"ship-void-{width}")
    page.locator("dialog[open] button[type=submit]").click()
    expect(page.locator("#parcels")).to_contain_text("已撤回")
    assert shop.state(one) is OrderState.PAID


def test_O4_O10_asked_before_it_is_done_or_exported(open_page, live, busy):
    shop = Shop(busy.merchant_id)
    shop.many(shop.nuts(free=True), 2)
    page = open_page(PHONE)
    sign_in(page, live, busy.email)
    for label, name in (
        ("取消订单", "batch-ask"),
        ("导出订单", "export-ask"),
        ("发货单", "slips-ask"),
    ):
        page.goto("/console/orders/")
        page.get_by_text("批量处理筛选结果").click()
        page.locator(".ph .menu-b").get_by_role("button", name=label).click()
        expect(page.locator("h1")).to_be_visible()
        look(page, name)
