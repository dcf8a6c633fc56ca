"""A shop in the middle of its day, for pictures and walks through the console."""

import secrets
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from kacang.catalog import operations as catalog
from kacang.merchants.audit import SYSTEM
from kacang.merchants.models import MerchantKind
from kacang.merchants.operations import add_staff, open_merchant
from kacang.merchants.tenancy import acting_as
from kacang.messages import operations as messages
from kacang.messages.events import Event
from kacang.orders import operations as orders
from kacang.orders.types import Item, PlaceRequest
from kacang.shared.contacts import Contact
from kacang.shared.texts import both
from kacang.vault import operations as vault
from tests import make

PASSWORD = "correct horse battery"
LONG = "办公软件激活码 · 家庭版，可在六台设备上同时使用并含一年云存储空间"
GOODS = (
    ("视频会员 · 年卡", "Video, one year", "video", 19_800, 40, 10),
    ("游戏点券 1000 点", "Game points 1,000", "game", 9_680, 25, 20),
    (LONG, "Office key", "key", 29_800, 6, 10),
    ("咖啡兑换券 · 5 张", "Coffee vouchers", "coffee", 7_900, 0, 10),
    ("大闸蟹提货卡 · 8 只装", "Crab pickup card", "crab", 58_800, 120, 10),
)
BUYERS = ("13826042716", "18600930093", "15977427742", "13766206620", "13511881188")


@dataclass
class Shop:
    """A merchant with goods, orders and an owner who can sign in."""

    merchant_id: int
    email: str
    skus: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    # Cards that were replaced for their buyers.
    replaced: list[str] = field(default_factory=list)


def an_empty_shop() -> Shop:
    """A merchant that has nothing yet."""
    merchant_id = open_merchant(
        slug=f"desk-{secrets.token_hex(4)}", name="小鹿数卡旗舰店", kind=MerchantKind.DEMO
    )
    email = f"lu-{secrets.token_hex(4)}@example.com"
    add_staff(
        merchant_id=merchant_id, email=email, name="陆晓雨", role="owner", actor=SYSTEM,
        password=PASSWORD,
    )  # fmt: skip
    return Shop(merchant_id, email)


def a_busy_shop() -> Shop:
    """A merchant in the middle of its day."""
    shop = an_empty_shop()
    who: dict[str, Any] = {"merchant_id": shop.merchant_id, "actor": SYSTEM}
    shelf = catalog.create_category(**who, title=both("数字会员", "Memberships"))
    for zh, en, cover, price, cards, low in GOODS:
        shop.skus.append(_good(who, shelf, (zh, en, cover), (price, cards, low)))
    account = make.account(shop.merchant_id)
    _sales(shop, account)
    _told(shop)
    return shop


def _good(who, shelf, words, numbers):
    zh, en, cover = words
    price, cards, low = numbers
    product = catalog.create_product(
        **who,
        draft=catalog.ProductDraft(
            title=both(zh, en), subtitle=both("自动发货", "Instant delivery"), cover=cover,
            category_uid=shelf, description=both("**付款后**立即显示卡密。", "Shown at once."),
            guide=both("1. 打开应用\n2. 输入卡密", "Open the app"),
        ),
    )  # fmt: skip
    sku = catalog.create_sku(
        **who,
        product_uid=product,
        draft=catalog.SkuDraft(title=both("标准", "Standard"), price_minor=price, low_stock_at=low),
    )
    catalog.set_product_state(**who, uid=product, state=catalog.ProductState.ON_SALE)
    if cards:
        name = cover.upper()
        lines = [f"{name}-{n:04}----{secrets.token_hex(6).upper()}" for n in range(cards)]
        work = vault.import_cards(
            **who,
            file_uid=vault.seal_lines(merchant_id=who["merchant_id"], lines=lines),
            request=vault.ImportRequest(
                sku_uid=sku,
                purchase=vault.Purchase(supplier="蜂鸟数卡", unit_cost_minor=price // 2),
            ),
        )
        vault.run_import(merchant_id=who["merchant_id"], work_uid=work)
    return sku


def _sales(shop, account):
    sold = []
    for number in range(16):
        placed = orders.place_order(
            merchant_id=shop.merchant_id,
            request=PlaceRequest(
                items=(Item(shop.skus[(0, 1, 4, 0, 2)[number % 5]], 1 + number % 3 // 2),),
                contact=Contact(
                    "" if number % 3 else f"zhao{number}@example.com",
                    f"+86{BUYERS[number % 5]}" if number % 3 else "",
                ),
                provider="sandbox",
            ),
        )
        shop.numbers.append(placed.number)
        if number < 12:
            orders.settle_notices(account=account, notices=[make.notice(placed)])
        if number == 12:
            # Paid after it was closed, and its cards are gone: on hold.
            orders.cancel_order(merchant_id=shop.merchant_id, number=placed.number, actor=SYSTEM)
            _empty(shop, shop.skus[4])
            orders.settle_notices(account=account, notices=[make.notice(placed)])
        _shift(shop, placed.number, number)
        sold.append(placed)
    wrong = make.notice(sold[-1], payment_number="nobody0123456789")
    orders.settle_notices(account=account, notices=[wrong])


def _empty(shop, sku):
    with acting_as(shop.merchant_id), connection.cursor() as cursor:
        cursor.execute(
            "select b.uid from batch b join sku s on s.id = b.sku_id where s.uid = %s::text", [sku]
        )
        (batch,) = cursor.fetchone()
    change = vault.ChangeRequest(vault.Change.VOID, "supplier failed", batch_uid=batch)
    uid = vault.change_cards(merchant_id=shop.merchant_id, actor=SYSTEM, request=change)
    vault.run_change(merchant_id=shop.merchant_id, work_uid=uid)


def _shift(shop, number, hours):
    """Spread orders over today and yesterday."""
    with acting_as(shop.merchant_id), connection.cursor() as cursor:
        cursor.execute(
            "update sale_order set created_at = created_at - make_interval(hours => %s::int),"
            " paid_at = paid_at - make_interval(hours => %s::int) where number = %s::text",
            [hours * 2, hours * 2, number],
        )


def _told(shop):
    messages.tell(
        merchant_id=shop.merchant_id,
        message=messages.Tell(
            event=Event.STAFF_LOW_STOCK,
            once="low",
            context={"title": "咖啡兑换券 · 5 张", "left": "0", "threshold": "10",
                     "sku": shop.skus[3]},
            in_app=True,
            emails=["warehouse@example.com"],
        ),
    )  # fmt: skip
