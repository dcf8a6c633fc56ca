"""V4 in a browser: the owner changes the key of card secrets."""

import pytest

from kacang import jobs
from kacang.outbox import queries, rotating
from tests.browser.console.shop import a_busy_shop
from tests.browser.harness import DESKTOP, PHONE, assert_axe, assert_fits, sign_in

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1440", "390"])
def test_a_change_of_the_key_from_button_to_history(open_page, live, size):
    shop = a_busy_shop()
    page = open_page(size)
    sign_in(page, live, shop.email)
    page.goto(f"{live}/console/settings/keys/")
    page.locator('[data-open="rotate"]').click()
    dialog = page.locator("dialog#rotate")
    dialog.locator("[name=reason]").fill("a laptop is missing")
    assert_axe(page)
    dialog.locator("[type=submit]").click()
    page.locator("section.job").wait_for()
    assert_axe(page)
    assert_fits(page)

    (work,) = queries.works(merchant_id=shop.merchant_id, kinds=(rotating.KIND,))
    rotating.run_rotation(merchant_id=shop.merchant_id, work_uid=work.uid, tables=jobs.SEALED)
    # The page looks after its job, and comes anew by itself once that is done.
    page.locator(f'a[href="/console/works/{work.uid}/"]').wait_for()
    assert page.locator("table").first.locator("tbody tr").count() == 2
    assert_axe(page)
    assert_fits(page)
