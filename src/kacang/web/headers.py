"""A request's headers as rooms want them: by lower-case name."""

from collections.abc import Iterator, Mapping
from typing import Any


class Headers(Mapping[str, str]):
    """Reads headers where they are instead of copying them: callbacks are the hot path."""

    def __init__(self, meta: dict[str, Any]) -> None:
        self._meta = meta

    def __getitem__(self, name: str) -> str:
        return str(self._meta["HTTP_" + name.upper().replace("-", "_")])

    def __iter__(self) -> Iterator[str]:
        for key in self._meta:
            if key.startswith("HTTP_"):
                yield key[5:].lower().replace("_", "-")

    def __len__(self) -> int:
        return sum(1 for _ in self)
