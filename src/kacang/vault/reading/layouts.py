"""Which column is what: by the heading, by custom, by an earlier file, or as people say."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from kacang.vault.reading.names import FIELDS, field_of
from kacang.vault.reading.rows import BadFile, Row, text_of
from kacang.vault.reading.times import read_time

WIDTH_MAX = 64
# So many rows that are not blank may hold a heading: a title and notes often stand above it.
HEADING_ROWS = 10


class Shape(Protocol):
    """What an opened file tells of itself."""

    separator: str
    unit: str
    block_end: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is to be read. `names` are its headings or keys; empty when it has none.

    `heading_line` is where the heading is, from 1; what stands above it is no card. 0 without one.
    `unit` says what a card is: a "line", a "block" of lines ended by `block_end`, or a "file".
    """

    columns: Mapping[str, int] = field(default_factory=dict)
    has_header: bool = False
    names: tuple[str, ...] = ()
    separator: str = ""
    unit: str = "line"
    block_end: str = ""
    heading_line: int = 0

    def stored(self) -> dict[str, Any]:
        """Return it as JSON, for the batch and the job."""
        return {**asdict(self), "columns": dict(self.columns), "names": list(self.names)}


@dataclass(frozen=True, slots=True)
class Wishes:
    """What somebody said about a file. None and empty mean: find out."""

    columns: Mapping[str, int] | None = None
    has_header: bool | None = None
    separator: str = ""
    unit: str = ""
    block_end: str = ""

    def stored(self) -> dict[str, Any]:
        """Return it as JSON, for the job."""
        return {**asdict(self), "columns": None if self.columns is None else dict(self.columns)}


def wishes_of(layout: "Layout") -> Wishes:
    """Return what to wish for to have a file read again as it was."""
    return Wishes(
        columns=dict(layout.columns),
        has_header=layout.has_header,
        separator=layout.separator,
        unit=layout.unit,
        block_end=layout.block_end,
    )


def stored_wishes(raw: Mapping[str, Any]) -> Wishes:
    """Undo `Wishes.stored`."""
    return Wishes(
        columns=raw["columns"],
        has_header=raw["has_header"],
        separator=str(raw["separator"]),
        unit=str(raw["unit"]),
        block_end=str(raw["block_end"]),
    )


def stored_layout(raw: Mapping[str, Any]) -> Layout | None:
    """Return a layout that was kept, or None when there was none."""
    if not raw.get("columns"):
        return None
    return Layout(
        columns=dict(raw["columns"]),
        has_header=bool(raw["has_header"]),
        names=tuple(raw["names"]),
        separator=str(raw["separator"]),
        unit=str(raw.get("unit") or "line"),
        block_end=str(raw.get("block_end") or ""),
        heading_line=int(raw.get("heading_line") or 0),
    )


def settle_layout(
    sample: Sequence[Row], wishes: Wishes, earlier: Layout | None, source: Shape
) -> Layout:
    """Decide how to read a file, from its first rows that are not blank.

    What somebody said comes first, then the heading, then how an earlier file of the same
    supplier was read when this one looks alike, then custom: one column is the code, two are
    number and code, then expiry, remark and cost.

    Raises:
        BadFile: A column that was named is not there, or none has the code.
    """
    if not sample:
        raise BadFile(problem="empty")
    heading, names = _heading(sample, wishes, earlier, source)
    known = [field_of(name) for name in names]
    width = max(len(row.cells) for row in sample)
    if wishes.columns:
        columns = _checked(wishes.columns, width)
    elif earlier and _is_alike(earlier, names, width, source):
        columns = dict(earlier.columns)
    elif source.names:
        columns = _by_keys(known)
    elif any(known):
        columns = _by_heading(known)
    else:
        columns = _by_custom(sample if heading is None else sample[heading + 1 :], width)
    if "secret" not in columns:
        raise BadFile(problem="no_secret_column", names="\n".join(names[:WIDTH_MAX]))
    return Layout(
        columns=columns,
        has_header=heading is not None,
        names=names,
        separator=source.separator,
        unit=source.unit,
        block_end=source.block_end,
        heading_line=0 if heading is None else sample[heading].line,
    )


def _heading(
    sample: Sequence[Row], wishes: Wishes, earlier: Layout | None, source: Shape
) -> tuple[int | None, tuple[str, ...]]:
    """Return which row of the sample is the heading, if any, and the names of the columns."""
    if source.names:
        return None, source.names
    rows = [tuple(text_of(cell).strip() for cell in row.cells) for row in sample[:HEADING_ROWS]]
    at = _found_heading(rows, earlier)
    if wishes.has_header is not None:
        at = (at or 0) if wishes.has_header else None
    return at, () if at is None else rows[at]


def _found_heading(rows: Sequence[tuple[str, ...]], earlier: Layout | None) -> int | None:
    """Return the row that says what the columns are.

    Below others it must name the code and one thing more: what stands above it is left out.
    """
    for at, row in enumerate(rows):
        if earlier and earlier.names == row:
            return at
        fields = {field_of(cell) for cell in row} - {""}
        if "secret" in fields and len(fields) > 1:
            return at
    return 0 if any(field_of(cell) for cell in rows[0]) else None


def _checked(wanted: Mapping[str, int], width: int) -> dict[str, int]:
    columns = {name: at for name, at in wanted.items() if at is not None}
    inside = all(name in FIELDS and 0 <= at < min(width, WIDTH_MAX) for name, at in columns.items())
    if not inside or len(set(columns.values())) < len(columns):
        raise BadFile(problem="columns")
    return columns


def _is_alike(earlier: Layout, names: tuple[str, ...], width: int, source: Shape) -> bool:
    if (earlier.names, earlier.separator, earlier.unit) != (names, source.separator, source.unit):
        return False
    return max(earlier.columns.values(), default=width) < width


def _by_heading(known: list[str]) -> dict[str, int]:
    columns: dict[str, int] = {}
    secrets = [at for at, name in enumerate(known) if name == "secret"]
    if len(secrets) > 1 and "number" not in known:
        # "卡密, 密码": what is called a code beside a password is the number.
        known = ["number" if at == secrets[0] else name for at, name in enumerate(known)]
    for at, name in enumerate(known):
        if name:
            columns.setdefault(name, at)
    return columns


def _by_keys(known: list[str]) -> dict[str, int]:
    """Return what the keys of a card are. The first column is the card as a whole.

    A key that nobody knows may well be part of what the buyer needs: then that is the code.
    """
    columns = _by_heading(known)
    if "secret" not in columns or "" in known[1:]:
        columns["secret"] = 0
    return columns


def _by_custom(rows: Sequence[Row], width: int) -> dict[str, int]:
    if width == 1:
        return {"secret": 0}
    columns = dict(zip(FIELDS, range(width), strict=False))
    # Three columns end with an expiry or with a remark.
    if (
        "remark" not in columns
        and "expires" in columns
        and not _are_times(rows, columns["expires"])
    ):
        columns["remark"] = columns.pop("expires")
    return columns


def _are_times(rows: Sequence[Row], at: int) -> bool:
    texts = [text_of(row.cells[at]).strip() for row in rows if len(row.cells) > at]
    filled = [text for text in texts if text]
    return bool(filled) and all(read_time(text, "UTC") for text in filled)
