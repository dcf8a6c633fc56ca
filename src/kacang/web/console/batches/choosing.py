"""Which orders of the list are meant: those that were picked, or all that match its filter."""

from dataclasses import dataclass

from django.http import QueryDict

from kacang.orders.finding.addresses import read_query
from kacang.orders.finding.filters import NUMBERS_MAX, OrderFilter
from kacang.web.console.desk import Desk

# What a form of the list carries beside its filter.
_OWN = frozenset({"csrfmiddlewaretoken", "all", "pick", "act", "text", "go", "columns", "kind"})


@dataclass(frozen=True, slots=True)
class Choice:
    """The orders that are meant, and the fields that say so again in the next form."""

    where: OrderFilter
    fields: tuple[tuple[str, str], ...]
    is_all: bool
    # What of the filter made no sense: then nothing may be done with "all that match".
    problems: tuple[str, ...] = ()


def choice_of(form: QueryDict, desk: Desk) -> Choice | None:
    """Return what a form of the list chose; None: nothing."""
    if form.get("all"):
        asked = {name: text_of(form, name) for name in form if name not in _OWN}
        asked = {name: text for name, text in asked.items() if text}
        read = read_query(asked, zone=desk.zone, currency=desk.currency)
        fields = (("all", "1"), *asked.items())
        return Choice(read.where, fields, is_all=True, problems=read.problems)
    picked = dict.fromkeys(str(text)[:20] for text in form.getlist("pick"))
    numbers = tuple(picked)[:NUMBERS_MAX]
    if not numbers:
        return None
    return Choice(
        OrderFilter(numbers=numbers), tuple(("pick", number) for number in numbers), is_all=False
    )


def text_of(form: QueryDict, name: str) -> str:
    """Return what a field of a form says."""
    value = form.get(name, "")
    return value if isinstance(value, str) else ""
