import json
import re

import pytest
from playwright.sync_api import expect

from tests.browser.harness import DESKTOP, PHONE, assert_axe, assert_fits, shot

pytestmark = pytest.mark.browser

PAGES = {
    "console": "/design/",
    "console-empty": "/design/?empty=1",
    "shop": "/design/shop/",
    "paying": "/design/paying/",
    "sign-in": "/design/sign-in/",
    "not-found": "/design/errors/404/",
}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1440", "390"])
@pytest.mark.parametrize("name", PAGES)
def test_every_component_is_accessible_and_fits(open_page, name, size, dark):
    page = open_page(size, dark=dark)

    page.goto(PAGES[name])

    shot(page, f"design-{name}-{size[0]}-{'dark' if dark else 'light'}")
    assert_axe(page)
    assert_fits(page)


@pytest.mark.parametrize("width", [360, 640, 768, 900, 1024, 1280])
@pytest.mark.parametrize("name", ["console", "shop"])
def test_nothing_sticks_out_at_widths_between(open_page, name, width):
    page = open_page((width, 900))

    page.goto(PAGES[name])

    assert_fits(page)


@pytest.mark.parametrize("address", ["/design/", "/design/shop/"])
def test_prints_dark_on_white(open_page, address):
    page = open_page(dark=True)
    page.goto(address)

    page.emulate_media(media="print")

    colours = page.locator("body").evaluate(
        "el => [getComputedStyle(el).color, getComputedStyle(el).backgroundColor]"
    )
    assert colours == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
    card = page.locator(".card").first.evaluate("el => getComputedStyle(el).backgroundColor")
    assert card == "rgb(255, 255, 255)"


@pytest.mark.parametrize("colour", ["rose", "green", "graphite", "#7a5200"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_shops_own_colour_stays_readable(open_page, colour, dark):
    page = open_page(PHONE, dark=dark)

    page.goto(f"/design/shop/?brand={colour.replace('#', '%23')}")

    shown = page.locator(".dock .btn").evaluate("el => getComputedStyle(el).backgroundColor")
    assert shown != "rgb(43, 92, 230)"
    assert_axe(page)


class TestDrawer:
    def test_opens_over_the_list_steps_and_gives_focus_back(self, page):
        page.goto("/design/")
        first, second = page.locator("[data-drawer]").nth(0), page.locator("[data-drawer]").nth(1)

        first.click()
        page.locator("#drawer h2").wait_for()
        assert_axe(page)
        shot(page, "design-drawer-1440")
        assert page.locator("[data-drawer-step='-1']").is_disabled()
        page.keyboard.press("ArrowDown")
        expect(page.locator("table.stack tbody tr").nth(1)).to_have_class("at")
        page.keyboard.press("Escape")

        assert not page.locator("#drawer").is_visible()
        assert second.evaluate("el => el === document.activeElement")


class TestSelection:
    def test_counts_sums_and_says_how_many_can_be_done(self, page):
        page.goto("/design/")
        bar = page.locator(".bulk")

        page.locator(".row-cb").nth(0).check()
        page.locator(".row-cb").nth(1).check()

        assert bar.is_visible()
        assert page.locator("[data-bulk-count]").inner_text() == "2"
        assert page.locator("[data-bulk-sum]").inner_text() == "¥11,958.00"
        assert "（1 单可发）" in bar.locator("[data-can=deliver]").inner_text()
        page.wait_for_timeout(300)
        assert_axe(page)

    def test_takes_everything_that_matches(self, page):
        page.goto("/design/")
        page.locator(".row-cb").nth(0).check()

        page.locator("[data-bulk-everything]").click()

        assert page.locator("[data-bulk-all]").input_value() == "1"
        assert page.locator("[data-bulk-count]").inner_text() == "已选全部 1,482 条"

    def test_a_changed_box_ends_everything(self, page):
        page.goto("/design/")
        page.locator(".row-cb").nth(0).check()
        page.locator("[data-bulk-everything]").click()

        page.locator(".row-cb").nth(1).check()

        assert page.locator("[data-bulk-all]").input_value() == ""


class TestKeysAndDialogs:
    def test_the_palette_opens_filters_and_closes(self, page):
        page.goto("/design/")

        page.keyboard.press("Control+k")
        page.locator("#palette input").fill("卡密")

        assert page.locator("[data-palette-pages] a:visible").count() == 2
        assert_axe(page)
        page.keyboard.press("Escape")
        assert not page.locator("#palette").is_visible()

    def test_a_question_before_what_cannot_be_undone(self, page):
        page.goto("/design/")

        page.locator("button.btn-danger[data-open=refund-ask]").click()

        assert page.locator("#refund-ask").is_visible()
        assert_axe(page)
        page.locator("#refund-ask [data-close]").click()
        assert not page.locator("#refund-ask").is_visible()

    def test_slash_goes_to_the_search_of_the_list(self, page):
        page.goto("/design/")

        page.keyboard.press("/")

        assert page.evaluate("document.activeElement.id") == "q"

    def test_the_menu_of_phones_holds_the_navigation(self, phone):
        phone.goto("/design/")

        phone.locator(".tabbar [data-open=more]").click()

        assert phone.locator("#more .nav-i").count() == 9
        assert_axe(phone)


class TestThemes:
    def test_the_switch_is_remembered_by_the_server(self, page):
        page.goto("/design/")

        page.locator("header [data-theme-switch]").first.click()
        page.reload()

        assert page.locator("html").get_attribute("data-bs-theme") == "dark"

    def test_follows_the_system_at_first(self, open_page):
        page = open_page(dark=True)

        page.goto("/design/")

        assert page.locator("html").get_attribute("data-bs-theme") == "dark"


class TestJobCard:
    def test_looks_again_by_itself_until_it_has_ended(self, page):
        page.goto("/design/")
        card = page.locator(".job").first

        card.locator("a", has_text="下载").wait_for()

        assert card.get_attribute("hx-get") is None
        assert "1,482 / 1,482" in card.inner_text()


class TestCharts:
    def test_are_drawn_and_have_their_numbers_as_a_table(self, page):
        page.goto("/design/")

        page.locator(".chart canvas").first.wait_for()
        page.locator(".chart").first.hover()
        page.locator(".chart-t summary").first.click()

        assert page.locator(".chart-t").first.locator("tbody tr").count() == 24


class TestPaying:
    def test_turns_by_itself_when_paid(self, phone):
        phone.goto("/design/paying/?done=1")

        phone.wait_for_url("**/design/shop/")

    def test_counts_down(self, phone):
        phone.goto("/design/paying/")

        expect(phone.locator("[data-countdown]")).to_have_text(re.compile(r"14:(31|30)"))

    def test_offers_the_code_as_a_picture_to_keep(self, phone):
        phone.goto("/design/paying/")

        with phone.expect_download() as kept:
            phone.locator("a[download]").click()

        assert kept.value.path().read_bytes().startswith(b"\x89PNG")

    def test_works_without_scripts(self, open_page):
        page = open_page(PHONE, scripts=False)

        page.goto("/design/paying/")

        assert page.locator("img.qr-code").is_visible()
        assert not page.locator("[data-copy]").is_visible()


class TestShop:
    def test_quantity_stays_in_its_bounds(self, phone):
        phone.goto("/design/shop/")
        field = phone.locator(".step input")

        phone.locator(".opt", has_text="月卡").click()
        for _ in range(4):
            phone.locator("[data-step='1']").click()

        assert field.input_value() == "5"
        assert phone.locator("[data-step='1']").is_disabled()
        assert phone.locator("[data-show=stock]").inner_text() == "86"

    def test_copies_one_code(self, page):
        page.goto("/design/shop/")

        page.locator(".key .cp").nth(1).click()

        page.locator(".toast2", has_text="卡密已复制").wait_for()
        assert page.evaluate("navigator.clipboard.readText()") == "7KQ4-M2XR-90TD-9K2D"

    def test_the_language_changes_and_stays(self, page):
        page.goto("/design/shop/")

        page.locator(".lang button").click()

        page.locator("text=My orders").wait_for()
        assert page.locator("html").get_attribute("lang") == "en"
        assert json.dumps(page.url).endswith('/design/shop/"')
