"""Bulk changes when things go wrong: bad requests, kills, buyers at the same time, any order."""

from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kacang.catalog.operations import Strategy
from kacang.catalog.queries import UnknownSku
from kacang.merchants.tenancy import acting_as
from kacang.outbox import work
from kacang.outbox.queries import WorkState
from kacang.vault import operations, queries
from kacang.vault.changing import bulk
from kacang.vault.operations import Change, ChangeRequest, Purchase, Terms
from kacang.vault.queries import CardFilter, CardState
from tests.vault.conftest import ACTOR, Make
from tests.vault.test_crash import at_once, killed_midway, stocked_minor
from tests.vault.test_levels import move, sql
from tests.vault.test_regrouping import COSTLY, LATER, SOON, is_sound, ran, undone

RUNS = count()


def claim(merchant: int, sku_id: int, most: int) -> int:
    """Sell free cards of the common pool, each looked at again under its lock, as a sale does."""
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute(
            """
            with taken as materialized (
                select id, sku_id, batch_id from card
                where merchant_id = %(merchant)s::bigint and sku_id = %(sku)s::bigint
                  and pool_id = 0 and state = 0
                order by pick_key limit %(most)s::int for no key update skip locked
            ),
            changed as (
                update card c set state = 2, line_id = 1, sold_at = now() from taken t
                where c.merchant_id = %(merchant)s::bigint and c.id = t.id
            )
            insert into card_movement (merchant_id, sku_id, batch_id, from_state, to_state, cards)
            select %(merchant)s::bigint, sku_id, batch_id, 0, 2, count(*)
            from taken group by sku_id, batch_id returning cards
            """,
            {"merchant": merchant, "sku": sku_id, "most": most},
        )
        return sum(row[0] for row in cursor.fetchall())


class TestRefusals:
    def test_are_clear_and_start_nothing(self, merchant, other_merchant, make):
        sku = make.sku()
        batch = make.imported(sku, b"A\n", purchase=COSTLY).result["batch"]
        past = datetime(2020, 1, 1, tzinfo=UTC)
        theirs = operations.create_pool(merchant_id=other_merchant, actor=ACTOR, name="x")

        def refused(error: type[Exception], change: Change, **values: Any) -> None:
            values = {"batch_uid": batch, **values}
            with pytest.raises(error):
                ran(make, change, **values)

        for terms in (
            Terms(), Terms(until=past), Terms(days=-1), Terms(days=9_999), Terms(LATER, 3),
        ):  # fmt: skip
            refused(operations.BadTerms, Change.EXTEND, terms=terms)
        refused(operations.BadTerms, Change.SPLIT, terms=Terms(most=-1))
        long = Terms(purchase=Purchase(supplier="x" * 121))
        refused(operations.BadPurchase, Change.SPLIT, terms=long)
        refused(operations.UnknownPool, Change.POOL, terms=Terms(pool_uid=theirs.uid))
        refused(operations.UnknownPool, Change.POOL)
        refused(UnknownSku, Change.OTHER_SKU, terms=Terms(sku_uid="sku_x"))
        refused(operations.NothingToChange, Change.MERGE, terms=Terms(batch_uid=batch))
        refused(operations.NothingToChange, Change.UNDO)
        nothing = CardFilter(batch_uid=batch, states=(CardState.VOID,))
        refused(operations.NothingToChange, Change.FREEZE, batch_uid="", matching=nothing)
        refused(queries.BadFilter, Change.FREEZE, batch_uid="", matching=CardFilter())
        with pytest.raises(operations.UnknownBatch):
            ran(Make(other_merchant), Change.SPLIT, batch_uid=batch)

        assert [item.kind for item in work.works(merchant_id=merchant)] == ["vault.import"]


class TestJob:
    def test_goes_on_after_a_kill_and_opens_one_batch(self, merchant, make, database, monkeypatch):
        monkeypatch.setattr(bulk, "CHUNK", 500)
        old, new = make.sku(), make.sku()
        codes = [f"K-{number:05}" for number in range(10_000)]
        batch = make.imported(old, codes, purchase=COSTLY).result["batch"]
        request = ChangeRequest(Change.OTHER_SKU, "x", batch, terms=Terms(sku_uid=new))
        uid = operations.change_cards(merchant_id=merchant, actor=ACTOR, request=request)

        reached = killed_midway(database, make, "run_change", uid, 500)
        assert 500 <= reached < 10_000
        operations.run_change(merchant_id=merchant, work_uid=uid)
        operations.run_change(merchant_id=merchant, work_uid=uid)

        item = make.work(uid)
        assert (item.state, item.result["changed"]) == (WorkState.DONE, 10_000)
        assert len(item.result["new_batches"]) == 1
        assert (make.level(new).available, make.level(old).total) == (10_000, 0)
        assert is_sound(merchant)


class TestAgainstBuyers:
    @pytest.mark.parametrize("change", ["pool", "sku", "split"])
    def test_shares_no_card_with_them_and_counts_are_sums(
        self, merchant, make, monkeypatch, change
    ):
        monkeypatch.setattr(bulk, "CHUNK", 50)
        sku, other = make.sku(), make.sku()
        codes = [f"R-{number:05}" for number in range(1_500)]
        batch = make.imported(sku, codes, purchase=Purchase(unit_cost_minor=10)).result["batch"]
        pool = operations.create_pool(merchant_id=merchant, actor=ACTOR, name="渠道")
        terms = Terms(pool_uid=pool.uid, sku_uid=other)
        request = ChangeRequest(Change(change), "x", batch, terms=terms)
        uid = operations.change_cards(merchant_id=merchant, actor=ACTOR, request=request)
        sold: list[int] = []

        def buy() -> None:
            sold.extend(claim(merchant, make.sku_id(sku), 2) for _round in range(10))

        raised = at_once(
            *[buy] * 16, lambda: operations.run_change(merchant_id=merchant, work_uid=uid)
        )

        assert raised == []
        changed = make.work(uid).result["changed"]
        level, there = make.level(sku), make.level(other)
        assert level.sold == sum(sold)
        taken = {"pool": level.set_aside, "sku": there.available}
        if change in taken:
            # What was not moved was a buyer's.
            assert taken[change] == changed == 1_500 - level.sold
        assert level.total + there.total == 1_500
        assert operations.check_references(merchant_id=merchant) == []
        assert stocked_minor(merchant) == 15_000


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["freeze", "unfreeze", "void", "faulty", "restore", "extend", "pool",
                         "sku", "split", "merge", "undo", "sell", "reserve", "release"]),
        st.integers(0, 6),
        st.integers(0, 6),
    ),
    min_size=1,
    max_size=8,
)  # fmt: skip


class TestEveryOrderOfChanges:
    @given(steps=STEPS)
    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    def test_leaves_counts_and_books_true(self, merchant, make, steps):
        world = World(merchant, make)
        for name, first, second in steps:
            world.do(name, first, second)
            world.check()


class World:
    """Two SKUs with batches of different costs, and whatever is done to them."""

    def __init__(self, merchant: int, make: Make) -> None:
        self.merchant, self.make = merchant, make
        self.skus = [make.sku(strategy=Strategy.FIRST_IN), make.sku()]
        mark = next(RUNS)
        self.batches = [
            make.imported(
                sku, [f"W-{mark}-{cost}-{n}" for n in range(3)],
                purchase=Purchase(unit_cost_minor=cost, valid_until=SOON),
            ).result["batch"]
            for sku, cost in ((self.skus[0], 10), (self.skus[0], 25), (self.skus[1], 7))
        ]  # fmt: skip
        self.pool = operations.create_pool(merchant_id=merchant, actor=ACTOR, name=f"池{mark}")
        self.jobs: list[str] = []

    def do(self, name: str, first: int, second: int) -> None:
        """Do one thing, by numbers that name something."""
        sales = {"sell": (0, 2), "reserve": (0, 1), "release": (1, 0)}
        if name in sales:
            move(self.merchant, *sales[name], 1 + first % 3)
            return
        if name == "undo":
            if self.jobs:
                with suppress(operations.CannotUndo):
                    self.jobs.append(undone(self.make, self.jobs[first % len(self.jobs)]).uid)
            return
        one, two = (self.batches[at % len(self.batches)] for at in (first, second))
        terms = Terms(
            days=second + 1 if name == "extend" else 0,
            pool_uid=self.pool.uid if second % 2 else queries.COMMON,
            sku_uid=self.skus[second % 2],
            batch_uid=two,
            most=second,
        )
        chosen: dict[str, Any] = {"batch_uid": one}
        if name == "merge":
            chosen = {"batch_uids": [one]}
        try:
            item = ran(self.make, Change(name), terms=terms, **chosen)
        except operations.BatchesDiffer:
            return
        assert item.state == WorkState.DONE
        self.jobs.append(item.uid)
        self.batches += item.result.get("new_batches", [])

    def check(self) -> None:
        """Counts are the rows. What was sold by `move` is not booked: it is as if in stock."""
        assert operations.check_references(merchant_id=self.merchant) == []
        ((minor,),) = sql(
            self.merchant,
            "select coalesce(sum(coalesce(c.cost_minor, b.unit_cost_minor)), 0)::bigint from card c"
            " join batch b on b.merchant_id = c.merchant_id and b.id = c.batch_id"
            " where c.merchant_id = %s::bigint and c.state not in (5, 6)",
        )
        assert stocked_minor(self.merchant) == minor
        for sku in self.skus:
            level = self.make.level(sku)
            counted = dict(
                sql(
                    self.merchant,
                    "select state, count(*) from card where merchant_id = %s::bigint"
                    " and sku_id = %s::bigint group by state",
                    self.make.sku_id(sku),
                )
            )
            assert level.available + level.set_aside == counted.get(0, 0)
            assert level.total == sum(counted.values())
