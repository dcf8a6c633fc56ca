"""X1: from the buyer's photo on a phone to the refund by the clerk, in real browsers."""

import re

import pytest
from playwright.sync_api import expect

from kacang.aftersales import operations as cases
from kacang.aftersales import queries
from kacang.aftersales.types import CaseState, Decision, Verdict
from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations import add_staff, change_settings
from kacang.reviews import operations as reviews
from kacang.reviews import queries as review_list
from kacang.reviews.queries import ReviewState
from kacang.shared.money import Money
from tests import make
from tests.aftersales.cases import CLERK, jpeg, mp4
from tests.browser.harness import (
    DESKTOP,
    PHONE,
    assert_axe,
    assert_fits,
    assert_walked_by_keyboard,
    shot,
    sign_in,
)

pytestmark = pytest.mark.browser
PHOTO = {"name": "IMG_2041.jpg", "mimeType": "image/jpeg", "buffer": jpeg((900, 1600), "#c96")}
FILM = {"name": "IMG_2042.mov", "mimeType": "video/quicktime", "buffer": mp4(brand=b"qt  ")}
LIE = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"<script>alert(1)</script>"}


def look(page, name):
    assert_axe(page)
    assert_fits(page)
    shot(page, name)


def bought(page, shop, base):
    """An order that this browser holds the key to, paid and delivered."""
    made = make.sku(shop.id, cards=4, price=29_900)
    page.goto(f"{base}p/{made.sku.product.uid}/")
    page.get_by_role("button", name="立即购买").click()
    page.get_by_label("邮箱").fill("lin@example.com")
    page.get_by_role("button", name="提交订单").click()
    page.wait_for_url(re.compile(r"/orders/\w{18}/pay/$"))
    number = page.url.split("/")[-3]
    shop.pay(number)
    return number


def staff_of(shop, role="customer_service"):
    email = f"chen-{shop.id}@example.com"
    add_staff(merchant_id=shop.id, email=email, name="陈思雨", role=role, actor=SYSTEM)
    return email


def test_from_the_buyers_photo_to_the_clerks_refund(open_page, shop, base, live):
    change_settings(
        merchant_id=shop.id, values={"refund_alone_customer_service": 500}, actor=SYSTEM
    )
    phone = open_page(PHONE)
    number = bought(phone, shop, base)
    phone.goto(f"{base}orders/{number}/")
    look(phone, "case-order-390")
    phone.get_by_role("link", name="订单有问题").click()
    phone.get_by_label("卡密已被使用").check()
    phone.get_by_label("问题描述").fill("昨晚 20:10 兑换，提示卡密已被其他账号使用。")
    phone.set_input_files("#files", [LIE])
    look(phone, "case-new-390")
    assert_walked_by_keyboard(phone)
    phone.get_by_role("button", name="提交给商家").click()
    expect(phone.get_by_text("既不是图片")).to_be_visible()
    look(phone, "case-refused-390")
    phone.set_input_files("#files", [PHOTO, FILM])
    phone.get_by_role("button", name="提交给商家").click()
    expect(phone.get_by_text("商家处理中")).to_be_visible()
    phone.locator(".talk img").wait_for()
    look(phone, "case-sent-390")

    desk = open_page(DESKTOP)
    sign_in(desk, live, staff_of(shop))
    desk.goto(f"{live}/console/aftersales/")
    look(desk, "cases-1440")
    desk.get_by_role("link", name="卡密已被使用", exact=True).click()
    expect(desk.get_by_text("昨晚 20:10 兑换")).to_be_visible()
    look(desk, "case-desk-1440")
    desk.get_by_role("button", name="受理").click()
    desk.get_by_label("回复买家").fill("您好，已收到，正在向供货商核实。")
    desk.get_by_role("button", name="仅发送，继续处理").click()
    desk.get_by_role("link", name="退款", exact=True).last.click()
    look(desk, "case-refund-1440")
    desk.fill("[name=reason]", "核实该卡密已被他人使用，全额退款")
    desk.check("[name=way][value=by_hand]")
    desk.get_by_role("button", name="继续").click()
    expect(desk.locator("main")).to_contain_text("¥299.00")
    look(desk, "case-sure-1440")
    desk.locator("button[name=step][value=do]").click()
    expect(desk.get_by_text("买家会收到通知")).to_be_visible()
    look(desk, "case-decided-1440")

    phone.reload()
    expect(phone.get_by_text("全额退款")).to_be_visible()
    phone.locator('[name=stars][value="4"]').check()
    phone.get_by_role("button", name="提交评价").click()
    expect(phone.get_by_text("您已评 4 星")).to_be_visible()
    look(phone, "case-rated-390")
    order = shop.order(number)
    assert order.refunded == Money(29_900)
    (row,) = queries.cases_of_order(merchant_id=shop.id, order_id=order.id)
    assert (row.decision, row.stars, row.state) == (Decision.REFUND, 4, CaseState.DECIDED)


def test_works_without_scripts_and_in_the_dark(open_page, shop, base, live):
    page = open_page(PHONE, scripts=False, dark=True)
    made = make.sku(shop.id, cards=2)
    placed = make.order(made)
    shop.pay(placed.number)
    page.goto(f"{base}orders/{placed.number}/?t={placed.access_token}")
    page.get_by_role("link", name="订单有问题").click()
    page.get_by_label("问题描述").fill("卡密无效")
    page.get_by_role("button", name="提交给商家").click()
    (row,) = queries.cases_of_order(merchant_id=shop.id, order_id=shop.order(placed.number).id)
    named = {"merchant_id": shop.id, "uid": row.uid, "actor": CLERK, "owner_uid": "m"}
    cases.answer(**named, text="请补充兑换页面的截图", waits=True)
    page.reload()
    assert page.get_by_text("待您回复").is_visible()
    page.get_by_label("给商家留言").fill("已补充")
    page.get_by_role("button", name="发送").click()
    cases.decide(**named, verdict=Verdict(Decision.REPLACE, "已为您更换"), role="owner")
    page.reload()
    assert page.get_by_role("link", name="查看新卡密").is_visible()
    page.get_by_text("问题没有解决").click()
    page.get_by_label("说明原因").fill("新卡也不行")
    page.get_by_role("button", name="重新打开售后").click()
    assert page.get_by_text("商家处理中").is_visible()
    dark = open_page(PHONE, dark=True)
    dark.goto(f"{base}orders/{placed.number}/cases/{row.uid}/?t={placed.access_token}")
    look(dark, "case-390-dark")
    dark.goto(f"{base}orders/{placed.number}/problem/")
    look(dark, "case-new-390-dark")
    wide = open_page(DESKTOP, dark=True)
    email = staff_of(shop, "owner")
    sign_in(wide, live, email)
    wide.goto(f"{live}/console/aftersales/{row.uid}/")
    look(wide, "case-desk-1440-dark")
    small = open_page(PHONE)
    sign_in(small, live, email)
    small.goto(f"{live}/console/aftersales/?state=all")
    look(small, "cases-390")
    small.goto(f"{live}/console/aftersales/{row.uid}/")
    look(small, "case-desk-390")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_review_is_written_on_the_phone_and_shown_on_the_product(open_page, shop, base, dark):
    change_settings(merchant_id=shop.id, values={"reviews_on": True}, actor=SYSTEM)
    made = make.sku(shop.id, cards=2)
    placed = make.order(made)
    shop.pay(placed.number)
    name = "dark" if dark else "light"
    phone = open_page(PHONE, dark=dark)
    phone.goto(f"{base}orders/{placed.number}/?t={placed.access_token}")
    phone.get_by_role("link", name="评价 视频会员").click()
    phone.locator('[name=stars][value="4"]').check()
    phone.get_by_label("说说使用感受").fill("马上到账，说明清楚")
    phone.set_input_files("#pictures", [PHOTO])
    look(phone, f"review-new-390-{name}")
    assert_walked_by_keyboard(phone)
    phone.get_by_role("button", name="提交评价内容").click()
    expect(phone.get_by_text("感谢您对 视频会员 的评价")).to_be_visible()
    (row,) = review_list.queue(merchant_id=shop.id, state=ReviewState.WAITING).rows
    reviews.publish(merchant_id=shop.id, uid=row.uid, actor=SYSTEM)
    reviews.answer(merchant_id=shop.id, uid=row.uid, text="感谢支持，欢迎再来", actor=SYSTEM)

    for page, size in ((phone, 390), (open_page(DESKTOP, dark=dark), 1440)):
        page.goto(f"{base}p/{made.sku.product.uid}/")
        expect(page.get_by_text("马上到账，说明清楚")).to_be_visible()
        look(page, f"review-product-{size}-{name}")
