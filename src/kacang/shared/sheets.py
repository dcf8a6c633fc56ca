"""Writing a workbook or a text for spreadsheets row by row, without ever holding it as a whole.

A workbook is a zip, and its one sheet is packed part by part: each part ends on a whole byte
(`Z_FULL_FLUSH`), so that parts that were packed in different processes follow one another. What
must be known of the whole at the end is summed up in `Tally`.
"""

import csv
import io
import re
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

# What a spreadsheet would take for a formula.
FORMULAS = ("=", "+", "-", "@", "\t", "\r")
ROWS_MAX = 1_048_575  # with the headings, as many as a sheet has
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SPACE = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_SHEET_HEAD = f'{_SPACE}<worksheet xmlns="{_MAIN}"><sheetData>'.encode()
_SHEET_TAIL = b"</sheetData></worksheet>"
_SHEET = "xl/worksheets/sheet1.xml"
_RELS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": (
        f'{_SPACE}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType='
        '"application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_OFFICE}.sheet.main+xml"/>'
        f'<Override PartName="/{_SHEET}" ContentType="{_OFFICE}.worksheet+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'{_SPACE}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{_RELS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        f'{_SPACE}<workbook xmlns="{_MAIN}" xmlns:r="{_RELS}"><sheets>'
        '<sheet name="{name}" sheetId="1" r:id="r1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'{_SPACE}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{_RELS}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    ),
}


class Digits(str):
    """A number as it is written, such as an amount: a spreadsheet can reckon with it."""


Cell = str | int | None


@dataclass(frozen=True, slots=True)
class Tally:
    """What is known of the parts of a sheet so far: checksum, and bytes unpacked and packed."""

    crc: int = 0
    size: int = 0
    packed: int = 0


def sheet_part(rows: Iterable[Sequence[Cell]], tally: Tally) -> tuple[bytes, Tally]:
    """Return some rows as a packed part of a sheet, and the tally with it."""
    begins = tally.size == 0
    text = (_SHEET_HEAD if begins else b"") + "".join(map(_row, rows)).encode()
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    body = packer.compress(text) + packer.flush(zlib.Z_FULL_FLUSH)
    return body, Tally(
        zlib.crc32(text, tally.crc), tally.size + len(text), tally.packed + len(body)
    )


def workbook(parts: Iterable[bytes], tally: Tally, name: str) -> Iterator[bytes]:
    """Return the pieces of the workbook that these parts of its sheet make."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    head = b"" if tally.size else _SHEET_HEAD
    rest = head + _SHEET_TAIL
    last = packer.compress(rest) + packer.flush()
    whole = Tally(zlib.crc32(rest, tally.crc), tally.size + len(rest), tally.packed + len(last))
    directory = bytearray()
    at = 0
    for path, template in _PARTS.items():
        text = template.replace("{name}", escape(name, {'"': "&quot;"})).encode()
        entry = Tally(zlib.crc32(text), len(text), len(text))
        local = _local(path, entry, method=0)
        directory += _central(path, entry, method=0, at=at)
        yield local + text
        at += len(local) + len(text)
    local = _local(_SHEET, whole, method=8)
    directory += _central(_SHEET, whole, method=8, at=at)
    yield local
    yield from parts
    yield last
    at += len(local) + whole.packed
    count = len(_PARTS) + 1
    yield bytes(directory) + struct.pack(
        "<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(directory), at, 0
    )


def text_part(rows: Iterable[Sequence[Cell]], *, begins: bool = False) -> bytes:
    """Return some rows as comma-separated text; no cell of it is taken for a formula."""
    out = io.StringIO()
    if begins:
        # Without it spreadsheets take the text for another encoding.
        out.write("\ufeff")
    writer = csv.writer(out)
    for row in rows:
        writer.writerow([_plain(cell) for cell in row])
    return out.getvalue().encode()


def harmless(text: str) -> str:
    """Return a cell of comma-separated text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULAS) else text


def _plain(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str) and not isinstance(cell, Digits):
        return harmless(cell)
    return str(cell)


def _row(cells: Sequence[Cell]) -> str:
    return f"<row>{''.join(map(_cell, cells))}</row>"


def _cell(cell: Cell) -> str:
    if cell is None or cell == "":
        return "<c/>"
    if isinstance(cell, str) and not isinstance(cell, Digits):
        # A text cell, never a formula.
        text = escape(_UNWRITABLE.sub("", cell))
        return f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
    return f"<c><v>{cell}</v></c>"


def _local(path: str, entry: Tally, *, method: int) -> bytes:
    name = path.encode()
    head = struct.pack(
        "<4s5H3L2H", b"PK\x03\x04", 20, 0, method, 0, 0x21, entry.crc, entry.packed, entry.size,
        len(name), 0,
    )  # fmt: skip
    return head + name


def _central(path: str, entry: Tally, *, method: int, at: int) -> bytes:
    name = path.encode()
    head = struct.pack(
        "<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, method, 0, 0x21, entry.crc, entry.packed,
        entry.size, len(name), 0, 0, 0, 0, 0, at,
    )  # fmt: skip
    return head + name
