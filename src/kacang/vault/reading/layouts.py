"""Which column is what: by the heading, by custom, by an earlier file, or as people say."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from kacang.vault.reading.names import FIELD_OF, FIELDS
from kacang.vault.reading.rows import BadFile, Row, text_of
from kacang.vault.reading.times import read_time

WIDTH_MAX = 64


class Shape(Protocol):
    """What an opened file tells of itself."""

    separator: str
    unit: str
    block_end: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is to be read. `names` are its headings or keys; empty when it has none.

    `unit` says what a card is: a "line", a "block" of lines ended by `block_end`, or a "file".
    """

    columns: Mapping[str, int] = field(default_factory=dict)
    has_header: bool = False
    names: tuple[str, ...] = ()
    separator: str = ""
    unit: str = "line"
    block_end: str = ""

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
    has_header, names = _heading(sample[0], wishes, earlier, source)
    known = [FIELD_OF.get(name.lower(), "") for name in names]
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
        columns = _by_custom(sample[1:] if has_header else sample, width)
    if "secret" not in columns:
        raise BadFile(problem="no_secret_column", names="\n".join(names[:WIDTH_MAX]))
    return Layout(columns, has_header, names, source.separator, source.unit, source.block_end)


def _heading(
    first: Row, wishes: Wishes, earlier: Layout | None, source: Shape
) -> tuple[bool, tuple[str, ...]]:
    """Return whether the first row is a heading, and the names of the columns."""
    if source.names:
        return False, source.names
    cells = tuple(text_of(cell).strip() for cell in first.cells)
    has_header = any(cell.lower() in FIELD_OF for cell in cells)
    if earlier and earlier.names == cells:
        has_header = earlier.has_header
    if wishes.has_header is not None:
        has_header = wishes.has_header
    return has_header, cells if has_header else ()


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
