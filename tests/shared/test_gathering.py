"""Calls of several threads that are answered together."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import pytest

from kacang.shared import gathering
from kacang.shared.gathering import Gathering

SECONDS = 10


class Work:
    """Doubles numbers; the first set waits at the gate, so that the others gather behind it."""

    def __init__(self, most: int = 100) -> None:
        self.sets: list[tuple[str, list[int]]] = []
        self.gate = threading.Event()
        self.arrived = threading.Event()
        self.gathering: Gathering[str, int, int] = Gathering(self._act, most=most)

    def _act(self, key: str, items: Sequence[int]) -> list[int]:
        self.sets.append((key, list(items)))
        if len(self.sets) == 1:
            self.arrived.set()
            assert self.gate.wait(SECONDS)
        if 13 in items:
            raise ValueError("13")
        return [2 * item for item in items]

    def waiting(self, key: str = "a") -> int:
        with self.gathering._lock:
            lane = self.gathering._lanes.get(key)
            return len(lane.waiting) if lane else 0

    def is_idle(self) -> bool:
        with self.gathering._lock:
            return not any(lane.is_busy for lane in self.gathering._lanes.values())


def behind(work: Work, pool: ThreadPoolExecutor, items: Sequence[int]) -> list[Future[int]]:
    """Start one call, then the others, in order, while it is at work."""
    calls = [pool.submit(work.gathering.do, "a", 1)]
    assert work.arrived.wait(SECONDS)
    for number, item in enumerate(items, start=1):
        calls.append(pool.submit(work.gathering.do, "a", item))
        until(partial(is_waiting, work, number))
    return calls


def is_waiting(work: Work, number: int) -> bool:
    return work.waiting() == number


def until(holds: Callable[[], bool]) -> None:
    look = threading.Event()
    for _ in range(SECONDS * 1000):
        if holds():
            return
        look.wait(0.001)
    raise AssertionError("it never came about")


@pytest.fixture
def pool():
    with ThreadPoolExecutor(20) as threads:
        yield threads


def in_a_loop(ask):
    """Run it in an event loop of its own: in this thread a browser's may be running."""
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(lambda: asyncio.run(ask())).result(2 * SECONDS)


class TestGathering:
    def test_answers_a_lone_call_at_once_in_its_own_thread(self):
        lone: Gathering[str, int, int] = Gathering(
            lambda _, items: [threading.get_ident()] * len(items), most=9
        )

        thread = lone.do("a", 5)

        assert thread == threading.get_ident()
        assert lone._lanes == {}

    def test_answers_in_one_set_what_came_while_another_was_at_work(self, pool):
        work = Work()
        calls = behind(work, pool, [2, 3, 4, 5])

        work.gate.set()

        assert [call.result(SECONDS) for call in calls] == [2, 4, 6, 8, 10]
        assert work.sets == [("a", [1]), ("a", [2, 3, 4, 5])]
        assert work.is_idle()

    def test_makes_sets_of_no_more_than_it_may(self, pool):
        work = Work(most=2)
        calls = behind(work, pool, [2, 3, 4, 5, 6])

        work.gate.set()

        assert [call.result(SECONDS) for call in calls] == [2, 4, 6, 8, 10, 12]
        assert [items for _, items in work.sets] == [[1], [2, 3], [4, 5], [6]]

    def test_a_bad_item_does_not_take_the_others_down(self, pool):
        work = Work()
        calls = behind(work, pool, [2, 13, 4])

        work.gate.set()

        with pytest.raises(ValueError, match="13"):
            calls[2].result(SECONDS)
        assert [calls[at].result(SECONDS) for at in (0, 1, 3)] == [2, 4, 8]
        assert [items for _, items in work.sets] == [[1], [2, 13, 4], [2], [13], [4]]

    def test_goes_on_after_a_set_failed(self, pool):
        work = Work()
        work.gate.set()

        with pytest.raises(ValueError, match="13"):
            work.gathering.do("a", 13)

        assert work.gathering.do("a", 7) == 14
        assert work.gathering._lanes == {}

    def test_keys_do_not_wait_for_each_other(self, pool):
        work = Work()
        stuck = pool.submit(work.gathering.do, "a", 1)
        assert work.arrived.wait(SECONDS)

        free = work.gathering.do("b", 2)

        assert free == 4
        assert not stuck.done()
        work.gate.set()
        assert stuck.result(SECONDS) == 2

    def test_promises_answers_to_who_goes_on_meanwhile(self, pool):
        work = Work()

        async def ask():
            calls = [work.gathering.promise("a", 1, pool)]
            assert work.arrived.wait(SECONDS)
            calls += [work.gathering.promise("a", item, pool) for item in (2, 13, 4)]
            work.gate.set()
            return await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), SECONDS)

        answers = in_a_loop(ask)

        assert [answers[at] for at in (0, 1, 3)] == [2, 4, 8]
        assert isinstance(answers[2], ValueError)
        assert [items for _, items in work.sets] == [[1], [2, 13, 4], [2], [13], [4]]

    def test_who_has_gone_is_told_nothing_and_the_others_are(self, pool):
        work = Work()

        async def ask():
            first = work.gathering.promise("a", 1, pool)
            assert work.arrived.wait(SECONDS)
            gone, kept = (work.gathering.promise("a", item, pool) for item in (2, 4))
            gone.cancel()
            work.gate.set()
            return await asyncio.wait_for(asyncio.gather(first, kept), SECONDS)

        assert in_a_loop(ask) == [2, 8]
        assert work.is_idle()

    def test_a_loop_that_has_ended_keeps_nobody_from_their_answer(self, pool):
        work = Work()

        async def ask_and_go():
            work.gathering.promise("a", 1, pool)
            assert work.arrived.wait(SECONDS)
            work.gathering.promise("a", 2, pool)

        in_a_loop(ask_and_go)
        kept = pool.submit(work.gathering.do, "a", 3)
        until(partial(is_waiting, work, 2))

        work.gate.set()

        assert kept.result(SECONDS) == 6

    def test_a_closed_executor_keeps_nobody_waiting(self, pool):
        closed = ThreadPoolExecutor(1)
        closed.shutdown()
        work = Work()
        first = pool.submit(work.gathering.do, "a", 1)
        assert work.arrived.wait(SECONDS)

        async def ask():
            lost = work.gathering.promise("a", 2, closed)
            kept = pool.submit(work.gathering.do, "a", 3)
            until(partial(is_waiting, work, 2))
            work.gate.set()
            with pytest.raises(RuntimeError):
                await asyncio.wait_for(lost, SECONDS)
            with pytest.raises(RuntimeError):
                await asyncio.wait_for(work.gathering.promise("b", 1, closed), SECONDS)
            return kept

        kept = in_a_loop(ask)

        assert (first.result(SECONDS), kept.result(SECONDS)) == (2, 6)
        assert work.is_idle()

    def test_loses_no_call_of_a_thousand(self, pool):
        three: Gathering[int, int, int] = Gathering(
            lambda key, items: [key * item for item in items], most=7
        )

        calls = [pool.submit(three.do, at % 3, at) for at in range(1000)]

        assert [call.result(SECONDS) for call in calls] == [at % 3 * at for at in range(1000)]
        assert not any(lane.is_busy for lane in three._lanes.values())


class TestLingering:
    """Those who lately came together are served together again."""

    @pytest.fixture
    def work(self, pool):
        """A key to which four came together."""
        work = Work()
        calls = behind(work, pool, [2, 3, 4, 5])
        work.gate.set()
        for call in calls:
            call.result(SECONDS)
        return work

    def test_a_set_waits_for_as_many_as_came_lately(self, work, pool, monkeypatch):
        monkeypatch.setattr(gathering, "LINGER_SECONDS", SECONDS)

        calls = [pool.submit(work.gathering.do, "a", item) for item in (6, 7, 8, 9)]

        # Nobody waits to the end: the fourth lets them go.
        assert [call.result(SECONDS / 2) for call in calls] == [12, 14, 16, 18]
        assert sorted(work.sets[-1][1]) == [6, 7, 8, 9]

    def test_whoever_does_not_come_is_waited_for_only_a_moment(self, work):
        assert work.gathering.do("a", 6) == 12
        assert work.sets[-1] == ("a", [6])

    def test_what_was_long_ago_is_forgotten(self, work, monkeypatch):
        for item in range(gathering.SETS_REMEMBERED):
            work.gathering.do("a", item)
        monkeypatch.setattr(gathering, "LINGER_SECONDS", SECONDS)

        started = time.monotonic()
        work.gathering.do("a", 6)

        assert time.monotonic() - started < SECONDS / 2
        assert work.gathering._lanes == {}

    def test_awaits_no_more_than_a_set_may_have(self, pool, monkeypatch):
        work = Work(most=3)
        calls = behind(work, pool, [2, 3, 4])
        work.gate.set()
        for call in calls:
            call.result(SECONDS)
        monkeypatch.setattr(gathering, "LINGER_SECONDS", SECONDS)

        more = [pool.submit(work.gathering.do, "a", item) for item in (6, 7, 8)]

        assert [call.result(SECONDS / 2) for call in more] == [12, 14, 16]
