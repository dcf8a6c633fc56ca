"""The words of reading: rows of cells, and why a file or a line cannot be taken."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from kacang.shared.errors import Invalid

LINES_MAX = 1_048_576


class BadFile(Invalid):
    """A file cannot be read as card secrets; `problem` says why, `place` where, if it is known.

    Nothing of it is kept.
    """

    code = "vault.bad_file"


@dataclass(frozen=True, slots=True)
class Odd:
    """A cell that is no text to be kept: `kind` says why, and `lines` has the reason to it."""

    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A small file that is itself the secret: a picture, a text."""

    name: str
    content_type: str
    content: bytes


Cell = str | Odd | Attachment


class Row(NamedTuple):
    """One line of a text or row of a sheet. `line` is its number as people see it, from 1.

    A named tuple, and entries too: a million are made, and a frozen class takes four times as long.
    """

    line: int
    cells: tuple[Cell, ...]

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing in it but white space."""
        # A loop, for this is asked of every line: the first cell answers for most.
        for cell in self.cells:  # noqa: SIM110 - as above
            if text_of(cell).strip():
                return False
        return True


class Source(Protocol):
    """An opened file. `rows` may be called more than once."""

    kind: str
    separator: str
    line_count: int
    # What a card is: a "line", a "block" of lines ended by `block_end`, a "file".
    unit: str
    block_end: str
    # The keys of the cells, where they are not in the first row.
    names: tuple[str, ...]
    # How many rows may be held at once.
    rows_at_once: int

    def rows(self) -> Iterator[Row]:
        """Return the rows from the beginning, blank ones too."""

    def place(self, line: int, column: int) -> str:
        """Return how people find a cell: "B37", or the line's number."""


def text_of(cell: Cell) -> str:
    """Return what a cell shows."""
    if isinstance(cell, str):
        return cell
    return cell.text if isinstance(cell, Odd) else cell.name
