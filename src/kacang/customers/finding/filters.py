"""Which customers are meant: one value for the list, its count, jobs and exports (H1).

The address of a list says it in words; days are the merchant's, amounts whole units.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from kacang.customers.models import ConsentWay
from kacang.shared import filters
from kacang.shared.errors import DomainError
from kacang.shared.money import Money
from kacang.shared.periods import Period, day_text, instant_of

TEXT_MAX = 32
NUMBER_MAX = 2_000_000_000
# Customers that a form names one by one.
PICKED_MAX = 500


class Sort(StrEnum):
    """By what a list is ordered: the newest or greatest first."""

    JOINED = "joined"
    LAST = "last"
    SPENT = "spent"
    ORDERS = "orders"


@dataclass(frozen=True, slots=True)
class CustomerFilter:
    """Which customers are meant. Empty values mean: all; several together: all of them hold.

    Args:
        uids: These.
        email, phone, tail: Who has this address, or a number that ends in these four digits.
        level, tag: Uids.
        way: How they agreed last.
        spent_min_minor, spent_max_minor: Both included, in the book currency.
        orders_min, orders_max: Paid orders, both included.
        period: Days of the last order that move with today; none where `since` or `until` is set.
        since, until: The last order from, and before; who never ordered is in neither.
    """

    uids: tuple[str, ...] = ()
    email: str = ""
    phone: str = ""
    tail: str = ""
    level: str = ""
    tag: str = ""
    way: str = ""
    spent_min_minor: int | None = None
    spent_max_minor: int | None = None
    orders_min: int | None = None
    orders_max: int | None = None
    period: Period | None = None
    since: datetime | None = None
    until: datetime | None = None

    def at(self, now: datetime, zone: ZoneInfo) -> "CustomerFilter":
        """Return it with the moving days put in as instants."""
        return filters.at(self, now, zone)

    def stored(self) -> dict[str, Any]:
        """Return it as JSON: only what narrows. `from_stored` reads it."""
        return filters.stored(self)


def from_stored(given: Mapping[str, Any]) -> CustomerFilter:
    """Undo `CustomerFilter.stored`; names that are no more are left out."""
    return filters.read_stored(CustomerFilter, given, uids=tuple)


@dataclass(frozen=True, slots=True)
class Understood:
    """What an address asks for. `problems` names what in it made no sense and was left out."""

    where: CustomerFilter
    problems: tuple[str, ...] = ()


def read_query(query: Mapping[str, str], *, zone: ZoneInfo, currency: str) -> Understood:
    """Read the filter of an address, but whom it searches for: addresses are the faces' to read."""
    asked = {name: text.strip() for name, text in query.items() if text.strip()}
    values: dict[str, Any] = {}
    problems = []
    for name, (field, read) in _readers(zone, currency).items():
        if name not in asked:
            continue
        try:
            values[field] = read(asked[name])
        except (DomainError, ValueError, KeyError, OverflowError):
            problems.append(name)
    if "since" in values or "until" in values:
        values.pop("period", None)
    return Understood(CustomerFilter(**values), tuple(problems))


def to_query(where: CustomerFilter, *, zone: ZoneInfo, currency: str) -> dict[str, str]:
    """Return the names and texts of the address; `read_query` reads them back."""
    texts: dict[str, str | None] = {
        "level": where.level,
        "tag": where.tag,
        "way": where.way,
        "period": where.period,
        "since": day_text(where.since, zone),
        "until": day_text(where.until, zone, back=True),
        "least": filters.amount_text(where.spent_min_minor, currency),
        "most": filters.amount_text(where.spent_max_minor, currency),
        "orders": None if where.orders_min is None else str(where.orders_min),
        "upto": None if where.orders_max is None else str(where.orders_max),
    }
    return {name: str(text) for name, text in texts.items() if text}


def _readers(zone: ZoneInfo, currency: str) -> dict[str, tuple[str, Callable[[str], Any]]]:
    return {
        "level": ("level", _text),
        "tag": ("tag", _text),
        "way": ("way", lambda text: ConsentWay(text).value),
        "period": ("period", Period),
        "since": ("since", lambda text: instant_of(text, zone)),
        "until": ("until", lambda text: instant_of(text, zone, after=True)),
        "least": ("spent_min_minor", lambda text: Money.parse(text, currency).minor),
        "most": ("spent_max_minor", lambda text: Money.parse(text, currency).minor),
        "orders": ("orders_min", _number),
        "upto": ("orders_max", _number),
    }


def _text(text: str) -> str:
    if len(text) > TEXT_MAX or "\0" in text:
        raise ValueError(text)
    return text


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(NUMBER_MAX))):
        raise ValueError(text)
    return min(int(text), NUMBER_MAX)
