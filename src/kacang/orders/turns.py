"""Sets of placing and of paying take turns, for each merchant in each process.

What waits for its turn grows: two large sets cost the database less than four small ones.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

SET_MAX = 32
# A set that waits for a row's lock keeps the merchant's others from working only so long.
_PATIENCE_SECONDS = 0.05
_turns: dict[int, Lock] = {}


@contextmanager
def turn(lane: tuple[int, int]) -> Iterator[None]:
    """Wait for the turn of a lane: of a merchant, and one of its accounts or 0."""
    lock = _turns.setdefault(lane[0], Lock())
    is_mine = lock.acquire(timeout=_PATIENCE_SECONDS)
    try:
        yield
    finally:
        if is_mine:
            lock.release()
