"""A wallet from the desk that fills it to the order that it pays (F3)."""

import re

import pytest
from playwright.sync_api import expect

from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations import add_staff
from kacang.wallets import operations as wallets
from tests import make
from tests.browser.harness import DESKTOP, PHONE, assert_axe, assert_fits, shot, sign_in
from tests.web.shop.test_wallets import sent

pytestmark = pytest.mark.browser
EMAIL = "lin@example.com"
LONG = "微信收款 2026-11-26 补差价，凭据号 0917-3318，经手人钱多多" * 3


def look(page, name):
    assert_fits(page)
    assert_axe(page)
    shot(page, name)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1440-light", "390-dark"])
def test_a_customer_pays_from_what_the_desk_has_put_in(open_page, shop, base, live, size):
    dark = size == PHONE
    make.balance_account(shop.id)
    made = make.sku(shop.id, cards=1, price=128_000)
    gifts = make.sku(shop.id, cards=1, price=1, gift_minor=10_000)
    placed = make.order(gifts)
    shop.pay(placed.number)
    uid = make.wallet(shop.id, contact=EMAIL)
    staff = f"finance-{shop.id}@example.com"
    add_staff(merchant_id=shop.id, email=staff, name="钱多多", role="finance", actor=SYSTEM)

    desk = open_page(size, dark=dark)
    sign_in(desk, live, staff)
    desk.goto(f"{live}/console/wallets/{uid}/")
    form = desk.locator(f'form[action$="/{uid}/deposit/"]')
    form.get_by_label("金额").fill("1500")
    form.get_by_label("原因与凭据").fill(LONG)
    form.get_by_role("button", name="充值").click()
    look(desk, f"wallet-ask-{size[0]}")
    desk.get_by_role("button", name="充值 ¥1,500.00").click()
    expect(desk.get_by_text("¥1,500.00 已存入钱包")).to_be_visible()
    wallets.freeze(
        merchant_id=shop.id, uid=uid, amount=make.Money(5_000), reason=LONG, actor=SYSTEM
    )
    desk.reload()
    look(desk, f"wallet-desk-{size[0]}")
    desk.goto(f"{live}/console/wallets/")
    look(desk, f"wallets-{size[0]}")

    page = open_page(size, dark=dark)
    page.goto(f"{base}p/{made.sku.product.uid}/")
    page.get_by_role("button", name="立即购买").click()
    page.get_by_label("邮箱").fill(EMAIL)
    page.get_by_label("余额").check()
    page.get_by_role("button", name="提交订单").click()
    page.wait_for_url(re.compile(r"/orders/\w{18}/pay/$"))
    look(page, f"wallet-pay-closed-{size[0]}")
    page.get_by_role("link", name="打开我的钱包").click()
    page.get_by_label("邮箱").fill(EMAIL)
    page.get_by_role("button", name="发送验证码").click()
    look(page, f"wallet-entry-{size[0]}")
    page.get_by_label("验证码", exact=True).fill(sent(shop.id))
    page.get_by_role("button", name="打开我的钱包").click()
    page.wait_for_url(re.compile(r"/orders/\w{18}/pay/$"))
    look(page, f"wallet-pay-{size[0]}")
    page.get_by_role("button", name="用余额支付 ¥1,280.00").click()
    expect(page.locator(".key code")).to_have_text(made.codes[0])
    page.goto(f"{base}wallet/")
    page.get_by_label("卡密").fill(gifts.codes[0])
    page.get_by_role("button", name="存入钱包").click()
    expect(page.locator(".price.xl")).to_have_text("¥270.00")
    look(page, f"wallet-{size[0]}")
