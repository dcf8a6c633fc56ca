"""Money into a wallet and out of it, from the customer to the desk that has paid it (F3)."""

import pytest
from playwright.sync_api import expect

from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations import add_staff, change_settings
from tests import make
from tests.browser.harness import DESKTOP, PHONE, assert_axe, assert_fits, shot, sign_in
from tests.web.shop.test_wallets import sent

pytestmark = pytest.mark.browser
EMAIL = "lin@example.com"


def look(page, name):
    assert_fits(page)
    assert_axe(page)
    shot(page, name)


def entered(page, shop, base):
    """The customer's page, with their wallet open."""
    page.goto(f"{base}wallet/")
    page.get_by_label("邮箱").fill(EMAIL)
    page.get_by_role("button", name="发送验证码").click()
    page.get_by_label("验证码", exact=True).fill(sent(shop.id))
    page.get_by_role("button", name="打开我的钱包").click()
    return page


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1440-light", "390-dark"])
def test_a_customer_chooses_how_much_to_pay_in(open_page, shop, base, size):
    change_settings(merchant_id=shop.id, values={"deposits": True}, actor=SYSTEM)
    page = entered(open_page(size, dark=size == PHONE), shop, base)
    look(page, f"wallet-{size[0]}")
    page.get_by_role("link", name="充值").click()
    look(page, f"deposit-{size[0]}")
    page.get_by_role("button", name="¥100.00").click()
    expect(page.get_by_text("余额充值").first).to_be_visible()
    look(page, f"deposit-pay-{size[0]}")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1440-light", "390-dark"])
def test_a_customer_asks_and_the_desk_pays(open_page, shop, base, live, size):
    dark = size == PHONE
    change_settings(
        merchant_id=shop.id,
        values={
            "withdrawals": True,
            "withdrawal_min": 10,
            "withdrawal_day_max": 5_000,
        },
        actor=SYSTEM,
    )
    make.wallet(shop.id, 150_000, EMAIL)
    staff = f"finance-{shop.id}@example.com"
    add_staff(merchant_id=shop.id, email=staff, name="钱多多", role="finance", actor=SYSTEM)

    page = entered(open_page(size, dark=dark), shop, base)
    page.get_by_role("link", name="提现").click()
    form = page.locator("form.whereto")
    form.get_by_label("支付宝账户").check()
    expect(form.get_by_label("开户银行")).to_be_hidden()
    form.get_by_label("其他").check()
    expect(form.get_by_label("户名")).to_be_hidden()
    form.get_by_label("银行账户").check()
    form.get_by_label("金额").fill("400")
    form.get_by_role("button", name="申请提现").click()
    look(page, f"withdraw-missing-{size[0]}")
    form.get_by_label("户名").fill("林小满")
    form.get_by_label("开户银行").fill("招商银行深圳分行")
    form.get_by_label("账户", exact=True).fill("6214 8300 1234 0458")
    form.get_by_role("button", name="申请提现").click()
    expect(page.get_by_text("已提交商家审核")).to_be_visible()
    expect(page.get_by_text("林** •••• 0458")).to_be_visible()
    look(page, f"withdraw-{size[0]}")

    desk = open_page(size, dark=dark)
    sign_in(desk, live, staff)
    desk.goto(f"{live}/console/wallets/")
    desk.get_by_role("link", name="提现").first.click()
    look(desk, f"withdrawals-{size[0]}")
    desk.get_by_role("link", name="l***@example.com").first.click()
    desk.get_by_role("button", name="显示完整账户").click()
    desk.locator("#reveal").get_by_label("原因").fill("付款")
    look(desk, f"withdrawal-reveal-{size[0]}")
    desk.locator("#reveal").get_by_role("button", name="显示完整账户").click()
    expect(desk.get_by_text("6214830012340458")).to_be_visible()
    desk.get_by_role("button", name="通过", exact=True).click()
    desk.locator("dialog[open]").get_by_role("button", name="¥400.00").click()
    look(desk, f"withdrawal-to-pay-{size[0]}")
    desk.get_by_label("付款流水号").fill("CMB-2026-0917")
    desk.get_by_role("button", name="确认已付款").click()
    expect(desk.get_by_text("CMB-2026-0917")).to_be_visible()
    look(desk, f"withdrawal-paid-{size[0]}")

    page.reload()
    expect(page.get_by_text("CMB-2026-0917")).to_be_visible()
