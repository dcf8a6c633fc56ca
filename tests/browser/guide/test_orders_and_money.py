"""The guide's chapters of orders, deadlines, rules, notices and bills (O2, O8, O9, O10, P7).

`GUIDE_PICTURES=docs/images/guide ./kacang test tests/browser/guide` takes their pictures again.
"""

from typing import Any

import pytest
from playwright.sync_api import expect

from kacang.merchants.audit import Actor
from kacang.orders import queries as orders
from kacang.orders.exports import operations as exports
from kacang.orders.tagging.putting import tag_orders
from kacang.orders.tagging.tags import make_tag
from kacang.orders.types import OrderFilter, OrderState
from tests.browser.console.bills import some_bills
from tests.browser.console.test_guide import Walker
from tests.browser.console.test_walks import job_of

pytestmark = pytest.mark.browser


def test_the_list_of_orders_and_the_drawer(walker: Walker):
    shop, page = walker.shop, walker.page
    who: dict[str, Any] = {"merchant_id": shop.merchant_id}
    actor = Actor("user", None, shop.email)
    tag = make_tag(**who, name="加急", colour="red", actor=actor)
    tag_orders(**who, numbers=shop.numbers[:2], tag=tag, actor=actor)
    walker.go("orders/?channel=shop&least=50&period=30d")
    expect(page.locator("a.chip.set")).to_have_count(3)
    page.locator("summary", has_text="更多筛选").click()
    fields = page.locator(".menu-b.wide label").all_inner_texts()
    assert {"商品", "来源", "异常", "备注", "期限"} <= set(fields)
    page.keyboard.press("Escape")
    for box in page.locator("input.row-cb").all()[:3]:
        box.check()
    walker.look("orders")

    page.locator("[data-picked-clear]").click()
    given = orders.orders_page(**who, where=OrderFilter(state=OrderState.DELIVERED)).rows[-1]
    page.locator("a[data-drawer]", has_text=given.number).click()
    expect(page.locator("#drawer")).to_contain_text(given.number)
    walker.look("drawer")


def test_exporting_orders(walker: Walker):
    page = walker.page
    walker.go("orders/?view=all")
    page.locator(".ph summary", has_text="批量处理筛选结果").click()
    page.locator(".ph .menu-b").get_by_role("button", name="导出订单").click()
    page.locator("main form button.btn-primary").wait_for()
    walker.look("export-orders")
    walker.send()
    page.wait_for_url("**/export/job_*/")
    exports.run_export(merchant_id=walker.shop.merchant_id, work_uid=job_of(page))
    page.reload()
    expect(page.locator("main")).to_contain_text("下载")
    walker.look("export-orders-done")


def test_deadlines(walker: Walker):
    page = walker.page
    walker.go("deadlines/rules/")
    expect(page.locator("main")).to_contain_text("节假日与调休")
    walker.look("deadlines", whole=True)


def test_the_matrix_of_notices(walker: Walker):
    walker.go("messages/templates/")
    expect(walker.page.locator("main")).to_contain_text("已开启，但不会发送")
    walker.look("notices")


def test_bills_beside_the_books(walker: Walker):
    uid = some_bills(walker.shop.merchant_id)
    walker.go("reconciliation/")
    walker.look("bills")
    walker.go(f"reconciliation/bills/{uid}/")
    for word in ("向渠道查询", "入账", "处理", "结账"):
        expect(walker.page.locator("main")).to_contain_text(word)
    walker.look("bill")


def test_a_rule_is_built_and_tried_on_the_last_orders(walker: Walker):
    page = walker.page
    walker.go("rules/new/")
    page.get_by_label("规则名称").fill("大额人工审核")
    page.locator("#amount-least").fill("200")
    page.get_by_label("拦下，人工审核后再发货").check()
    page.get_by_label("优先级").select_option("8")
    walker.look("rule-new", whole=True)
    page.get_by_role("button", name="100 单").click()
    expect(page.locator("#trial")).to_contain_text("笔已付款订单")
    page.locator("#trial").scroll_into_view_if_needed()
    walker.look("rule-trial")
