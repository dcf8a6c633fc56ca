"""V2: nothing half done after a crash, nothing twice when two do the same at once."""

import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, connection

from kacang.merchants.tenancy import acting_as
from kacang.outbox import work
from kacang.outbox.queries import WorkState
from kacang.vault import operations, queries
from kacang.vault.imports import import_jobs, loading
from kacang.vault.making import generating
from tests.vault.conftest import ACTOR

PURCHASE = operations.Purchase(unit_cost_minor=10)
real_progress = work.progress
RUNNER = """
import os, sys
import django
django.setup()
from kacang.vault.changing import bulk
from kacang.vault.exports import exporting
from kacang.vault.imports import opening, loading
from kacang.vault.making import generating
from kacang.vault import operations
bulk.CHUNK = exporting.CHUNK = opening.CHUNK = loading.CHUNK = generating.CHUNK = 500
run = getattr(operations, sys.argv[1])
print("go", flush=True)
run(merchant_id=int(sys.argv[2]), work_uid=sys.argv[3])
"""


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr("kacang.vault.imports.opening.CHUNK", 500)
    monkeypatch.setattr("kacang.vault.making.generating.CHUNK", 500)


def killed_midway(database: Any, make: Any, operation: str, uid: str, least: int) -> int:
    """Run a job in a process of its own and kill it once it has done some; return how many."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "kacang.settings",
        "DATABASE_URL": database.url(),
        "KACANG_MASTER_KEY": settings.MASTER_KEY,
        "PYTHONPATH": "src",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", RUNNER, operation, str(make.merchant_id), uid],
        env=environment,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    with process.stdout:
        process.stdout.readline()
        deadline = time.monotonic() + 60
        while make.work(uid).done < least and time.monotonic() < deadline:
            assert process.poll() is None, "it was done before it could be killed"
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
    return int(make.work(uid).done)


def at_once(*calls: Any) -> list[BaseException]:
    """Run calls in threads that start together; return what they raised."""
    raised: list[BaseException] = []
    gate = threading.Barrier(len(calls))

    def run(call: Any) -> None:
        gate.wait()
        try:
            call()
        except BaseException as error:  # noqa: BLE001 - looked at by the test
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[call]) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


class TestCrash:
    def test_a_killed_import_goes_on_and_is_exact(self, merchant, make, database, small_chunks):
        sku = make.sku()
        codes = [f"CRASH-{number:06}" for number in range(15_000)]
        codes[7000] = codes[100]
        codes[14_999] = ""
        uid = make.start(sku, make.file("\n".join(codes).encode() + b"\n"), purchase=PURCHASE)

        done = killed_midway(database, make, "run_import", uid, 2000)
        assert 2000 <= done < 15_000
        assert make.work(uid).state == WorkState.RUNNING
        operations.run_import(merchant_id=merchant, work_uid=uid)

        done_work = make.work(uid)
        assert done_work.state == WorkState.DONE
        result = done_work.result
        assert (result["stocked"], result["good"]) == (14_998, 14_998)
        assert (result["blank"], result["reasons"]) == (1, {"duplicate_in_file": 1})
        assert make.level(sku).available == 14_998
        wanted = list(dict.fromkeys(code for code in codes if code))
        assert [card.secret for card in make.opened(result["batch"])] == wanted
        assert stocked_minor(merchant) == 14_998 * 10
        assert operations.check_references(merchant_id=merchant) == []

    def test_a_killed_import_of_all_or_nothing_left_nothing(self, merchant, make, database):
        sku = make.sku()
        body = "\n".join(f"WHOLE-{number:06}" for number in range(40_000)).encode()
        uid = make.start(sku, make.file(body), keep_good=False)

        killed_midway(database, make, "run_import", uid, 20_000)
        # The look is over or nearly so; whatever was loaded in the one transaction is gone.
        assert make.level(sku).available == 0
        operations.run_import(merchant_id=merchant, work_uid=uid)

        assert make.work(uid).result["stocked"] == 40_000
        assert make.level(sku).available == 40_000
        assert operations.check_references(merchant_id=merchant) == []

    def test_a_killed_generation_goes_on_and_is_exact(self, merchant, make, database, small_chunks):
        sku = make.sku()
        uid = operations.generate_cards(
            merchant_id=merchant,
            actor=ACTOR,
            request=operations.GenerateRequest(sku_uid=sku, count=12_345, pattern="X{16}"),
        )

        done = killed_midway(database, make, "run_generate", uid, 1000)
        assert 1000 <= done < 12_345
        operations.run_generate(merchant_id=merchant, work_uid=uid)

        assert make.work(uid).result["stocked"] == 12_345
        assert make.level(sku).available == 12_345


class TestAtOnce:
    def test_two_imports_of_one_file_keep_each_code_once(self, merchant, make, small_chunks):
        sku = make.sku()
        codes = [f"TWICE-{number:05}" for number in range(6000)]
        one = make.start(sku, make.file("\n".join(codes).encode()))
        other = make.start(sku, make.file("\n".join(reversed(codes)).encode()))

        raised = at_once(
            lambda: operations.run_import(merchant_id=merchant, work_uid=one),
            lambda: operations.run_import(merchant_id=merchant, work_uid=other),
        )

        assert raised == []
        results = [make.work(uid).result for uid in (one, other)]
        assert sum(result["stocked"] for result in results) == 6000
        assert [result["good"] + result["bad"] for result in results] == [6000, 6000]
        assert make.level(sku).available == 6000
        assert operations.check_references(merchant_id=merchant) == []

    def test_one_job_that_runs_twice_loads_once(self, merchant, make, small_chunks):
        sku = make.sku()
        body = "\n".join(f"SAME-{number:05}" for number in range(4000)).encode()
        uid = make.start(sku, make.file(body))

        raised = at_once(*[lambda: operations.run_import(merchant_id=merchant, work_uid=uid)] * 2)

        assert raised == []
        assert make.work(uid).result["stocked"] == 4000
        assert make.level(sku).available == 4000
        page = queries.batches(merchant_id=merchant)
        assert [item.levels.total for item in page.items if item.levels.total] == [4000]

    def test_all_or_nothing_beside_another_import_is_still_that(self, merchant, make):
        sku = make.sku()
        codes = [f"MIX-{number:05}" for number in range(3000)]
        whole = make.start(sku, make.file("\n".join(codes).encode()), keep_good=False)
        part = make.start(sku, make.file("\n".join(reversed(codes)).encode()))

        raised = at_once(
            lambda: operations.run_import(merchant_id=merchant, work_uid=whole),
            lambda: operations.run_import(merchant_id=merchant, work_uid=part),
        )

        assert raised == []
        stocked = make.work(whole).result.get("stocked", 0)
        assert stocked in (0, 3000)
        assert make.level(sku).available == 3000

    def test_a_stopped_import_leaves_nothing(self, merchant, make, monkeypatch, small_chunks):
        sku = make.sku()
        body = "\n".join(f"STOP-{number:05}" for number in range(3000)).encode()
        uid = make.start(sku, make.file(body), purchase=PURCHASE)
        loaded = loading.load_cards

        def load(*args):
            if make.level(sku).available:
                work.ask_to_cancel(merchant_id=merchant, uid=uid)
            return loaded(*args)

        monkeypatch.setattr(import_jobs, "load_cards", load)
        operations.run_import(merchant_id=merchant, work_uid=uid)

        stopped = make.work(uid)
        assert stopped.state == WorkState.CANCELLED
        assert make.level(sku).total == 0
        assert queries.batch(merchant_id=merchant, uid=stopped.result["batch"]).state == (
            queries.BatchState.UNDONE
        )
        assert stocked_minor(merchant) == 0
        assert make.imported(sku, body).result["stocked"] == 3000

    def test_a_generation_that_was_overtaken_undoes_its_part(
        self, merchant, make, monkeypatch, small_chunks
    ):
        sku = make.sku()
        uid = operations.generate_cards(
            merchant_id=merchant,
            actor=ACTOR,
            request=operations.GenerateRequest(sku_uid=sku, count=2000, pattern="X{16}"),
        )
        calls: list[int] = []

        def load(*args):
            calls.append(1)
            call = len(calls)
            if call == 1:
                # A second run of the job makes a chunk and dies, while the first one is busy.
                raised = at_once(
                    lambda: operations.run_generate(merchant_id=merchant, work_uid=uid)
                )
                assert [type(error) for error in raised] == [OperationalError]
            if call == 3:
                raise OperationalError
            return loading.load_cards(*args)

        monkeypatch.setattr(generating, "load_cards", load)
        operations.run_generate(merchant_id=merchant, work_uid=uid)
        assert make.level(sku).available == 500
        assert make.work(uid).state == WorkState.RUNNING
        operations.run_generate(merchant_id=merchant, work_uid=uid)

        assert make.work(uid).result["stocked"] == 2000
        assert make.level(sku).available == 2000

    def test_a_stopped_generation_leaves_nothing(self, merchant, make, monkeypatch, small_chunks):
        sku = make.sku()
        monkeypatch.setattr(work, "progress", lambda **values: real_progress(**values) or True)

        stopped = make.generated(sku, 3000, "X{16}")

        assert stopped.state == WorkState.CANCELLED
        assert make.level(sku).total == 0


def stocked_minor(merchant: int) -> int:
    """What the ledger says that the inventory is worth."""
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute(
            "select coalesce(sum(case debit when 1400 then amount_minor else -amount_minor end), 0)"
            " from transfer where merchant_id = %s::bigint and 1400 in (debit, credit)",
            [merchant],
        )
        return int(cursor.fetchone()[0])
