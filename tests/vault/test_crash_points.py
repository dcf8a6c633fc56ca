"""V2: an import or undo that ends at whatever point leaves all or nothing, or can go on."""

import os
import signal
import subprocess
import sys
import time
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import OperationalError

from kacang.merchants import audit
from kacang.outbox import files, work
from kacang.outbox.queries import WorkState
from kacang.vault import operations, queries
from kacang.vault.imports import import_jobs, intake, loading, opening, undoing
from kacang.vault.making import generating
from tests.vault.conftest import ACTOR
from tests.vault.test_attachments import PNG, zipped
from tests.vault.test_crash import PURCHASE, stocked_minor

UNDO = """
import sys
import django
django.setup()
from kacang.merchants.audit import SYSTEM
from kacang.vault import operations
print("go", flush=True)
operations.undo_batch(merchant_id=int(sys.argv[1]), batch_uid=sys.argv[2], actor=SYSTEM)
"""
# Where a run is cut off: what is called there, and at which call of it.
POINTS = [
    (import_jobs, "open_batch", 1),
    (import_jobs, "load_cards", 1),
    (import_jobs, "load_cards", 3),
    (loading, "book", 2),
    (work, "progress", 1),
    (work, "progress", 3),
    (import_jobs, "close_batch", 1),
    (opening, "write_report", 1),
    (work, "finish", 1),
    (files, "delete", 1),
]
GENERATE_POINTS = [
    (generating, "open_batch", 1),
    (generating, "load_cards", 1),
    (generating, "load_cards", 3),
    (loading, "lower_mark", 2),
    (loading, "book", 2),
    (work, "progress", 1),
    (work, "progress", 4),
    (generating, "close_batch", 1),
    (audit, "record", 1),
    (work, "finish", 1),
]
UNDO_POINTS = [
    (undoing, "_lock_cards", 1),
    (undoing, "book", 1),
    (intake, "transfer", 1),
    (undoing, "_blank", 1),
    (undoing, "_close", 1),
    (audit, "record", 1),
]
CUTS = [(*point, after) for point in POINTS for after in (False, True)]
CODES = [f"POINT-{number:04}" for number in range(1100)]


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr("kacang.vault.imports.opening.CHUNK", 300)


def cut_off(monkeypatch: Any, point: tuple[Any, str, int, bool]) -> None:
    """Let the connection be lost at the so-manieth call, before it or right after."""
    owner, name, at, after = point
    real, calls = getattr(owner, name), []

    def broken(*values: Any, **named: Any) -> Any:
        calls.append(1)
        if len(calls) == at and not after:
            raise OperationalError("cut off")
        found = real(*values, **named)
        if len(calls) == at:
            raise OperationalError("cut off")
        return found

    monkeypatch.setattr(owner, name, broken)


def called(point: tuple[Any, str, int, bool]) -> str:
    return f"{'after' if point[3] else 'before'}-{point[1]}-{point[2]}"


@pytest.mark.usefixtures("small_chunks")
class TestPoints:
    @pytest.mark.parametrize("point", CUTS, ids=called)
    def test_an_import_goes_on_and_is_exact(self, merchant, make, monkeypatch, point):
        sku = make.sku()
        body = "\n".join([*CODES, CODES[5]]).encode()
        uid = make.start(sku, make.file(body), purchase=PURCHASE)
        with monkeypatch.context() as cut:
            cut_off(cut, point)
            with pytest.raises(OperationalError):
                operations.run_import(merchant_id=merchant, work_uid=uid)
        assert make.work(uid).state == WorkState.RUNNING
        assert stocked_minor(merchant) == make.level(sku).available * 10

        operations.run_import(merchant_id=merchant, work_uid=uid)

        result = make.work(uid).result
        assert (result["stocked"], result["reasons"]) == (1100, {"duplicate_in_file": 1})
        assert make.level(sku).available == 1100
        assert stocked_minor(merchant) == 11_000
        assert operations.check_references(merchant_id=merchant) == []

    @pytest.mark.parametrize(
        # A file without faults has no report to write.
        "point", [cut for cut in CUTS if cut[1] != "write_report"], ids=called,
    )  # fmt: skip
    def test_all_or_nothing_leaves_nothing(self, merchant, make, monkeypatch, point):
        sku = make.sku()
        uid = make.start(sku, make.file("\n".join(CODES).encode()), keep_good=False)
        with monkeypatch.context() as cut:
            cut_off(cut, point)
            with pytest.raises(OperationalError):
                operations.run_import(merchant_id=merchant, work_uid=uid)
        assert make.level(sku).total == 0
        assert queries.batches(merchant_id=merchant).items == ()

        operations.run_import(merchant_id=merchant, work_uid=uid)

        assert make.level(sku).available == 1100


class TestGenerate:
    @pytest.mark.parametrize(
        "point",
        [(*point, after) for point in GENERATE_POINTS for after in (False, True)],
        ids=called,
    )
    def test_goes_on_and_makes_exactly_so_many(self, merchant, make, monkeypatch, point):
        monkeypatch.setattr("kacang.vault.making.generating.CHUNK", 300)
        sku = make.sku()
        request = operations.GenerateRequest(
            sku_uid=sku, count=1100, pattern="X{12}", number_pattern="N#{7}", purchase=PURCHASE
        )
        uid = operations.generate_cards(merchant_id=merchant, actor=ACTOR, request=request)
        with monkeypatch.context() as cut:
            cut_off(cut, point)
            with pytest.raises(OperationalError):
                operations.run_generate(merchant_id=merchant, work_uid=uid)
        made = make.level(sku).available
        assert (make.work(uid).state, make.work(uid).done) == (WorkState.RUNNING, made)
        assert made in (0, 300, 600, 900, 1100)
        assert stocked_minor(merchant) == made * 10

        operations.run_generate(merchant_id=merchant, work_uid=uid)
        operations.run_generate(merchant_id=merchant, work_uid=uid)

        result = make.work(uid).result
        assert (make.work(uid).state, result["stocked"]) == (WorkState.DONE, 1100)
        assert len({card.secret for card in make.opened(result["batch"])}) == 1100
        assert make.level(sku).available == 1100
        assert stocked_minor(merchant) == 11_000
        (batch,) = queries.batches(merchant_id=merchant).items
        assert batch.levels.total == 1100
        assert operations.check_references(merchant_id=merchant) == []


class TestUndo:
    @pytest.mark.parametrize(
        "point", [(*point, after) for point in UNDO_POINTS for after in (False, True)], ids=called
    )
    def test_that_is_cut_off_leaves_all(self, merchant, make, monkeypatch, point):
        monkeypatch.setattr(undoing, "CHUNK", 20)
        sku = make.sku()
        codes = CODES[:50]
        batch = make.imported(sku, codes, purchase=PURCHASE).result["batch"]
        with monkeypatch.context() as cut:
            cut_off(cut, point)
            with pytest.raises(OperationalError):
                operations.undo_batch(merchant_id=merchant, batch_uid=batch, actor=ACTOR)
        assert [card.secret for card in make.opened(batch)] == codes
        assert (make.level(sku).available, stocked_minor(merchant)) == (50, 500)
        assert operations.check_references(merchant_id=merchant) == []

        operations.undo_batch(merchant_id=merchant, batch_uid=batch, actor=ACTOR)

        assert (make.level(sku).total, stocked_minor(merchant)) == (0, 0)
        assert make.imported(sku, codes).result["stocked"] == 50

    def test_that_is_killed_at_its_end_leaves_all(self, merchant, make, database):
        """Everything is done but its trace, for which it waits; then the process is gone."""
        sku = make.sku()
        work_done = make.imported(
            sku, zipped(*((f"{n}.png", PNG + b"%03d" % n) for n in range(50))), "a.zip",
            wishes=operations.Wishes(unit="file"), purchase=PURCHASE,
        )  # fmt: skip
        batch = work_done.result["batch"]

        with (
            psycopg.connect(database.url("kacang_owner")) as gate,
            psycopg.connect(database.url(), autocommit=True) as watch,
        ):
            gate.execute("lock table audit_entry in share mode")
            process = subprocess.Popen(
                [sys.executable, "-c", UNDO, str(merchant), batch],
                env={
                    **os.environ,
                    "DJANGO_SETTINGS_MODULE": "kacang.settings",
                    "DATABASE_URL": database.url(),
                    "KACANG_MASTER_KEY": settings.MASTER_KEY,
                    "PYTHONPATH": "src",
                },
                stdout=subprocess.PIPE,
            )
            assert process.stdout is not None
            with process.stdout:
                process.stdout.readline()
                wait_for_one_that_waits(watch, process)
                process.send_signal(signal.SIGKILL)
                process.wait()
            gate.rollback()

        assert make.level(sku).available == 50
        assert stocked_minor(merchant) == 500
        assert {card.file.content for card in make.opened(batch)} == {
            PNG + b"%03d" % number for number in range(50)
        }
        operations.undo_batch(merchant_id=merchant, batch_uid=batch, actor=ACTOR)
        assert make.level(sku).total == 0
        assert stocked_minor(merchant) == 0


def wait_for_one_that_waits(watch: Any, process: Any) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None, "it was done before it could be killed"
        waiting = watch.execute(
            "select count(*) from pg_locks where not granted and relation = 'audit_entry'::regclass"
        ).fetchone()[0]
        if waiting:
            return
        time.sleep(0.02)
    raise AssertionError("the undo never came to its trace")
