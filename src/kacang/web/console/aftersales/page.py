"""One case at the desk: order, cards, evidence, what was said, former cases, what to do (X1)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from kacang.aftersales import operations, queries
from kacang.aftersales.queries import CaseView, Decision
from kacang.aftersales.rules import TEXT_MAX
from kacang.aftersales.types import CaseEvent, Place
from kacang.catalog.queries import ProductKind
from kacang.merchants import queries as merchants
from kacang.orders import queries as orders
from kacang.orders.types import OrderView
from kacang.payments.refunding import refund_lists
from kacang.shared.contacts import Contact
from kacang.shared.errors import DomainError
from kacang.vault.queries import UnitCard
from kacang.web.case_words import KINDS, decision_words
from kacang.web.console.access import needs
from kacang.web.console.aftersales.queue import rows_of
from kacang.web.console.desk import Desk, desk_of
from kacang.web.console.orders.words import actor_of
from kacang.web.console.refunds.queue import rows_of as refund_rows
from kacang.web.console.revealing import count_look, visible
from kacang.web.design.parts import Event
from kacang.web.errors import text_of
from kacang.web.evidence import evidence_answer
from kacang.web.requests import ConsoleRequest
from kacang.web.templatetags.kacang import in_language

EVENTS: dict[CaseEvent, Promise] = {
    CaseEvent.OPENED: gettext_lazy("The buyer opened the case"),
    CaseEvent.TAKEN: gettext_lazy("Taken"),
    CaseEvent.ANSWERED: gettext_lazy("Answered"),
    CaseEvent.BUYER_WROTE: gettext_lazy("The buyer wrote"),
    CaseEvent.DECIDED: gettext_lazy("Decided"),
    CaseEvent.CLOSED: gettext_lazy("The buyer closed the case"),
    CaseEvent.CLOSED_SILENT: gettext_lazy("Closed: the buyer said nothing more"),
    CaseEvent.REOPENED: gettext_lazy("The buyer opened it again"),
    CaseEvent.REMINDED: gettext_lazy("The staff was reminded"),
    CaseEvent.ESCALATED: gettext_lazy("Late: the staff was told once more"),
    CaseEvent.RATED: gettext_lazy("The buyer gave a rating"),
    CaseEvent.CONTACT_SHOWN: gettext_lazy("The buyer's contact was looked at"),
    CaseEvent.REFUND_REFUSED: gettext_lazy("The refund was not approved"),
    CaseEvent.BOT_ANSWERED: gettext_lazy("Answered automatically, from how the order stands"),
    CaseEvent.PERSON_ASKED: gettext_lazy("The buyer wants a person: the answer did not help"),
}
TONES = {CaseEvent.DECIDED: "ok", CaseEvent.ESCALATED: "bad", CaseEvent.REFUND_REFUSED: "bad"}
DECISIONS: dict[str, tuple[Decision, Promise, str, frozenset[str]]] = {
    "refund": (
        Decision.REFUND, gettext_lazy("Give money back"), "receipt-refund",
        frozenset({"refunds.request"}),
    ),
    "replace": (
        Decision.REPLACE, gettext_lazy("Give another card"), "repeat",
        frozenset({"orders.replace"}),
    ),
    "repair": (
        Decision.REPAIR, gettext_lazy("Correct the code"), "pencil",
        frozenset({"orders.replace"}),
    ),
    "reship": (Decision.RESHIP, gettext_lazy("Send the goods again"), "package", frozenset()),
    "reject": (Decision.REJECT, gettext_lazy("Reject"), "ban", frozenset()),
}  # fmt: skip
# So many codes are typed on one page; more are replaced, or come in as a file.
REPAIR_MAX = 20
Acted = Callable[[ConsoleRequest, Desk, str], str]


@dataclass(frozen=True, slots=True)
class Choice:
    """A decision that fits the case and the person."""

    name: str
    label: Promise
    icon: str


@needs("cases.view")
def case(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show a case."""
    return show_case(request, uid)


@needs("cases.view", "contacts.reveal")
@require_POST
def contact(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show the buyer's contact in full, once; the log has it first."""
    desk = desk_of(request)
    queries.case(merchant_id=desk.merchant_id, uid=uid)
    count_look(desk)
    found = operations.show_contact(merchant_id=desk.merchant_id, uid=uid, actor=desk.actor)
    response = show_case(request, uid, contact=visible(found, desk))
    response["Cache-Control"] = "no-store"
    return response


@needs("cases.view")
def evidence(request: ConsoleRequest, uid: str, file: str) -> HttpResponse:
    """Give a picture, or a video to be saved."""
    view, body = operations.read_evidence(
        merchant_id=desk_of(request).merchant_id, case_uid=uid, uid=file
    )
    return evidence_answer(view.kind, view.content_type, view.uid, body)


def _take(_request: ConsoleRequest, desk: Desk, uid: str) -> str:
    operations.take(
        merchant_id=desk.merchant_id, uid=uid, actor=desk.actor, owner_uid=desk.member_uid
    )
    return _("The case is yours.")


def _answer(request: ConsoleRequest, desk: Desk, uid: str) -> str:
    waits = request.POST.get("then") == "wait"
    operations.answer(
        merchant_id=desk.merchant_id,
        uid=uid,
        text=request.POST.get("text", ""),
        waits=waits,
        actor=desk.actor,
        owner_uid=desk.member_uid,
    )
    return _("Sent. The case waits for the buyer.") if waits else _("Sent.")


DEEDS: dict[str, Acted] = {"take": _take, "answer": _answer}


@needs("cases.answer")
@require_POST
def act(request: ConsoleRequest, uid: str, deed: str) -> HttpResponse:
    """Take a case, or answer in it."""
    try:
        said = DEEDS[deed](request, desk_of(request), uid)
    except DomainError as error:
        typed = request.POST.get("text", "")[:TEXT_MAX]
        return show_case(request, uid, problem=text_of(error), typed=typed, status=409)
    messages.success(request, said)
    return redirect("console_case", uid)


def _may_look(contact: Contact, desk: Desk) -> bool:
    return "contacts.reveal" in desk.permissions and not visible(contact, desk).is_empty


def show_case(
    request: ConsoleRequest,
    uid: str,
    *,
    contact: Contact | None = None,
    problem: str = "",
    typed: str = "",
    status: int = 200,
) -> HttpResponse:
    """Answer with a case as it stands now, and what an act came to."""
    desk = desk_of(request)
    found = queries.case(merchant_id=desk.merchant_id, uid=uid)
    order = orders.order_by_id(merchant_id=desk.merchant_id, order_id=found.row.order_id)
    cards = queries.cards(merchant_id=desk.merchant_id, uid=uid)
    refunds = refund_lists.refunds_of_order(merchant_id=desk.merchant_id, order_id=order.id)
    former = queries.former_cases(merchant_id=desk.merchant_id, uid=uid)
    is_open = found.row.state in queries.OPEN
    context = {
        "case": found,
        "row": found.row,
        "kind": KINDS[found.row.kind],
        "decision": decision_words(found.row),
        "order": order,
        "units": _units(order, found.places, cards),
        "contact": contact,
        "can_show_contact": _may_look(order.contact, desk),
        "former": rows_of(desk.merchant_id, former),
        "refund_rows": refund_rows(refunds, order.number, desk),
        "events": events_of(found),
        "problem": problem,
        "typed": typed or _chosen_reply(request, desk, order),
        "replies": queries.replies(merchant_id=desk.merchant_id),
        "text_max": TEXT_MAX,
        "is_open": is_open,
        "is_mine": found.row.owner_uid == desk.member_uid,
        "can_answer": is_open and "cases.answer" in desk.permissions,
        "choices": choices(found, order, cards, desk) if is_open else (),
        "can_see_orders": "orders.view" in desk.permissions,
        "can_see_stock": "stock.view" in desk.permissions,
        "can_edit_replies": "cases.replies" in desk.permissions,
    }
    response = render(request, "console/aftersales/case.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


def choices(
    found: CaseView, order: OrderView, cards: Sequence[UnitCard], desk: Desk
) -> list[Choice]:
    """Return the decisions that fit what the case is about, and that this person may take."""
    if "cases.decide" not in desk.permissions:
        return []
    lines = {line_id for line_id, _unit in found.places}
    goods = {line.id for line in order.lines if line.kind == ProductKind.GOODS}
    fits = {
        Decision.REFUND: order.refunded.minor < order.payable.minor,
        Decision.REPLACE: bool(cards) and not any(card.is_loop for card in cards),
        Decision.REPAIR: can_repair(order, cards),
        Decision.RESHIP: lines <= goods and order.delivered_at is not None,
        Decision.REJECT: True,
    }
    return [
        Choice(name, label, icon)
        for name, (decision, label, icon, wanted) in DECISIONS.items()
        if fits[decision] and wanted <= desk.permissions
    ]


def can_repair(order: OrderView, cards: Sequence[UnitCard]) -> bool:
    """Whether the codes of these cards can be typed anew: a supplier's codes, and not many."""
    claims = {line.id for line in order.lines if line.has_claims}
    return 0 < len(cards) <= REPAIR_MAX and not any(
        card.is_loop or card.line_id in claims for card in cards
    )


def events_of(found: CaseView) -> list[Event]:
    """Return the log of a case, the newest first."""
    return [
        Event(
            text=_said(entry.event, entry.detail),
            at=entry.at,
            by=actor_of(entry.actor_kind, entry.actor_label),
            now=index == 0,
            tone=TONES.get(entry.event, ""),
        )
        for index, entry in enumerate(reversed(found.entries))
    ]


def _said(event: CaseEvent, detail: dict[str, object]) -> str:
    words = str(EVENTS[event])
    if event is CaseEvent.DECIDED:
        known = DECISIONS.get(str(detail.get("decision")))
        more = f"{known[1]} · {detail.get('reason', '')}" if known else ""
        return f"{words}: {more}" if more else words
    if event is CaseEvent.RATED:
        return f"{words}: {detail.get('stars')}/5"
    if event is CaseEvent.TAKEN and detail.get("from"):
        return f"{words} · {detail['from']}"
    return words


def _units(
    order: OrderView, places: Sequence[Place], cards: Sequence[UnitCard]
) -> list[dict[str, object]]:
    lines = {line.id: line for line in order.lines}
    by_place = {(card.line_id, card.unit_no): card for card in cards}
    return [
        {"line": lines[line_id], "number": unit_no, "card": by_place.get((line_id, unit_no))}
        for line_id, unit_no in places
        if line_id in lines
    ]


def _chosen_reply(request: ConsoleRequest, desk: Desk, order: OrderView) -> str:
    """Return the quick reply that the address names, filled in, in the order's language."""
    wanted = request.GET.get("reply", "")
    if not wanted:
        return ""
    info = merchants.merchant(merchant_id=desk.merchant_id)
    hours = merchants.setting(merchant_id=desk.merchant_id, name="case_decide_hours")
    shop = str(merchants.setting(merchant_id=desk.merchant_id, name="shop_name")) or info.name
    values = {
        "order": order.number,
        "product": in_language(order.lines[0].title),
        "shop": shop,
        "hours": str(hours),
    }
    for reply in queries.replies(merchant_id=desk.merchant_id):
        if reply.uid == wanted:
            return reply.filled(order.language, values)
    return ""
