"""Counts, marks and keys: what sales lean on."""

import random
import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from kacang.catalog import operations as catalog
from kacang.catalog.operations import StockMode, Strategy
from kacang.merchants.tenancy import acting_as
from kacang.shared.texts import both
from kacang.vault import operations, queries
from kacang.vault.models import CARD_STEPS, CardState
from kacang.vault.selling.picking import NO_EXPIRY
from tests.vault.conftest import ACTOR
from tests.vault.test_crash import at_once

CHANCE = random.Random(7)  # noqa: S311 - which cards move, nothing secret


def sql(merchant: int, text: str, *values: Any) -> list[tuple[Any, ...]]:
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute(text, [merchant, *values])
        return list(cursor.fetchall()) if cursor.description else []


def move(merchant: int, old: int, new: int, count: int) -> int:
    """Move some cards as a sale would: row and movement in one transaction."""
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute(
            """
            with taken as (
                select id, sku_id, pool_id, batch_id from card
                where merchant_id = %(merchant)s::bigint and state = %(old)s::smallint
                order by pick_key limit %(count)s::int for no key update skip locked
            ),
            changed as (
                update card c set state = %(new)s::smallint,
                    line_id = case when %(new)s::smallint = 0 then null else 1 end,
                    reserved_until = case when %(new)s::smallint = 1 then now() + interval '1 h' end
                from taken t where c.merchant_id = %(merchant)s::bigint and c.id = t.id
                returning c.id
            )
            insert into card_movement
                (merchant_id, sku_id, pool_id, batch_id, from_state, to_state, cards)
            select %(merchant)s::bigint, sku_id, pool_id, batch_id, %(old)s::smallint,
                   %(new)s::smallint, count(*)
            from taken group by sku_id, pool_id, batch_id having count(*) > 0 returning cards
            """,
            {"merchant": merchant, "old": old, "new": new, "count": count},
        )
        return sum(row[0] for row in cursor.fetchall())


class TestLevels:
    def test_every_state_is_in_the_table(self):
        assert set(CARD_STEPS) == set(CardState)

    def test_count_by_state_and_batch(self, merchant, make):
        sku = make.sku()
        first = make.imported(sku, b"A-1\nA-2\nA-3\n").result["batch"]
        make.imported(sku, b"B-1\nB-2\n")
        move(merchant, 0, 1, 4)
        move(merchant, 1, 2, 1)

        level = make.level(sku)
        assert (level.available, level.reserved, level.sold, level.total) == (1, 3, 1, 5)
        assert queries.batch(merchant_id=merchant, uid=first).levels.total == 3

    def test_a_reservation_that_ran_out_is_available(self, merchant, make):
        sku = make.sku()
        make.imported(sku, b"A\nB\n")
        move(merchant, 0, 1, 2)
        sql(
            merchant,
            "update card set reserved_until = now() - interval '1 s' where merchant_id ="
            " %s::bigint and id = (select max(id) from card where merchant_id = %s::bigint)",
            merchant,
        )

        level = make.level(sku)
        assert (level.available, level.reserved) == (1, 1)
        assert queries.availability(merchant_id=merchant, sku_ids=[make.sku_id(sku)]) == {
            make.sku_id(sku): 1
        }

    def test_compaction_is_exact_while_others_write(self, merchant, make):
        sku = make.sku()
        make.imported(sku, [f"C-{number}" for number in range(600)])
        counts: list[int] = []

        def write() -> None:
            for _ in range(60):
                old, new = CHANCE.choice([(0, 1), (1, 0), (1, 2)])
                move(merchant, old, new, CHANCE.randint(1, 5))

        def compact() -> None:
            for _ in range(40):
                operations.compact_levels(merchant_id=merchant)
                counts.append(make.level(sku).total)

        assert at_once(write, write, write, write, compact, compact) == []

        assert set(counts) == {600}
        real = dict(
            sql(
                merchant,
                "select state, count(*) from card where merchant_id = %s::bigint group by state",
            )
        )
        operations.compact_levels(merchant_id=merchant)
        level = make.level(sku)
        assert (level.available, level.reserved, level.sold) == (
            real.get(0, 0),
            real.get(1, 0),
            real.get(2, 0),
        )
        assert operations.check_references(merchant_id=merchant) == []

    def test_a_running_transaction_is_not_skipped(self, merchant, make):
        sku = make.sku()
        make.imported(sku, b"A\nB\nC\n")
        began, go_on = threading.Event(), threading.Event()

        def slow() -> None:
            with acting_as(merchant), connection.cursor() as cursor:
                cursor.execute(
                    "insert into card_movement (merchant_id, sku_id, batch_id, from_state,"
                    " to_state, cards) select merchant_id, sku_id, id, 0, 6, 1 from batch"
                    " where merchant_id = %s::bigint",
                    [merchant],
                )
                began.set()
                go_on.wait()
            connection.close()

        thread = threading.Thread(target=slow)
        thread.start()
        began.wait()
        operations.compact_levels(merchant_id=merchant)
        assert make.level(sku).available == 3
        go_on.set()
        thread.join()

        assert (make.level(sku).available, make.level(sku).void) == (2, 1)
        operations.compact_levels(merchant_id=merchant)
        assert (make.level(sku).available, make.level(sku).void) == (2, 1)

    def test_the_nightly_check_finds_what_is_wrong(self, merchant, make):
        make.imported(make.sku(), b"A\nB\n")
        assert operations.check_references(merchant_id=merchant) == []

        sql(merchant, "update card set state = 6 where merchant_id = %s::bigint")

        found = operations.check_references(merchant_id=merchant)
        assert [finding.what for finding in found] == ["levels that are not the cards"]

    def test_of_another_merchant_are_not_counted(self, merchant, other_merchant, make):
        sku = make.sku()
        make.imported(sku, b"A\n")

        levels = queries.stock_levels(merchant_id=other_merchant, sku_ids=[make.sku_id(sku)])
        assert levels[make.sku_id(sku)].total == 0


class TestKeys:
    def keys(self, merchant: int) -> list[int]:
        rows = sql(merchant, "select pick_key from card where merchant_id = %s::bigint order by id")
        return [row[0] for row in rows]

    def test_random_ones_are_spread(self, merchant, make):
        make.imported(make.sku(), [f"R-{number}" for number in range(300)])

        keys = self.keys(merchant)
        assert len(set(keys)) > 290
        assert keys != sorted(keys)
        assert 0 <= min(keys) < 2**29 < 2**30 < max(keys) < 2**31

    @pytest.mark.parametrize("strategy", [Strategy.FIRST_IN, Strategy.CHOSEN])
    def test_of_arrival_follow_batch_and_line(self, merchant, make, strategy):
        sku = make.sku(strategy=strategy)
        make.imported(sku, b"A-3\nA-1\nA-2\n")
        make.imported(sku, b"B-1\n")

        keys = self.keys(merchant)
        assert keys == sorted(keys)
        assert len(set(keys)) == 4

    def test_of_expiry_are_its_microseconds(self, merchant, make):
        sku = make.sku(strategy=Strategy.SOONEST_EXPIRY)
        make.imported(sku, "卡密,有效期\nA,2031-01-01\nB,\nC,2030-01-01\n".encode(), "a.csv")

        keys = self.keys(merchant)
        assert keys[2] == int(datetime(2030, 1, 1, 16, tzinfo=UTC).timestamp()) * 1_000_000
        assert keys[2] < keys[0] < keys[1] == NO_EXPIRY

    def test_change_with_the_strategy(self, merchant, make):
        sku = make.sku()
        make.imported(sku, [f"S-{number}" for number in range(50)])
        before = self.keys(merchant)
        draft = catalog.SkuDraft(title=both("年卡"), price_minor=19_800, strategy=Strategy.FIRST_IN)
        catalog.update_sku(merchant_id=merchant, actor=ACTOR, uid=sku, draft=draft)

        queued = sql(
            merchant,
            "select args->>'sku_id' from procrastinate_jobs where task_name = 'vault.rekey'"
            " and (args->>'merchant_id')::bigint = %s::bigint",
        )
        assert queued == [(str(make.sku_id(sku)),)]
        assert operations.rekey(merchant_id=merchant, sku_id=make.sku_id(sku)) == 50

        after = self.keys(merchant)
        assert before != sorted(before)
        assert after == sorted(after)
        make.imported(sku, b"S-last\n")
        assert self.keys(merchant)[-1] > after[-1]

    def test_a_loop_card_fills_its_sku(self, merchant, make):
        sku = make.sku(stock_mode=StockMode.LOOP)
        sku_id = make.sku_id(sku)
        assert queries.loop_filled(merchant_id=merchant, sku_ids=[sku_id]) == set()

        make.imported(sku, b"https://example.com/group/join\n")

        assert queries.loop_filled(merchant_id=merchant, sku_ids=[sku_id]) == {sku_id}


class TestMarks:
    def mark(self, merchant: int) -> int:
        rows = sql(merchant, "select pick_key from pick_mark where merchant_id = %s::bigint")
        return int(rows[0][0])

    def test_rule_7_move_up_to_what_is_free_or_reserved(self, merchant, make):
        sku = make.sku(strategy=Strategy.FIRST_IN)
        make.imported(sku, [f"M-{number}" for number in range(10)])
        keys = TestKeys().keys(merchant)
        move(merchant, 0, 1, 5)
        move(merchant, 1, 2, 3)

        assert operations.move_marks(merchant_id=merchant) == 1
        assert self.mark(merchant) == keys[3]
        assert operations.move_marks(merchant_id=merchant) == 0
        move(merchant, 1, 2, 2)
        operations.move_marks(merchant_id=merchant)
        assert self.mark(merchant) == keys[5]

    def test_rule_7_are_lowered_by_cards_that_expire_sooner(self, merchant, make):
        sku = make.sku(strategy=Strategy.SOONEST_EXPIRY)
        make.imported(sku, "卡密,有效期\nA,2031-01-01\n".encode(), "a.csv")
        operations.move_marks(merchant_id=merchant)
        high = self.mark(merchant)

        make.imported(sku, "卡密,有效期\nB,2030-01-01\n".encode(), "a.csv")

        assert self.mark(merchant) < high
        assert self.mark(merchant) == min(TestKeys().keys(merchant))
