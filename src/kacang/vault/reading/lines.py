"""From a row to a card, or to the reason why it is none."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from kacang.shared.errors import DomainError
from kacang.shared.money import Money
from kacang.vault.reading.layouts import Layout
from kacang.vault.reading.rows import Attachment, Cell, Odd, Row, text_of
from kacang.vault.reading.times import read_time

SECRET_BYTES_MAX = 4000
NUMBER_MAX = 200
REMARK_MAX = 200
WIDTH_ANY = 10_000
# Why a line is not taken, beside what the vault itself says (duplicates).
REASONS = (
    "missing_secret",
    "secret_too_long",
    "number_too_long",
    "remark_too_long",
    "bad_expiry",
    "past_expiry",
    "bad_cost",
    "precision",
    "date_cell",
    "bool_cell",
    "broken_letter",
    "control_character",
    "extra_columns",
    "no_pairs",
    "file_empty",
    "file_too_large",
    "file_kind",
    "file_locked",
    "file_broken",
    "duplicate_in_file",
    "duplicate_in_vault",
    "duplicate_sold",
)
_ODD_REASONS = {"date": "date_cell", "bool": "bool_cell", "pairs": "no_pairs"}
# One card costs at most so much: ten thousand millions of the smallest unit.
COST_MAX = 10**12


class Entry(NamedTuple):
    """A card as it stands in the file, byte for byte.

    `secret` is its code or, where the card is a small file, the file's name. `cost_minor` is None
    where the line does not say what the card cost.
    """

    line: int
    number: str | None
    secret: str
    expires_at: datetime | None
    remark: str
    cost_minor: int | None = None
    file: Attachment | None = None

    @property
    def body(self) -> bytes:
        """What is sealed: the file, or the code."""
        return self.file.content if self.file else self.secret.encode()


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a line is not taken. `column` counts from 0."""

    line: int
    column: int
    reason: str


@dataclass(frozen=True, slots=True)
class Ground:
    """What a line is read on: where, when, in which money, valid until when unless it says so."""

    now: datetime
    time_zone: str
    currency: str
    valid_until: datetime | None


class LineReader:
    """Turns rows into entries or faults, by one layout."""

    def __init__(self, layout: Layout, ground: Ground) -> None:
        self._number = layout.columns.get("number", -1)
        self._secret = layout.columns["secret"]
        self._expires = layout.columns.get("expires", -1)
        self._remark = layout.columns.get("remark", -1)
        self._cost = layout.columns.get("cost", -1)
        self._width = len(layout.names) or WIDTH_ANY
        self._ground = ground
        self._times: dict[str, datetime | None] = {}
        self._costs: dict[str, int | None] = {"": None}

    def read(self, row: Row) -> Entry | Fault:
        """Return what a row that is not blank says."""
        cells = row.cells
        secret = _at(cells, self._secret)
        if fault := self._secret_fault(secret):
            return Fault(row.line, self._secret, fault)
        number = _at(cells, self._number) if self._number >= 0 else ""
        if number and (fault := _text_fault(number, NUMBER_MAX, "number_too_long")):
            return Fault(row.line, self._number, fault)
        remark = text_of(_at(cells, self._remark)) if self._remark >= 0 else ""
        if remark and (fault := _text_fault(remark, REMARK_MAX, "remark_too_long")):
            return Fault(row.line, self._remark, fault)
        if self._width < len(cells) and any(text_of(cell).strip() for cell in cells[self._width :]):
            return Fault(row.line, self._width, "extra_columns")
        expires_at, expiry_fault = self._expiry(cells)
        cost, cost_fault = self._costs_of(cells) if self._cost >= 0 else (None, "")
        if expiry_fault or cost_fault:
            at = self._expires if expiry_fault else self._cost
            return Fault(row.line, at, expiry_fault or cost_fault)
        shown = text_of(number)
        return Entry(
            row.line,
            shown if shown.strip() else None,
            text_of(secret),
            expires_at,
            remark,
            cost,
            secret if isinstance(secret, Attachment) else None,
        )

    def _secret_fault(self, cell: Cell) -> str:
        if isinstance(cell, Odd):
            return _ODD_REASONS.get(cell.kind, cell.kind)
        if isinstance(cell, Attachment):
            return ""
        if not cell.strip():
            return "missing_secret"
        # Four bytes are the most that one letter takes: only long ones are worth encoding here.
        if len(cell) * 4 > SECRET_BYTES_MAX and len(cell.encode()) > SECRET_BYTES_MAX:
            return "secret_too_long"
        return ""

    def _expiry(self, cells: tuple[Cell, ...]) -> tuple[datetime | None, str]:
        text = text_of(_at(cells, self._expires)).strip() if self._expires >= 0 else ""
        if not text:
            return self._ground.valid_until, ""
        if text not in self._times:
            self._times[text] = read_time(text, self._ground.time_zone)
        when = self._times[text]
        if when is None:
            return None, "bad_expiry"
        return when, "past_expiry" if when <= self._ground.now else ""

    def _costs_of(self, cells: tuple[Cell, ...]) -> tuple[int | None, str]:
        text = text_of(_at(cells, self._cost)).strip()
        if text not in self._costs:
            self._costs[text] = _cost_of(text, self._ground.currency)
        cost = self._costs[text]
        return cost, "bad_cost" if text and cost is None else ""


def _cost_of(text: str, currency: str) -> int | None:
    try:
        minor = Money.parse(text, currency).minor
    except DomainError:
        return None
    return minor if minor <= COST_MAX else None


def _at(cells: tuple[Cell, ...], column: int) -> Cell:
    return cells[column] if column < len(cells) else ""


def _text_fault(cell: Cell, limit: int, too_long: str) -> str:
    if isinstance(cell, Odd):
        return _ODD_REASONS.get(cell.kind, cell.kind)
    if isinstance(cell, Attachment):
        return "file_kind"
    if len(cell) > limit:
        return too_long
    # PostgreSQL's text holds every character but this one; codes are bytes and hold it too.
    return "control_character" if "\0" in cell else ""
