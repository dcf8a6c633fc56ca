"""How often a key may call: a bucket of tokens per key, kept in each web process.

With n web processes a key may come up to n times as often: the limit protects the shop from a
runaway program; it is not a quota to bill by. Nothing is written for it, so that a call within
its limit costs a microsecond and no row is hot.
"""

import time
from dataclasses import dataclass
from threading import Lock

from kacang.shared.errors import TooMany

# For keys without a limit of their own.
DEFAULT_PER_MINUTE = 60_000
BUCKETS_MAX = 10_000


class TooFast(TooMany):
    """The key used up what it may do at once. `retry_seconds` says when it may come again."""

    code = "api.too_fast"


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Buckets:
    """Buckets by key. Each holds one minute's calls and fills evenly."""

    def __init__(self) -> None:
        self._buckets: dict[int, _Bucket] = {}
        self._lock = Lock()

    def take(self, key_id: int, per_minute: int, now: float) -> float:
        """Take one call from a key's bucket.

        Returns:
            0 when there was one, else the seconds until there is.
        """
        rate = per_minute / 60
        with self._lock:
            bucket = self._buckets.get(key_id)
            if bucket is None:
                self._make_room()
                bucket = self._buckets[key_id] = _Bucket(float(per_minute), now)
            tokens = min(float(per_minute), bucket.tokens + (now - bucket.at) * rate)
            bucket.at = now
            if tokens < 1:
                bucket.tokens = tokens
                return (1 - tokens) / rate
            bucket.tokens = tokens - 1
            return 0.0

    def _make_room(self) -> None:
        # The one that was idle longest is full again by now, or nearly.
        if len(self._buckets) >= BUCKETS_MAX:
            del self._buckets[min(self._buckets, key=lambda key: self._buckets[key].at)]


_calls = Buckets()


def count_call(key_id: int, per_minute: int) -> None:
    """Count one call of a key.

    Raises:
        TooFast: It comes too often.
    """
    wait = _calls.take(key_id, per_minute or DEFAULT_PER_MINUTE, time.monotonic())
    if wait:
        raise TooFast(retry_seconds=int(wait) + 1)
