"""Goods to count, and order lines to hold them."""

import itertools
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from kacang.catalog import operations as catalog
from kacang.catalog import queries as catalog_queries
from kacang.catalog.operations import ProductKind, ProductState, StockMode
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.shared.texts import both
from kacang.stock import operations, queries
from kacang.stock.models import HoldState
from kacang.stock.operations import Holding, Purchase, Wish

ACTOR = Actor("user", 7, "lu@example.com", "203.0.113.9")
_numbers = itertools.count(1)


class Make:
    """Makes goods, fills and sells them through the room's own operations."""

    def __init__(self, merchant_id: int) -> None:
        self.merchant_id = merchant_id

    def goods(self, *, way: str = "handed", **values: Any) -> str:
        draft = catalog.ProductDraft(
            title=both("坚果礼盒"), kind=ProductKind.GOODS, delivery_way=way
        )
        product = catalog.create_product(merchant_id=self.merchant_id, actor=ACTOR, draft=draft)
        sku = catalog.SkuDraft(
            title=both("一箱"), price_minor=19_800, stock_mode=StockMode.GOODS, **values
        )
        uid = catalog.create_sku(
            merchant_id=self.merchant_id, actor=ACTOR, product_uid=product, draft=sku
        )
        catalog.set_product_state(
            merchant_id=self.merchant_id, actor=ACTOR, uid=product, state=ProductState.ON_SALE
        )
        return uid

    def id_of(self, uid: str) -> int:
        return catalog_queries.sku(merchant_id=self.merchant_id, uid=uid).id

    def wish(self, sku: str, pieces: int, **values: Any) -> Wish:
        return Wish(sku, pieces, values.pop("request_uid", secrets.token_hex(8)), **values)

    def received(self, sku: str, pieces: int, cost: int = 0, **values: Any) -> str:
        return operations.receive(
            merchant_id=self.merchant_id,
            actor=ACTOR,
            wish=self.wish(sku, pieces, **values),
            purchase=Purchase(unit_cost_minor=cost),
        )

    def adjusted(self, sku: str, pieces: int, reason: str = "盘点", **values: Any) -> str:
        return operations.adjust(
            merchant_id=self.merchant_id,
            actor=ACTOR,
            wish=self.wish(sku, pieces, **values),
            reason=reason,
        )

    def sent(self, sku: str, pieces: int, to: str, **values: Any) -> str:
        return operations.send(
            merchant_id=self.merchant_id,
            actor=ACTOR,
            wish=self.wish(sku, pieces, **values),
            to_uid=to,
        )

    def level(self, sku: str) -> queries.GoodsLevel:
        sku_id = self.id_of(sku)
        return queries.goods_levels(merchant_id=self.merchant_id, sku_ids=[sku_id])[sku_id]

    def line(self, sku_id: int) -> int:
        """An order's line, as bare as the references need it."""
        with acting_as(self.merchant_id), connection.cursor() as cursor:
            cursor.execute(
                """with o as (
                    insert into sale_order (merchant_id, number, channel, state, currency,
                        total_minor, payable_minor, token_hash, pay_by, created_at)
                    values (%s::bigint, %s::text, 'shop', 0, 'CNY', 0, 0, ''::bytea, now(), now())
                    returning id
                )
                insert into order_line (merchant_id, order_id, line_no, sku_id, quantity,
                    unit_price_minor, title, sku_title, kind)
                select %s::bigint, id, 1, %s::bigint, 1, 0, '{}', '{}', 'goods' from o
                returning id""",
                [self.merchant_id, secrets.token_hex(9), self.merchant_id, sku_id],
            )
            return int(cursor.fetchone()[0])

    def reserved(self, sku: str, pieces: int, *, seconds: int = 900) -> int | None:
        """Hold so many for a new line and return it; None when there are not enough."""
        sku_id = self.id_of(sku)
        line = self.line(sku_id)
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        with acting_as(self.merchant_id):
            (taken,) = operations.take_pieces(
                merchant_id=self.merchant_id, baskets=[{sku_id: pieces}]
            )
            if taken is None:
                return None
            operations.hold_pieces(
                merchant_id=self.merchant_id, holdings=[Holding(line, taken, until)]
            )
        return line

    def stepped(self, step: Any, line: int, **more: Any) -> dict[int, int]:
        with acting_as(self.merchant_id):
            return dict(step(merchant_id=self.merchant_id, line_ids=[line], **more))

    def handed(self, line: int) -> dict[int, int]:
        leaving = operations.Leaving(1, [line], "CNY")
        with acting_as(self.merchant_id):
            return operations.hand_over(merchant_id=self.merchant_id, leaving=leaving)

    def value(self, sku: str) -> tuple[int, int]:
        """Pieces owned and what they cost."""
        with acting_as(self.merchant_id), connection.cursor() as cursor:
            cursor.execute(
                "select pieces, value_minor from goods_worth"
                " where merchant_id = %s::bigint and sku_id = %s::bigint",
                [self.merchant_id, self.id_of(sku)],
            )
            found = cursor.fetchone()
        return (int(found[0]), int(found[1])) if found else (0, 0)

    def wrong(self) -> list[str]:
        found = operations.check_references(merchant_id=self.merchant_id)
        return [finding.what for finding in found]


@pytest.fixture
def make(merchant: int) -> Make:
    return Make(merchant)


__all__ = ["ACTOR", "HoldState", "Make"]
