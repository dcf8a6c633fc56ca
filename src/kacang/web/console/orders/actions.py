"""What may be done with one order at the desk (O3). Each view makes one call."""

import json
from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from kacang.merchants import audit
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations, queries
from kacang.orders.types import UnitState
from kacang.shared.errors import DomainError
from kacang.shared.money import Money
from kacang.web.console.access import needs
from kacang.web.console.desk import Desk, desk_of, is_over_list
from kacang.web.console.orders.pages import Opened, Said, show_order
from kacang.web.console.revealing import count_look, visible
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

CODES_PAGE = 100
TEXT_MOST = 500
REASON_MOST = 200
CARD_MOST = 60
ENTRY_DIGITS = 19

Done = Callable[[Desk, str, ConsoleRequest], str]


def text_in(request: ConsoleRequest, name: str, most: int = REASON_MOST) -> str:
    """Return what a form says in one of its fields."""
    return request.POST.get(name, "").strip()[:most]


def answer(request: ConsoleRequest, number: str, act: Done, *, stay: bool = False) -> HttpResponse:
    """Do one act and show the order as it is then; a refusal is said above it.

    `stay`: what is said is in this answer alone, and kept nowhere.
    """
    try:
        text = act(desk_of(request), number, request)
    except DomainError as error:
        return show_order(request, number, said=Said(text_of(error), "bad"), status=200)
    if stay or is_over_list(request):
        return show_order(request, number, said=Said(text))
    messages.success(request, text)
    return redirect("console_order", number)


@needs("orders.cancel")
@require_POST
def cancel(request: ConsoleRequest, number: str) -> HttpResponse:
    """Close an unpaid order; its stock becomes free."""

    def act(desk: Desk, number: str, request: ConsoleRequest) -> str:
        operations.cancel_order(
            merchant_id=desk.merchant_id,
            number=number,
            actor=desk.actor,
            reason=text_in(request, "reason"),
        )
        return _("Order %(number)s is cancelled.") % {"number": number}

    return answer(request, number, act)


@needs("orders.change_price")
@require_POST
def change_price(request: ConsoleRequest, number: str) -> HttpResponse:
    """Change what an unpaid order costs, with a reason."""

    def act(desk: Desk, number: str, request: ConsoleRequest) -> str:
        price = Money.parse(text_in(request, "price"), desk.currency)
        operations.change_price(
            merchant_id=desk.merchant_id,
            number=number,
            payable_minor=price.minor,
            reason=text_in(request, "reason"),
            actor=desk.actor,
            role=request.membership.role,
        )
        return _("The order now costs %(price)s.") % {"price": price}

    return answer(request, number, act)


@needs("orders.note")
@require_POST
def note(request: ConsoleRequest, number: str) -> HttpResponse:
    """Add a note that only staff see; for some seconds it can be taken back."""
    entries = []

    def act(desk: Desk, number: str, request: ConsoleRequest) -> str:
        entry = operations.add_note(
            merchant_id=desk.merchant_id,
            number=number,
            text=text_in(request, "text", TEXT_MOST),
            actor=desk.actor,
        )
        entries.extend([entry] if entry else [])
        return _("The note is added.")

    response = answer(request, number, act)
    if entries and is_over_list(request):
        undo = {
            "text": _("The note is added."),
            "url": reverse("console_order_note_undo", args=[number]),
            "values": {"entry": str(entries[0])},
            "target": "#drawer-in",
        }
        response.headers["HX-Trigger"] = json.dumps({"undo": undo})
    return response


@needs("orders.note")
@require_POST
def note_undo(request: ConsoleRequest, number: str) -> HttpResponse:
    """Take back one's own note, just written."""

    def act(desk: Desk, number: str, request: ConsoleRequest) -> str:
        entry = text_in(request, "entry")
        operations.withdraw_note(
            merchant_id=desk.merchant_id,
            number=number,
            entry=int(entry) if entry.isdecimal() and len(entry) < ENTRY_DIGITS else 0,
            actor=desk.actor,
        )
        return _("The note is taken back.")

    return answer(request, number, act)


@needs("orders.deliver")
@require_POST
def resend(request: ConsoleRequest, number: str) -> HttpResponse:
    """Send the buyer the mail with the codes again."""

    def act(desk: Desk, number: str, _request: ConsoleRequest) -> str:
        operations.resend(merchant_id=desk.merchant_id, number=number, actor=desk.actor)
        return _("The codes are on their way.")

    return answer(request, number, act)


@needs("orders.deliver")
@require_POST
def deliver(request: ConsoleRequest, number: str) -> HttpResponse:
    """Deliver the paid units that waited for stock."""

    def act(desk: Desk, number: str, _request: ConsoleRequest) -> str:
        before = _short(desk, number)
        operations.replenish(merchant_id=desk.merchant_id, number=number, actor=desk.actor)
        given = before - _short(desk, number)
        if not given:
            return _("There is still no stock for this order.")
        return ngettext("%(count)s unit is delivered.", "%(count)s units are delivered.", given) % {
            "count": given
        }

    return answer(request, number, act)


@needs("orders.replace")
@require_POST
def replace(request: ConsoleRequest, number: str) -> HttpResponse:
    """Give the buyer another card for a faulty one, with a reason (V3)."""

    def act(desk: Desk, number: str, request: ConsoleRequest) -> str:
        operations.replace_card(
            merchant_id=desk.merchant_id,
            card_uid=text_in(request, "card", CARD_MOST),
            actor=desk.actor,
            reason=text_in(request, "reason"),
            number=number,
        )
        return _("The card is replaced. The buyer finds the new code on the order's page.")

    return answer(request, number, act)


@needs("orders.hand_over")
@require_POST
def hand_over(request: ConsoleRequest, number: str) -> HttpResponse:
    """Say that an order's goods have left the house."""

    def act(desk: Desk, number: str, _request: ConsoleRequest) -> str:
        pieces = operations.hand_over(merchant_id=desk.merchant_id, number=number, actor=desk.actor)
        return ngettext(
            "%(count)s piece is handed over.", "%(count)s pieces are handed over.", pieces
        ) % {"count": pieces}

    return answer(request, number, act)


@needs("secrets.reveal")
@require_POST
def codes(request: ConsoleRequest, number: str) -> HttpResponse:
    """Show delivered codes to a person, who must say why; the audit row comes first (V4)."""
    desk = desk_of(request)
    reason = text_in(request, "reason")
    offset = text_in(request, "offset")
    start = int(offset) if offset.isdecimal() else 0
    if not reason:
        said = Said(_("Please say why you need to see the codes."), "bad")
        return show_order(request, number, said=said)
    count_look(desk)
    found = operations.deliveries(
        merchant_id=desk.merchant_id,
        number=number,
        actor=desk.actor,
        reason=reason,
        offset=start,
        limit=CODES_PAGE + 1,
    )
    more = start + CODES_PAGE if len(found) > CODES_PAGE else 0
    opened = Opened(codes=found[:CODES_PAGE], reason=reason, first=start + 1, next_offset=more)
    return show_order(request, number, opened=opened)


@needs("secrets.reveal")
@require_POST
def secret_form(request: ConsoleRequest, number: str) -> HttpResponse:
    """Show what the buyer answered to secret questions; the audit row comes first (rule 27)."""
    desk = desk_of(request)
    reason = text_in(request, "reason")
    if not reason:
        said = Said(_("Please say why you need to see the answers."), "bad")
        return show_order(request, number, said=said)
    count_look(desk)
    found = operations.secret_form(
        merchant_id=desk.merchant_id, number=number, actor=desk.actor, reason=reason
    )
    return show_order(request, number, opened=Opened(answers=sorted(found.items())))


@needs("orders.view", "contacts.reveal")
@require_POST
def contact(request: ConsoleRequest, number: str) -> HttpResponse:
    """Show a buyer's contact in full to a person who says why; it is written down first (I3)."""
    desk = desk_of(request)
    reason = text_in(request, "reason")
    if not reason:
        return show_order(
            request, number, said=Said(_("Please say why you need to see the contact."), "bad")
        )
    with acting_as(desk.merchant_id):
        order = queries.order(merchant_id=desk.merchant_id, number=number)
        count_look(desk)
        audit.record(
            merchant_id=desk.merchant_id,
            actor=desk.actor,
            action="orders.show_contact",
            object_kind="order",
            object_uid=number,
            reason=reason,
        )
    opened = Opened(contact=visible(order.contact, desk), reason=reason)
    response = show_order(request, number, opened=opened)
    response["Cache-Control"] = "no-store"
    return response


@needs("orders.view", "orders.assign")
@require_POST
def assign(request: ConsoleRequest, number: str) -> HttpResponse:
    """Make an order somebody's work, or nobody's."""

    def act(desk: Desk, number: str, request: ConsoleRequest) -> str:
        operations.assign_order(
            merchant_id=desk.merchant_id,
            number=number,
            member_uid=text_in(request, "member", CARD_MOST),
            actor=desk.actor,
        )
        return _("Saved.")

    return answer(request, number, act)


@needs("orders.view", "orders.assign")
@require_POST
def move_to_store(request: ConsoleRequest, number: str) -> HttpResponse:
    """Say in which store an order was bought, or that it was in none."""

    def act(desk: Desk, number: str, request: ConsoleRequest) -> str:
        operations.move_to_store(
            merchant_id=desk.merchant_id,
            number=number,
            store_uid=text_in(request, "store", CARD_MOST),
            actor=desk.actor,
        )
        return _("Saved.")

    return answer(request, number, act)


def _short(desk: Desk, number: str) -> int:
    order = queries.order(merchant_id=desk.merchant_id, number=number)
    return sum(line.units.get(UnitState.SHORT, 0) for line in order.lines)


ACTS = {
    "cancel": cancel,
    "price": change_price,
    "note": note,
    "note_undo": note_undo,
    "resend": resend,
    "deliver": deliver,
    "replace": replace,
    "hand_over": hand_over,
    "assign": assign,
    "store": move_to_store,
}
