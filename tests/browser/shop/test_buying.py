"""From the shop page to the code, in a real browser (W1, W2, W4)."""

import re

import pytest
from playwright.sync_api import Page, expect

from kacang.catalog.models import Product, ProductState, Sku
from kacang.merchants.tenancy import acting_as
from tests import make
from tests.browser.harness import DESKTOP, PHONE, assert_axe, assert_fits, shot
from tests.browser.shop.conftest import GUIDE, dress

pytestmark = pytest.mark.browser
# The notice goes through the queue and a real worker: a busy machine takes its time.
TURNS_MS = 60_000


def fill_checkout(page: Page) -> None:
    page.get_by_label("邮箱").fill("lin@example.com")
    page.get_by_role("button", name="提交订单").click()
    page.wait_for_url(re.compile(r"/orders/\w{18}/pay/$"))


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_buyer_pays_and_copies_the_code(open_page, shop, base, worker, size):
    made = make.sku(shop.id, cards=3, price=18300, list_price_minor=25800)
    dress(made, guide={"zh-Hans": GUIDE}, cover="video")
    page = open_page(size)

    page.goto(base)
    page.locator("a.good").click()
    page.get_by_role("button", name="增加").click()
    page.get_by_role("button", name="立即购买").click()
    expect(page.get_by_text("× 2")).to_be_visible()
    fill_checkout(page)
    expect(page.locator(".price.xl")).to_have_text("¥366.00")
    page.get_by_role("link", name="打开收银台").click()
    page.get_by_role("button", name=re.compile("366")).click()
    # Leaving before the answer has come would call the payment off.
    expect(page.get_by_role("heading", name="已付款")).to_be_visible()
    page.get_by_role("link", name="返回店铺").last.click()
    page.wait_for_url(re.compile(r"/orders/\w{18}/$"), timeout=TURNS_MS)

    expect(page.get_by_role("heading", name="已发货，请及时使用")).to_be_visible()
    codes = page.locator(".key code").all_inner_texts()
    assert len(codes) == 2
    assert set(codes) <= set(made.codes)
    page.locator(".key .cp").first.click()
    assert page.evaluate("navigator.clipboard.readText()") == codes[0]
    page.get_by_role("button", name="复制本页全部").click()
    assert page.evaluate("navigator.clipboard.readText()").split() == codes
    expect(page.get_by_text("兑换中心")).to_be_visible()
    assert_fits(page)
    assert_axe(page)
    shot(page, f"bought-{size[0]}")


def test_the_payment_page_turns_by_itself(open_page, shop, base, worker):
    made = make.sku(shop.id, cards=1)
    page, phone = open_page(DESKTOP), open_page(PHONE)

    page.goto(f"{base}p/{made.sku.product.uid}/")
    page.get_by_role("button", name="立即购买").click()
    fill_checkout(page)
    address = page.get_by_role("link", name="打开收银台").get_attribute("href")
    assert address is not None
    phone.goto(address)
    phone.get_by_role("button", name=re.compile("19.99")).click()
    expect(phone.get_by_role("heading", name="已付款")).to_be_visible()

    page.wait_for_url(re.compile(r"/orders/\w{18}/$"), timeout=TURNS_MS)
    expect(page.locator(".key code")).to_have_text(made.codes[0])


def test_buying_works_without_scripts_up_to_the_refreshed_payment_page(open_page, shop, base):
    made = make.sku(shop.id, cards=3)
    page = open_page(PHONE, scripts=False)

    page.goto(base)
    page.locator("a.good").click()
    page.get_by_label("数量", exact=True).fill("2")
    page.get_by_role("button", name="加入购物车").click()
    page.get_by_role("button", name="去结算").click()
    page.get_by_role("button", name="提交订单").click()
    expect(page.get_by_text("请填写手机号或邮箱。")).to_be_visible()
    fill_checkout(page)
    number = page.url.split("/")[-3]
    expect(page.get_by_alt_text("付款二维码")).to_be_visible()
    page.get_by_role("button", name="我已付款").click()
    expect(page.get_by_text("正在向支付渠道核实")).to_be_visible()
    shop.pay(number)

    # The page loads itself again after eight seconds and leads to the order.
    page.wait_for_url(re.compile(rf"/orders/{number}/$"), timeout=TURNS_MS)
    assert len(page.locator(".key code").all_inner_texts()) == 2
    expect(page.locator(".needs-js").first).to_be_hidden()
    assert set(page.locator(".key code").all_inner_texts()) <= set(made.codes)


def test_choosing_a_sku_shows_its_price_stock_and_bound(page, shop, base):
    made = make.sku(shop.id, cards=3, price=19800)
    month = add_sku(made, title="月卡", price=2500, cards=2)
    page.goto(f"{base}p/{made.sku.product.uid}/")

    expect(page.locator("[data-show=price]")).to_have_text("¥198.00")
    page.get_by_role("radio", name=re.compile("月卡")).check(force=True)
    page.get_by_label("数量", exact=True).fill("9")
    page.get_by_label("数量", exact=True).blur()

    expect(page.locator("[data-show=price]")).to_have_text("¥25.00")
    expect(page.locator("[data-show=stock]")).to_have_text("库存 2")
    expect(page.get_by_label("数量", exact=True)).to_have_value("2")
    assert month.uid in page.content()


def test_a_double_press_places_one_order(page, shop, base):
    made = make.sku(shop.id, cards=5)
    page.goto(f"{base}checkout/?sku={made.sku.uid}&quantity=1")

    page.get_by_label("邮箱").fill("lin@example.com")
    page.get_by_role("button", name="提交订单").dblclick()
    page.wait_for_url(re.compile(r"/pay/$"))
    page.goto(f"{base}orders/")

    expect(page.locator("#mine li")).to_have_count(1)


def add_sku(made, *, title, price, cards):
    row = make.sku(made.merchant_id, cards=cards, price=price)
    with acting_as(made.merchant_id):
        Sku.objects.filter(id=row.sku.pk).update(
            product_id=made.sku.product_id, title={"zh-Hans": title}, position=1
        )
        Product.objects.filter(id=row.sku.product_id).update(state=ProductState.ARCHIVED)
    return row.sku
