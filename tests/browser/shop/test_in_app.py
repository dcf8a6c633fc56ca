"""P1: paying on a phone by a button, and inside WeChat by the app's own dialogue."""

import re

import pytest
from playwright.sync_api import expect

from kacang.orders import operations as orders
from kacang.payments import operations
from kacang.payments.adapters.sandbox import Sandbox
from kacang.payments.companies import registry
from kacang.payments.ports import Device, Surroundings
from kacang.shared.outbound import Guard, Outbound
from tests import make
from tests.browser.harness import PHONE, assert_axe, assert_fits, shot
from tests.outside.kacang_mypay import SECRET
from tests.web.shop.test_paying import PHONE as ON_A_PHONE
from tests.web.shop.test_paying import WECHAT, AppPay

pytestmark = pytest.mark.browser
BRIDGE = """
window.WeixinJSBridge = {invoke(name, given, then) {
    window.called = [name, given];
    then({err_msg: 'get_brand_wcpay_request:ok'});
}};
"""


def at_the_payment(open_page, shop, base, monkeypatch, held: tuple[Device, str]):
    """A phone before the page of a payment that was opened at a company for its device."""
    around = Surroundings(public_url="https://shop.example", http=Outbound(Guard.build()))
    made = {"sandbox": Sandbox(around), "apppay": AppPay(around)}
    monkeypatch.setattr(registry, "providers", lambda: made)
    account = operations.NewAccount(
        provider="apppay", name="App 支付", secrets={SECRET: "0123456789abcdef" * 2},
        options={"url": "https://pay.example"},
    )  # fmt: skip
    opened = operations.create_account(merchant_id=shop.id, account=account)
    operations.enable_account(merchant_id=shop.id, uid=opened.uid)
    placed = make.order(make.sku(shop.id), provider="")
    device, name = held
    orders.start_payment(
        merchant_id=shop.id, number=placed.number, provider="apppay",
        payer=orders.Payer(device=device, name="openid-1"),
    )  # fmt: skip
    page = open_page(PHONE)
    page.context.set_extra_http_headers({"User-Agent": name})
    page.goto(f"{base}orders/{placed.number}/?t={placed.access_token}")
    page.goto(f"{base}orders/{placed.number}/pay/")
    return page


def test_a_phone_goes_on_by_a_button(open_page, shop, base, monkeypatch):
    held = (Device.PHONE, ON_A_PHONE)
    page = at_the_payment(open_page, shop, base, monkeypatch, held)

    button = page.get_by_role("link", name="支付 ¥19.99")
    assert re.match(r"https://pay\.example/\w+\?a=1&b=2", button.get_attribute("href") or "")
    expect(page.locator(".qr")).not_to_be_visible()
    page.get_by_text("用另一部手机扫码付款").click()
    expect(page.locator(".qr")).to_be_visible()
    assert_axe(page)
    assert_fits(page)
    shot(page, "pay-phone")


def test_inside_wechat_the_apps_dialogue_is_called(open_page, shop, base, monkeypatch):
    page = at_the_payment(open_page, shop, base, monkeypatch, (Device.WECHAT, WECHAT))
    page.evaluate(BRIDGE)
    assert_axe(page)
    assert_fits(page)
    shot(page, "pay-wechat")
    asked = []
    page.on("request", lambda request: asked.append((request.method, request.url)))

    page.get_by_role("button", name="支付 ¥19.99").click()
    page.wait_for_url(re.compile(r"\?asked=1$"))

    posted = [url for method, url in asked if method == "POST"]
    assert len(posted) == 1
    assert re.search(r"/orders/\w{18}/paid/$", posted[0])
