"""A filter of orders as the query of an address, and back (O2).

Days are days of the merchant's zone, amounts whole units of its currency: what a person reads in
the address is what was typed.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from kacang.orders.finding.filters import NUMBERS_MAX, OrderFilter
from kacang.orders.models import Channel, OrderState
from kacang.shared import filters
from kacang.shared.contacts import read_contact
from kacang.shared.errors import DomainError
from kacang.shared.money import Money
from kacang.shared.periods import Period, day_text, instant_of

TAIL_DIGITS = 4
TEXT_MAX = 64
# No order has such a number: what was not understood must find nothing, not everything.
NO_NUMBER = "-"
STATES = {state.name.lower(): state for state in OrderState}
# Names of the address that are texts of the filter as they stand.
PLAIN = {
    "external": "external_number",
    "key": "api_key",
    "store": "store",
    "sku": "sku",
    "product": "product",
    "company": "provider",
    "account": "account",
    "customer": "customer",
    "level": "level",
    "exception": "exception",
    "tag": "tag",
    "rule": "rule",
}
# What the search box may look in: the names under which the address says it.
BY = ("number", "phone", "email", "external")
_NOTES = {"yes": True, "no": False}
_FIRST = {"yes": True}
_DEADLINES = {"missed": True, "met": False}


@dataclass(frozen=True, slots=True)
class Understood:
    """What an address asks for. `problems` names what in it made no sense and was left out."""

    where: OrderFilter
    problems: tuple[str, ...] = ()


def read_query(query: Mapping[str, str], *, zone: ZoneInfo, currency: str) -> Understood:
    """Read the filter of an address; the box's `by` and `q` count as the name that they stand for.

    Nothing raises: what makes no sense is named and left out; a search that makes none finds
    nothing.
    """
    asked = {name: text.strip() for name, text in query.items() if text.strip()}
    if "q" in asked:
        by = asked.get("by", "")
        asked[by if by in BY else "number"] = asked["q"]
    values: dict[str, Any] = {}
    problems = []
    for name, read in _readers(zone, currency).items():
        if name not in asked:
            continue
        try:
            values.update(read(asked[name]))
        except (DomainError, ValueError, KeyError, OverflowError):
            problems.append(name)
            if name in BY:
                values["numbers"] = (NO_NUMBER,)
    if "since" in values or "until" in values:
        values.pop("period", None)
    return Understood(OrderFilter(**values), tuple(problems))


def to_query(where: OrderFilter, *, zone: ZoneInfo, currency: str) -> dict[str, str]:
    """Return the names and texts of the address; `read_query` reads them back."""
    texts: dict[str, str | None] = {
        "state": where.state.name.lower() if where.state is not None else None,
        "number": " ".join(where.numbers),
        "email": where.email,
        "phone": where.phone or where.phone_tail,
        "period": where.period,
        "since": day_text(where.since, zone),
        "until": day_text(where.until, zone, back=True),
        "least": filters.amount_text(where.amount_min_minor, currency),
        "most": filters.amount_text(where.amount_max_minor, currency),
        "channel": where.channel,
        "note": {True: "yes", False: "no", None: None}[where.has_note],
        "first": "yes" if where.is_first else None,
        "deadline": {True: "missed", False: "met", None: None}[where.missed_deadline],
        **{name: getattr(where, field) for name, field in PLAIN.items()},
    }
    return {name: str(text) for name, text in texts.items() if text}


def split_words(text: str) -> list[str]:
    """Return what was pasted as separate words, each once."""
    return list(dict.fromkeys(part for part in re.split(r"[\s,;，；、]+", text) if part))


def _readers(zone: ZoneInfo, currency: str) -> dict[str, Callable[[str], Mapping[str, Any]]]:
    plain = {name: _text_of(field) for name, field in PLAIN.items()}
    return {
        "state": lambda text: {"state": STATES[text]},
        "number": _numbers,
        "email": lambda text: {"email": read_contact(email=text, phone="").email},
        "phone": _phone,
        "period": lambda text: {"period": Period(text)},
        "since": lambda text: {"since": instant_of(text, zone)},
        "until": lambda text: {"until": instant_of(text, zone, after=True)},
        "least": lambda text: {"amount_min_minor": Money.parse(text, currency).minor},
        "most": lambda text: {"amount_max_minor": Money.parse(text, currency).minor},
        "channel": lambda text: {"channel": Channel(text).value},
        "note": lambda text: {"has_note": _NOTES[text]},
        "first": lambda text: {"is_first": _FIRST[text]},
        "deadline": lambda text: {"missed_deadline": _DEADLINES[text]},
        **plain,
    }


def _text_of(field: str) -> Callable[[str], Mapping[str, Any]]:
    def read(text: str) -> Mapping[str, Any]:
        if len(text) > TEXT_MAX or "\0" in text:
            raise ValueError(field)
        return {field: text}

    return read


def _numbers(text: str) -> Mapping[str, Any]:
    if "\0" in text:
        raise ValueError("number")
    return {"numbers": tuple(word.upper() for word in split_words(text)[:NUMBERS_MAX])}


def _phone(text: str) -> Mapping[str, Any]:
    if text.isascii() and text.isdecimal() and len(text) == TAIL_DIGITS:
        return {"phone_tail": text}
    return {"phone": read_contact(email="", phone=text).phone}
