"""Redeeming a code before a real browser, at both widths (L21, W4)."""

import pytest
from playwright.sync_api import expect

from kacang.merchants.audit import SYSTEM
from kacang.orders import operations as orders
from kacang.vault.models import CardState
from tests import make
from tests.browser.harness import (
    DESKTOP,
    PHONE,
    assert_axe,
    assert_fits,
    assert_walked_by_keyboard,
    shot,
)
from tests.browser.shop.conftest import GUIDE, dress
from tests.orders.looking import settle

pytestmark = pytest.mark.browser
LONG = "办公软件激活码 · 家庭版，可在六台设备上同时使用并含一年云存储空间"


@pytest.mark.parametrize(
    ("size", "dark", "scripts"),
    [(DESKTOP, False, True), (PHONE, True, True), (PHONE, False, False)],
)
def test_L21_a_code_is_redeemed(open_page, shop, base, size, dark, scripts):
    target = make.sku(shop.id, cards=2)
    dress(target, title={"zh-Hans": LONG}, guide={"zh-Hans": GUIDE})
    codes = make.redeem_codes(target, cards=2)
    placed = make.order(codes)
    settle(shop.account, make.notice(placed))
    (unit,) = orders.deliveries(merchant_id=shop.id, number=placed.number, actor=SYSTEM)
    page = open_page(size, dark=dark, scripts=scripts)
    name = f"{size[0]}-{'dark' if dark else 'light'}"

    page.goto(f"{base}orders/{placed.number}/?t={placed.access_token}")
    page.locator("#codes").get_by_role("link", name="使用兑换码").click()
    shot(page, f"redeem-ask-{name}")
    page.get_by_label("兑换码").fill("没有这个码")
    page.get_by_role("button", name="继续").click()
    expect(page.get_by_role("alert")).to_contain_text("此兑换码无法兑换")
    if scripts:
        shot(page, f"redeem-refused-{name}")
        assert_axe(page)
        assert_fits(page)
    page.get_by_label("兑换码").fill(unit.secret)
    page.get_by_role("button", name="继续").click()

    expect(page.get_by_text("您的兑换码可兑换此商品")).to_be_visible()
    if scripts:
        shot(page, f"redeem-confirm-{name}")
        assert_axe(page)
        assert_fits(page)
        assert_walked_by_keyboard(page)
    page.get_by_label("邮箱").fill("holder@example.com")
    page.get_by_role("button", name="立即兑换").click()

    expect(page.get_by_text("已发货", exact=False).first).to_be_visible()
    assert sum(page.get_by_text(code).count() for code in target.codes) > 0
    assert "/orders/" in page.url
    if scripts:
        shot(page, f"redeem-done-{name}")
    assert make.card_states(codes)[CardState.REDEEMED] == 1
