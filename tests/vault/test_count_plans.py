"""V3, V6: counting reads as many rows of a large stock as of a small one."""

import json
import re
from typing import Any

import pytest
from django.db import connection
from django.db.models import Max, Min

from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.outbox import queries as works
from kacang.vault import operations, queries
from kacang.vault.finding import selecting
from kacang.vault.models import Batch, Card, CardState
from kacang.vault.selling import levels
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


def lying(made: make.Stocked) -> make.Stocked:
    """Say where the cards of the batch lie, as an import does."""
    with acting_as(made.merchant_id):
        ids = Card.objects.filter(batch_id=made.batch.pk).aggregate(Min("id"), Max("id"))
        Batch.objects.filter(pk=made.batch.pk).update(
            first_card_id=ids["id__min"], last_card_id=ids["id__max"]
        )
    return made


class TestMatching:
    """V3: a list says how many cards fit it, whatever the stock."""

    def selection(self, made: make.Stocked, **narrow: Any) -> selecting.Selection:
        wanted = queries.CardFilter(sku_id=made.sku.pk, **narrow)
        return selecting.select_cards(made.merchant_id, wanted)

    def test_few_are_counted_with_their_cost(self, merchant):
        made = lying(make.sku(merchant, cards=5, cost=70))

        with acting_as(merchant):
            found = selecting.about(merchant, self.selection(made), most=5)

        assert found == selecting.Matching(5, 350)

    def test_many_are_the_sum_of_their_movements(self, merchant):
        made = lying(a_stock(merchant, FEW))
        free, all_states = CardState.AVAILABLE, ()

        with acting_as(merchant):
            found = [
                selecting.about(merchant, self.selection(made, states=states), most=4)
                for states in ((free,), (free, CardState.SOLD), all_states)
            ]

        assert found == [selecting.Matching(count, None) for count in (FEW // 2, FEW * 3 // 4, FEW)]

    def test_what_movements_cannot_tell_is_said_to_be_more(self, merchant):
        made = lying(make.sku(merchant, cards=6))

        with acting_as(merchant):
            one = self.selection(made, pool_uid="common")
            found = [selecting.about(merchant, one, most=most) for most in (5, 6)]

        assert [(item.count, item.is_more) for item in found] == [(5, True), (6, False)]

    def test_reads_no_more_cards_than_it_counts(self, merchant):
        made = lying(make.sku(merchant, cards=MANY))
        asked = {"merchant": merchant, "batches": [made.batch.pk], "most": 11, "erased": False}
        asked |= dict.fromkeys(("states", "pool", "from", "to", "text", "taken_until"))

        with acting_as(merchant, hot=True), connection.cursor() as cursor:
            cursor.execute("explain (analyze, format json) " + selecting._COUNT_SOME, asked)
            found: Any = cursor.fetchone()[0]
        plan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]

        seen = [rows for rows, name in read(plan) if "card" in name.partition(" ")[2]]
        assert 11 <= sum(seen) <= 24


def test_an_export_is_started_without_a_look_at_its_cards(merchant):
    made = a_stock(merchant, FEW)
    told: list[str] = []

    def listen(execute, sql, params, many, context):
        told.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(listen):
        uid = operations.export_cards(
            merchant_id=merchant,
            actor=SYSTEM,
            request=operations.ExportRequest(
                reason="对账", sku_uid=made.sku.uid, states=[CardState.FROZEN]
            ),
        )

    assert works.work(merchant_id=merchant, uid=uid).total == FEW // 4
    assert [sql for sql in told if re.search(r"\b(from|join) \"?card\"?\s", sql)] == []
