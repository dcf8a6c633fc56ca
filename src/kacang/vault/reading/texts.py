"""Text files, csv, and lines that were pasted or sent by a program.

Encodings: UTF-8 with or without mark, UTF-16, else GB18030, each strictly. A line ends with LF,
CR LF or CR, and with nothing else: form feeds and U+2028 are part of a code.
"""

import codecs
import csv
import io
import json
from collections.abc import Iterator, Sequence
from itertools import islice

from kacang.vault.reading.records import (
    Pairs,
    blocks,
    is_of_blocks,
    learn_pairs,
    without_ending,
)
from kacang.vault.reading.rows import LINES_MAX, BadFile, Cell, Odd, Row

# What separates number and code in the trade. Only these two are taken for separators unasked:
# a comma or a space may well be part of a code.
DASHES = "----"
SURE_SEPARATORS = (DASHES, "\t")
CSV_SEPARATORS = (",", ";", "\t", "|")
WHOLE_LINE = "none"
# Cells are the values behind keys: "账号: x 密码: y".
PAIRS = "pairs"
SEPARATORS = (WHOLE_LINE, DASHES, "\t", ",", ";", "|", " ", PAIRS)
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

    def __init__(self, body: bytes, separator: str) -> None:
        self._lines = [str(line) for line in json.loads(body)]
        self.kind, self.unit, self.block_end = "lines", "line", ""
        self.rows_at_once = self.line_count = len(self._lines)
        self._cutter = Cutter(self._lines[:SAMPLE_LINES], separator)
        self.separator, self.names = self._cutter.separator, self._cutter.names

    def rows(self) -> Iterator[Row]:
        """Return the lines, parted."""
        for number, line in enumerate(self._lines, start=1):
            yield Row(number, self._cutter.cells(line))

    def place(self, line: int, column: int) -> str:  # noqa: ARG002 - a line has no columns
        """Return the number of the line."""
        return str(line)


class Text:
    """A text file: one card a line, or a block of lines."""

    def __init__(self, body: bytes, separator: str, unit: str = "", block_end: str = "") -> None:
        self._body = body
        self._encoding = encoding_of(body)
        self.kind = "text"
        self.rows_at_once = self.line_count = _count_lines(body)
        self.unit, self.block_end = unit or "line", block_end
        sample = [record for _, record in islice(self._records(), SAMPLE_LINES)]
        if not unit and separator in ("", PAIRS) and is_of_blocks(sample):
            self.unit, separator = "block", PAIRS
            sample = [record for _, record in islice(self._records(), SAMPLE_LINES)]
        if self.unit == "block" and not separator:
            separator = "" if learn_pairs(sample, asked=False) else WHOLE_LINE
        self._cutter = Cutter(sample, separator)
        self.separator, self.names = self._cutter.separator, self._cutter.names

    def rows(self) -> Iterator[Row]:
        """Return the lines or blocks, parted."""
        for number, record in self._records():
            yield Row(number, self._cutter.cells(record))

    def place(self, line: int, column: int) -> str:  # noqa: ARG002 - a line has no columns
        """Return the number of the line."""
        return str(line)

    def _records(self) -> Iterator[tuple[int, str]]:
        lines = enumerate(_opened(self._body, self._encoding), start=1)
        if self.unit == "block":
            return blocks(lines, self.block_end)
        return ((number, without_ending(line)) for number, line in lines)


class Cutter:
    """Parts a line or block into cells, by what was asked for or by what the first ones show."""

    def __init__(self, sample: Sequence[str], separator: str) -> None:
        self._pairs: Pairs | None = None
        if separator in ("", PAIRS):
            self._pairs = learn_pairs(sample, asked=separator == PAIRS)
        if separator == PAIRS and not self._pairs:
            raise BadFile(problem="no_pairs")
        self.separator = PAIRS if self._pairs else separator or _sure_separator(sample)
        # The first cell is the card as it stands, for whoever sells it whole.
        self.names = ("", *self._pairs.keys) if self._pairs else ()

    def cells(self, record: str) -> tuple[Cell, ...]:
        """Return the cells of a record."""
        if self._pairs is None:
            return parted(record, self.separator)
        values = self._pairs.split(record)
        if values is not None:
            return (record, *values)
        if not record.strip():
            return ("",)
        return (record, *(Odd("?", "pairs") for _ in self._pairs.keys))


class Csv:
    """A csv file: quotes and line breaks within quotes as RFC 4180 has them."""

    def __init__(self, body: bytes, separator: str) -> None:
        self._body = body
        self._encoding = encoding_of(body)
        self.kind, self.unit, self.block_end = "csv", "line", ""
        self.names: tuple[str, ...] = ()
        self.rows_at_once = self.line_count = _count_lines(body)
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


def _count_lines(body: bytes) -> int:
    lines = max(body.count(b"\n"), body.count(b"\r")) + (not body.endswith((b"\n", b"\r")))
    if lines > LINES_MAX:
        raise BadFile(problem="too_many_lines", limit=LINES_MAX)
    return lines


def _sure_separator(lines: Sequence[str]) -> str:
    filled = [line for line in lines if line.strip()]
    for separator in SURE_SEPARATORS:
        widths = {len(parted(line, separator)) for line in filled}
        if len(widths) == 1 and max(widths) > 1:
            return separator
    return WHOLE_LINE
