"""Paying by bank transfer, from the facts to copy to the desk that confirms it (P1)."""

import re

import pytest
from playwright.sync_api import expect

from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations import add_staff
from kacang.payments.bank_transfers import proofs, transfers
from tests import make
from tests.browser.harness import DESKTOP, PHONE, assert_axe, assert_fits, shot, sign_in
from tests.orders.test_bank_transfer import picture

pytestmark = pytest.mark.browser
LONG = "转账凭证看不清收款户名与金额，请重新上传一张完整清晰的银行电子回单" * 2


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1440", "390"])
def test_a_buyer_transfers_and_the_desk_confirms(open_page, shop, base, live, size, dark):
    make.bank_account(shop.id)
    made = make.sku(shop.id, cards=1, price=128_000)
    page = open_page(size, dark=dark)
    name = f"{size[0]}-{'dark' if dark else 'light'}"

    page.goto(f"{base}p/{made.sku.product.uid}/")
    page.get_by_role("button", name="立即购买").click()
    page.get_by_label("邮箱").fill("lin@example.com")
    page.get_by_label("银行转账").check()
    page.get_by_role("button", name="提交订单").click()
    page.wait_for_url(re.compile(r"/orders/\w{18}/pay/$"))
    copies = page.locator(".key .k")
    expect(copies).to_have_count(5)
    copies.filter(has_text="账号").get_by_role("button").click()
    assert page.evaluate("navigator.clipboard.readText()") == make.BANK["number"]
    look(page, f"transfer-{name}")
    page.set_input_files("#proof", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": picture()})
    page.get_by_role("button", name="提交凭证").click()
    expect(page.get_by_text("凭证已提交给商家")).to_be_visible()
    look(page, f"transfer-proved-{name}")
    (row,) = transfers.waiting_page(merchant_id=shop.id).rows

    desk = open_page(size, dark=dark)
    sign_in(desk, live, staff_of(shop))
    desk.goto(f"{live}/console/payments/transfers/")
    look(desk, f"transfers-{name}")
    desk.get_by_role("link", name=row.transfer.reference).click()
    expect(desk.get_by_role("img", name="转账凭证图片")).to_be_visible()
    look(desk, f"transfers-one-{name}")
    if dark:
        proofs.reject(merchant_id=shop.id, uid=row.uid, reason=LONG, actor=SYSTEM)
        page.reload()
        expect(page.get_by_text("请勿重复付款")).to_be_visible()
        look(page, f"transfer-rejected-{name}")
        return
    desk.get_by_label("实际到账金额").fill("1000")
    desk.get_by_label("银行流水号").fill("CMB20261126-001")
    desk.get_by_role("button", name=re.compile("确认 ¥1,280.00")).click()
    expect(desk.get_by_text("应收 ¥1,280.00，实收 ¥1,000.00")).to_be_visible()
    look(desk, f"transfers-odd-{name}")
    desk.get_by_label("实际到账金额").fill("1280")
    desk.get_by_role("button", name="按实际到账入账").click()
    expect(desk.get_by_text("款项已入账，订单已结算")).to_be_visible()
    page.wait_for_url(re.compile(r"/orders/\w{18}/$"), timeout=20_000)
    expect(page.locator(".key code")).to_have_text(made.codes[0])


def look(page, name):
    assert_fits(page)
    assert_axe(page)
    shot(page, name)


def staff_of(shop) -> str:
    email = f"finance-{shop.id}@example.com"
    add_staff(merchant_id=shop.id, email=email, name="钱多多", role="finance", actor=SYSTEM)
    return email
