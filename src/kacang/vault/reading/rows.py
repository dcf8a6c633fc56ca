"""The words of reading: rows of cells, and why a file or a line cannot be taken."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Protocol

from kacang.shared.errors import Invalid

LINES_MAX = 1_048_576


class BadFile(Invalid):
    """A file cannot be read as card secrets; `problem` says why, `place` where, if it is known.

    Nothing of it is kept.
    """

    code = "vault.bad_file"


@dataclass(frozen=True, slots=True)
class Odd:
    """A cell that is no text: `kind` is "date", "bool" or "precision"."""

    text: str
    kind: str


Cell = str | Odd


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a text or row of a sheet. `line` is its number as people see it, from 1."""

    line: int
    cells: tuple[Cell, ...]

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing in it but white space."""
        return not any(text_of(cell).strip() for cell in self.cells)


class Source(Protocol):
    """An opened file. `rows` may be called more than once."""

    kind: ClassVar[str]
    separator: str
    line_count: int

    def rows(self) -> Iterator[Row]:
        """Return the rows from the beginning, blank ones too."""

    def place(self, line: int, column: int) -> str:
        """Return how people find a cell: "B37", or the line's number."""


def text_of(cell: Cell) -> str:
    """Return what a cell shows."""
    return cell if isinstance(cell, str) else cell.text
