"""A store from its opening to the order that its clerk sees, in a real browser (R1, I1)."""

import re
import secrets

import pytest
from playwright.sync_api import expect

from kacang.merchants import operations, queries
from kacang.merchants.audit import SYSTEM
from tests import make
from tests.browser.console.stores import LONG, some_stores
from tests.browser.harness import DESKTOP, PHONE, assert_axe, assert_fits, shot, sign_in

pytestmark = pytest.mark.browser


def person(merchant, role, name):
    email = f"{role}-{secrets.token_hex(4)}@example.com"
    operations.add_staff(merchant_id=merchant, email=email, name=name, role=role, actor=SYSTEM)
    return email


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_what_is_bought_at_the_counter_is_seen_by_its_clerk_alone(open_page, live, merchant, size):
    made = make.sku(merchant, cards=3)
    make.account(merchant)
    elsewhere = make.order(made)
    owner, clerk = person(merchant, "owner", "陆晓雨"), person(merchant, "clerk", "店员小王")
    page = open_page(size)
    sign_in(page, live, owner)

    page.goto("/console/stores/")
    page.get_by_role("link", name="新增门店").click()
    page.get_by_label("名称").fill("南京路店")
    page.get_by_label("代码").fill("Nanjing 1")
    page.get_by_role("button", name="开设门店").click()
    expect(page.get_by_text("请填写名称，以及由小写字母").first).to_be_visible()
    page.get_by_label("代码").fill("nanjing-1")
    page.get_by_role("button", name="开设门店").click()
    page.get_by_role("button", name="选择人员").click()
    page.get_by_label(re.compile("店员小王")).check()
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_role("cell", name="所属门店的订单")).to_be_visible()

    buyer = open_page(PHONE)
    slug = queries.merchant(merchant_id=merchant).slug
    buyer.goto(f"/s/{slug}/at/nanjing-1/")
    buyer.goto(f"/s/{slug}/checkout/?sku={made.sku.uid}")
    expect(buyer.get_by_label("我在门店“南京路店”购买")).to_be_checked()
    assert_axe(buyer)
    assert_fits(buyer)
    shot(buyer, f"store-checkout-{size[0]}")
    buyer.get_by_label("邮箱").fill("lin@example.com")
    buyer.get_by_role("button", name="提交订单").click()
    buyer.wait_for_url(re.compile(r"/orders/\w{18}/pay/$"))
    number = buyer.url.split("/")[-3]

    theirs = open_page(size)
    sign_in(theirs, live, clerk)
    theirs.goto("/console/orders/")
    expect(theirs.get_by_role("link", name=number)).to_be_visible()
    expect(theirs.get_by_text(elsewhere.number)).to_have_count(0)
    theirs.goto(f"/console/orders/{number}/")
    expect(theirs.get_by_text("南京路店")).to_be_visible()


@pytest.mark.parametrize(
    ("size", "dark", "language"),
    [(DESKTOP, True, "zh-CN"), (PHONE, False, "en-US")],
    ids=["desktop-dark", "phone-en"],
)
def test_pages_hold_long_names(open_page, live, merchant, size, dark, language):
    """The other way round than every page is looked at: wide and dark, narrow and light."""
    made = make.sku(merchant, cards=2)
    make.account(merchant)
    number = make.order(made).number
    owner = person(merchant, "owner", "陆晓雨")
    person(merchant, "clerk", "在苏州工业园区唯亭分店长期驻店的店员欧阳晓晓")
    page = open_page(size, dark=dark, language=language)
    sign_in(page, live, owner)
    page.goto("/console/stores/")
    shot(page, f"stores-none-{size[0]}")
    uid = some_stores(merchant, [number])["console_store"]["uid"]
    for name, address in {
        "list": "stores/",
        "new": "stores/new/",
        "one": f"stores/{uid}/",
        "order": f"orders/{number}/",
        "orders": f"orders/?store={uid}",
    }.items():
        page.goto(f"/console/{address}")
        assert_fits(page)
        assert_axe(page)
        shot(page, f"stores-{name}-{size[0]}")
    assert LONG in page.content()
