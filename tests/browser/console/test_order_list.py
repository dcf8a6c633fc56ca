"""The list of orders in a real browser: filters, views, selection, keys, two at one order (O2)."""

import re
import time

import pytest
from playwright.sync_api import Page, expect

from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.orders import queries
from kacang.orders.models import Order
from kacang.orders.tagging.tags import make_tag
from kacang.orders.types import OrderFilter, OrderState
from tests.browser.console.conftest import sign_in
from tests.browser.console.shop import Shop
from tests.browser.harness import DESKTOP, PHONE, assert_axe, assert_fits, shot

pytestmark = pytest.mark.browser
LIST = "/console/orders/?view=all"


@pytest.fixture(scope="module")
def tagged(busy) -> str:
    actor = Actor("user", None, busy.email)
    make_tag(merchant_id=busy.merchant_id, name="生日礼物", colour="purple", actor=actor)
    return make_tag(merchant_id=busy.merchant_id, name="加急", colour="red", actor=actor)


def rows(page: Page):
    return page.locator("table.orders tbody tr")


class TestFiltersAndViews:
    def test_a_filter_becomes_a_chip_a_view_and_is_there_after_a_reload(self, desk, tagged):
        desk.goto(LIST)
        desk.click("summary:has-text('更多筛选')")
        desk.select_option("#f-channel", "shop")
        desk.fill("#f-least", "50")
        desk.get_by_role("button", name="应用", exact=True).click()
        expect(desk.locator("a.chip.set")).to_have_count(2)
        assert "channel=shop" in desk.url
        assert "least=50" in desk.url

        desk.get_by_role("button", name="保存此视图").click()
        desk.fill("#view-name", "早班复核")
        desk.check("#view-start")
        desk.locator("#save-view button[type=submit]").click()
        expect(desk.locator(".views a.on")).to_have_text("早班复核")
        desk.reload()
        expect(desk.locator("a.chip.set")).to_have_count(2)

        # The list starts with it; all orders are one click away.
        desk.goto("/console/orders/")
        expect(desk.locator(".views a.on")).to_have_text("早班复核")
        desk.locator(".views a", has_text="全部").first.click()
        expect(desk.locator("a.chip.set")).to_have_count(0)
        desk.goto("/console/orders/?channel=shop&note=no")
        desk.locator("a.chip.set", has_text="来源").or_(
            desk.locator("a.chip.set", has_text="渠道")
        ).first.click()
        assert "channel" not in desk.url
        assert "note=no" in desk.url

    def test_columns_and_density_stay_with_the_person(self, desk):
        desk.goto(LIST)
        desk.click("[data-open=columns]")
        desk.locator("#columns input[value=channel]").uncheck()
        desk.locator("#columns input[value=paid]").check()
        up = desk.get_by_role("button", name=re.compile("上移 .*付款时间"))
        up.click()
        expect(up).to_be_focused()
        desk.locator("#columns input[value=compact]").check()
        desk.locator("#columns button[type=submit]").click()

        expect(desk.locator("table.orders.compact")).to_be_visible()
        heads = desk.locator("table.orders th").all_inner_texts()
        assert "渠道" not in heads
        assert "付款时间" in heads


class TestSelecting:
    def test_sums_tags_and_takes_them_back(self, desk, tagged, busy):
        desk.goto(LIST)
        boxes = desk.locator(".row-cb")
        boxes.nth(0).check()
        boxes.nth(1).check()
        bar = desk.locator("[data-picked]")
        expect(bar.locator("[data-picked-count]")).to_have_text("2")
        expect(bar.locator("[data-picked-sum]")).to_contain_text("¥")
        desk.reload()
        expect(bar.locator("[data-picked-count]")).to_have_text("2")

        bar.get_by_role("button", name="标签").click()
        desk.select_option("#tag-which", label="加急")
        desk.locator("#tag-many button[type=submit]").click()
        expect(desk.locator("table.orders .tag", has_text="加急")).to_have_count(2)
        desk.get_by_role("button", name="撤销").click()
        expect(desk.locator("table.orders .tag", has_text="加急")).to_have_count(0)

        bar.get_by_role("button", name="选择全部符合条件的").click()
        expect(bar.locator("[data-picked-sums]")).to_contain_text("单")
        shot(desk, "orders-selected")

    def test_new_orders_are_told_without_moving_the_list(self, desk, busy):
        desk.goto(LIST)
        first = rows(desk).first.inner_text()
        with acting_as(busy.merchant_id):
            ids = list(Order.objects.filter(merchant_id=busy.merchant_id).order_by("-id")[:1])
        assert ids
        desk.evaluate("htmx.ajax('GET', '/console/orders/news/?than=', '#news')")
        expect(desk.locator("#news a")).to_contain_text("新订单")
        assert rows(desk).first.inner_text() == first

    def test_O2_a_paid_order_is_heard_by_who_wants_to(self, desk, busy):
        """What the browser is told to play is counted: a test has no ears."""
        desk.add_init_script("""
            window.rung = 0;
            const start = OscillatorNode.prototype.start;
            OscillatorNode.prototype.start = function (at) { rung += 1; start.call(this, at); };
        """)
        desk.goto(LIST)
        bell = desk.locator("[data-sound]")
        expect(bell).to_have_attribute("aria-pressed", "false")
        told = "htmx.ajax('GET', '/console/orders/news/?at=%d', '#news')"
        long_ago = int(time.time()) - 80_000
        desk.evaluate(told % long_ago)
        expect(desk.locator("#news [data-paid]")).to_have_count(1)
        assert desk.evaluate("rung") == 0

        bell.click()
        expect(bell).to_have_attribute("aria-pressed", "true")
        heard = desk.evaluate("rung")
        assert heard > 0
        desk.evaluate(told % (int(time.time()) + 60))
        expect(desk.locator("#news [data-paid]")).to_have_count(0)
        desk.evaluate(told % long_ago)
        expect(desk.locator("#news [data-paid]")).to_have_count(1)
        assert desk.evaluate("rung") == 2 * heard
        desk.reload()
        expect(bell).to_have_attribute("aria-pressed", "true")
        bell.click()
        expect(bell).to_have_attribute("aria-pressed", "false")


class TestKeys:
    def test_a_morning_is_reviewed_by_keys(self, desk, busy, tagged):
        desk.goto(LIST)
        total = rows(desk).count()
        for _ in range(total):
            desk.keyboard.press("j")
            desk.keyboard.press("x")
        expect(desk.locator("[data-picked-count]")).to_have_text(str(total))
        desk.keyboard.press("k")
        desk.keyboard.press("Enter")
        drawer = desk.locator("#drawer")
        expect(drawer).to_be_visible()
        desk.keyboard.press("ArrowDown")
        desk.keyboard.press("Escape")
        expect(drawer).to_be_hidden()
        desk.keyboard.press("/")
        expect(desk.locator("#q")).to_be_focused()
        desk.locator("#q").blur()
        desk.keyboard.press("?")
        expect(desk.locator("#shortcuts")).to_be_visible()

    def test_the_palette_leads_by_keys_to_an_order_and_to_commands(self, desk, busy):
        desk.goto(LIST)
        number = rows(desk).nth(2).locator("a.no").inner_text()
        desk.keyboard.press("Control+k")
        field = desk.locator("#palette input")
        field.fill(number)
        first = desk.locator("#palette-found a").first
        expect(first).to_contain_text(number)
        expect(first).to_have_attribute("aria-selected", "true")
        expect(field).to_have_attribute("aria-activedescendant", re.compile("palette-option"))
        assert_axe(desk)
        shot(desk, "palette")
        desk.keyboard.press("Enter")
        desk.wait_for_url(f"**/orders/{number}/")
        desk.keyboard.press("Control+k")
        field.fill("> 待付款")
        expect(desk.locator("#palette a:visible")).to_have_count(1)
        desk.keyboard.press("Enter")
        desk.wait_for_url("**/orders/?state=pending")

    def test_a_note_is_taken_back(self, desk):
        desk.goto(LIST)
        rows(desk).first.locator("a[data-drawer]").click()
        drawer = desk.locator("#drawer")
        drawer.locator("textarea[name=text]").first.fill("客户要求周五前发货")
        drawer.get_by_role("button", name="添加备注").first.click()
        expect(drawer.locator(".tl")).to_contain_text("客户要求周五前发货")
        desk.get_by_role("button", name="撤销").click()
        expect(drawer.locator(".tl")).to_contain_text("已撤回")
        expect(drawer.locator(".tl")).not_to_contain_text("客户要求周五前发货")


def test_two_clerks_at_one_order_one_wins_and_the_other_is_told(open_page, busy: Shop):
    where = OrderFilter(state=OrderState.PENDING)
    page = queries.orders_page(merchant_id=busy.merchant_id, where=where)
    address = f"/console/orders/{page.rows[0].number}/"
    one, other = (sign_in(open_page(), busy) for _ in range(2))
    one.goto(f"{address}?act=cancel")
    expect(one.locator("#cancel-ask")).to_be_visible()
    other.goto(f"{address}?act=price")
    other.fill("#price-new", "150")
    other.fill("#price-reason", "老客优惠")

    one.locator("#cancel-ask button[type=submit]").click()
    expect(one.locator("main")).to_contain_text("已取消")
    other.locator("#price-ask button[type=submit]").click()

    expect(other.locator("main .banner.bad")).to_be_visible()
    expect(other.locator("main")).to_contain_text("已取消")


@pytest.mark.parametrize("address", [LIST, "/console/orders/tags/", "/console/orders/views/"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["wide", "narrow"])
def test_pages_have_no_fault(open_page, busy, tagged, address, size):
    # The other way round `test_every_page.py` looks at them.
    dark = size == DESKTOP
    page = sign_in(open_page(size=size, dark=dark), busy)
    page.goto(address)
    assert_axe(page)
    assert_fits(page)
    name = address.strip("/").split("?")[0].strip("/").replace("/", "-")
    shot(page, f"{name}-{size[0]}-{'dark' if dark else 'light'}")


def test_O4_on_a_phone_orders_are_selected_by_the_page_and_one_by_one(open_page, busy, tagged):
    page = sign_in(open_page(PHONE), busy)
    page.goto(f"{LIST}&deadline=met")
    expect(page.locator("a.chip.set")).to_contain_text("未超时")
    here = rows(page).count()
    assert here > 1

    page.locator("#cb-all").check()
    bar = page.locator("[data-picked]")
    expect(bar.locator("[data-picked-count]")).to_have_text(str(here))
    shot(page, "orders-selected-390")
    page.locator(".row-cb").first.uncheck()
    expect(bar.locator("[data-picked-count]")).to_have_text(str(here - 1))
    assert_axe(page)
    assert_fits(page)
    bar.get_by_role("button", name="标签").click()
    page.select_option("#tag-which", label="加急")
    page.locator("#tag-many button[type=submit]").click()

    expect(page.locator("table.orders .tag", has_text="加急")).to_have_count(here - 1)
    page.get_by_role("button", name="撤销").click()
    expect(page.locator("table.orders .tag", has_text="加急")).to_have_count(0)
