"""A dialog that was refused opens again: nothing that was typed is lost (W4)."""

import pytest
from playwright.sync_api import expect

from tests.browser.console.conftest import sign_in
from tests.browser.harness import DESKTOP, PHONE, assert_axe, assert_fits, shot

pytestmark = pytest.mark.browser
TAGS = "/console/customers/tags/"


@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (PHONE, True)])
def test_a_refused_dialog_keeps_what_was_typed_and_says_why(open_page, busy, size, dark):
    page = sign_in(open_page(size, dark=dark), busy)
    name = f"重名 {size[0]}"

    def make_one() -> None:
        page.locator("[data-open=tag-new]").first.click()
        page.fill("#tag-new input[name=name]", name)
        page.select_option("#tag-new select[name=colour]", "green")
        page.locator("#tag-new button[type=submit]").click()

    page.goto(TAGS)
    make_one()
    expect(page.locator("#tag-new")).not_to_be_visible()
    expect(page.locator("main .tag", has_text=name)).to_be_visible()
    make_one()

    dialog = page.locator("#tag-new")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("alert")).to_be_visible()
    expect(dialog.locator("input[name=name]")).to_have_value(name)
    expect(dialog.locator("select[name=colour]")).to_have_value("green")
    assert_axe(page)
    assert_fits(page)
    shot(page, f"refused-{size[0]}")
    page.reload()
    expect(dialog).not_to_be_visible()
    assert page.evaluate("sessionStorage.getItem('kacang:refused')") is None


def test_what_is_secret_is_not_kept(open_page, busy):
    page = sign_in(open_page(), busy)
    page.goto(TAGS)
    kept = page.evaluate(
        """() => {
          const dialog = document.getElementById('tag-new');
          const form = dialog.querySelector('form');
          form.insertAdjacentHTML('beforeend', `
            <input type="password" name="word" value="hidden-1">
            <input name="code" autocomplete="one-time-code" value="hidden-2">
            <input name="card" data-secret value="hidden-3">`);
          form.querySelector('[name=name]').value = 'seen-1';
          form.dispatchEvent(new Event('submit', {bubbles: true, cancelable: false}));
          return sessionStorage.getItem('kacang:refused');
        }"""
    )
    assert "seen-1" in kept
    assert "hidden" not in kept
