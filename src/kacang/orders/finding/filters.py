"""Which orders are meant: one value for lists, counts, sums, jobs and exports (O2, O4, O10)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from kacang.orders.models import OrderState
from kacang.shared import filters
from kacang.shared.periods import Period

NUMBERS_MAX = 500


class Sort(StrEnum):
    """The orders in which a list is read. An index serves each of them."""

    NEWEST = "newest"
    OLDEST = "oldest"
    LARGEST = "largest"
    SMALLEST = "smallest"
    # Of what is worked on and has a priority: by it, then the oldest (O9).
    FIRST = "first"


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
        store: Uid of the store that they were bought in.
        sku, product: Uid of what some line sells.
        provider: The payment company that they were paid through.
        account: Uid of the account with it.
        customer: Uid of the customer whose orders they are.
        level: Uid of the level that the order's customer has now.
        exception: Why they are on hold, or "any".
        tag: Uid of a tag.
        has_note: With, or without a note.
        rule: Uid of a rule of review that had a part in them.
        is_first: Those with a priority.
        missed_deadline: Whether some stage of it missed its deadline, or none has.
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
    store: str = ""
    sku: str = ""
    product: str = ""
    provider: str = ""
    account: str = ""
    customer: str = ""
    level: str = ""
    exception: str = ""
    tag: str = ""
    has_note: bool | None = None
    rule: str = ""
    is_first: bool | None = None
    missed_deadline: bool | None = None
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
        return filters.at(self, now, zone)

    def stored(self) -> dict[str, Any]:
        """Return it as JSON: only what narrows. `from_stored` reads it."""
        return filters.stored(self)


def from_stored(given: Mapping[str, Any]) -> OrderFilter:
    """Undo `OrderFilter.stored`; names that are no more are left out."""
    return filters.read_stored(OrderFilter, given, state=OrderState, numbers=tuple)
