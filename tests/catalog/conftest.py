"""A catalogue to try things on."""

from typing import Any

import pytest

from kacang.catalog import operations
from kacang.merchants.audit import Actor
from kacang.shared.texts import both

ACTOR = Actor("user", 7, "lu@example.com", "203.0.113.9")


class Make:
    """Makes valid things; name only what the test is about."""

    def __init__(self, merchant_id: int) -> None:
        self.merchant_id = merchant_id

    def category(self, zh: str = "视频会员", position: int = 0) -> str:
        return operations.create_category(
            merchant_id=self.merchant_id, actor=ACTOR, title=both(zh), position=position
        )

    def product(self, zh: str = "视频会员年卡", en: str = "", **values: Any) -> str:
        draft = operations.ProductDraft(title=both(zh, en), **values)
        return operations.create_product(merchant_id=self.merchant_id, actor=ACTOR, draft=draft)

    def sku(self, product_uid: str, price_minor: int = 19_800, **values: Any) -> str:
        draft = operations.SkuDraft(
            title=values.pop("title", both("年卡", "One year")), price_minor=price_minor, **values
        )
        return operations.create_sku(
            merchant_id=self.merchant_id, actor=ACTOR, product_uid=product_uid, draft=draft
        )

    def on_sale(self, zh: str = "视频会员年卡", **values: Any) -> str:
        uid = self.product(zh, **values)
        self.sku(uid)
        operations.set_product_state(
            merchant_id=self.merchant_id,
            actor=ACTOR,
            uid=uid,
            state=operations.ProductState.ON_SALE,
        )
        return uid


@pytest.fixture
def make(merchant) -> Make:
    return Make(merchant)
