"""Opening a file as what it is, whatever it is called."""

from pathlib import PurePath

from kacang.vault.reading.attachments import Attachments
from kacang.vault.reading.old_sheets import look_inside_xls
from kacang.vault.reading.open_sheets import is_ods, look_inside_ods
from kacang.vault.reading.records import BLOCK_END_MAX
from kacang.vault.reading.rows import BadFile, Source
from kacang.vault.reading.sheets import Sheet, look_inside
from kacang.vault.reading.texts import SEPARATORS, Csv, Lines, Text

LINES_NAME = "lines.json"
UNITS = ("line", "block", "file")
_OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK\x03\x04"
_SHEETS = (".xlsx", ".xls", ".ods")


def open_source(
    body: bytes, name: str, separator: str = "", *, unit: str = "", block_end: str = ""
) -> Source:
    """Open a file.

    Args:
        body: What is in it.
        name: What its sender calls it.
        separator: What parts the cells of a text; empty: find out.
        unit: What a card is: "line", "block" or "file"; empty: find out, but never a file.
        block_end: The line that ends a block; empty: a blank one.

    Raises:
        BadFile: It is none that we read, or has traps in it.
    """
    if not body:
        raise BadFile(problem="empty")
    if separator and separator not in SEPARATORS:
        raise BadFile(problem="separator")
    if (unit and unit not in UNITS) or len(block_end) > BLOCK_END_MAX:
        raise BadFile(problem="unit")
    if unit == "file":
        return Attachments(body, name)
    if body.startswith(_ZIP):
        if is_ods(body):
            look_inside_ods(body)
            return Sheet(body, "ods")
        look_inside(body)
        return Sheet(body, "xlsx")
    if body.startswith(_OLD_EXCEL):
        look_inside_xls(body)
        return Sheet(body, "xls")
    return _open_text(body, name, separator, unit, block_end.strip())


def is_text(body: bytes) -> bool:
    """Whether a file is no workbook or archive, so far as its beginning tells."""
    return not body.startswith((_ZIP, _OLD_EXCEL))


def _open_text(body: bytes, name: str, separator: str, unit: str, block_end: str) -> Source:
    ending = PurePath(name.lower()).suffix
    if name == LINES_NAME:
        return Lines(body, separator)
    is_csv = ending in (".csv", ".tsv") and unit != "block"
    if is_csv and separator not in ("none", "----", "pairs"):
        return Csv(body, separator or ("\t" if ending == ".tsv" else ""))
    if ending in _SHEETS:
        raise BadFile(problem=f"not_{ending[1:]}")
    return Text(body, separator, unit, block_end)
