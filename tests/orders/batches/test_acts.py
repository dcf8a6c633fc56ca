"""One thing done with many orders: those it fits, each once, with what came of it (O4)."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from functools import partial

import pytest
from django.conf import settings

from kacang.orders import operations as orders
from kacang.orders.batches import operations, running
from kacang.orders.batches.operations import Act, BatchRequest
from kacang.orders.batches.queries import Outcome
from kacang.orders.errors import NothingForBatch, TextMissing
from kacang.orders.finding.filters import OrderFilter
from kacang.orders.models import Event, OrderState, UnitState
from kacang.outbox import work
from kacang.outbox.work import WorkState
from kacang.shared.clock import utc_now
from tests.orders.batches.conftest import tracking, workbook
from tests.stock.conftest import ACTOR
from tests.threads import at_once

RUNNER = """
import sys, django
django.setup()
from kacang.orders.batches import operations
print("go", flush=True)
operations.run_batch(merchant_id=int(sys.argv[1]), work_uid=sys.argv[2])
"""


def weighed(shop, act, **where):
    return operations.weigh_batch(
        merchant_id=shop.merchant, act=act, where=OrderFilter(**where), now=utc_now()
    )


class TestWeigh:
    def test_O4_says_how_many_of_how_many_and_what_they_cost(self, shop):
        sku = shop.nuts()
        shop.many(sku, 3)
        shop.place((sku, 1))

        weight = weighed(shop, Act.HAND_OVER)

        assert (weight.count, weight.fit) == (4, 3)
        assert [str(amount.minor) for amount in weight.amounts] == ["59400"]
        assert weight.others == {OrderState.PENDING: 1}

    def test_O4_what_fits_none_is_not_started(self, shop):
        shop.many(shop.nuts(), 2)

        with pytest.raises(NothingForBatch):
            shop.start(Act.CANCEL)
        with pytest.raises(TextMissing):
            shop.start(Act.NOTE, text="  ")


class TestRun:
    def test_O4_hands_over_what_fits_and_says_why_not_of_the_rest(self, shop):
        sku = shop.nuts()
        paid = shop.many(sku, 3)
        unpaid = shop.place((sku, 1))

        item = shop.run(shop.start(Act.HAND_OVER))

        assert item.state is WorkState.DONE
        assert (item.result["changed_orders"], item.result["refused"]) == (3, 1)
        assert item.result["reasons"] == {"orders.wrong_state": 1}
        assert {shop.state(one) for one in paid} == {OrderState.DELIVERED}
        (row,) = shop.rows(item.uid, Outcome.REFUSED)
        assert (row.order_number, row.reason) == (unpaid.number, "orders.wrong_state")
        assert shop.wrong() == []

    def test_O4_cancels_notes_and_confirms(self, shop):
        sku = shop.nuts()
        unpaid = [shop.place((sku, 1)) for _ in range(3)]
        shop.run(shop.start(Act.NOTE, *unpaid, text="双十一"))
        assert all(Event.NOTE in shop.events(one) for one in unpaid)

        shop.run(shop.start(Act.CANCEL, *unpaid[:2], text="无货"))

        states = [shop.state(one) for one in unpaid]
        assert states == [OrderState.CANCELLED, OrderState.CANCELLED, OrderState.PENDING]
        paid = shop.many(sku, 2)
        for one in paid:
            shop.ship(one)
        shop.run(shop.start(Act.ARRIVE))
        assert {shop.state(one) for one in paid} == {OrderState.DELIVERED}
        assert shop.wrong() == []

    def test_O4_delivers_what_waited_and_says_what_still_waits(self, shop):
        sku = shop.nuts(pieces=2)
        placed = [shop.place((sku, 1)) for _ in range(2)]
        for one in placed:
            orders.cancel_order(
                merchant_id=shop.merchant, number=one.number, actor=ACTOR, reason="x"
            )
        shop.stock.adjusted(sku, -1)
        for one in placed:
            shop.pay(one)
        assert sorted(shop.state(one) for one in placed) == [OrderState.PAID, OrderState.ON_HOLD]

        item = shop.run(shop.start(Act.DELIVER, *placed))

        assert item.result["reasons"] == {"orders.still_short": 1, "orders.wrong_state": 1}
        assert shop.wrong() == []

    def test_O4_an_order_that_comes_later_is_none_of_it(self, shop):
        sku = shop.nuts()
        shop.many(sku, 2)
        uid = shop.start(Act.HAND_OVER)
        (late,) = shop.many(sku, 1)

        item = shop.run(uid)

        assert item.result["changed_orders"] == 2
        assert shop.state(late) is OrderState.PAID

    def test_O4_two_jobs_over_the_same_orders_do_each_once(self, shop, monkeypatch):
        monkeypatch.setattr(running, "FEW", 3)
        sku = shop.nuts()
        paid = shop.many(sku, 20)
        uids = [shop.start(Act.HAND_OVER), shop.start(Act.HAND_OVER)]

        at_once([partial(shop.run, uid) for uid in uids], threads=2)

        done = [shop.ended(uid).result["changed_orders"] for uid in uids]
        assert sum(done) == 20
        assert all(shop.events(one).count(Event.HANDED_OVER) == 1 for one in paid)
        assert shop.wrong() == []

    def test_O4_run_again_after_its_end_it_does_nothing(self, shop):
        paid = shop.many(shop.nuts(), 2)
        uid = shop.start(Act.NOTE, *paid, text="一次")
        shop.run(uid)

        shop.run(uid)

        assert all(shop.events(one).count(Event.NOTE) == 1 for one in paid)

    def test_O4_asked_to_stop_it_leaves_what_it_did(self, shop, monkeypatch):
        monkeypatch.setattr(running, "FEW", 2)
        paid = shop.many(shop.nuts(), 6)
        uid = shop.start(Act.NOTE, *paid, text="停")
        real = running._do_some

        def stopping(*values):
            work.ask_to_cancel(merchant_id=shop.merchant, uid=uid)
            return real(*values)

        monkeypatch.setattr(running, "_do_some", stopping)
        item = shop.run(uid)

        assert item.state is WorkState.CANCELLED
        assert item.result["changed_orders"] == 2
        noted = [one for one in paid if Event.NOTE in shop.events(one)]
        assert len(noted) == 2

    def test_I2_another_merchants_orders_are_not_touched(self, shop, other_merchant):
        paid = shop.many(shop.nuts(), 2)
        numbers = tuple(one.number for one in paid)
        request = BatchRequest(Act.NOTE, OrderFilter(numbers=numbers), "x")

        with pytest.raises(NothingForBatch):
            operations.start_batch(
                merchant_id=other_merchant, actor=ACTOR, request=request, now=utc_now()
            )


class TestKill:
    def test_O4_L2_goes_on_after_a_kill_each_order_whole_and_none_twice(self, shop, database):
        paid = shop.many(shop.nuts(1_000), 400, pieces=2)
        lines = [(one.number, "顺丰", tracking()) for one in paid]
        uid = shop.sent(shop.checked(workbook(lines)))
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "kacang.settings",
            "DATABASE_URL": database.url(),
            "KACANG_MASTER_KEY": settings.MASTER_KEY,
            "PYTHONPATH": "src",
        }
        process = subprocess.Popen(
            [sys.executable, "-c", RUNNER, str(shop.merchant), uid],
            env=environment,
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        with process.stdout:
            process.stdout.readline()
            deadline = time.monotonic() + 60
            while shop.ended(uid).done < 100 and time.monotonic() < deadline:
                assert process.poll() is None, "it was done before it could be killed"
                time.sleep(0.002)
            process.send_signal(signal.SIGKILL)
            process.wait()
        reached = shop.ended(uid).done
        assert 100 <= reached < 400
        for one in paid:
            assert len(shop.units(one)) == 1, "an order is whole or untouched"

        item = shop.run(uid)

        assert item.result["changed_orders"] == 400
        assert all(shop.units(one) == {UnitState.SHIPPED: 2} for one in paid)
        assert all(len(shop.parcels(one)) == 1 for one in paid)
        assert shop.wrong() == []


def test_O4_the_choice_stands_still_but_time_moves(shop):
    paid = shop.many(shop.nuts(), 1)
    soon = utc_now() + timedelta(days=400)

    weight = operations.weigh_batch(
        merchant_id=shop.merchant, act=Act.NOTE, where=OrderFilter(), now=soon
    )

    assert (weight.count, weight.fit) == (len(paid), len(paid))
