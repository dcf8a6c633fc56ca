"""Which orders are meant: one value for lists, counts, sums, jobs and exports (O2, O4, O10)."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from kacang.orders.models import OrderState

NUMBERS_MAX = 500
ONE_DAY = timedelta(days=1)


class Period(StrEnum):
    """A span of days that moves with today, in the merchant's zone (rule 24)."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    WEEK = "7d"
    MONTH = "30d"


class Sort(StrEnum):
    """The orders in which a list is read. An index serves each of them."""

    NEWEST = "newest"
    OLDEST = "oldest"
    LARGEST = "largest"
    SMALLEST = "smallest"


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders are meant. Empty values mean: all; several together: all of them hold.

    Args:
        state: As people see it: an unpaid order past its time is cancelled (rule 1).
        numbers: At most NUMBERS_MAX order numbers.
        email, phone: The buyer's whole contact, normalised.
        phone_tail: The last four digits.
        external_number: The caller's own number, of any key.
        period: Days that move with today; none where `since` or `until` is set.
        since, until: Placed from, and before.
        amount_min_minor, amount_max_minor: To pay, both included, in minor units.
        channel: A `Channel`.
        api_key: Uid of the key that placed them.
        sku, product: Uid of what some line sells.
        provider: The payment company that they were paid through.
        exception: Why they are on hold, or "any".
        tag: Uid of a tag.
        has_note: With, or without a note.
        last_id: None that came after this one: how a job's selection stands still. Not for people.
    """

    state: OrderState | None = None
    numbers: tuple[str, ...] = ()
    email: str = ""
    phone: str = ""
    phone_tail: str = ""
    external_number: str = ""
    period: Period | None = None
    since: datetime | None = None
    until: datetime | None = None
    amount_min_minor: int | None = None
    amount_max_minor: int | None = None
    channel: str = ""
    api_key: str = ""
    sku: str = ""
    product: str = ""
    provider: str = ""
    exception: str = ""
    tag: str = ""
    has_note: bool | None = None
    last_id: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether every order is meant."""
        return self == OrderFilter()

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the state is asked for."""
        return replace(self, state=None) != OrderFilter()

    def at(self, now: datetime, zone: ZoneInfo) -> "OrderFilter":
        """Return it with the moving days put in as instants."""
        if self.period is None:
            return self
        since, until = span_of(self.period, now, zone)
        return replace(self, period=None, since=since, until=until)

    def stored(self) -> dict[str, Any]:
        """Return it as JSON: only what narrows. `from_stored` reads it."""
        return {
            field.name: _plain(value)
            for field in fields(self)
            if (value := getattr(self, field.name)) not in (None, "", ())
        }


def from_stored(given: Mapping[str, Any]) -> OrderFilter:
    """Undo `OrderFilter.stored`; names that are no more are left out."""
    known = {field.name for field in fields(OrderFilter)}
    values = {name: value for name, value in given.items() if name in known}
    for name in ("since", "until"):
        if name in values:
            values[name] = datetime.fromisoformat(values[name])
    if "state" in values:
        values["state"] = OrderState(values["state"])
    if "period" in values:
        values["period"] = Period(values["period"])
    if "numbers" in values:
        values["numbers"] = tuple(values["numbers"])
    return OrderFilter(**values)


def span_of(
    period: Period, now: datetime, zone: ZoneInfo
) -> tuple[datetime | None, datetime | None]:
    """Return the instants between which a period lies; the last days are open at the end."""
    today = now.astimezone(zone).date()
    if period is Period.YESTERDAY:
        return midnight(today - ONE_DAY, zone), midnight(today, zone)
    days = {Period.TODAY: 1, Period.WEEK: 7, Period.MONTH: 30}[period]
    return midnight(today - (days - 1) * ONE_DAY, zone), None


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return when a day begins."""
    return datetime.combine(day, time.min, tzinfo=zone)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return list(value)
    return int(value) if isinstance(value, OrderState) else value
