"""A look into OpenDocument workbooks (.ods) before calamine reads them: formulas and extent.

Rows and cells may say that they repeat: a line of XML can stand for billions of cells.
"""

import io
import zipfile
import zlib
from xml.parsers import expat

from kacang.vault.reading.rows import BadFile
from kacang.vault.reading.sheets import (
    ENTRIES_MAX,
    UNPACKED_MAX,
    check_extent,
    column_letters,
    unpacked,
)

_KIND = b"application/vnd.oasis.opendocument.spreadsheet"
_CONTENT = "content.xml"
_MANIFEST = "META-INF/manifest.xml"
_TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0 "
_OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0 "
_ROW = f"{_TABLE}table-row"
_CELLS = (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell")
_LETTERS_MAX = 300 * 2**20


def is_ods(body: bytes) -> bool:
    """Whether a zip says of itself that it is such a workbook: its first part does."""
    return body[30:38] == b"mimetype" and _KIND in body[38 : 38 + 200]


def look_inside_ods(body: bytes) -> None:
    """Refuse a workbook with formulas or a password, or one that would fill the memory.

    Raises:
        BadFile: Why.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            entries = {entry.filename: entry for entry in archive.infolist()}
            if len(archive.infolist()) > ENTRIES_MAX or _CONTENT not in entries:
                raise BadFile(problem="not_ods")
            if _MANIFEST in entries:
                _look_at_manifest(entries[_MANIFEST], body)
            _look_at(entries[_CONTENT], body)
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError):
        raise BadFile(problem="not_ods") from None
    except expat.ExpatError:
        raise BadFile(problem="not_ods") from None


def _look_at_manifest(entry: zipfile.ZipInfo, body: bytes) -> None:
    for piece in unpacked(entry, body):
        if b"encryption-data" in piece:
            raise BadFile(problem="locked")
        return


def _look_at(entry: zipfile.ZipInfo, body: bytes) -> None:
    extent = _Extent()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = extent.begin
    parser.EndElementHandler = extent.end
    parser.CharacterDataHandler = extent.text
    # Entities are another way to make much of little; no program writes them here.
    parser.EntityDeclHandler = _refuse_entities
    size = 0
    for piece in unpacked(entry, body):
        size += len(piece)
        if size > UNPACKED_MAX:
            raise BadFile(problem="too_large_unpacked", limit_mb=UNPACKED_MAX // 2**20)
        parser.Parse(piece, False)  # noqa: FBT003 - expat's own
    parser.Parse(b"", True)  # noqa: FBT003 - as above
    extent.check()


def _refuse_entities(*_: object) -> None:
    raise BadFile(problem="not_ods")


class _Extent:
    """How far the sheets reach, repetitions counted, and how much text that is."""

    def __init__(self) -> None:
        self._row = self._rows = self._columns = self._letters = 0
        self._repeats = 1
        self._column = 0
        self._cell_repeats = 1
        self._in_cell = False
        self._is_filled = False

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        """Take in the beginning of an element."""
        if name == _ROW:
            self._repeats = _number(attributes.get(f"{_TABLE}number-rows-repeated"))
            self._column, self._is_filled = 0, False
        elif name in _CELLS:
            if f"{_TABLE}formula" in attributes:
                place = f"{column_letters(self._column)}{self._row + 1}"
                raise BadFile(problem="formula", place=place)
            self._cell_repeats = _number(attributes.get(f"{_TABLE}number-columns-repeated"))
            self._column += self._cell_repeats
            self._in_cell = True
            if f"{_OFFICE}value-type" in attributes:
                self._fill()
        elif name == f"{_TABLE}table":
            self._row = 0

    def end(self, name: str) -> None:
        """Take in the end of an element."""
        if name in _CELLS:
            self._in_cell = False
        elif name == _ROW:
            self._row += self._repeats
            if self._is_filled:
                self._rows = max(self._rows, self._row)
                self.check()

    def text(self, data: str) -> None:
        """Take in text: it comes as often as its cell and its row do."""
        if not self._in_cell:
            return
        if data.strip():
            self._fill()
        self._letters += len(data) * self._cell_repeats * self._repeats
        if self._letters > _LETTERS_MAX:
            raise BadFile(problem="too_large_unpacked", limit_mb=_LETTERS_MAX // 2**20)

    def check(self) -> None:
        """Refuse what would fill the memory."""
        check_extent(self._rows, max(self._columns, 1))

    def _fill(self) -> None:
        self._is_filled = True
        self._columns = max(self._columns, self._column)


def _number(text: str | None) -> int:
    return max(1, int(text)) if text else 1
