"""A look into old workbooks (.xls) before calamine reads them: formulas, extent, passwords.

Such a file is a small file system (OLE) with a stream of records. calamine makes a full table of
each sheet, with a copy of its text for every cell; a cell takes ten bytes here and may name a text
of thirty thousand letters. So the records are counted first.
"""

import io
import struct
from collections.abc import Iterator, Sequence
from struct import calcsize, unpack_from

import olefile  # type: ignore[import-untyped] # it has no types of its own

from kacang.vault.reading.rows import BadFile
from kacang.vault.reading.sheets import check_extent, column_letters

LETTERS_MAX = 300 * 2**20
STREAM_MAX = 64 * 2**20
_PASSWORD, _TEXTS, _MORE_TEXTS = 0x002F, 0x00FC, 0x003C
_FORMULAS = frozenset({0x0006, 0x0206, 0x0406, 0x0221, 0x04BC})
_TEXT_CELL = 0x00FD
# Number, text, error, RK, several of them, blanks: each begins with its row and column.
_CELLS = frozenset({0x0203, 0x0204, 0x0205, 0x027E, 0x00BD, 0x00BE, 0x0201, 0x00D6, _TEXT_CELL})
_SST_HEAD = 8
_IS_WIDE, _HAS_EXTRA, _HAS_RUNS = 0x01, 0x04, 0x08


def look_inside_xls(body: bytes) -> None:
    """Refuse an old workbook with formulas or a password, or one that would fill the memory.

    Raises:
        BadFile: Why.
    """
    try:
        stream = _stream(body)
        _look_at(stream)
    except (OSError, struct.error, IndexError, ValueError):
        raise BadFile(problem="not_xls") from None


def _stream(body: bytes) -> bytes:
    with olefile.OleFileIO(io.BytesIO(body)) as container:
        if container.exists("EncryptedPackage"):
            # A new workbook with a password is kept in an old container.
            raise BadFile(problem="locked")
        for name in ("Workbook", "Book"):
            if container.exists(name):
                if container.get_size(name) > STREAM_MAX:
                    raise BadFile(problem="not_xls")
                return bytes(container.openstream(name).read())
    raise BadFile(problem="not_xls")


def _look_at(stream: bytes) -> None:
    pieces: list[tuple[int, int]] = []
    lengths: list[int] | None = None
    letters = rows = columns = 0
    was_text = False
    for kind, start, size in _records(stream):
        if kind in _FORMULAS:
            row, column = unpack_from("<HH", stream, start)
            raise BadFile(problem="formula", place=f"{column_letters(column)}{row + 1}")
        if kind == _PASSWORD:
            raise BadFile(problem="locked")
        is_text = kind == _TEXTS or (kind == _MORE_TEXTS and was_text)
        if is_text:
            pieces.append((start, start + size))
        elif kind in _CELLS:
            row, column = unpack_from("<HH", stream, start)
            rows, columns = max(rows, row + 1), max(columns, column + 1)
            if kind == _TEXT_CELL:
                lengths = _lengths(stream, pieces) if lengths is None else lengths
                letters += lengths[unpack_from("<L", stream, start + 6)[0]]
        was_text = is_text
    check_extent(rows, columns)
    if letters > LETTERS_MAX:
        raise BadFile(problem="too_large_unpacked", limit_mb=LETTERS_MAX // 2**20)


def _records(stream: bytes) -> Iterator[tuple[int, int, int]]:
    """Return kind, start and size of each record."""
    at = 0
    while at + 4 <= len(stream):
        kind, size = unpack_from("<HH", stream, at)
        yield kind, at + 4, size
        at += 4 + size


def _lengths(stream: bytes, pieces: Sequence[tuple[int, int]]) -> list[int]:
    """Return how many letters each shared text has. A text may go on in the next record."""
    lengths: list[int] = []
    reader = _Reader(stream, pieces)
    while not reader.is_over():
        count, flags = reader.take("<HB")
        (runs,) = reader.take("<H") if flags & _HAS_RUNS else (0,)
        (extra,) = reader.take("<L") if flags & _HAS_EXTRA else (0,)
        reader.skip_letters(count, wide=bool(flags & _IS_WIDE))
        reader.skip(runs * 4 + extra)
        lengths.append(count)
    return lengths


class _Reader:
    """Walks through the texts, from record to record."""

    def __init__(self, stream: bytes, pieces: Sequence[tuple[int, int]]) -> None:
        self._stream = stream
        self._rest = iter(pieces)
        self._at, self._end = next(self._rest, (0, 0))
        self._at += _SST_HEAD

    def is_over(self) -> bool:
        """Whether nothing more comes."""
        while self._at >= self._end:
            following = next(self._rest, None)
            if following is None:
                return True
            self._at, self._end = following
        return False

    def take(self, form: str) -> tuple[int, ...]:
        """Return numbers."""
        values = unpack_from(form, self._stream, self._at)
        self._at += calcsize(form)
        return values

    def skip(self, size: int) -> None:
        """Leave bytes out."""
        while size:
            if self.is_over():
                raise IndexError
            taken = min(size, self._end - self._at)
            self._at += taken
            size -= taken

    def skip_letters(self, count: int, *, wide: bool) -> None:
        """Leave letters out. Each record that they go on in says again how wide they are."""
        while count:
            width = 2 if wide else 1
            taken = min(count, max(0, self._end - self._at) // width)
            self._at += taken * width
            count -= taken
            if count:
                self._at = self._end
                if self.is_over():
                    raise IndexError
                wide = bool(self._stream[self._at] & _IS_WIDE)
                self._at += 1
