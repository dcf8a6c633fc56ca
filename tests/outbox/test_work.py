"""Long jobs: watched, stopped, run again."""

import pytest

from kacang.merchants.audit import Actor
from kacang.outbox import queries, work
from kacang.outbox.models import WORK_STEPS
from kacang.outbox.queries import WorkState
from kacang.shared.states import WrongState

ACTOR = Actor("user", 7, "lu@example.com")


def start(merchant: int) -> str:
    return work.start(
        merchant_id=merchant, kind="cards.import", arguments={"sku": "sku_1"}, actor=ACTOR
    )


def view(merchant: int, uid: str) -> queries.WorkView:
    return queries.work(merchant_id=merchant, uid=uid)


class TestWork:
    def test_every_state_is_in_the_table(self):
        assert set(WORK_STEPS) == set(WorkState)

    def test_runs_and_ends(self, merchant):
        uid = start(merchant)
        assert view(merchant, uid).state == WorkState.WAITING

        task = work.begin(merchant_id=merchant, uid=uid)
        assert task is not None
        assert (task.arguments, task.checkpoint) == ({"sku": "sku_1"}, {})
        work.progress(merchant_id=merchant, uid=uid, done=3, total=10)
        assert (view(merchant, uid).done, view(merchant, uid).total) == (3, 10)
        work.finish(merchant_id=merchant, uid=uid, result={"stocked": 10})

        ended = view(merchant, uid)
        assert (ended.state, ended.done, ended.result) == (WorkState.DONE, 10, {"stocked": 10})
        assert ended.has_ended
        assert ended.actor_label == "lu@example.com"
        assert work.begin(merchant_id=merchant, uid=uid) is None

    def test_goes_on_from_its_checkpoint(self, merchant):
        uid = start(merchant)
        work.begin(merchant_id=merchant, uid=uid)
        work.progress(merchant_id=merchant, uid=uid, done=5, checkpoint={"line": 5}, expected={})

        again = work.begin(merchant_id=merchant, uid=uid)
        assert again is not None
        assert again.checkpoint == {"line": 5}
        assert again.arguments == {"sku": "sku_1"}

    def test_a_second_run_at_once_is_stopped(self, merchant):
        uid = start(merchant)
        work.begin(merchant_id=merchant, uid=uid)
        work.progress(merchant_id=merchant, uid=uid, done=5, checkpoint={"line": 5}, expected={})

        with pytest.raises(WrongState):
            work.progress(
                merchant_id=merchant, uid=uid, done=5, checkpoint={"line": 5}, expected={}
            )

        assert view(merchant, uid).done == 5

    def test_is_asked_to_stop(self, merchant):
        uid = start(merchant)
        work.begin(merchant_id=merchant, uid=uid)
        assert work.progress(merchant_id=merchant, uid=uid, done=1) is False

        work.ask_to_cancel(merchant_id=merchant, uid=uid)

        assert work.progress(merchant_id=merchant, uid=uid, done=2) is True
        work.stop(merchant_id=merchant, uid=uid, result={})
        assert view(merchant, uid).state == WorkState.CANCELLED
        with pytest.raises(WrongState):
            work.finish(merchant_id=merchant, uid=uid, result={"x": 1})
        assert view(merchant, uid).result == {}

    def test_that_waits_is_stopped_at_once(self, merchant):
        uid = start(merchant)

        work.ask_to_cancel(merchant_id=merchant, uid=uid)

        assert view(merchant, uid).state == WorkState.CANCELLED
        assert work.begin(merchant_id=merchant, uid=uid) is None

    def test_fails_with_a_code(self, merchant):
        uid = start(merchant)
        work.begin(merchant_id=merchant, uid=uid)
        work.fail(merchant_id=merchant, uid=uid, error="vault.bad_file", result={})

        assert view(merchant, uid).error == "vault.bad_file"
        work.ask_to_cancel(merchant_id=merchant, uid=uid)
        assert view(merchant, uid).state == WorkState.FAILED

    def test_of_another_merchant_is_unknown(self, merchant, other_merchant):
        uid = start(merchant)

        with pytest.raises(queries.UnknownWork):
            queries.work(merchant_id=other_merchant, uid=uid)
        with pytest.raises(queries.UnknownWork):
            work.ask_to_cancel(merchant_id=other_merchant, uid=uid)

        assert queries.works(merchant_id=other_merchant) == []
        listed = queries.works(merchant_id=merchant, kinds=("cards.import",), running=True)
        assert [item.uid for item in listed] == [uid]
