"""How much text the cells of an .xlsx come to, once each has its own copy of what it names.

A text is written once and named by number; ten letters of XML can stand for megabytes. The look
is cheap for honest files: only where the longest text times the cells is too much, each is counted.
"""

import re
from array import array
from collections.abc import Iterable

from kacang.vault.reading.rows import BadFile

LETTERS_MAX = 600 * 2**20
TEXTS_MAX = 12_000_000
_OVERLAP = 64
_END = re.compile(rb"</(?:\w{1,30}:)?si\s*>|<(?:\w{1,30}:)?si\s*/>")
_NAMES = re.compile(rb"\bt\s*=\s*[\"']s[\"']")
_CELL = re.compile(rb"\bt\s*=\s*[\"']s[\"'][^<>]*>\s*<(?:\w{1,30}:)?v>\s*(\d{1,9})\s*<")
_CELL_BYTES_MAX = 400


class SharedTexts:
    """The lengths of the texts, in their order, from the part as it streams by."""

    def __init__(self) -> None:
        self.lengths = array("L")
        self.named = 0
        self._open = 0
        self._tail = b""

    def add(self, piece: bytes) -> None:
        """Take in the next part of the texts."""
        text = self._tail + piece
        last = 0
        for match in _END.finditer(text):
            self.lengths.append(self._open + match.end() - last)
            self._open, last = 0, match.end()
        if len(self.lengths) > TEXTS_MAX:
            raise BadFile(problem="too_many_cells", limit=TEXTS_MAX)
        keep = max(last, len(text) - _OVERLAP)
        self._open += keep - last
        self._tail = text[keep:]

    def count(self, piece: bytes) -> None:
        """Count the cells of a part of a sheet that name a text, but for one that is cut in two."""
        if b" =" in piece or b"= " in piece:
            self.named += len(_NAMES.findall(piece))
        else:
            self.named += piece.count(b't="s"')
            # One letter is found much faster than several are.
            self.named += piece.count(b"t='s'") if b"'" in piece else 0

    @property
    def may_be_too_much(self) -> bool:
        """Whether the cells come to too much if each names the longest text."""
        return max(self.lengths, default=0) * (self.named + 1) > LETTERS_MAX

    def check(self, sheets: Iterable[Iterable[bytes]]) -> None:
        """Count each cell of the sheets.

        Raises:
            BadFile: They come to too much, or are written in a way that hides how much.
        """
        letters = counted = 0
        for pieces in sheets:
            tail = b""
            for piece in pieces:
                text = tail + piece
                last = 0
                for match in _CELL.finditer(text):
                    letters += self._length(int(match[1]))
                    counted += 1
                    last = match.end()
                if letters > LETTERS_MAX:
                    raise BadFile(problem="too_large_unpacked", limit_mb=LETTERS_MAX // 2**20)
                tail = text[max(last, len(text) - _CELL_BYTES_MAX) :]

        if counted < self.named:
            raise BadFile(problem="not_xlsx")

    def _length(self, number: int) -> int:
        if number >= len(self.lengths):
            raise BadFile(problem="not_xlsx")
        return self.lengths[number]
