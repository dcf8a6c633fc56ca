"""Packing files into a zip piece by piece, never holding it as a whole and never on disk."""

import io
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from stream_zip import ZIP_AUTO, stream_zip

# The oldest moment that a zip can name: when it was packed is nobody's business.
_MOMENT = (1980, 1, 1, 0, 0, 0)
_MORNING = datetime(1980, 1, 1, tzinfo=UTC)
_FOR_ITS_OWNER = 0o100600
_LEVEL = 6


@dataclass(frozen=True, slots=True)
class Member:
    """A file for a zip, its size known beforehand, its content piece by piece."""

    name: str
    size: int
    pieces: Iterable[bytes]


class _Outlet(io.RawIOBase):
    """Holds what was written until it is taken. Cannot seek, so that nothing is written twice."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        part = bytes(data)  # type: ignore[call-overload] # whatever zipfile writes is a buffer
        self._held += part
        return len(part)

    def take(self) -> bytes:
        taken = bytes(self._held)
        self._held.clear()
        return taken


def packed(entries: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    """Return the pieces of a zip of these files. Equal names get a number."""
    outlet = _Outlet()
    taken: set[str] = set()
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            info = zipfile.ZipInfo(_free(name, taken), _MOMENT)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
            yield outlet.take()
    yield outlet.take()


def locked(members: Iterable[Member], passphrase: str) -> Iterator[bytes]:
    """Return the pieces of a zip whose files are encrypted by AES-256, as WinZip defines it (AE-2).

    7-Zip, WinRAR and others open it. Names and sizes can be read without the passphrase. Of the
    largest file only a piece at a time is in memory.
    """
    files = (
        (member.name, _MORNING, _FOR_ITS_OWNER, ZIP_AUTO(member.size, level=_LEVEL), member.pieces)
        for member in members
    )
    yield from stream_zip(files, password=passphrase, extended_timestamps=False)


def _free(name: str, taken: set[str]) -> str:
    bare = name.replace("\\", "/").rsplit("/", 1)[-1] or "file"
    stem, dot, ending = bare.rpartition(".")
    free, number = bare, 2
    while free.lower() in taken:
        free = f"{stem} ({number}){dot}{ending}" if dot else f"{bare} ({number})"
        number += 1
    taken.add(free.lower())
    return free
