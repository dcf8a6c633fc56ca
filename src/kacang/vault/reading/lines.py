"""From a row to a card, or to the reason why it is none."""

from dataclasses import dataclass
from datetime import datetime

from kacang.vault.reading.layouts import Layout
from kacang.vault.reading.rows import Cell, Odd, Row, text_of
from kacang.vault.reading.times import read_time

SECRET_BYTES_MAX = 4000
NUMBER_MAX = 200
REMARK_MAX = 200
# Why a line is not taken, beside what the vault itself says (duplicates).
REASONS = (
    "missing_secret",
    "secret_too_long",
    "number_too_long",
    "remark_too_long",
    "bad_expiry",
    "past_expiry",
    "precision",
    "date_cell",
    "bool_cell",
    "control_character",
    "extra_columns",
    "duplicate_in_file",
    "duplicate_in_vault",
    "duplicate_sold",
)
_ODD_REASONS = {"date": "date_cell", "bool": "bool_cell", "precision": "precision"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A card as it stands in the file, byte for byte."""

    line: int
    number: str | None
    secret: str
    expires_at: datetime | None
    remark: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a line is not taken. `column` counts from 0."""

    line: int
    column: int
    reason: str


class LineReader:
    """Turns rows into entries or faults, by one layout."""

    def __init__(
        self, layout: Layout, *, now: datetime, time_zone: str, valid_until: datetime | None
    ) -> None:
        self._number = layout.columns.get("number", -1)
        self._secret = layout.columns["secret"]
        self._expires = layout.columns.get("expires", -1)
        self._remark = layout.columns.get("remark", -1)
        self._width = len(layout.names) or None
        self._now = now
        self._time_zone = time_zone
        self._valid_until = valid_until
        self._times: dict[str, datetime | None] = {}

    def read(self, row: Row) -> Entry | Fault:
        """Return what a row that is not blank says."""
        cells = row.cells
        secret = _at(cells, self._secret)
        if fault := self._secret_fault(secret):
            return Fault(row.line, self._secret, fault)
        number = _at(cells, self._number) if self._number >= 0 else ""
        if fault := _text_fault(number, NUMBER_MAX, "number_too_long"):
            return Fault(row.line, self._number, fault)
        remark = text_of(_at(cells, self._remark)) if self._remark >= 0 else ""
        if fault := _text_fault(remark, REMARK_MAX, "remark_too_long"):
            return Fault(row.line, self._remark, fault)
        if self._width and any(text_of(cell).strip() for cell in cells[self._width :]):
            return Fault(row.line, self._width, "extra_columns")
        expires_at, fault = self._expiry(cells)
        if fault:
            return Fault(row.line, max(self._expires, 0), fault)
        shown = text_of(number)
        return Entry(
            row.line, shown if shown.strip() else None, text_of(secret), expires_at, remark
        )

    def _secret_fault(self, cell: Cell) -> str:
        if isinstance(cell, Odd):
            return _ODD_REASONS[cell.kind]
        if not cell.strip():
            return "missing_secret"
        # Four bytes are the most that one letter takes: only long ones are worth encoding here.
        if len(cell) * 4 > SECRET_BYTES_MAX and len(cell.encode()) > SECRET_BYTES_MAX:
            return "secret_too_long"
        return ""

    def _expiry(self, cells: tuple[Cell, ...]) -> tuple[datetime | None, str]:
        text = text_of(_at(cells, self._expires)).strip() if self._expires >= 0 else ""
        if not text:
            return self._valid_until, ""
        if text not in self._times:
            self._times[text] = read_time(text, self._time_zone)
        when = self._times[text]
        if when is None:
            return None, "bad_expiry"
        return when, "past_expiry" if when <= self._now else ""


def _at(cells: tuple[Cell, ...], column: int) -> Cell:
    return cells[column] if column < len(cells) else ""


def _text_fault(cell: Cell, limit: int, too_long: str) -> str:
    if isinstance(cell, Odd):
        return _ODD_REASONS[cell.kind]
    if len(cell) > limit:
        return too_long
    # PostgreSQL's text holds every character but this one; codes are bytes and hold it too.
    return "control_character" if "\0" in cell else ""
