"""What a list of customers is narrowed to: read from the address, shown as chips (H1)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kacang.customers import queries, tags
from kacang.customers.finding.filters import CustomerFilter, read_query, to_query
from kacang.customers.operations import ConsentWay
from kacang.customers.queries import LevelView, Sort, TagView
from kacang.shared.money import Money
from kacang.web.console.customers.forms import contact_of
from kacang.web.console.desk import Desk
from kacang.web.console.orders.choices import Choice
from kacang.web.console.orders.filters import PERIODS
from kacang.web.design.formats import mask_contact
from kacang.web.design.parts import Chip

TAIL = re.compile(r"\d{4}")
SEARCH_MAX = 254
# Nobody has such an address: what was not understood must find nobody, not everybody.
NOBODY = "-"
LABELS: dict[str, Promise] = {
    "q": _("Search"),
    "level": _("Level"),
    "tag": _("Tag"),
    "way": _("Agreed"),
    "period": _("Last order"),
    "since": _("From day"),
    "until": _("To day"),
    "least": _("Spent from"),
    "most": _("Spent to"),
    "orders": _("Orders from"),
    "upto": _("Orders to"),
    "sort": _("Sorted"),
}
WAYS: dict[str, Promise] = {
    ConsentWay.CHECKOUT: _("At the checkout"),
    ConsentWay.ACCOUNT: _("Signed in"),
    ConsentWay.STAFF: _("Told the staff"),
    ConsentWay.API: _("Told by another system"),
}
SORTS: dict[Sort, Promise] = {
    Sort.JOINED: _("Known since"),
    Sort.LAST: _("Last order"),
    Sort.SPENT: _("Spent"),
    Sort.ORDERS: _("Paid orders"),
}
_SPANS = {
    "last": (("since", "until"), _("Last order")),
    "spent": (("least", "most"), _("Spent")),
    "orders": (("orders", "upto"), _("Paid orders")),
}


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A filter, how the address says it, and what there is to choose from.

    `problem` names what made no sense and was left out.
    """

    where: CustomerFilter
    sort: Sort
    asked: Mapping[str, str]
    problem: str
    levels: Sequence[LevelView]
    tags: Sequence[TagView]

    @property
    def kept(self) -> dict[str, str]:
        """Return all that the address says, the order too."""
        order = {} if self.sort is Sort.JOINED else {"sort": str(self.sort)}
        return {**self.asked, **order}


def read_filter(query: QueryDict, desk: Desk) -> Narrowed:
    """Read the address of a list. Days are the merchant's, amounts in its book currency."""
    given = {name: str(query[name]) for name in query}
    understood = read_query(given, zone=desk.zone, currency=desk.currency)
    where = understood.where
    sort = Sort(given["sort"]) if given.get("sort") in set(Sort) else Sort.JOINED
    wanted = given.get("q", "").replace("\0", "").strip()[:SEARCH_MAX]
    asked = to_query(where, zone=desk.zone, currency=desk.currency)
    if wanted:
        where = _searched(where, wanted)
        asked = {"q": wanted, **asked}
    return Narrowed(
        where=where,
        sort=sort,
        asked=asked,
        problem=", ".join(str(LABELS[name]) for name in understood.problems),
        levels=queries.levels(merchant_id=desk.merchant_id),
        tags=tags.tags(merchant_id=desk.merchant_id),
    )


def chips_of(narrowed: Narrowed, desk: Desk) -> list[Chip]:
    """Return a chip for each part of the filter."""
    asked, kept = narrowed.asked, narrowed.kept
    spans = {name for names, _label in _SPANS.values() for name in names}
    chips = [
        Chip(LABELS[name], _value_of(name, narrowed), address_of(kept, without=(name,)))
        for name in asked
        if name not in spans
    ]
    where = narrowed.where
    values = {
        "last": " – ".join(asked.get(name, "…") for name in ("since", "until")),
        "spent": " – ".join(
            "…" if minor is None else str(Money(minor, desk.currency))
            for minor in (where.spent_min_minor, where.spent_max_minor)
        ),
        "orders": " – ".join(asked.get(name, "…") for name in ("orders", "upto")),
    }
    for key, (names, label) in _SPANS.items():
        if any(name in asked for name in names):
            chips.append(Chip(label, values[key], address_of(kept, without=names)))
    return chips


def periods_of(narrowed: Narrowed) -> list[tuple[Promise, str, bool]]:
    """Return the spans of days that move with today, their addresses, and which is chosen."""
    kept = narrowed.kept
    return [
        (word, address_of({**kept, "period": key}, without=("since", "until")),
         narrowed.asked.get("period") == key)
        for key, word in PERIODS.items()
    ]  # fmt: skip


def sorts_of(narrowed: Narrowed) -> list[tuple[Promise, str, bool]]:
    """Return the orders that a list can be in, their addresses, and which is chosen."""
    return [
        (word, address_of({**narrowed.asked, "sort": str(sort)}), sort is narrowed.sort)
        for sort, word in SORTS.items()
    ]


def choices_of(narrowed: Narrowed) -> list[Choice]:
    """Return what the filters offer to choose from."""
    options: dict[str, list[tuple[str, str | Promise]]] = {
        "level": [(one.uid, one.name) for one in narrowed.levels],
        "tag": [(one.uid, one.name) for one in narrowed.tags],
        "way": list(WAYS.items()),
    }
    return [
        Choice(name, LABELS[name], offered, narrowed.asked.get(name, ""))
        for name, offered in options.items()
        if offered
    ]


def address_of(asked: Mapping[str, str], *, without: Sequence[str] = ()) -> str:
    """Return the address of a list that is so narrowed, from its beginning."""
    query = QueryDict(mutable=True)
    for name, text in asked.items():
        if name not in without and text:
            query[name] = text
    return f"?{query.urlencode()}"


def _searched(where: CustomerFilter, wanted: str) -> CustomerFilter:
    if TAIL.fullmatch(wanted):
        return replace(where, tail=wanted)
    contact = contact_of(wanted)
    if contact is None:
        return replace(where, email=NOBODY)
    return replace(where, email=contact.email, phone=contact.phone)


def _value_of(name: str, narrowed: Narrowed) -> str | Promise:
    text = narrowed.asked[name]
    if name == "q":
        return mask_contact(text) if contact_of(text) else text
    if name == "period":
        return PERIODS.get(text, text)
    if name == "way":
        return WAYS.get(text, text)
    named = narrowed.levels if name == "level" else narrowed.tags
    return next((one.name for one in named if one.uid == text), text)
