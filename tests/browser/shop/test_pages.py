"""Every page of the shop: axe, nothing too wide (W1, W4).

Wide and dark, narrow and light; the other way round `test_every_page.py` looks at them.
"""

from dataclasses import replace
from pathlib import Path

import pytest
from django.db import connection
from playwright.sync_api import Page, expect

from kacang.catalog.models import Sku, Strategy
from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders.types import Item
from kacang.shared.contacts import Contact
from kacang.shared.ids import new_uid
from kacang.vault.models import CardState
from tests import make
from tests.browser.console.test_imports import picture
from tests.browser.harness import DESKTOP, PHONE, assert_axe, assert_fits, shot
from tests.browser.shop.conftest import GUIDE, dress
from tests.web.shop.test_browsing import give_numbers, shelf_of
from tests.web.shop.test_checkout import GAME_FORM

pytestmark = pytest.mark.browser

LOOKS = [(DESKTOP, True), (PHONE, False)]
NAMES = ["desktop-dark", "phone-light"]
LONG = "超长商品名称不断行测试" * 6 + "Supercalifragilisticexpialidocious" * 3
DESCRIPTION = """**官方渠道**，付款后秒发。

| 规格 | 时长 |
| --- | --- |
| 月卡 | 31 天 |

- 支持续费
- 不支持退款
"""

looks = pytest.mark.parametrize("look", LOOKS, ids=NAMES)


def inspect(page: Page, address: str, name: str, look: tuple[tuple[int, int], bool]) -> None:
    page.goto(address)
    assert_fits(page)
    assert_axe(page)
    shot(page, f"{name}-{NAMES[LOOKS.index(look)]}")


@looks
def test_goods(open_page, shop, base, look):
    made = stocked(shop)
    page = open_page(look[0], dark=look[1])
    product = f"{base}p/{made['video'].sku.product.uid}/"

    inspect(page, base, "home", look)
    inspect(page, f"{base}c/{shelf_of(made['video'])}/", "category", look)
    inspect(page, f"{base}search/?q=视频", "search", look)
    inspect(page, f"{base}search/?q=没有的", "search-nothing", look)
    inspect(page, product, "product", look)
    inspect(page, f"{base}p/{made['out'].sku.product.uid}/", "product-out", look)
    chosen = made["chosen"].sku
    inspect(page, f"{base}p/{chosen.product.uid}/numbers/{chosen.uid}/", "numbers", look)
    inspect(page, f"{base}help/", "help", look)
    inspect(page, f"{base}no-such-page/", "no-such-page", look)
    inspect(page, f"{base}p/prd_gone/", "missing", look)


@looks
def test_buying(open_page, shop, base, look):
    made = stocked(shop)
    page = open_page(look[0], dark=look[1])
    game = made["game"].sku.uid

    inspect(page, f"{base}cart/", "cart-empty", look)
    page.goto(f"{base}p/{made['video'].sku.product.uid}/")
    page.get_by_role("button", name="加入购物车").click()
    page.goto(f"{base}p/{made['long'].sku.product.uid}/")
    page.get_by_role("button", name="加入购物车").click()
    inspect(page, f"{base}cart/", "cart", look)
    inspect(page, f"{base}checkout/?sku={game}", "checkout", look)
    page.get_by_label("邮箱").fill("lin@")
    page.get_by_role("button", name="提交订单").click()
    assert_axe(page)
    shot(page, f"checkout-wrong-{NAMES[LOOKS.index(look)]}")
    page.goto(f"{base}checkout/")
    page.get_by_label("邮箱").fill("lin@example.com")
    page.get_by_role("button", name="提交订单").click()
    page.wait_for_url("**/pay/")
    inspect(page, page.url, "pay", look)
    inspect(page, f"{page.url}?change=1", "pay-change", look)
    inspect(page, page.url.split("pay/")[0], "order-pending", look)
    inspect(page, f"{base}orders/", "lookup", look)


@looks
def test_orders(open_page, shop, base, look):
    made = stocked(shop)
    page = open_page(look[0], dark=look[1])

    inspect(page, f"{base}orders/", "lookup-empty", look)
    inspect(page, f"{base}orders/20260101AAAAAAAAAA/", "proof", look)
    few = ordered(shop, [made["video"]], paid=True)
    inspect(page, f"{base}orders/{few.number}/?t={few.access_token}", "order", look)
    many = ordered(shop, [made["long"], made["many"]], 50, paid=True)
    inspect(page, f"{base}orders/{many.number}/?t={many.access_token}", "order-50", look)
    closed = ordered(shop, [made["video"]])
    orders.cancel_order(merchant_id=shop.id, number=closed.number, actor=SYSTEM)
    inspect(page, f"{base}orders/{closed.number}/?t={closed.access_token}", "order-closed", look)
    waiting = ordered(shop, [made["video"], made["long"]])
    with acting_as(shop.id), connection.cursor() as cursor:
        cursor.execute(
            "update card set state = %s, line_id = null, reserved_until = null where sku_id = %s"
            " and state <> 2",
            [CardState.FAULTY, made["video"].sku.pk],
        )
        cursor.execute(
            "update allocation set released_at = clock_timestamp() where card_id in"
            " (select id from card where state = 7)"
        )
    shop.pay(waiting.number)
    inspect(page, f"{base}orders/{waiting.number}/?t={waiting.access_token}", "order-short", look)
    page.goto(f"{base}orders/")
    page.get_by_label("订单号").fill(few.number)
    page.get_by_label("邮箱或手机").fill(shop.order(few.number).contact.email)
    page.get_by_role("button", name="查询").click()
    assert_axe(page)
    shot(page, f"lookup-found-{NAMES[LOOKS.index(look)]}")


@looks
def test_empty_shop(open_page, base, look):
    page = open_page(look[0], dark=look[1])

    inspect(page, base, "home-empty", look)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_english(open_page, shop, base, size):
    made = stocked(shop)
    page = open_page(size, language="en-US")

    for name, address in {
        "home": base,
        "product": f"{base}p/{made['video'].sku.product.uid}/",
        "checkout": f"{base}checkout/?sku={made['game'].sku.uid}",
        "proof": f"{base}orders/20260101AAAAAAAAAA/",
        "help": f"{base}help/",
    }.items():
        page.goto(address)
        assert_fits(page)
        assert_axe(page)
        shot(page, f"en-{name}-{size[0]}")


def stocked(shop):
    """A shop with something of everything."""
    shop.choose(
        shop_announcement={"zh-Hans": "双十一特惠进行中，全场秒发。客服 9:00–24:00 在线。"},
        support_contact={"zh-Hans": "微信 deer-cards\n9:00–24:00"},
    )
    made = {
        "video": make.sku(shop.id, cards=30, price=19800, list_price_minor=25800, max_per_buyer=5),
        "game": make.sku(shop.id, cards=9, price=648, form_fields=GAME_FORM),
        "chosen": make.sku(
            shop.id, cards=70, price=3000, strategy=Strategy.CHOSEN, chosen_surcharge_minor=200
        ),
        "out": make.sku(shop.id, cards=0, price=9900),
        "free": make.sku(shop.id, cards=5, price=0),
        "long": make.sku(shop.id, cards=60, price=123456789),
        "many": make.sku(shop.id, cards=60, price=100),
    }
    give_numbers(shop.id)
    dress(
        made["video"], cover="video",
        title={"zh-Hans": "视频会员 · 年卡", "en": "Video membership"},
        subtitle={"zh-Hans": "官方渠道 · 到账即用"}, description={"zh-Hans": DESCRIPTION},
        guide={"zh-Hans": GUIDE}, search_text="视频会员 年卡",
    )  # fmt: skip
    dress(made["game"], title={"zh-Hans": "游戏点券 648"}, cover="game")
    dress(made["chosen"], title={"zh-Hans": "靓号卡"}, cover="phone")
    dress(made["out"], title={"zh-Hans": "大闸蟹提货卡 8 只装"}, cover="crab")
    dress(made["free"], title={"zh-Hans": "新人体验券"}, cover="gift")
    dress(made["long"], title={"zh-Hans": LONG[:120]}, subtitle={"zh-Hans": LONG}, cover="key")
    add_skus(made["video"])
    with acting_as(shop.id):
        Sku.objects.filter(id=made["long"].sku.pk).update(title={"zh-Hans": LONG[:100]})
    return made


def add_skus(made):
    """Give a product a second choice, and one that is sold out."""
    with acting_as(made.merchant_id):
        for title, price in (("月卡", 2500), ("双人年卡", 29800)):
            Sku.objects.create(
                merchant_id=made.merchant_id, uid=new_uid("sku"), product_id=made.sku.product_id,
                title={"zh-Hans": title}, price_minor=price, currency="CNY", position=1,
            )  # fmt: skip
        month = Sku.objects.get(product_id=made.sku.product_id, title={"zh-Hans": "月卡"})
    make.stock(replace(made, sku=month, codes=[]), 40)


def ordered(shop, several, quantity=1, *, paid=False):
    """An order of one of each but the last, and `quantity` of that."""
    last = len(several) - 1
    request = make.request(several[0], contact=Contact(email="lin@example.com"))
    items = tuple(
        Item(made.sku.uid, quantity if at == last else 1) for at, made in enumerate(several)
    )
    placed = orders.place_order(
        merchant_id=shop.id, request=replace(request, items=items, provider="sandbox")
    )
    if paid:
        shop.pay(placed.number)
    return placed


@looks
def test_files_of_an_order(open_page, shop, base, look):
    made = make.sku(shop.id, cards=1, strategy=Strategy.FIRST_IN)
    dress(made)
    long = f"{LONG[:60]}.png"
    make.files(made, ("提货二维码.png", picture(30)), (long, picture(60)), ("说明.txt", b"a\n b"))
    placed = make.order(made, 4)
    shop.pay(placed.number)
    page = open_page(look[0], dark=look[1])

    page.goto(f"{base}orders/{placed.number}/?t={placed.access_token}")
    for image in page.locator(".shown-file img").all():
        image.scroll_into_view_if_needed()
        expect(image).to_have_js_property("naturalWidth", 120)

    inspect(page, f"{base}orders/{placed.number}/", "order-files", look)
    with page.expect_download() as caught:
        page.get_by_role("link", name="提货二维码.png").click()
    assert Path(caught.value.path()).read_bytes() == picture(30)
    assert caught.value.suggested_filename == "提货二维码.png"
