"""Opening a file as what it is, whatever it is called."""

from pathlib import PurePath

from kacang.vault.reading.rows import BadFile, Source
from kacang.vault.reading.sheets import Sheet
from kacang.vault.reading.texts import SEPARATORS, Csv, Lines, Text

LINES_NAME = "lines.json"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK\x03\x04"


def open_source(body: bytes, name: str, separator: str = "") -> Source:
    """Open a file. `separator` is what parts the cells of a text; empty: find out.

    Raises:
        BadFile: It is none that we read, or has traps in it.
    """
    if not body:
        raise BadFile(problem="empty")
    if separator and separator not in SEPARATORS:
        raise BadFile(problem="separator")
    if body.startswith(_ZIP):
        return Sheet(body)
    if body.startswith(_OLD_EXCEL):
        raise BadFile(problem="old_excel")
    return _open_text(body, name, separator)


def _open_text(body: bytes, name: str, separator: str) -> Source:
    ending = PurePath(name.lower()).suffix
    if name == LINES_NAME:
        return Lines(body, separator)
    if ending in (".csv", ".tsv") and separator not in ("none", "----"):
        return Csv(body, separator or ("\t" if ending == ".tsv" else ""))
    if ending == ".xlsx":
        raise BadFile(problem="not_xlsx")
    return Text(body, separator)
