"""Which orders of the list are meant, and asking before something is done with them (O4, O10, D5).

Batches, exports and packing slips begin alike: the list says which orders, a page asks what is
wanted, and its form, sent with `go`, starts a job.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect

from kacang.orders.finding.addresses import read_query
from kacang.orders.finding.filters import NUMBERS_MAX, OrderFilter
from kacang.shared.errors import DomainError, Invalid
from kacang.web.console.desk import Desk, token_of
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

# What a form of the list carries beside its filter.
_OWN = frozenset(
    {
        "csrfmiddlewaretoken", "all", "pick", "act", "text", "go", "columns", "kind", "mark",
        "token", "how", "shown", "undo",
    }
)  # fmt: skip
NUMBER_MOST = 20


class NothingPicked(Invalid):
    """No orders are selected."""

    code = "orders.nothing_picked"


class TooManyPicked(Invalid):
    """More orders are selected one by one than a form takes."""

    code = "orders.too_many_picked"


@dataclass(frozen=True, slots=True)
class Choice:
    """The orders that are meant, and the fields that say so again in the next form.

    `token` is the form's own: sent twice, it starts one job.
    """

    where: OrderFilter
    fields: tuple[tuple[str, str], ...]
    is_all: bool
    token: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page asks about, and why it was refused, where it was."""

    choice: Choice
    problem: str = ""

    @property
    def status(self) -> int:
        """The page's HTTP status."""
        return 422 if self.problem else 200


def chosen(
    request: ConsoleRequest, desk: Desk, start: Callable[[Choice], tuple[str, str]]
) -> Asked | HttpResponse:
    """Return what to ask about; or send on, to the job that was started or back to the list.

    `start` is called when the form is sent with `go`: it returns the name of the job's page and
    its uid, or raises a DomainError, which the page says.
    """
    try:
        choice = choice_made(request.POST, desk)
    except DomainError as error:
        messages.error(request, text_of(error))
        return redirect("console_orders")
    if not request.POST.get("go"):
        return Asked(choice)
    try:
        return redirect(*start(choice))
    except DomainError as error:
        return Asked(choice, str(text_of(error)))


def choice_made(form: QueryDict, desk: Desk) -> Choice:
    """Return what a form of the list chose.

    Raises:
        NothingPicked: No order, or a filter that makes no sense: "all that match" would be all.
        TooManyPicked: More orders than a form names one by one.
    """
    token = token_of(form) or secrets.token_urlsafe(16)
    if form.get("all"):
        asked = {name: field_of(form, name) for name in form if name not in _OWN}
        asked = {name: text for name, text in asked.items() if text}
        read = read_query(asked, zone=desk.zone, currency=desk.currency)
        if read.problems:
            raise NothingPicked
        return Choice(read.where, (("all", "1"), *asked.items()), is_all=True, token=token)
    numbers = tuple(dict.fromkeys(str(text)[:NUMBER_MOST] for text in form.getlist("pick")))
    if not numbers:
        raise NothingPicked
    if len(numbers) > NUMBERS_MAX:
        raise TooManyPicked(most=NUMBERS_MAX)
    fields = tuple(("pick", number) for number in numbers)
    return Choice(OrderFilter(numbers=numbers), fields, is_all=False, token=token)


def field_of(form: QueryDict, name: str) -> str:
    """Return what a field of a form says."""
    value = form.get(name, "")
    return value if isinstance(value, str) else ""
