"""What is done with an exception at the desk. Each view makes one call (O6)."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kacang.merchants.permissions import Role
from kacang.orders.exceptions import operations
from kacang.shared.errors import DomainError
from kacang.web.console.access import needs
from kacang.web.console.desk import Desk, back, desk_of
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

WORDS_MOST = 300
Act = Callable[[Desk, str, ConsoleRequest], str]


def _claim(desk: Desk, uid: str, _request: ConsoleRequest) -> str:
    number = operations.claim(merchant_id=desk.merchant_id, uid=uid, actor=desk.actor)
    return _("Order %(number)s is yours to look after.") % {"number": number}


def _give_back(desk: Desk, uid: str, _request: ConsoleRequest) -> str:
    number = operations.give_back(merchant_id=desk.merchant_id, uid=uid, actor=desk.actor)
    return _("Order %(number)s is everybody's again.") % {"number": number}


def _assign(desk: Desk, uid: str, request: ConsoleRequest) -> str:
    person = operations.assign(
        merchant_id=desk.merchant_id,
        uid=uid,
        member_uid=_text(request, "member"),
        words=_text(request, "text"),
        actor=desk.actor,
    )
    return _("Handed to %(name)s.") % {"name": person.name or person.email}


def _resolve(desk: Desk, uid: str, request: ConsoleRequest) -> str:
    number = operations.resolve(
        merchant_id=desk.merchant_id, uid=uid, words=_text(request, "text"), actor=desk.actor
    )
    return _("The exception of order %(number)s is closed.") % {"number": number}


@needs("orders.exceptions")
@require_POST
def act(request: ConsoleRequest, uid: str, deed: str) -> HttpResponse:
    """Look after an exception, hand it on, or end it; then go back to where it was seen."""
    return _answer(request, uid, DEEDS[deed])


@needs("orders.approve_changes")
@require_POST
def decide(request: ConsoleRequest, uid: str, decision: str) -> HttpResponse:
    """Approve a change of an order, or refuse it."""

    def do(desk: Desk, uid: str, request: ConsoleRequest) -> str:
        change = operations.decide_change(
            merchant_id=desk.merchant_id,
            uid=uid,
            approves=decision == "approve",
            words=_text(request, "text"),
            actor=desk.actor,
            is_owner=request.membership.role == Role.OWNER,
        )
        number = {"number": change.number}
        if decision == "approve":
            return _("Order %(number)s is changed.") % number
        return _("The change of order %(number)s is refused.") % number

    return _answer(request, uid, do)


DEEDS: dict[str, Act] = {
    "claim": _claim,
    "give_back": _give_back,
    "assign": _assign,
    "resolve": _resolve,
}


def _answer(request: ConsoleRequest, uid: str, do: Act) -> HttpResponse:
    try:
        text = do(desk_of(request), uid, request)
    except DomainError as error:
        messages.error(request, text_of(error))
    else:
        messages.success(request, text)
    return back(request, "console_exceptions")


def _text(request: ConsoleRequest, name: str) -> str:
    return request.POST.get(name, "").replace("\0", "").strip()[:WORDS_MOST]
