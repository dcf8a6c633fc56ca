"""Payments are narrowed, and lists of money exported, in a real browser (P2, F1, O10)."""

import pytest

from kacang.jobs import reconciliation as jobs
from tests.browser.console.conftest import sign_in
from tests.browser.harness import DESKTOP, PHONE, assert_axe, assert_fits, shot

pytestmark = pytest.mark.browser
LOOKS = [(DESKTOP, False, "zh-CN"), (PHONE, True, "en-US")]


def looked_at(page, name, size, dark):
    shot(page, f"money-{name}-{size[0]}-{'dark' if dark else 'light'}")
    assert_axe(page)
    assert_fits(page)


@pytest.mark.parametrize(("size", "dark", "language"), LOOKS)
def test_P2_payments_are_narrowed_and_exported(open_page, busy, size, dark, language):
    page = sign_in(open_page(size, dark=dark, language=language), busy)
    page.goto("/console/payments/?state=paid")

    page.locator("summary.chip.dash").click()
    page.fill("#f-least", "0.01")
    page.select_option("#f-company", "sandbox")
    looked_at(page, "fields", size, dark)
    page.locator(".menu-b.wide button[type=submit]").click()
    page.wait_for_url("**company=sandbox**")
    assert page.locator("a.chip.set").count() == 2
    assert page.locator("table.rows tbody tr").count() > 0
    looked_at(page, "narrowed", size, dark)

    page.locator("a.chip.set").first.click()
    page.wait_for_url(lambda url: "company=" not in url)
    assert "state=paid" in page.url
    assert "least=0.01" in page.url

    # By keyboard alone: the menu opens, its second button is reached.
    page.locator(".ph details.menu summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    looked_at(page, "menu", size, dark)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/exports/job_**")
    looked_at(page, "begun", size, dark)
    uid = page.url.rstrip("/").split("/")[-1]
    jobs.run_export(merchant_id=busy.merchant_id, work_uid=uid)
    page.reload()
    looked_at(page, "done", size, dark)

    with page.expect_download() as fetched:
        page.locator("form[action$='/file/'] button").click()
    assert fetched.value.suggested_filename.endswith(".csv")


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_F1_books_are_asked_for_in_a_dialog_and_can_be_stopped(open_page, busy, size):
    page = sign_in(open_page(size), busy)
    page.goto("/console/ledger/accounts/1100/")

    page.locator("[data-open=export-ask]").click()
    looked_at(page, "books", size, dark=False)
    page.check("#x-books")
    page.locator("#export-ask button[type=submit]").click()
    page.wait_for_url("**/console/exports/job_**")
    page.locator(".job button.link").click()
    page.locator(".job button.link").wait_for(state="detached")

    page.goto("/console/works/")
    assert page.locator("main").inner_text().count("导出资金数据") > 0
