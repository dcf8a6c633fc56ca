"""The daily work in a real browser: drawer, dialogs, keys, growing forms, import."""

import re

import pytest
from playwright.sync_api import Page, expect

from kacang.catalog import queries as catalog
from kacang.orders import queries as orders
from kacang.orders.types import OrderState
from kacang.outbox import queries as works
from kacang.vault import operations as vault
from kacang.vault import queries as stock
from tests.browser.console.shop import Shop
from tests.browser.harness import assert_axe, assert_fits, shot

pytestmark = pytest.mark.browser
PENDING = "/console/orders/?state=pending"


def job_of(page: Page) -> str:
    found = re.search(r"/(job_\w+)/", page.url)
    assert found, page.url
    return found[1]


class TestDrawer:
    def test_opens_over_the_list_steps_and_gives_focus_back(self, desk):
        desk.goto("/console/orders/")
        rows = desk.locator("a[data-drawer]")
        first, second = rows.nth(0).inner_text(), rows.nth(1).inner_text()
        drawer = desk.locator("#drawer")

        rows.nth(0).click()
        expect(drawer).to_contain_text(first)
        assert_axe(desk)
        shot(desk, "drawer-1440")
        drawer.locator("[data-drawer-step='1']").click()
        expect(drawer).to_contain_text(second)
        desk.keyboard.press("Escape")

        expect(drawer).not_to_be_visible()
        expect(rows.nth(1)).to_be_focused()
        assert desk.url.endswith("/console/orders/")

    def test_fits_a_phone(self, handheld):
        handheld.goto("/console/orders/")
        handheld.locator("a[data-drawer]").first.click()

        expect(handheld.locator("#drawer")).to_be_visible()
        assert_axe(handheld)
        assert_fits(handheld)
        shot(handheld, "drawer-390")

    def test_does_an_act_of_a_row_in_its_drawer(self, desk, busy):
        desk.goto(PENDING)
        row = desk.locator("tbody tr").first
        number = row.locator("a[data-drawer]").inner_text()
        row.locator("details.menu summary").click()
        row.locator("a[href*='act=price']").last.click()
        ask = desk.locator("#price-ask")
        expect(ask).to_be_visible()
        shot(desk, "price-1440")
        ask.locator("[name=price]").fill("88")
        ask.locator("[name=reason]").fill("老客")
        ask.locator("button[type=submit]").click()

        expect(desk.locator("#drawer")).to_contain_text("¥88.00")
        expect(desk.locator(f"#amount-{number}")).to_have_text("¥88.00")
        order = orders.order(merchant_id=busy.merchant_id, number=number)
        assert order.payable.minor == 8_800

    def test_cancels_after_asking_with_number_and_amount(self, desk, busy):
        desk.goto(PENDING)
        row = desk.locator("tbody tr").last
        number = row.locator("a[data-drawer]").inner_text()
        row.locator("details.menu summary").click()
        row.locator("a.danger").click()
        ask = desk.locator("#cancel-ask")
        expect(ask).to_contain_text(number)
        expect(ask).to_contain_text("¥")
        shot(desk, "cancel-1440")
        ask.locator("button.btn-danger").click()

        expect(desk.locator(f"#state-{number}")).to_have_text("已取消")
        order = orders.order(merchant_id=busy.merchant_id, number=number)
        assert order.state is OrderState.CANCELLED

    def test_shows_codes_with_a_reason(self, desk, busy):
        desk.goto("/console/orders/?state=delivered")
        desk.locator("a[data-drawer]").first.click()
        drawer = desk.locator("#drawer")
        drawer.locator("#codes [data-open=reveal-ask]").click()
        desk.fill("#reveal-reason", "买家未收到邮件")
        desk.locator("#reveal-ask button[type=submit]").click()

        expect(drawer.locator("#codes .secret-text").first).to_have_text(re.compile("[0-9A-F]{12}"))
        assert_axe(desk)


class TestKeys:
    def test_search_palette_and_pages(self, desk, busy):
        desk.goto("/console/orders/")
        desk.keyboard.press("/")
        expect(desk.locator("#q")).to_be_focused()
        desk.keyboard.press("Control+k")
        desk.locator("#palette input").fill("2716")
        expect(desk.locator("#palette-found a").first).to_be_visible()
        desk.keyboard.press("Escape")
        desk.locator("h1").click()
        desk.keyboard.press("g")
        desk.keyboard.press("v")
        desk.wait_for_url("**/console/stock/")

    def test_pasted_lines_stay_apart(self, desk, busy):
        desk.goto("/console/orders/")
        numbers = busy.numbers[:2]
        desk.evaluate("text => navigator.clipboard.writeText(text)", "\n".join(numbers))
        desk.locator("#q").focus()
        desk.keyboard.press("Control+v")
        desk.keyboard.press("Enter")

        expect(desk.locator("a[data-drawer]")).to_have_count(2)


class TestProduct:
    def test_grows_a_variant_and_shows_markdown(self, desk, busy):
        desk.goto("/console/products/new/")
        desk.fill("#id_title_zh", "音乐会员")
        desk.fill("#id_sku-0-title_zh", "月卡")
        desk.fill("#id_sku-0-price", "15")
        desk.click("[data-add-form=sku]")
        expect(desk.locator("#id_sku-1-title_zh")).to_be_focused()
        desk.fill("#id_sku-1-title_zh", "季卡")
        desk.fill("#id_sku-1-price", "40")
        desk.click("[data-add-form=sku]")
        desk.locator("[data-drop-form]").last.click()
        desk.fill("#id_description_zh", "**买前必看**")
        desk.locator("[hx-target='#see-description_zh']").click()
        expect(desk.locator("#see-description_zh strong")).to_have_text("买前必看")
        desk.locator("#product-form .btn-primary").click()

        desk.wait_for_url(re.compile(r"/products/prd_"))
        expect(desk.locator("#id_sku-1-price")).to_have_value("40.00")
        expect(desk.locator("#id_sku-2-price")).to_have_count(0)


class TestStock:
    def test_imports_from_a_file_in_three_steps(self, desk, busy: Shop, tmp_path):
        file = tmp_path / "cards.csv"
        file.write_text("卡号,卡密\nKF-1,7K2D-9QXA\nKF-2,9M3P-1LWB\nKF-2,9M3P-1LWB\n", "utf-8")
        desk.goto(f"/console/stock/{busy.skus[3]}/import/")
        desk.set_input_files("input[name=file]", file)
        expect(desk.locator("[data-file-name]")).to_have_text("cards.csv")
        desk.locator("main form button.btn-primary").click()
        desk.wait_for_url("**/checks/**")
        shot(desk, "check-waiting-1440")
        vault.run_check(merchant_id=busy.merchant_id, work_uid=job_of(desk))

        expect(desk.locator("main")).to_contain_text("入库 2 条")
        assert_axe(desk)
        shot(desk, "check-1440")
        desk.locator("main form button.btn-primary").click()
        desk.wait_for_url("**/works/**")
        uid = job_of(desk)
        vault.run_import(merchant_id=busy.merchant_id, work_uid=uid)

        expect(desk.locator("main")).to_contain_text("撤销批次")
        assert_axe(desk)
        shot(desk, "import-done-1440")
        assert works.work(merchant_id=busy.merchant_id, uid=uid).result["stocked"] == 2
        desk.locator("[data-open=undo-ask]").click()
        desk.locator("#undo-ask button.btn-danger").click()
        expect(desk.locator("main")).to_contain_text("已撤销")

    def test_estimates_a_pattern_while_it_is_typed(self, desk, busy):
        desk.goto(f"/console/stock/{busy.skus[0]}/generate/")
        desk.fill("#id_pattern", "#{6}")

        expect(desk.locator("#estimate")).to_contain_text("容易被猜中")
        desk.locator("[data-fill]").nth(1).click()
        expect(desk.locator("#estimate li").first).to_contain_text("KC-")

    def test_finds_a_card_and_shows_it_with_a_reason(self, desk, busy):
        desk.goto(f"/console/stock/{busy.skus[0]}/")
        desk.locator("tbody a").first.click()
        desk.wait_for_url("**/batches/**")
        desk.locator("[data-card-act=reveal]").first.click()
        desk.fill("#reveal-card-reason", "核对供货")
        desk.locator("#reveal-card button[type=submit]").click()

        expect(desk.locator("#revealed .secret-text")).to_have_text(re.compile("[0-9A-F]{12}"))
        assert_axe(desk)


class TestBatchChange:
    def test_freezes_what_is_left_and_puts_it_back(self, desk, busy):
        sku = catalog.sku(merchant_id=busy.merchant_id, uid=busy.skus[0])
        batch = stock.batches(merchant_id=busy.merchant_id, sku_id=sku.id).items[0]
        free = batch.levels.available
        assert free > 0
        desk.goto(f"/console/stock/batches/{batch.uid}/")
        desk.locator("[data-open=freeze-ask]").click()
        expect(desk.locator("#freeze-ask")).to_contain_text(f"{free:,}")
        assert_axe(desk)
        shot(desk, "freeze-ask-1440")
        desk.fill("#freeze-reason", "供货商核查")
        desk.locator("#freeze-ask button[type=submit]").click()
        desk.wait_for_url("**/works/**")
        vault.run_change(merchant_id=busy.merchant_id, work_uid=job_of(desk))
        desk.reload()
        expect(desk.locator("main")).to_contain_text("已变更卡密")
        assert_axe(desk)
        assert_fits(desk)
        shot(desk, "freeze-done-1440")

        desk.goto(f"/console/stock/batches/{batch.uid}/")
        expect(desk.locator("[data-open=freeze-ask]")).to_have_count(0)
        assert_fits(desk)
        shot(desk, "frozen-1440")
        desk.locator("[data-open=unfreeze-ask]").click()
        desk.fill("#unfreeze-reason", "核查完毕")
        desk.locator("#unfreeze-ask button[type=submit]").click()
        desk.wait_for_url("**/works/**")
        vault.run_change(merchant_id=busy.merchant_id, work_uid=job_of(desk))

        levels = stock.batch(merchant_id=busy.merchant_id, uid=batch.uid).levels
        assert (levels.available, levels.frozen) == (free, 0)


class TestBulkVoid:
    def test_is_asked_with_count_and_cost_and_undone_as_one_action(self, desk, busy):
        sku = catalog.sku(merchant_id=busy.merchant_id, uid=busy.skus[0])
        (before,) = stock.stock_levels(merchant_id=busy.merchant_id, sku_ids=[sku.id]).values()
        free = before.available
        assert free > 0
        desk.goto(f"/console/stock/cards/?sku={busy.skus[0]}&state=available")
        assert_axe(desk)
        shot(desk, "cards-1440")
        desk.locator("#cb-all").check()
        desk.locator("[data-bulk-everything]").click()
        desk.locator("select[form=bulk-form]").select_option("void")
        assert_axe(desk)
        shot(desk, "cards-chosen-1440")
        desk.locator("[data-bulk] button.pri").click()

        desk.wait_for_url("**/change/**")
        expect(desk.locator("dl.tally")).to_contain_text(f"{free:,}")
        expect(desk.locator("dl.tally")).to_contain_text("¥")
        assert_axe(desk)
        shot(desk, "void-ask-1440")
        desk.fill("#id_reason", "供货商召回")
        desk.locator("main button.btn-danger").click()
        desk.wait_for_url("**/works/**")
        vault.run_change(merchant_id=busy.merchant_id, work_uid=job_of(desk))
        (after,) = stock.stock_levels(merchant_id=busy.merchant_id, sku_ids=[sku.id]).values()
        assert (after.available, after.void) == (0, before.void + free)

        desk.reload()
        desk.locator("[data-open=undo-change-ask]").click()
        expect(desk.locator("#undo-change-ask")).to_contain_text(f"{free:,}")
        assert_axe(desk)
        shot(desk, "undo-ask-1440")
        desk.fill("#undo-change-reason", "召回取消")
        desk.locator("#undo-change-ask button[type=submit]").click()
        desk.wait_for_url(re.compile(r"/works/job_\w+/$"))
        expect(desk.locator("main")).to_contain_text("撤销变更")
        vault.run_change(merchant_id=busy.merchant_id, work_uid=job_of(desk))
        desk.reload()
        assert_axe(desk)
        shot(desk, "undone-1440")

        assert stock.stock_levels(merchant_id=busy.merchant_id, sku_ids=[sku.id]) == {
            sku.id: before
        }

    def test_fits_a_phone(self, handheld, busy):
        for path, name in (
            (f"cards/?sku={busy.skus[0]}", "cards-390"),
            (f"change/?sku={busy.skus[0]}&all=1&state=available&change=extend", "extend-390"),
        ):
            handheld.goto(f"/console/stock/{path}")
            assert_axe(handheld)
            assert_fits(handheld)
            shot(handheld, name)


class TestFindingACard:
    def test_by_the_last_four_of_its_number(self, desk, busy):
        desk.goto("/console/stock/")
        desk.locator("summary", has_text="查询卡密").first.click()
        desk.locator("#find-code").fill("0007")
        desk.keyboard.press("Enter")

        cards = desk.locator("table.tbl tbody tr")
        expect(cards.first).to_contain_text("VIDEO-0007")
        expect(cards).to_have_count(3)
        assert desk.url.endswith("/console/stock/find/")
        assert_axe(desk)
        assert_fits(desk)
        shot(desk, "found-1440")

    def test_fits_a_phone(self, handheld):
        handheld.goto("/console/stock/find/")
        handheld.locator("#find-code").fill("0007")
        handheld.keyboard.press("Enter")
        expect(handheld.locator("table.tbl tbody tr")).to_have_count(3)
        assert_axe(handheld)
        assert_fits(handheld)
        shot(handheld, "found-390")
