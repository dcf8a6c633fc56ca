"""What lists are narrowed to: frozen dataclasses whose empty values mean all (O2, P2, O10).

A filter has `period`, days that move with today, or `since` and `until`. It is kept as JSON with
jobs, exports and saved views.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import datetime
from enum import IntEnum
from typing import Any, ClassVar, Protocol, TypeVar
from zoneinfo import ZoneInfo

from kacang.shared.money import Money
from kacang.shared.periods import Period, span_of


class Filter(Protocol):
    """A filter of some list."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def period(self) -> Period | None:
        """Days that move with today."""


F = TypeVar("F", bound=Filter)
_READ: Mapping[str, Callable[[Any], Any]] = {
    "since": datetime.fromisoformat,
    "until": datetime.fromisoformat,
    "period": Period,
}


def at(where: F, now: datetime, zone: ZoneInfo) -> F:
    """Return a filter with its moving days put in as instants."""
    if where.period is None:
        return where
    since, until = span_of(where.period, now, zone)
    return replace(where, period=None, since=since, until=until)


def stored(where: Filter) -> dict[str, Any]:
    """Return a filter as JSON: only what narrows. `read_stored` reads it."""
    return {
        field.name: _plain(value)
        for field in fields(where)
        if (value := getattr(where, field.name)) not in (None, "", ())
    }


def read_stored(kind: type[F], given: Mapping[str, Any], **readers: Callable[[Any], Any]) -> F:
    """Undo `stored`; names that are no more are left out. `readers`: for fields of own types."""
    known = {field.name for field in fields(kind)}
    read = {**_READ, **readers}
    return kind(**{
        name: read[name](value) if name in read else value
        for name, value in given.items() if name in known
    })  # fmt: skip


def amount_text(minor: int | None, currency: str) -> str:
    """Return an amount as an address of a list says it: whole units, "" for none."""
    return "" if minor is None else Money(minor, currency).plain


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return list(value)
    return int(value) if isinstance(value, IntEnum) else value
