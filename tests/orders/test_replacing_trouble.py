"""V3, V6: the replacing of many cards, cut off at any point, done twice, against buyers."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError

from kacang.catalog.models import Strategy
from kacang.orders import operations as orders
from kacang.orders.cards import replacing, replacing_many
from kacang.outbox import work
from kacang.outbox.queries import WorkState
from kacang.vault import operations as vault
from kacang.vault.models import CardState
from kacang.vault.queries import CardFilter
from tests import make
from tests.orders.bad_batches import (
    a_batch,
    ended,
    held,
    is_sound,
    lines,
    spare,
    started,
)
from tests.orders.test_replacing import ask, bought_free, given
from tests.threads import at_once
from tests.vault.test_count_plans import lying

RUNNER = """
import sys
import django
django.setup()
from kacang.orders import operations
from kacang.orders.cards import replacing_many
replacing_many.AT_ONCE = 5
print("go", flush=True)
operations.run_replace(merchant_id=int(sys.argv[1]), work_uid=sys.argv[2])
"""


@pytest.fixture
def made(merchant):
    return a_batch(merchant)


# What is called in the middle of a job, and at which call of it.
POINTS = [
    (vault, "begin_marking", 1),
    (vault, "run_change", 1),
    (work, "progress", 1),
    (work, "progress", 4),
    (replacing_many, "replace_here", 1),
    (replacing_many, "replace_here", 4),
    (replacing_many, "tell_replaced", 2),
    (vault, "store_outcomes", 2),
    (vault, "store_whole", 1),
    (work, "finish", 2),
]


class TestCrash:
    @pytest.mark.parametrize(
        "point",
        [(*point, after) for point in POINTS for after in (False, True)],
        ids=lambda point: f"{'after' if point[3] else 'before'}-{point[1]}-{point[2]}",
    )
    def test_goes_on_and_replaces_none_twice(self, merchant, made, monkeypatch, point):
        monkeypatch.setattr(replacing_many, "AT_ONCE", 2)
        first, second = bought_free(made, 2), bought_free(made, 2)
        spare(made, 20)
        uid = started(merchant, batch_uid=made.batch.uid)
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

        with monkeypatch.context() as cut:
            cut.setattr(owner, name, broken)
            with pytest.raises(OperationalError):
                orders.run_replace(merchant_id=merchant, work_uid=uid)
        assert ended(merchant, uid).state == WorkState.RUNNING
        assert is_sound(merchant)

        orders.run_replace(merchant_id=merchant, work_uid=uid)
        orders.run_replace(merchant_id=merchant, work_uid=uid)

        item = ended(merchant, uid)
        assert (item.state, item.result["replaced"], item.result["marked"]) == (
            WorkState.DONE, 4, 1,
        )  # fmt: skip
        assert make.card_states(made) == {
            CardState.SOLD: 4, CardState.FAULTY: 5, CardState.AVAILABLE: 16,
        }  # fmt: skip
        rows = lines(merchant, item)[1:]
        assert len({row[0] for row in rows}) == len(rows) == 4
        assert [row[5] for row in rows] == held(made, first.number, second.number)
        assert is_sound(merchant)

    def test_goes_on_after_a_kill(self, merchant, database):
        made = lying(make.sku(merchant, cards=150, price=0, strategy=Strategy.FIRST_IN))
        numbers = [bought_free(made, 10).number for _ in range(15)]
        bad = set(held(made, *numbers))
        spare(made, 200)
        uid = started(merchant, batch_uid=made.batch.uid)
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "kacang.settings",
            "DATABASE_URL": database.url(),
            "KACANG_MASTER_KEY": settings.MASTER_KEY,
            "PYTHONPATH": "src",
        }
        process = subprocess.Popen(
            [sys.executable, "-c", RUNNER, str(merchant), uid],
            env=environment,
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        with process.stdout:
            process.stdout.readline()
            deadline = time.monotonic() + 60
            while ended(merchant, uid).done < 20 and time.monotonic() < deadline:
                assert process.poll() is None, "it was done before it could be killed"
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)
            process.wait()
        reached = ended(merchant, uid).done
        assert 20 <= reached < 150
        assert len(bad - set(held(made, *numbers))) >= reached

        orders.run_replace(merchant_id=merchant, work_uid=uid)

        assert ended(merchant, uid).result["replaced"] == 150
        assert not bad & set(held(made, *numbers))
        assert make.card_states(made) == {
            CardState.SOLD: 150, CardState.FAULTY: 150, CardState.AVAILABLE: 50,
        }  # fmt: skip
        assert is_sound(merchant)

    def test_a_run_that_was_overtaken_undoes_its_part(self, merchant, made, monkeypatch):
        monkeypatch.setattr(replacing_many, "AT_ONCE", 2)
        bought_free(made, 4)
        spare(made, 9)
        uid = started(merchant, batch_uid=made.batch.uid)
        real, calls = replacing_many._replace_some, []

        def run() -> None:
            orders.run_replace(merchant_id=merchant, work_uid=uid)

        def overtaken(*values: Any) -> Any:
            calls.append(1)
            if len(calls) == 1:
                # Another run of the job does what this one is about to do, and ends there.
                with pytest.raises(OperationalError):
                    run()
            elif len(calls) == 3:
                raise OperationalError("cut off")
            return real(*values)

        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(replacing_many, "_replace_some", overtaken)
            run()
        assert (ended(merchant, uid).state, ended(merchant, uid).done) == (WorkState.RUNNING, 2)

        run()

        item = ended(merchant, uid)
        assert (item.result["replaced"], item.result["stayed"], item.total) == (4, 0, 4)
        assert [line[2] for line in lines(merchant, item)[1:]] == ["Replaced"] * 4

    def test_stops_when_asked_and_keeps_what_it_did(self, merchant, made, monkeypatch):
        monkeypatch.setattr(replacing_many, "AT_ONCE", 2)
        placed = bought_free(made, 4)
        spare(made, 4)
        uid = started(merchant, batch_uid=made.batch.uid)
        real = replacing.replace_here

        def replace_and_ask(**values: Any) -> orders.Replaced:
            work.ask_to_cancel(merchant_id=merchant, uid=uid)
            return real(**values)

        monkeypatch.setattr(replacing_many, "replace_here", replace_and_ask)
        orders.run_replace(merchant_id=merchant, work_uid=uid)

        item = ended(merchant, uid)
        assert (item.state, item.result["replaced"]) == (WorkState.CANCELLED, 2)
        assert [unit.was_replaced for unit in given(made, placed.number)] == [
            True, True, False, False,
        ]  # fmt: skip
        assert len(lines(merchant, item)) == 3

    def test_replaces_none_once_the_marking_was_stopped(self, merchant, made, monkeypatch):
        placed = bought_free(made, 2)
        before = held(made, placed.number)
        uid = started(merchant, batch_uid=made.batch.uid)
        real = vault.run_change

        def stopped(*, merchant_id: int, work_uid: str) -> None:
            work.ask_to_cancel(merchant_id=merchant_id, uid=work_uid)
            real(merchant_id=merchant_id, work_uid=work_uid)

        monkeypatch.setattr(vault, "run_change", stopped)
        orders.run_replace(merchant_id=merchant, work_uid=uid)

        # Bad ones are still on sale: a buyer would get one of them.
        assert ended(merchant, uid).state == WorkState.CANCELLED
        assert held(made, placed.number) == before


class TestAtOnce:
    def test_two_who_start_the_same_give_each_unit_one_card(self, merchant, monkeypatch):
        monkeypatch.setattr(replacing_many, "AT_ONCE", 7)
        made = lying(make.sku(merchant, cards=60, price=0, strategy=Strategy.RANDOM))
        numbers = [bought_free(made, 4).number for _ in range(15)]
        spare(made, 200)
        uids = [
            started(merchant, batch_uid=made.batch.uid),
            started(merchant, card_uids=held(made, *numbers)),
            started(merchant, matching=CardFilter(sku_id=made.sku.pk, states=(CardState.SOLD,))),
        ]

        # The same job twice as well: a worker that was taken for dead.
        outcomes = at_once(
            [
                partial(orders.run_replace, merchant_id=merchant, work_uid=uid)
                for uid in (*uids, uids[0])
            ],
            threads=4,
        )

        assert outcomes == [None] * 4
        items = [ended(merchant, uid) for uid in uids]
        assert {item.state for item in items} == {WorkState.DONE}
        assert sum(item.result["replaced"] for item in items) == 60
        assert make.card_states(made) == {
            CardState.SOLD: 60, CardState.FAULTY: 60, CardState.AVAILABLE: 140,
        }  # fmt: skip
        assert all(unit.was_replaced for number in numbers for unit in given(made, number))
        past = ask(
            merchant,
            "select max(times) from (select count(*) as times from allocation"
            " where released_at is not null group by line_id, unit_no) t",
        )
        assert past == [(1,)]
        assert is_sound(merchant)

    def test_stock_that_buyers_take_meanwhile_runs_out_in_the_middle(self, merchant, monkeypatch):
        monkeypatch.setattr(replacing_many, "AT_ONCE", 5)
        made = lying(make.sku(merchant, cards=40, price=0, strategy=Strategy.FIRST_IN))
        numbers = [bought_free(made, 8).number for _ in range(5)]
        spare(made, 40)
        uid = started(merchant, batch_uid=made.batch.uid)

        outcomes = at_once(
            [lambda: orders.run_replace(merchant_id=merchant, work_uid=uid)]
            + [lambda: bought_free(made, 1) for _ in range(24)],
            threads=8,
        )

        item = ended(merchant, uid)
        bought_meanwhile = sum(not isinstance(one, Exception) for one in outcomes[1:])
        assert item.state == WorkState.DONE
        assert item.result["replaced"] == 40 - bought_meanwhile
        assert item.result["reasons"].get("orders.no_replacement", 0) == bought_meanwhile
        units = [unit for number in numbers for unit in given(made, number)]
        assert len(units) == 40
        assert sum(unit.was_replaced for unit in units) == item.result["replaced"]
        assert is_sound(merchant)
