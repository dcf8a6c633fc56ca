"""The buyer's page of an order of goods: how they come, until they are there (S1, W4)."""

import pytest
from playwright.sync_api import expect

from kacang.catalog.models import Product
from kacang.merchants.audit import SYSTEM
from kacang.merchants.operations import change_settings
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders.types import Item, PlaceRequest
from kacang.shared.contacts import Contact
from tests import make
from tests.browser.harness import DESKTOP, PHONE, assert_axe, assert_fits, shot
from tests.orders.looking import settle
from tests.stock.conftest import Make

pytestmark = pytest.mark.browser
GUIDE = "**到店自取**：周一至周六 9:00 – 18:00，报订单号即可。\n\n也可约快递，运费到付。"


@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (PHONE, True)])
def test_how_goods_come_is_said_until_they_are_there(open_page, shop, base, size, dark):
    goods = Make(shop.id)
    sku = goods.goods()
    goods.received(sku, 3)
    with acting_as(shop.id):
        Product.objects.filter(merchant_id=shop.id).update(guide={"zh-Hans": GUIDE})
    change_settings(
        merchant_id=shop.id,
        values={"support_contact": {"zh-Hans": "微信 deer-nuts，9:00 – 18:00"}},
        actor=SYSTEM,
    )
    placed = orders.place_order(
        merchant_id=shop.id,
        request=PlaceRequest(
            items=(Item(sku, 2),), contact=Contact("zhao@example.com"), provider="sandbox"
        ),
    )
    settle(shop.account, make.notice(placed))
    page = open_page(size, dark=dark)

    page.goto(f"{base}orders/{placed.number}/?t={placed.access_token}")

    expect(page.locator("main")).to_contain_text("到店自取")
    expect(page.locator("main")).to_contain_text("微信 deer-nuts")
    expect(page.locator("main")).not_to_contain_text("卡密")
    shot(page, f"goods-paid-{size[0]}")
    assert_axe(page)
    assert_fits(page)
    orders.hand_over(merchant_id=shop.id, number=placed.number, actor=SYSTEM)
    page.reload()
    expect(page.locator("main h2").first).to_have_text("已交付")
    shot(page, f"goods-handed-{size[0]}")
    assert_axe(page)
    assert_fits(page)
