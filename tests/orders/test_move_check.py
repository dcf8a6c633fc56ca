"""V7: a look at another system's file counts what a move would bring, and brings nothing."""

from typing import Any

import pytest

from kacang.merchants.audit import SYSTEM
from kacang.orders import operations
from kacang.orders.moving import looking
from kacang.outbox import files, work
from kacang.outbox import queries as outbox
from kacang.outbox.files import UnknownFile
from kacang.outbox.queries import WorkState, WorkView
from tests.orders.test_moving import ACG, DUJIAOKA, NEXT, counted, move, states, workbook

FILES = [
    ("acg-faka", ACG.encode()),
    ("dujiaoka", DUJIAOKA.encode()),
    ("dujiao-next", NEXT.encode()),
]
# What only writing an order shows.
LATER = {"cards_missing", "number_changed"}


def looked(merchant: int, system: str, body: bytes) -> tuple[WorkView, str]:
    file_uid = files.store(merchant_id=merchant, purpose="move", name="dump", content=body)
    uid = operations.check_move(
        merchant_id=merchant, actor=SYSTEM, system=system, file_uid=file_uid
    )
    operations.run_move_check(merchant_id=merchant, work_uid=uid)
    return outbox.work(merchant_id=merchant, uid=uid), file_uid


def understood(result: dict[str, Any]) -> dict[str, Any]:
    reasons = {key: n for key, n in result["reasons"].items() if key not in LATER}
    return {**{key: result[key] for key in ("products", "cards", "orders", "unpaid")}, **reasons}


@pytest.mark.parametrize(("system", "body"), [*FILES, ("workbook", b"")])
def test_counts_what_a_move_then_brings(merchant, system, body):
    body = body or workbook()

    look, file_uid = looked(merchant, system, body)
    assert look.state is WorkState.DONE
    assert set(counted(merchant).values()) == {0}
    uid = operations.start_move(
        merchant_id=merchant, actor=SYSTEM, system=system, file_uid=file_uid
    )
    operations.run_move(merchant_id=merchant, work_uid=uid)

    moved = outbox.work(merchant_id=merchant, uid=uid)
    assert understood(dict(look.result)) == understood(dict(moved.result))
    assert look.result["cards"] > 0
    assert {name.upper(): n for name, n in look.result["states"].items()} == states(merchant)
    assert look.result["before"] == {"products": 0, "cards": 0, "orders": 0}
    if look.result["bad"]:
        report = files.read(merchant_id=merchant, uid=look.result["error_file"])
        assert report.startswith(b"PK")

    again, _ = looked(merchant, system, body)
    came = {key: again.result[key] for key in ("products", "cards", "orders")}
    assert came == {"products": 0, "cards": 0, "orders": 0}
    assert again.result["before"] == {
        key: moved.result[key] for key in ("products", "cards", "orders")
    }


def test_cards_that_are_in_the_vault_by_another_way_are_told(merchant, other_merchant):
    move(other_merchant, "acg-faka", ACG)
    first, _ = looked(merchant, "acg-faka", ACG.encode())
    move(merchant, "dujiaoka", DUJIAOKA.replace("loop-3", "BBBB-2"))
    second, _ = looked(merchant, "acg-faka", ACG.encode())

    assert second.result["cards"] == first.result["cards"] - 1
    twice = "duplicate_in_vault"
    assert second.result["reasons"][twice] == first.result["reasons"].get(twice, 0) + 1


@pytest.mark.parametrize(
    ("system", "body", "code", "problem"),
    [
        ("acg-faka", b"", "moving.bad_file", "no_tables"),
        ("acg-faka", DUJIAOKA.encode(), "moving.bad_file", "no_tables"),
        ("acg-faka", ACG.encode()[:-40], "moving.bad_file", "cut_off"),
        ("dujiaoka", b"\xff\xfe\x00", "moving.bad_file", "encoding"),
        ("workbook", b"PK\x03\x04 nothing", "vault.bad_file", "not_xlsx"),
    ],
)
def test_what_is_no_dump_is_refused_and_nothing_kept(merchant, system, body, code, problem):
    look, file_uid = looked(merchant, system, body)

    assert (look.state, look.error, look.result["problem"]) == (WorkState.FAILED, code, problem)
    assert set(counted(merchant).values()) == {0}
    with pytest.raises(UnknownFile):
        files.info(merchant_id=merchant, uid=file_uid)


def test_stopped_keeps_nothing(merchant, monkeypatch):
    real = work.progress
    monkeypatch.setattr(looking, "AT_ONCE", 1)
    monkeypatch.setattr(work, "progress", lambda **values: real(**values) or True)

    look, file_uid = looked(merchant, "acg-faka", ACG.encode())

    assert (look.state, dict(look.result)) == (WorkState.CANCELLED, {})
    with pytest.raises(UnknownFile):
        files.info(merchant_id=merchant, uid=file_uid)


def test_a_file_of_another_merchant_is_unknown(merchant, other_merchant):
    file_uid = files.store(merchant_id=other_merchant, purpose="move", name="d", content=b"x")

    with pytest.raises(UnknownFile):
        operations.check_move(
            merchant_id=merchant, actor=SYSTEM, system="acg-faka", file_uid=file_uid
        )
    assert list(work.works(merchant_id=merchant)) == []
