"""Which column of a shop's list of parcels is what: found by its heading, or by what it holds."""

import re
from collections.abc import Mapping, Sequence

from kacang.logistics.queries import UnknownCourier, courier_named, normal_number

FIELDS = ("number", "tracking", "courier")
_ORDER = re.compile(r"\d{8}[0-9A-HJKMNP-TV-Z]{10}", re.ASCII)
_TRACKING = re.compile(r"(?=.*\d{6})[0-9A-Z-]{8,40}", re.ASCII)
_HEADINGS = {
    "number": ("订单号", "订单编号", "单号", "order", "order number", "order no", "number"),
    "tracking": (
        "运单号", "快递单号", "物流单号", "运单编号", "快递号", "tracking", "tracking number",
        "waybill",
    ),
    "courier": (
        "快递公司", "物流公司", "快递", "承运商", "物流", "courier", "carrier", "express",
    ),
}  # fmt: skip
_LOOKED_AT = 20


def guess_columns(rows: Sequence[Sequence[str]]) -> tuple[dict[str, int], bool]:
    """Return the column of each field that was found, and whether the first row is headings."""
    if not rows:
        return {}, False
    heads = [_folded(cell) for cell in rows[0]]
    named = {
        field: heads.index(heading)
        for field, headings in reversed(_HEADINGS.items())
        for heading in reversed(headings)
        if heading in heads
    }
    has_header = bool(named)
    body = rows[1:] if has_header else rows
    columns = dict(named)
    for field, fits in _KINDS.items():
        if field not in columns:
            at = _likely(body[:_LOOKED_AT], fits, set(columns.values()))
            if at is not None:
                columns[field] = at
    return {field: columns[field] for field in FIELDS if field in columns}, has_header


def checked_columns(columns: Mapping[str, int], width: int) -> dict[str, int]:
    """Return columns as they were chosen, without those that are not there or are named twice."""
    kept: dict[str, int] = {}
    for field in FIELDS:
        at = columns.get(field)
        if at is not None and 0 <= at < width and at not in kept.values():
            kept[field] = at
    return kept


def _likely(
    body: Sequence[Sequence[str]], fits: "re.Pattern[str] | None", taken: set[int]
) -> int | None:
    width = max((len(row) for row in body), default=0)
    counts = {
        at: sum(_fits(row[at], fits) for row in body if at < len(row))
        for at in range(width)
        if at not in taken
    }
    best = max(counts, key=lambda at: counts[at], default=None)
    return best if best is not None and counts[best] * 2 > len(body) else None


def _fits(cell: str, pattern: "re.Pattern[str] | None") -> bool:
    if pattern is not None:
        return bool(pattern.fullmatch(normal_number(cell)))
    try:
        courier_named(cell)
    except UnknownCourier:
        return False
    return True


def _folded(cell: str) -> str:
    return " ".join(cell.replace("_", " ").split()).casefold()


_KINDS = {"number": _ORDER, "courier": None, "tracking": _TRACKING}
