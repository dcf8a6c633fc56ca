"""Which payments are meant: one value for the list, its count and exports (P2, O10)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from kacang.payments.models import PaymentState
from kacang.shared import filters
from kacang.shared.errors import DomainError
from kacang.shared.money import Money
from kacang.shared.periods import Period, day_text, instant_of

TEXT_MAX = 32
STATES = {state.name.lower(): state for state in PaymentState}
# No payment has such a number: what was not understood must find nothing, not everything.
NO_NUMBER = "-"


@dataclass(frozen=True, slots=True)
class PaymentFilter:
    """Which payments are meant. Empty values mean: all; several together: all of them hold.

    Args:
        state: What became of them.
        number: Our number of one of them.
        account: Uid of the account that they were begun at.
        provider: The company.
        period: Days that move with today; none where `since` or `until` is set.
        since, until: Begun from, and before.
        amount_min_minor, amount_max_minor: Both included, in minor units of `currency`.
        currency: What the amounts are in: payments in another one are not meant.
    """

    state: PaymentState | None = None
    number: str = ""
    account: str = ""
    provider: str = ""
    period: Period | None = None
    since: datetime | None = None
    until: datetime | None = None
    amount_min_minor: int | None = None
    amount_max_minor: int | None = None
    currency: str = ""

    @property
    def is_by_amount(self) -> bool:
        """Whether the list is read by amount, the greatest first: nothing else narrows it."""
        return self.has_amount and not (
            self.state is not None or self.number or self.account or self.provider
            or self.since or self.until
        )  # fmt: skip

    @property
    def has_amount(self) -> bool:
        """Whether amounts are asked for."""
        return self.amount_min_minor is not None or self.amount_max_minor is not None

    def at(self, now: datetime, zone: ZoneInfo) -> "PaymentFilter":
        """Return it with the moving days put in as instants."""
        return filters.at(self, now, zone)

    def stored(self) -> dict[str, Any]:
        """Return it as JSON: only what narrows. `from_stored` reads it."""
        return filters.stored(self)


def from_stored(given: Mapping[str, Any]) -> PaymentFilter:
    """Undo `PaymentFilter.stored`; names that are no more are left out."""
    return filters.read_stored(PaymentFilter, given, state=PaymentState)


@dataclass(frozen=True, slots=True)
class Understood:
    """What an address asks for. `problems` names what in it made no sense and was left out."""

    where: PaymentFilter
    problems: tuple[str, ...] = ()


def read_query(query: Mapping[str, str], *, zone: ZoneInfo, currency: str) -> Understood:
    """Read the filter of an address. Days are the zone's, amounts whole units of `currency`.

    Nothing raises: what makes no sense is named and left out; a number that makes none finds
    nothing.
    """
    asked = {name: text.strip() for name, text in query.items() if text.strip()}
    if "q" in asked:
        asked["number"] = asked.pop("q")
    values: dict[str, Any] = {}
    problems = []
    for name, (field, read) in _readers(zone, currency).items():
        if name not in asked:
            continue
        try:
            values[field] = read(asked[name])
        except (DomainError, ValueError, KeyError, OverflowError):
            problems.append(name)
            if name == "number":
                values["number"] = NO_NUMBER
    if "since" in values or "until" in values:
        values.pop("period", None)
    where = PaymentFilter(**values)
    return Understood(replace(where, currency=currency) if where.has_amount else where,
                      tuple(problems))  # fmt: skip


def to_query(where: PaymentFilter, *, zone: ZoneInfo) -> dict[str, str]:
    """Return the names and texts of the address; `read_query` reads them back."""
    texts: dict[str, str | None] = {
        "state": where.state.name.lower() if where.state is not None else None,
        "number": where.number,
        "account": where.account,
        "company": where.provider,
        "period": where.period,
        "since": day_text(where.since, zone),
        "until": day_text(where.until, zone, back=True),
        "least": filters.amount_text(where.amount_min_minor, where.currency),
        "most": filters.amount_text(where.amount_max_minor, where.currency),
    }
    return {name: str(text) for name, text in texts.items() if text}


def _readers(zone: ZoneInfo, currency: str) -> dict[str, tuple[str, Callable[[str], Any]]]:
    return {
        "state": ("state", STATES.__getitem__),
        "number": ("number", _text),
        "account": ("account", _text),
        "company": ("provider", _text),
        "period": ("period", Period),
        "since": ("since", lambda text: instant_of(text, zone)),
        "until": ("until", lambda text: instant_of(text, zone, after=True)),
        "least": ("amount_min_minor", lambda text: Money.parse(text, currency).minor),
        "most": ("amount_max_minor", lambda text: Money.parse(text, currency).minor),
    }


def _text(text: str) -> str:
    if len(text) > TEXT_MAX or "\0" in text:
        raise ValueError(text)
    return text
