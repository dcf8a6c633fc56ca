"""Text files, csv, and lines that were pasted or sent by a program.

Encodings: UTF-8 with or without mark, UTF-16, else GB18030, each strictly. A line ends with LF,
CR LF or CR, and with nothing else: form feeds and U+2028 are part of a code.
"""

import codecs
import csv
import io
import json
from collections.abc import Iterator
from itertools import islice
from typing import ClassVar

from kacang.vault.reading.rows import LINES_MAX, BadFile, Row

# What separates number and code in the trade. Only these two are taken for separators unasked:
# a comma or a space may well be part of a code.
DASHES = "----"
SURE_SEPARATORS = (DASHES, "\t")
CSV_SEPARATORS = (",", ";", "\t", "|")
WHOLE_LINE = "none"
SEPARATORS = (WHOLE_LINE, DASHES, "\t", ",", ";", "|", " ")
SAMPLE_LINES = 1000
SAMPLE_BYTES = 65_536
PIECE_BYTES = 2**20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, ""),
    (codecs.BOM_UTF32_BE, ""),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS = frozenset(map(chr, (*range(9), *range(0x0E, 0x20)))) - {"\x1b"}


class Lines:
    """Lines that a program sent as a JSON list: each is one row, whatever is in it."""

    kind: ClassVar[str] = "lines"

    def __init__(self, body: bytes, separator: str) -> None:
        self._lines = [str(line) for line in json.loads(body)]
        self.line_count = len(self._lines)
        self.separator = separator or _sure_separator(self._lines)

    def rows(self) -> Iterator[Row]:
        """Return the lines, parted."""
        for number, line in enumerate(self._lines, start=1):
            yield Row(number, parted(line, self.separator))

    def place(self, line: int, column: int) -> str:  # noqa: ARG002 - a line has no columns
        """Return the number of the line."""
        return str(line)


class Text:
    """A text file: one card a line."""

    kind: ClassVar[str] = "text"

    def __init__(self, body: bytes, separator: str) -> None:
        self._body = body
        self._encoding = encoding_of(body)
        self.line_count = _count_lines(body)
        self.separator = separator or _sure_separator(
            [line for _, line in islice(self._lines(), SAMPLE_LINES)]
        )

    def rows(self) -> Iterator[Row]:
        """Return the lines, parted."""
        for number, line in self._lines():
            yield Row(number, parted(line, self.separator))

    def place(self, line: int, column: int) -> str:  # noqa: ARG002 - a line has no columns
        """Return the number of the line."""
        return str(line)

    def _lines(self) -> Iterator[tuple[int, str]]:
        for number, line in enumerate(_opened(self._body, self._encoding), start=1):
            yield number, _without_ending(line)


class Csv:
    """A csv file: quotes and line breaks within quotes as RFC 4180 has them."""

    kind: ClassVar[str] = "csv"

    def __init__(self, body: bytes, separator: str) -> None:
        self._body = body
        self._encoding = encoding_of(body)
        self.line_count = _count_lines(body)
        self.separator = separator or self._guessed()

    def rows(self) -> Iterator[Row]:
        """Return the records; `line` is that on which a record begins."""
        return self._records(self.separator)

    def place(self, line: int, column: int) -> str:
        """Return line and column: "37:2"."""
        return f"{line}:{column + 1}"

    def _records(self, separator: str) -> Iterator[Row]:
        text = _opened(self._body, self._encoding)
        reader = csv.reader(text, delimiter=separator, strict=True)
        line = 1
        try:
            for record in reader:
                yield Row(line, tuple(record))
                line = reader.line_num + 1
        except csv.Error:
            # A quote that does not end swallows what follows: better no file than a wrong one.
            raise BadFile(problem="quotes", place=str(line)) from None

    def _guessed(self) -> str:
        best, most = ",", 1
        for separator in CSV_SEPARATORS:
            try:
                widths = {
                    len(row.cells)
                    for row in islice(self._records(separator), SAMPLE_LINES)
                    if not row.is_blank
                }
            except BadFile:
                continue
            if len(widths) == 1 and max(widths) > most:
                best, most = separator, max(widths)
        return best


def parted(line: str, separator: str) -> tuple[str, ...]:
    """Return the cells of a line. Dashes part once: all behind the first is the code."""
    if separator == WHOLE_LINE:
        return (line,)
    if separator == DASHES:
        return tuple(line.split(DASHES, 1))
    return tuple(line.split(separator))


def encoding_of(body: bytes) -> str:
    """Return the encoding of a text.

    Raises:
        BadFile: It is no text, or in an encoding that we do not read.
    """
    for mark, name in _MARKS:
        if body.startswith(mark):
            return _checked(body, [name] if name else [])
    head = body[:4096]
    if b"\0" in head:
        # UTF-16 without a mark: every other byte of Latin letters and digits is zero.
        odd, even = head[1::2].count(0), head[::2].count(0)
        return _checked(body, ["utf-16-le" if odd > even else "utf-16-be"])
    return _checked(body, ["utf-8", "gb18030"])


def _checked(body: bytes, names: list[str]) -> str:
    for name in names:
        decoder = codecs.getincrementaldecoder(name)()
        try:
            for at in range(0, len(body), PIECE_BYTES):
                piece = decoder.decode(body[at : at + PIECE_BYTES])
                if at == 0 and not _CONTROLS.isdisjoint(piece[:SAMPLE_BYTES]):
                    raise BadFile(problem="binary")
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return name
    raise BadFile(problem="encoding")


def _opened(body: bytes, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(body), encoding=encoding, newline="")


def _without_ending(line: str) -> str:
    if line.endswith("\r\n"):
        return line[:-2]
    return line[:-1] if line.endswith(("\n", "\r")) else line


def _count_lines(body: bytes) -> int:
    lines = max(body.count(b"\n"), body.count(b"\r")) + (not body.endswith((b"\n", b"\r")))
    if lines > LINES_MAX:
        raise BadFile(problem="too_many_lines", limit=LINES_MAX)
    return lines


def _sure_separator(lines: list[str]) -> str:
    filled = [line for line in lines if line.strip()]
    for separator in SURE_SEPARATORS:
        widths = {len(parted(line, separator)) for line in filled}
        if len(widths) == 1 and max(widths) > 1:
            return separator
    return WHOLE_LINE
