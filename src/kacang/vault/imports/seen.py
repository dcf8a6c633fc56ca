"""Which fingerprints a file had already, kept small: a set of a million takes 100 MB, this 20."""

_HEAD = 2


class Seen:
    """Fingerprints of equal length, side by side in buckets by their first two bytes."""

    def __init__(self) -> None:
        self._buckets: dict[bytes, bytearray] = {}

    def add(self, fingerprint: bytes) -> bool:
        """Remember a fingerprint; return whether it is new."""
        head, rest = fingerprint[:_HEAD], fingerprint[_HEAD:]
        bucket = self._buckets.get(head)
        if bucket is None:
            self._buckets[head] = bytearray(rest)
            return True
        at = bucket.find(rest)
        while at >= 0:
            # What lies across two of them is neither.
            if at % len(rest) == 0:
                return False
            at = bucket.find(rest, at + 1)
        bucket += rest
        return True
