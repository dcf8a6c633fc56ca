"""Customers are narrowed, tagged, noted and exported in a real browser (H1)."""

import pytest

from kacang.customers import queries, tags
from kacang.jobs import customers as jobs
from kacang.merchants.audit import SYSTEM
from tests.browser.console.conftest import sign_in
from tests.browser.console.customers import some_customers
from tests.browser.harness import DESKTOP, PHONE, assert_axe, assert_fits, shot

pytestmark = pytest.mark.browser
LOOKS = [(DESKTOP, False, "zh-CN"), (PHONE, True, "en-US")]


def looked_at(page, name, size, dark):
    shot(page, f"customers-{name}-{size[0]}-{'dark' if dark else 'light'}")
    assert_axe(page)
    assert_fits(page)


@pytest.fixture
def people(busy):
    known = queries.customers_page(merchant_id=busy.merchant_id).rows
    if not known:
        some_customers(busy)
    return busy


@pytest.mark.parametrize(("size", "dark", "language"), LOOKS)
def test_H1_customers_are_narrowed_tagged_and_exported(open_page, people, size, dark, language):
    merchant_id = people.merchant_id
    page = sign_in(open_page(size, dark=dark, language=language), people)
    page.goto("/console/customers/")
    looked_at(page, "list", size, dark)

    page.locator("summary.chip.dash").click()
    page.fill("#f-upto", "9")
    page.select_option("#f-tag", index=1)
    looked_at(page, "fields", size, dark)
    page.locator(".menu-b.wide button[type=submit]").click()
    page.wait_for_url("**upto=9**")
    assert page.locator("a.chip.set").count() == 2
    assert page.locator("table.rows tbody tr").count() > 0
    page.goto(f"{page.url}&sort=spent")
    looked_at(page, "narrowed", size, dark)

    page.locator("#cb-all" if size == DESKTOP else ".row-cb >> nth=0").check()
    if size == DESKTOP:
        page.locator("[data-bulk-everything]").click()
    page.locator("[data-bulk] button[data-open=tag-many]").click()
    looked_at(page, "ask", size, dark)
    page.locator("#tag-many input[value=take]").check()
    page.locator("#tag-many button[type=submit]").click()
    page.wait_for_url("**/customers/tagging/job_**")
    looked_at(page, "begun", size, dark)
    jobs.run_tagging(merchant_id=merchant_id, work_uid=_job(page))
    page.reload()
    looked_at(page, "tagged", size, dark)
    page.locator("form[action$='/undo/'] button").click()
    page.wait_for_url("**/customers/tagging/job_**")
    jobs.run_tagging(merchant_id=merchant_id, work_uid=_job(page))

    page.goto("/console/customers/?upto=9")
    # By keyboard alone: the menu opens, its second button is reached.
    page.locator(".ph details.menu summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/customers/export/job_**")
    looked_at(page, "export", size, dark)
    jobs.run_export(merchant_id=merchant_id, work_uid=_job(page))
    page.reload()
    looked_at(page, "exported", size, dark)
    with page.expect_download() as fetched:
        page.locator("form[action$='/file/'] button").click()
    assert fetched.value.suggested_filename.endswith(".csv")


@pytest.mark.parametrize(("size", "dark", "language"), LOOKS)
def test_H1_a_customer_is_tagged_and_noted_by_keyboard(open_page, people, size, dark, language):
    merchant_id = people.merchant_id
    named = [row for row in queries.customers_page(merchant_id=merchant_id).rows if row.name]
    uid = named[0].uid
    name = f"新 {size[0]} {dark}"
    tags.make_tag(merchant_id=merchant_id, name=name, colour="green", actor=SYSTEM)
    page = sign_in(open_page(size, dark=dark, language=language), people)
    page.goto(f"/console/customers/{uid}/")

    page.locator("section[aria-labelledby=tags-h] summary").focus()
    page.keyboard.press("Enter")
    looked_at(page, "add-tag", size, dark)
    page.locator("section[aria-labelledby=tags-h] .menu-b button", has_text=name).focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(f"section[aria-labelledby=tags-h] .tag a:text-is('{name}')")

    page.fill("#note_text", "下月前回访")
    page.locator("#note_text + button, form[action$='/note/'] button[type=submit]").first.click()
    page.locator("[data-open^=note-]").first.focus()
    page.keyboard.press("Enter")
    looked_at(page, "note", size, dark)
    page.locator("dialog[open] textarea").fill("下月前回访，问年卡")
    page.locator("dialog[open] button[type=submit]").click()
    page.wait_for_selector("text=下月前回访，问年卡")
    looked_at(page, "one", size, dark)
    page.locator("[data-open$=-delete]").first.click()
    looked_at(page, "delete-note", size, dark)
    page.keyboard.press("Escape")

    page.goto("/console/customers/tags/")
    looked_at(page, "tags", size, dark)
    page.locator("[data-open^=merge-]").first.click()
    looked_at(page, "merge-tag", size, dark)


def _job(page) -> str:
    return str(page.url).rstrip("/").split("/")[-1]
