"""Many cards changed by one job: exact, resumable, against buyers who claim at the same time."""

import csv
import io
from typing import Any

import pytest

from kacang.catalog.operations import Strategy
from kacang.outbox import files, work
from kacang.outbox.queries import WorkState, WorkView
from kacang.vault import operations, queries
from kacang.vault.changing import bulk, steps
from kacang.vault.operations import Change, ChangeRequest
from kacang.vault.queries import CardState
from tests.vault.conftest import ACTOR
from tests.vault.test_crash import at_once, killed_midway, stocked_minor
from tests.vault.test_levels import move, sql

COSTLY = operations.Purchase(unit_cost_minor=10)


def started(make: Any, change: Change, batch: str = "", cards: Any = ()) -> str:
    return operations.change_cards(
        merchant_id=make.merchant_id,
        actor=ACTOR,
        request=ChangeRequest(change, "供货商召回", batch, cards, language="en"),
    )


def done(make: Any, change: Change, batch: str = "", cards: Any = ()) -> WorkView:
    uid = started(make, change, batch, cards)
    operations.run_change(merchant_id=make.merchant_id, work_uid=uid)
    ended: WorkView = make.work(uid)
    return ended


def lines(make: Any, item: WorkView) -> list[list[str]]:
    text = files.read(merchant_id=make.merchant_id, uid=item.result["change_file"]).decode()
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


def real_counts(merchant: int) -> dict[int, int]:
    found = sql(
        merchant,
        "select state, count(*) from card where merchant_id = %s::bigint group by state",
    )
    return dict(found)


class TestFreeze:
    def test_takes_free_cards_off_sale_and_leaves_what_is_being_paid(self, merchant, make):
        sku = make.sku(strategy=Strategy.FIRST_IN)
        batch = make.imported(sku, b"A\nB\nC\nD\n", purchase=COSTLY).result["batch"]
        move(merchant, 0, 1, 1)
        move(merchant, 0, 2, 1)

        item = done(make, Change.FREEZE, batch)

        assert (item.state, item.result["changed"], item.result["stayed"]) == (WorkState.DONE, 2, 2)
        level = make.level(sku)
        assert (level.available, level.reserved, level.sold, level.frozen) == (0, 1, 1, 2)
        assert (level.on_hand, level.total) == (1, 4)
        # It may come back: what it cost stays in stock.
        assert stocked_minor(merchant) == 40
        assert [line[2:] for line in lines(make, item)] == [
            ["Result", "State"],
            ["Stays as it is", "Reserved"],
            ["Stays as it is", "Sold"],
            ["Changed", "Frozen"],
            ["Changed", "Frozen"],
        ]
        assert [line[0] for line in lines(make, item)[1:]] == [
            card.uid for card in make.cards(batch)
        ]

    def test_is_undone_by_putting_back(self, merchant, make):
        sku = make.sku(strategy=Strategy.FIRST_IN)
        batch = make.imported(sku, b"A\nB\n").result["batch"]
        done(make, Change.FREEZE, batch)
        operations.move_marks(merchant_id=merchant)

        item = done(make, Change.UNFREEZE, batch)

        assert item.result["changed"] == 2
        assert (make.level(sku).available, make.level(sku).frozen) == (2, 0)
        marks = sql(merchant, "select pick_key from pick_mark where merchant_id = %s::bigint")
        assert marks == [(0,)]

    def test_of_frozen_cards_changes_nothing(self, merchant, make):
        sku = make.sku()
        batch = make.imported(sku, b"A\nB\n").result["batch"]
        done(make, Change.FREEZE, batch)

        item = done(make, Change.FREEZE, batch)

        assert (item.result["changed"], item.result["stayed"]) == (0, 2)
        assert make.level(sku).frozen == 2

    def test_of_cards_by_name_touches_no_other(self, merchant, make):
        sku = make.sku()
        batch = make.imported(sku, b"A\nB\nC\n").result["batch"]
        names = [card.uid for card in make.cards(batch)]

        item = done(make, Change.FREEZE, cards=[names[2], names[0], names[2]])

        assert item.result["changed"] == 2
        states = [card.state for card in make.cards(batch)]
        assert states == [CardState.FROZEN, CardState.AVAILABLE, CardState.FROZEN]

    def test_keeps_cards_in_the_order_of_a_new_strategy(self, merchant, make):
        sku = make.sku(strategy=Strategy.FIRST_IN)
        batch = make.imported(sku, b"A\nB\n").result["batch"]
        done(make, Change.FREEZE, batch)

        assert operations.rekey(merchant_id=merchant, sku_id=make.sku_id(sku)) == 2


class TestVoid:
    def test_writes_off_free_frozen_and_faulty_cards_once(self, merchant, make):
        sku = make.sku(strategy=Strategy.FIRST_IN)
        batch = make.imported(sku, b"A\nB\nC\nD\n", purchase=COSTLY).result["batch"]
        names = [card.uid for card in make.cards(batch)]
        move(merchant, 0, 2, 1)
        done(make, Change.FREEZE, cards=[names[1]])
        done(make, Change.FAULTY, cards=[names[0], names[2]])

        item = done(make, Change.VOID, batch)
        again = done(make, Change.VOID, batch)

        assert (item.result["changed"], again.result["changed"]) == (3, 0)
        assert (make.level(sku).void, make.level(sku).sold) == (3, 1)
        assert stocked_minor(merchant) == 10
        assert operations.check_references(merchant_id=merchant) == []


class TestRefusals:
    def test_are_clear_and_start_nothing(self, merchant, other_merchant, make):
        batch = make.imported(make.sku(), b"A\n").result["batch"]
        names = [card.uid for card in make.cards(batch)]

        def ask(merchant_id: int, **values: Any) -> None:
            values = {"change": Change.VOID, "reason": "x", **values}
            operations.change_cards(
                merchant_id=merchant_id, actor=ACTOR, request=ChangeRequest(**values)
            )

        with pytest.raises(operations.NothingToChange):
            ask(merchant)
        with pytest.raises(operations.NothingToChange):
            ask(merchant, batch_uid=batch, card_uids=names)
        with pytest.raises(operations.ReasonMissing):
            ask(merchant, batch_uid=batch, reason=" ")
        with pytest.raises(operations.TooManyCards):
            ask(merchant, card_uids=[f"crd_{number}" for number in range(10_001)])
        with pytest.raises(operations.UnknownBatch):
            ask(other_merchant, batch_uid=batch)
        with pytest.raises(operations.UnknownCard):
            ask(other_merchant, card_uids=names)

        assert [item.kind for item in work.works(merchant_id=merchant)] == ["vault.import"]
        assert work.works(merchant_id=other_merchant) == []


class TestJob:
    def test_stops_when_asked_and_keeps_what_it_did(self, merchant, make, monkeypatch):
        monkeypatch.setattr(bulk, "CHUNK", 10)
        sku = make.sku()
        batch = make.imported(sku, [f"S-{number}" for number in range(30)]).result["batch"]
        uid = started(make, Change.FREEZE, batch)
        real_take = steps.take

        def take_and_ask(*values: Any) -> None:
            work.ask_to_cancel(merchant_id=merchant, uid=uid)
            real_take(*values)

        monkeypatch.setattr(bulk, "take", take_and_ask)
        operations.run_change(merchant_id=merchant, work_uid=uid)

        item = make.work(uid)
        assert (item.state, item.result["changed"]) == (WorkState.CANCELLED, 10)
        assert (make.level(sku).available, make.level(sku).frozen) == (20, 10)
        assert len(lines(make, item)) == 11

    def test_goes_on_after_a_kill_and_is_exact(self, merchant, make, database, monkeypatch):
        monkeypatch.setattr(bulk, "CHUNK", 500)
        sku = make.sku()
        codes = [f"K-{number:05}" for number in range(10_000)]
        batch = make.imported(sku, codes, purchase=COSTLY).result["batch"]
        uid = started(make, Change.VOID, batch)

        reached = killed_midway(database, make, "run_change", uid, 500)
        assert 500 <= reached < 10_000
        operations.run_change(merchant_id=merchant, work_uid=uid)
        operations.run_change(merchant_id=merchant, work_uid=uid)

        item = make.work(uid)
        assert (item.state, item.result["changed"], item.result["stayed"]) == (
            WorkState.DONE, 10_000, 0,
        )  # fmt: skip
        assert make.level(sku).void == 10_000
        assert stocked_minor(merchant) == 0
        written = lines(make, item)[1:]
        assert len({line[0] for line in written}) == len(written) == 10_000
        assert {line[2] for line in written} == {"Changed"}


class TestAgainstBuyers:
    def test_void_and_32_buyers_share_no_card_and_counts_are_sums(
        self, merchant, make, monkeypatch
    ):
        monkeypatch.setattr(bulk, "CHUNK", 50)
        sku = make.sku()
        codes = [f"R-{number:05}" for number in range(2_000)]
        batch = make.imported(sku, codes, purchase=COSTLY).result["batch"]
        uid = started(make, Change.VOID, batch)
        sold: list[int] = []

        def buy() -> None:
            sold.extend(move(merchant, 0, 2, 3) for _round in range(10))

        buyers = [buy for _number in range(32)]
        raised = at_once(*buyers, lambda: operations.run_change(merchant_id=merchant, work_uid=uid))

        assert raised == []
        item = make.work(uid)
        level = make.level(sku)
        counts = real_counts(merchant)
        assert (level.available, level.sold, level.void) == (
            counts.get(0, 0), counts.get(2, 0), counts.get(6, 0),
        )  # fmt: skip
        assert level.sold == sum(sold)
        assert level.void == item.result["changed"]
        assert level.total == 2_000
        assert level.available == 0
        # Every card that was not voided was a buyer's.
        assert item.result["stayed"] == level.sold
        assert stocked_minor(merchant) == 10 * level.sold
        assert queries.batch(merchant_id=merchant, uid=batch).levels == level
