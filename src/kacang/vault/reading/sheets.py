"""Workbooks (.xlsx, .xls, .ods), read by calamine after a look inside that keeps traps out.

calamine lays a sheet out as a full table in memory. A few hundred bytes can ask for 17 billion
cells, or unpack to gigabytes; so the parts are first unpacked in a stream, counted, and their
extent is measured. Formulas are refused: what they show is not what is stored. Here is the look
into .xlsx, in `old_sheets` and `open_sheets` that into the others.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import cast

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from kacang.vault.reading.rows import LINES_MAX, BadFile, Cell, Odd, Row
from kacang.vault.reading.shared_texts import SharedTexts

UNPACKED_MAX = 600 * 2**20
ENTRIES_MAX = 500
CELLS_MAX = 12_000_000
COLUMNS_MAX = 26  # A to Z
# Excel keeps 15 digits of a number; what was typed beyond them is gone.
EXACT_MAX = 10**15
_WINDOW = 2**20
_ROW = re.compile(rb"<row\b[^>]*?\sr=[\"'](\d{1,9})[\"']")
_FORMULA = re.compile(rb"<f[\s>/]")
# Tags may carry the prefix of their namespace, all of them or some.
_PREFIXES = (b":row", b":c", b":f")
_PREFIX = re.compile(rb"<(/?)\w{1,30}:")
_PLACE = re.compile(rb"\br=[\"']([A-Z]{1,3}\d{1,7})[\"']")
_SHEET = re.compile(r"(?i)xl/worksheets/[^/]+\.xml")
_TEXTS = re.compile(r"(?i)xl/sharedStrings\.xml")
_PARTS = re.compile(r"(?i)xl/.*\.(xml|rels|bin)")
_BROKEN = "\ufffd"


class Sheet:
    """The first sheet of a workbook that has anything in it."""

    def __init__(self, body: bytes, kind: str) -> None:
        self.kind, self.unit, self.separator, self.block_end = kind, "line", "", ""
        self.names: tuple[str, ...] = ()
        try:
            self._sheet = _first_filled(CalamineWorkbook.from_filelike(io.BytesIO(body)))
        except (CalamineError, OSError, ValueError):
            raise BadFile(problem=f"not_{kind}") from None
        self.numeric_cells = 0
        self.line_count = self._sheet.end[0] + 1 if self._sheet.end else 0
        self.rows_at_once = self.line_count + 1
        self._first_column = self._sheet.start[1] if self._sheet.start else 0

    def rows(self) -> Iterator[Row]:
        """Return the rows. Numbers come as the digits of whole numbers, never as 1E+16."""
        self.numeric_cells = 0
        # Texts of an old workbook are looked at: calamine reads each half of a cut letter alone.
        plain = None if self.kind == "xls" else str
        texts_alone = {plain}
        for number, values in enumerate(self._sheet.iter_rows(), start=1):
            if set(map(type, values)) == texts_alone:
                yield Row(number, cast("tuple[Cell, ...]", tuple(values)))
                continue
            yield Row(
                number,
                tuple(value if type(value) is plain else self._cell(value) for value in values),
            )

    def place(self, line: int, column: int) -> str:
        """Return a cell's name: "B37"."""
        return f"{column_letters(column + self._first_column)}{line}"

    def _cell(self, value: object) -> Cell:
        if isinstance(value, bool):
            return Odd("TRUE" if value else "FALSE", "bool")
        if isinstance(value, int | float):
            self.numeric_cells += 1
            return _digits(value)
        if isinstance(value, datetime):
            midnight = value.time() == time()
            return Odd(f"{value:%Y-%m-%d}" if midnight else f"{value:%Y-%m-%d %H:%M:%S}", "date")
        if isinstance(value, date | time | timedelta):
            return Odd(str(value), "date")
        text = str(value)
        return Odd(text, "broken_letter") if self.kind == "xls" and _BROKEN in text else text


def look_inside(body: bytes) -> None:
    """Refuse a workbook that would unpack to too much, or that has formulas.

    Raises:
        BadFile: It is none, or too large, or has formulas.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            entries = archive.infolist()
            names = [entry.filename for entry in entries]
            if len(entries) > ENTRIES_MAX or len(set(names)) < len(names):
                raise BadFile(problem="not_xlsx")
            if not any(_SHEET.fullmatch(name) for name in names):
                raise BadFile(problem="not_xlsx")
            left = UNPACKED_MAX
            shared = SharedTexts()
            for entry in entries:
                if _PARTS.fullmatch(entry.filename):
                    left -= _look_at(entry, body, left, shared)
            if shared.may_be_too_much:
                sheets = (entry for entry in entries if _SHEET.fullmatch(entry.filename))
                shared.check(unpacked(entry, body) for entry in sheets)
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError):
        raise BadFile(problem="not_xlsx") from None


def _look_at(entry: zipfile.ZipInfo, body: bytes, left: int, shared: SharedTexts) -> int:
    extent = _Extent() if _SHEET.fullmatch(entry.filename) else None
    is_texts = bool(_TEXTS.fullmatch(entry.filename))
    size = 0
    for piece in unpacked(entry, body):
        size += len(piece)
        if size > left:
            raise BadFile(problem="too_large_unpacked", limit_mb=UNPACKED_MAX // 2**20)
        if extent:
            extent.add(piece)
            shared.count(piece)
        elif is_texts:
            shared.add(piece)
    if extent:
        extent.check()
    return size


def unpacked(entry: zipfile.ZipInfo, body: bytes) -> Iterator[bytes]:
    """Unpack a part piece by piece, what is really there of it.

    The sizes that an archive states are the sender's claim.

    Raises:
        BadFile: It is packed in a way that workbooks are not.
    """
    head = entry.header_offset
    if body[head : head + 4] != b"PK\x03\x04" or entry.flag_bits & 1:
        raise BadFile(problem="not_xlsx")
    names = int.from_bytes(body[head + 26 : head + 28], "little")
    extra = int.from_bytes(body[head + 28 : head + 30], "little")
    start = head + 30 + names + extra
    packed = memoryview(body)[start : start + entry.compress_size]
    if entry.compress_type == zipfile.ZIP_STORED:
        yield from (bytes(packed[at : at + _WINDOW]) for at in range(0, len(packed), _WINDOW))
        return
    if entry.compress_type != zipfile.ZIP_DEFLATED:
        raise BadFile(problem="not_xlsx")
    inflater = zlib.decompressobj(-15)
    pending: bytes = bytes(packed)
    while pending and not inflater.eof:
        piece = inflater.decompress(pending, _WINDOW)
        pending = inflater.unconsumed_tail
        if not piece and not pending:
            break
        yield piece


class _Extent:
    """How far a sheet reaches, and whether it has formulas, from its text as it streams by."""

    def __init__(self) -> None:
        self._tail = b""
        self._last_row = 0
        self._rows = 0
        self._columns = 1
        self._farther = _cells_beyond(1)

    def add(self, piece: bytes) -> None:
        """Take in the next part of the sheet."""
        text = self._tail + piece
        # Only whole tags are looked at; the last one may go on in the next part.
        end = max(text.rfind(b"<"), 0)
        text, self._tail = text[:end], text[end:]
        if len(self._tail) > 2 * _WINDOW:
            raise BadFile(problem="not_xlsx")
        # One letter is found much faster than several are.
        if b":" in text and any(prefix in text for prefix in _PREFIXES):
            text = _PREFIX.sub(rb"<\1", text)
        self._refuse_formulas(text)
        self._last_row = max([self._last_row, *map(int, _ROW.findall(text))])
        self._rows += text.count(b"<row")
        while found := self._farther.search(text):
            self._columns = _column_number(found[1].decode())
            self._farther = _cells_beyond(self._columns)
        if text.count(b"<c r=") < text.count(b"<c") - text.count(b"<col"):
            # Cells without names lie side by side: as many columns as a row may have of them.
            self._columns = max(self._columns, COLUMNS_MAX)

    def _refuse_formulas(self, text: bytes) -> None:
        if found := _FORMULA.search(text):
            places = _PLACE.findall(text, max(0, found.start() - 300), found.start())
            raise BadFile(problem="formula", place=places[-1].decode() if places else "")

    def check(self) -> None:
        """Refuse what would fill the memory."""
        check_extent(max(self._last_row, self._rows), self._columns)


def check_extent(rows: int, columns: int) -> None:
    """Refuse a table that would fill the memory, or that nobody means for card secrets."""
    if rows > LINES_MAX:
        raise BadFile(problem="too_many_lines", limit=LINES_MAX)
    if columns > COLUMNS_MAX:
        raise BadFile(problem="too_many_columns", limit=COLUMNS_MAX)
    if rows * columns > CELLS_MAX:
        raise BadFile(problem="too_many_cells", limit=CELLS_MAX)


def _cells_beyond(column: int) -> re.Pattern[bytes]:
    """Return what finds the name of a cell to the right of a column."""
    if column > COLUMNS_MAX:
        return re.compile(rb"(?!)")
    letters = b"[A-Z]{2,3}"
    if column < COLUMNS_MAX:
        letters += b"|[%c-Z]" % (ord("A") + column)
    return re.compile(rb"r=[\"'](" + letters + rb")\d")


def _first_filled(workbook: CalamineWorkbook) -> CalamineSheet:
    sheets = [workbook.get_sheet_by_name(name) for name in workbook.sheet_names[:1]]
    for name in workbook.sheet_names[1:20]:
        if sheets and sheets[-1].height:
            break
        sheets.append(workbook.get_sheet_by_name(name))
    if not sheets:
        raise BadFile(problem="not_xlsx")
    return sheets[-1] if sheets[-1].height else sheets[0]


def _digits(value: float) -> Cell:
    if abs(value) >= EXACT_MAX:
        return Odd(f"{value:.0f}", "precision")
    if value == int(value):
        return str(int(value))
    return repr(value)


def column_letters(column: int) -> str:
    """Return what a spreadsheet calls a column, counted from 0."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
