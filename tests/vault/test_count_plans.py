"""V3, V6: counting reads as many rows of a large stock as of a small one."""

import json
from typing import Any

import pytest
from django.db import connection

from kacang.merchants.tenancy import acting_as
from kacang.vault import levels, operations, queries
from tests import make
from tests.orders.test_first_plans import read
from tests.vault.test_levels import move

FEW, MANY = 12, 6000


def rows_read(merchant: int, column: str, wanted: list[int]) -> float:
    """How many rows of cards, movements and levels one count looks at."""
    asked: dict[str, Any] = {"merchant": merchant, "ids": wanted}
    total = 0.0
    # As on a filled database: by index, whatever this one's size.
    with acting_as(merchant, hot=True), connection.cursor() as cursor:
        for text in (levels._COUNTS.format(column=column), levels._OVERDUE):
            cursor.execute("explain (analyze, format json) " + text, asked)
            found: Any = cursor.fetchone()[0]
            plan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
            total += sum(
                seen for seen, name in read(plan) if name.partition(" ")[2] and "card" in name
            )
    return total


def a_stock(merchant: int, cards: int) -> make.Stocked:
    """Cards of which a half moved, some twice, all summed up."""
    made = make.sku(merchant, cards=cards)
    move(merchant, 0, 1, cards // 4)
    move(merchant, 1, 2, cards // 4)
    move(merchant, 0, 8, cards // 4)
    operations.compact_levels(merchant_id=merchant)
    return made


@pytest.mark.parametrize("column", ["m.sku_id", "m.batch_id"])
def test_counts_read_no_cards(merchant, other_merchant, column):
    few, many = a_stock(merchant, FEW), a_stock(other_merchant, MANY)

    read_of = [
        rows_read(
            made.merchant_id,
            column,
            [made.sku.pk if column == "m.sku_id" else made.batch.pk],
        )
        for made in (few, many)
    ]

    found = queries.stock_levels(merchant_id=other_merchant, sku_ids=[many.sku.pk])[many.sku.pk]
    assert (found.available, found.sold, found.frozen) == (MANY // 2, MANY // 4, MANY // 4)
    assert read_of[1] <= read_of[0] + 3
    assert 0 < read_of[1] < 40
