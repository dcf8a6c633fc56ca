"""Goods that are sent, from the product's form to the buyer's last word (O3, O6, L1, O1)."""

import re

import pytest
from playwright.sync_api import Page, expect

from kacang.catalog.queries import ProductFilter, products_page
from kacang.merchants.audit import SYSTEM, Actor
from kacang.merchants.operations import add_staff
from kacang.orders.batches import operations
from kacang.orders.exceptions import operations as exceptions
from kacang.orders.exceptions import queries
from kacang.orders.exceptions.operations import Decider
from kacang.orders.types import OrderState
from tests.browser.harness import DESKTOP, PHONE, assert_axe, assert_fits, shot, sign_in
from tests.orders.batches.conftest import Shop as Batches
from tests.stock.conftest import Make

pytestmark = pytest.mark.browser
LONG = "三里河东路五号中商大厦地下二层南侧仓储物流中转中心第十二号货架旁收发室（请先电话联系）"


def look(page: Page, name: str) -> None:
    assert_axe(page)
    assert_fits(page)
    shot(page, name)


def staff(merchant: int) -> str:
    email = f"lu-{merchant}@example.com"
    add_staff(
        merchant_id=merchant, email=email, name="陆晓雨", role="owner", actor=SYSTEM,
        password="deer-Nuts-2026",
    )  # fmt: skip
    return email


def fill_recipient(page: Page, **parts: str) -> None:
    given = {
        "name": "林晓岚", "phone": "138 2604 2716", "region": "北京市 西城区", "address": LONG,
        "postcode": "100032",
    } | parts  # fmt: skip
    for name, text in given.items():
        page.fill(f"#id_to-{name}", text)


@pytest.mark.parametrize(
    ("size", "dark"), [(PHONE, False), (DESKTOP, True)], ids=["phone", "desktop"]
)
def test_from_the_products_form_to_the_buyers_last_word(open_page, live, shop, base, size, dark):
    # The desk is the other way round: a wide one for the buyer on a phone.
    desk_size = DESKTOP if size == PHONE else PHONE
    width, goods, batches = size[0], Make(shop.id), Batches(shop.id, shop.account)
    sku = goods.goods()
    goods.received(sku, 3)
    (product,) = products_page(merchant_id=shop.id, where=ProductFilter()).items
    desk = open_page(desk_size, dark=not dark)
    sign_in(desk, live, staff(shop.id))

    desk.goto(f"/console/products/{product.uid}/")
    desk.select_option("select[name=delivery_way]", "courier")
    look(desk, f"sent-product-{desk_size[0]}")
    desk.get_by_role("button", name="保存").click()
    expect(desk.locator("select[name=delivery_way]")).to_have_value("courier")

    page = open_page(size, dark=dark)
    page.goto(f"{base}checkout/?sku={sku}&quantity=1")
    page.get_by_label("邮箱").fill("lin@example.com")
    page.get_by_role("button", name="提交订单").click()
    expect(page.locator("#id_to-address_error")).to_be_visible()
    look(page, f"sent-checkout-wrong-{width}")
    fill_recipient(page)
    expect(page.locator("#id_to-address_error")).to_be_hidden()
    look(page, f"sent-checkout-{width}")
    page.get_by_role("button", name="提交订单").click()
    page.wait_for_url(re.compile(r"/orders/\w{18}/pay/$"))
    number = page.url.split("/")[-3]
    shop.pay(number)

    _ask_for_another_recipient(page, base, shop, number, width)

    desk.goto("/console/batches/ship/")
    desk.fill("textarea[name=lines]", f"{number}\t顺丰\tSF1234567890123")
    desk.get_by_role("button", name="检查").click()
    desk.wait_for_url("**/batches/ship/job_*/")
    _run_check(shop.id, desk)
    shot(desk, f"sent-check-{desk_size[0]}")
    desk.get_by_role("button", name="发货 1 单").click()
    desk.wait_for_url("**/batches/job_*/")
    batches.run(desk.url.rstrip("/").split("/")[-1])

    page.goto(f"{base}orders/{number}/")
    expect(page.locator("#parcels")).to_contain_text("SF1234567890123")
    look(page, f"sent-on-its-way-{width}")
    page.get_by_role("link", name="修改订单").click()
    expect(page.locator("main")).to_contain_text("订单商品已寄出，不能再修改收货地址或取消。")
    expect(page.locator("#id_to-address")).to_have_count(0)
    look(page, f"sent-too-late-{width}")
    page.goto(f"{base}orders/{number}/")
    page.get_by_role("button", name="确认收货").click()
    expect(page.get_by_role("heading", name="已收货，订单已完成")).to_be_visible()
    look(page, f"sent-completed-{width}")

    assert shop.order(number).state is OrderState.COMPLETED
    assert batches.wrong() == []


def _ask_for_another_recipient(page: Page, base: str, shop, number: str, width: int) -> None:
    """Ask, be refused with words; ask again, and see it approved."""
    clerk = Decider(Actor("user", 21, "zhou@example.com"), role="owner")
    for approves, words in ((False, "新地址查不到，请补充门牌号"), (True, "")):
        page.goto(f"{base}orders/{number}/change/")
        fill_recipient(page, name="王芳", address="解放路 1 号", postcode="")
        page.get_by_label("原因").fill("临时出差")
        look(page, f"sent-change-{width}")
        page.get_by_role("button", name="提交修改申请").click()
        page.wait_for_url(re.compile(r"/orders/\w{18}/#changes$"))
        expect(page.locator("#changes")).to_contain_text("待审核")
        (change, *_) = queries.changes_of_order(merchant_id=shop.id, number=number)
        exceptions.decide_change(
            merchant_id=shop.id, uid=change.uid, approves=approves, words=words, by=clerk
        )
        page.reload()
        expect(page.locator("#changes")).to_contain_text(words or "已通过")
        look(page, f"sent-change-{'approved' if approves else 'refused'}-{width}")
    expect(page.locator("main")).to_contain_text("王*")


def _run_check(merchant: int, desk: Page) -> None:
    operations.run_ship_check(merchant_id=merchant, work_uid=desk.url.rstrip("/").split("/")[-1])
    desk.reload()
