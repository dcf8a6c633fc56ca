"""A SKU to fill, and ways to fill it."""

from collections.abc import Sequence
from typing import Any

import pytest

from kacang.catalog import operations as catalog
from kacang.catalog import queries as catalog_queries
from kacang.merchants.audit import Actor
from kacang.outbox import files
from kacang.outbox import queries as outbox
from kacang.outbox.queries import WorkView
from kacang.shared.texts import both
from kacang.vault import operations, queries

ACTOR = Actor("user", 7, "lu@example.com", "203.0.113.9")


class Make:
    """Makes SKUs and fills them through the real import; jobs run here and now."""

    def __init__(self, merchant_id: int) -> None:
        self.merchant_id = merchant_id
        self._product = ""

    def sku(self, **values: Any) -> str:
        if not self._product:
            draft = catalog.ProductDraft(title=both("视频会员"))
            self._product = catalog.create_product(
                merchant_id=self.merchant_id, actor=ACTOR, draft=draft
            )
        sku_draft = catalog.SkuDraft(title=both("年卡"), price_minor=19_800, **values)
        return catalog.create_sku(
            merchant_id=self.merchant_id, actor=ACTOR, product_uid=self._product, draft=sku_draft
        )

    def sku_id(self, uid: str) -> int:
        return catalog_queries.sku(merchant_id=self.merchant_id, uid=uid).id

    def file(self, content: bytes, name: str = "codes.txt") -> str:
        return files.store(
            merchant_id=self.merchant_id, purpose="import", name=name, content=content
        )

    def start(self, sku: str, file_uid: str, **values: Any) -> str:
        return operations.import_cards(
            merchant_id=self.merchant_id,
            actor=ACTOR,
            file_uid=file_uid,
            request=operations.ImportRequest(sku_uid=sku, **values),
        )

    def imported(
        self, sku: str, content: bytes | Sequence[str], name: str = "codes.txt", **values: Any
    ) -> WorkView:
        if isinstance(content, bytes):
            file_uid = self.file(content, name)
        else:
            file_uid = operations.seal_lines(merchant_id=self.merchant_id, lines=content)
        uid = self.start(sku, file_uid, **values)
        operations.run_import(merchant_id=self.merchant_id, work_uid=uid)
        return self.work(uid)

    def checked(self, sku: str, content: bytes, name: str = "codes.txt", **values: Any) -> WorkView:
        uid = operations.check_import(
            merchant_id=self.merchant_id,
            actor=ACTOR,
            file_uid=self.file(content, name),
            request=operations.ImportRequest(sku_uid=sku, **values),
        )
        operations.run_check(merchant_id=self.merchant_id, work_uid=uid)
        return self.work(uid)

    def generated(self, sku: str, count: int, pattern: str, **values: Any) -> WorkView:
        uid = operations.generate_cards(
            merchant_id=self.merchant_id,
            actor=ACTOR,
            request=operations.GenerateRequest(sku_uid=sku, count=count, pattern=pattern, **values),
        )
        operations.run_generate(merchant_id=self.merchant_id, work_uid=uid)
        return self.work(uid)

    def work(self, uid: str) -> WorkView:
        return outbox.work(merchant_id=self.merchant_id, uid=uid)

    def level(self, sku: str) -> queries.StockLevel:
        sku_id = self.sku_id(sku)
        return queries.stock_levels(merchant_id=self.merchant_id, sku_ids=[sku_id])[sku_id]

    def cards(self, batch_uid: str) -> list[queries.CardView]:
        found: list[queries.CardView] = []
        cursor = ""
        while True:
            page = queries.cards_of_batch(
                merchant_id=self.merchant_id, batch_uid=batch_uid, cursor=cursor, limit=200
            )
            found += page.items
            cursor = page.next_cursor
            if not cursor:
                return found

    def opened(self, batch_uid: str) -> list[operations.Revealed]:
        uids = [card.uid for card in self.cards(batch_uid)]
        found: list[operations.Revealed] = []
        for at in range(0, len(uids), 200):
            found += operations.reveal(
                merchant_id=self.merchant_id,
                card_uids=uids[at : at + 200],
                actor=ACTOR,
                reason="test",
            )
        return found


@pytest.fixture
def make(merchant) -> Make:
    return Make(merchant)
