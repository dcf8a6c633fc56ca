"""What is done with an exception at the desk. Each view makes one call (O6)."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kacang.logistics.operations import ReasonMissing
from kacang.merchants.permissions import Role
from kacang.orders.exceptions import operations, queries
from kacang.orders.exceptions.operations import Decider
from kacang.shared.errors import DomainError
from kacang.web.console.access import needs
from kacang.web.console.desk import Desk, back, desk_of
from kacang.web.console.orders.pages import Said, show_order
from kacang.web.console.revealing import count_look, recipient_line, visible_recipient
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
            by=_decider(desk, request),
        )
        number = {"number": change.number}
        if decision == "approve":
            return _("Order %(number)s is changed.") % number
        return _("The change of order %(number)s is refused.") % number

    return _answer(request, uid, do)


@needs("orders.view", "orders.recipients")
@require_POST
def recipient(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show whom a change would send goods to, above its order; the audit row comes first."""
    desk = desk_of(request)
    change = queries.change(merchant_id=desk.merchant_id, uid=uid)
    try:
        if not _text(request, "reason"):
            raise ReasonMissing
        count_look(desk)
        number, whom = operations.show_change_recipient(
            merchant_id=desk.merchant_id, uid=uid, actor=desk.actor, reason=_text(request, "reason")
        )
    except DomainError as error:
        return show_order(request, change.number, said=Said(text_of(error), "bad"))
    # In this answer alone, and kept nowhere.
    return show_order(request, number, said=Said(recipient_line(visible_recipient(whom, desk))))


def _decider(desk: Desk, request: ConsoleRequest) -> Decider:
    role = request.membership.role
    # Who may not give money back gives none back by this way either.
    pays = role if "refunds.request" in desk.permissions else ""
    return Decider(desk.actor, role=pays, is_owner=role == Role.OWNER)


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
