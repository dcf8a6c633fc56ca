"""The keys of counters: sixteen bytes, so that nobody's contact or address is written in them."""

from hashlib import blake2b

HASH_BYTES = 15


def counter_key(scope: int, value: str) -> bytes:
    """Return one byte of scope, then fifteen of a hash of what is counted."""
    return bytes((scope,)) + blake2b(value.encode(), digest_size=HASH_BYTES).digest()
