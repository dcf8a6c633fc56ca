"""The buyer's page of an order of which a card was replaced (V3, W4)."""

import pytest

from tests import make
from tests.browser.harness import DESKTOP, PHONE, assert_axe, assert_fits, shot
from tests.orders.looking import settle
from tests.orders.test_replacing import given, replace

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (PHONE, True)])
def test_a_replaced_card_is_said(open_page, shop, base, size, dark):
    made = make.sku(shop.id, cards=3)
    placed = make.order(made, 2)
    settle(shop.account, make.notice(placed))
    replace(made, given(made, placed.number)[1].card_uid)
    page = open_page(size, dark=dark)

    page.goto(f"{base}orders/{placed.number}/?t={placed.access_token}")

    note = page.get_by_text("替换了有问题的一张")
    assert note.count() == 1
    assert page.get_by_text(made.codes[0]).count() + page.get_by_text(made.codes[2]).count() > 0
    shot(page, f"replaced-{size[0]}")
    assert_axe(page)
    assert_fits(page)
