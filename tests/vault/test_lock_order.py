"""Batches, cards, pick marks: all that change cards lock in this order, so none waits in a ring."""

from typing import Any

from kacang.catalog.operations import Strategy
from kacang.vault import operations
from kacang.vault.changing import bulk
from kacang.vault.operations import Change, ChangeRequest, Terms
from kacang.vault.selling import picking
from tests.vault.conftest import ACTOR
from tests.vault.test_crash import at_once
from tests.vault.test_levels import move


def started(merchant: int, change: Change, **values: Any) -> str:
    request = ChangeRequest(change, "x", **values)
    return operations.change_cards(merchant_id=merchant, actor=ACTOR, request=request)


def run(merchant: int, *uids: str) -> None:
    for uid in uids:
        operations.run_change(merchant_id=merchant, work_uid=uid)


def rekey(merchant: int, sku_id: int) -> None:
    for _round in range(6):
        operations.rekey(merchant_id=merchant, sku_id=sku_id)


def put_back(merchant: int, names: list[str]) -> None:
    for name in names:
        operations.restore_cards(merchant_id=merchant, card_uids=[name], actor=ACTOR, reason="x")


def sell_and_tidy(merchant: int) -> None:
    for _round in range(12):
        operations.move_marks(merchant_id=merchant)
        move(merchant, 0, 1, 2)
        move(merchant, 1, 0, 1)


class TestLockOrder:
    def test_changes_strategy_marks_and_sales_do_not_wait_in_a_ring(
        self, merchant, make, monkeypatch
    ):
        monkeypatch.setattr(bulk, "CHUNK", 20)
        monkeypatch.setattr(picking, "CHUNK", 30)
        sku = make.sku(strategy=Strategy.FIRST_IN)
        sku_id = make.sku_id(sku)
        batch = make.imported(sku, [f"L-{number:03}" for number in range(300)]).result["batch"]
        target = make.imported(sku, ["T-1"]).result["batch"]
        names = [card.uid for card in make.cards(batch)]
        run(merchant, started(merchant, Change.FREEZE, batch_uid=batch))
        back = started(merchant, Change.UNFREEZE, batch_uid=batch)
        again = started(merchant, Change.FREEZE, batch_uid=batch)
        into = Terms(batch_uid=target)
        merge = started(merchant, Change.MERGE, batch_uids=[batch], terms=into)
        split = started(merchant, Change.SPLIT, card_uids=names[::3])

        raised = at_once(
            lambda: rekey(merchant, sku_id),
            lambda: rekey(merchant, sku_id),
            lambda: put_back(merchant, names[::10]),
            lambda: sell_and_tidy(merchant),
            lambda: run(merchant, back, again),
            lambda: run(merchant, merge),
            lambda: run(merchant, split),
        )

        assert raised == []
        assert operations.check_references(merchant_id=merchant) == []
        assert make.level(sku).total == 301
