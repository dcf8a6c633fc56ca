"""How an order's row remembers the caps that it counts towards (rule 9, L6)."""

import struct
from collections.abc import Iterable
from typing import TypeAlias

# Key of the counter and how much of it is taken.
Taken = tuple[bytes, int]
# As a column brings it.
Packed: TypeAlias = "bytes | memoryview[int] | None"
_ENTRY = struct.Struct(">16sI")


def pack(taken: Iterable[Taken]) -> bytes | None:
    """Join keys and amounts into one value; None when there are none."""
    return b"".join(_ENTRY.pack(key, amount) for key, amount in taken) or None


def unpack(packed: Packed) -> list[Taken]:
    """Undo `pack`."""
    return list(_ENTRY.iter_unpack(bytes(packed or b"")))
