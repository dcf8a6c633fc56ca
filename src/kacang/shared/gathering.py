"""Several callers' items, answered together: a set costs the database little more than one.

Whoever finds nobody at work begins, and what comes meanwhile waits; the first of those who waited
takes all of them along. A thread leads only the set that its own call belongs to: nobody is kept
busy for others.

Where callers come together often, a set lingers until as many are there as lately came, for some
milliseconds at most. Those who were answered together so come again together: sets of all are
half as dear for each as sets of some. A lone call waits for nothing.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from threading import Event, Lock
from typing import Any, Generic, Protocol, TypeVar

LINGER_SECONDS = 0.004
# Of so many sets the largest says how many callers a new one may expect.
SETS_REMEMBERED = 8
Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")
Answer = TypeVar("Answer")
_Told_contra = TypeVar("_Told_contra", contravariant=True)


class _Call(Protocol[Item, _Told_contra]):
    """Somebody's item, and what came of it."""

    item: Item
    is_over: bool

    def lead(self) -> None:
        """See to it that the next set is led by this call."""

    def tell(self, answer: _Told_contra) -> None:
        """Give the answer."""

    def fail(self, error: Exception) -> None:
        """Give the error instead."""


class _Waiting(Generic[Item, Answer]):
    """The call of a thread that stands still for it."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.is_over = False
        self.answers: list[Answer] = []
        self.error: Exception | None = None
        # Held until this call is answered, or is to lead.
        self.turn = Lock()
        self.turn.acquire()

    def lead(self) -> None:
        self.turn.release()

    def tell(self, answer: Answer) -> None:
        self.answers.append(answer)
        self.is_over = True
        self.turn.release()

    def fail(self, error: Exception) -> None:
        self.error = error
        self.is_over = True
        self.turn.release()

    def result(self) -> Answer:
        if self.error is not None:
            raise self.error
        return self.answers[0]


class _Promised(Generic[Item, Answer]):
    """The call of somebody in an event loop; a thread of an executor leads for it.

    What it is told reaches the loop by `_announce`.
    """

    def __init__(self, item: Item, lead: Callable[["_Promised[Item, Answer]"], object]) -> None:
        self.item = item
        self.is_over = False
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Answer] = self.loop.create_future()
        self._lead = lead
        self._answers: list[Answer] = []
        self._error: Exception | None = None

    def lead(self) -> None:
        self._lead(self)

    def tell(self, answer: Answer) -> None:
        self.is_over = True
        self._answers.append(answer)

    def fail(self, error: Exception) -> None:
        self.is_over = True
        self._error = error

    def reach(self) -> None:
        """Give what was told to who awaits it, unless they have gone. Runs in the loop."""
        if self.future.done():
            return
        if self._error is not None:
            self.future.set_exception(self._error)
        else:
            self.future.set_result(self._answers[0])


def _announce(calls: Iterable[object]) -> None:
    """Wake each event loop once for all of its calls that are over.

    To wake it for each of them cost more than to answer it.
    """
    by_loop: dict[asyncio.AbstractEventLoop, list[_Promised[Any, Any]]] = {}
    for call in calls:
        if isinstance(call, _Promised):
            by_loop.setdefault(call.loop, []).append(call)
    for loop, some in by_loop.items():
        # A loop that was closed has nobody left who awaits anything.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_reach, some)


def _reach(calls: Sequence[_Promised[Any, Any]]) -> None:
    for call in calls:
        call.reach()


class _Lane(Generic[Item, Answer]):
    """Who waits for the sets of one key, and how large the last ones were."""

    def __init__(self) -> None:
        self.is_busy = True
        self.waiting: deque[_Call[Item, Answer]] = deque()
        self.sizes: deque[int] = deque((1,), maxlen=SETS_REMEMBERED)
        # How many the set that lingers still awaits, and what says that they are here.
        self.awaited = 0
        self.are_here = Event()

    def add(self, call: _Call[Item, Answer]) -> None:
        self.waiting.append(call)
        if 0 < self.awaited <= len(self.waiting):
            self.are_here.set()


class Gathering(Generic[Key, Item, Answer]):
    """Calls of one operation; those of equal key may be answered together, one set at a time.

    Args:
        act: Answers many items of a key, in order. When it fails for several, each is tried
            alone: one bad item must not take the others down.
        most: How many go into a set.
        turn: What a set of a key waits for; others still join it meanwhile.
    """

    def __init__(
        self,
        act: Callable[[Key, Sequence[Item]], Sequence[Answer]],
        *,
        most: int,
        turn: Callable[[Key], AbstractContextManager[object]] = nullcontext,
    ):
        self._act = act
        self._most = most
        self._turn = turn
        self._lock = Lock()
        # A key is here while somebody is at work for it, or came together with others lately.
        self._lanes: dict[Key, _Lane[Item, Answer]] = {}

    def do(self, key: Key, item: Item) -> Answer:
        """Return the answer to one item, or raise what `act` raised for it."""
        call: _Waiting[Item, Answer] = _Waiting(item)
        if self._join(key, call):
            call.turn.acquire()
        if not call.is_over:
            self._lead(key, call)
        return call.result()

    def promise(self, key: Key, item: Item, executor: Executor) -> asyncio.Future[Answer]:
        """Promise the answer to one item, to somebody in an event loop.

        What leads for it, if it must, is run by `executor`.
        """
        call: _Promised[Item, Answer] = _Promised(
            item, lambda call: executor.submit(self._lead, key, call)
        )
        if not self._join(key, call):
            self._let_lead(key, call)
        return call.future

    def _join(self, key: Key, call: _Call[Item, Answer]) -> bool:
        """Wait behind whoever is at work; say whether there is somebody."""
        with self._lock:
            lane = self._lanes.get(key)
            if lane is None:
                self._lanes[key] = _Lane()
                return False
            if not lane.is_busy:
                lane.is_busy = True
                return False
            lane.add(call)
            return True

    def _lead(self, key: Key, call: _Call[Item, Answer]) -> None:
        calls = [call]
        tellings: list[Callable[[], None]] = []
        try:
            with self._turn(key):
                self._linger(key)
                calls += self._companions(key)
                tellings = self._answer(key, calls)
        finally:
            self._hand_over(key)
            for tell in tellings:
                tell()
            for one in calls:
                if not one.is_over:
                    # The leading thread is being ended.
                    one.fail(RuntimeError("the call was not answered"))
            _announce(calls)

    def _linger(self, key: Key) -> None:
        """Wait a moment for as many companions as there were lately."""
        with self._lock:
            lane = self._lanes[key]
            awaited = min(max(lane.sizes), self._most) - 1
            if len(lane.waiting) >= awaited:
                return
            lane.awaited = awaited
            lane.are_here.clear()
        lane.are_here.wait(LINGER_SECONDS)
        with self._lock:
            lane.awaited = 0

    def _companions(self, key: Key) -> list[_Call[Item, Answer]]:
        with self._lock:
            lane = self._lanes[key]
            count = min(len(lane.waiting), self._most - 1)
            lane.sizes.append(count + 1)
            return [lane.waiting.popleft() for _ in range(count)]

    def _hand_over(self, key: Key) -> None:
        """Let the first who waits lead the next set, or leave the lane."""
        with self._lock:
            lane = self._lanes[key]
            if not lane.waiting:
                lane.is_busy = False
                if max(lane.sizes) == 1:
                    del self._lanes[key]
                return
            following = lane.waiting.popleft()
        self._let_lead(key, following)

    def _let_lead(self, key: Key, call: _Call[Item, Answer]) -> None:
        try:
            call.lead()
        except RuntimeError as error:
            # Its executor is closed: it is answered so, and nobody behind it is kept waiting.
            call.fail(error)
            _announce([call])
            self._hand_over(key)

    def _answer(self, key: Key, calls: Sequence[_Call[Item, Answer]]) -> list[Callable[[], None]]:
        """Find the answers; they are told after the next set has begun."""
        try:
            answers = self._act(key, [call.item for call in calls])
        except Exception as error:  # noqa: BLE001 - raised where the call was made
            if len(calls) == 1:
                return [partial(calls[0].fail, error)]
            return [telling for call in calls for telling in self._answer(key, [call])]
        return [partial(call.tell, answer) for call, answer in zip(calls, answers, strict=True)]
