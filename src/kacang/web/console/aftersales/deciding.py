"""Deciding a case at the desk: first what, then a look at what it will do, then done (X1)."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from kacang.aftersales import operations, queries
from kacang.aftersales.queries import CaseView, Decision
from kacang.aftersales.types import Verdict
from kacang.orders import queries as orders
from kacang.orders.refunding.queries import refundable_order
from kacang.orders.shipping.operations import ParcelWish
from kacang.orders.types import OrderView
from kacang.shared.errors import DomainError
from kacang.shared.money import Money
from kacang.vault.queries import UnitCard
from kacang.web.case_words import KINDS, decision_words
from kacang.web.console.access import Denied, needs
from kacang.web.console.aftersales.forms import WAYS, ReasonForm, RefundForm, ReshipForm
from kacang.web.console.aftersales.page import DECISIONS, choices
from kacang.web.console.aftersales.repairing import RepairForm
from kacang.web.console.desk import desk_of
from kacang.web.errors import status_of, text_of
from kacang.web.requests import ConsoleRequest
from kacang.web.templatetags.kacang import in_language


@needs("cases.decide")
def decide(request: ConsoleRequest, uid: str, decision: str) -> HttpResponse:
    """Ask what is to be done, show what it comes to, and do it."""
    if decision not in DECISIONS:
        raise Http404
    desk = desk_of(request)
    found = queries.case(merchant_id=desk.merchant_id, uid=uid)
    wanted = DECISIONS[decision][3] - desk.permissions
    if wanted:
        raise Denied(permission=min(wanted))
    order = orders.order_by_id(merchant_id=desk.merchant_id, order_id=found.row.order_id)
    cards = queries.cards(merchant_id=desk.merchant_id, uid=uid)
    form = _form(request, found, order, cards, decision)
    offered = {choice.name for choice in choices(found, order, cards, desk)}
    context = {"case": found, "order": order, "name": decision, "form": form,
               "cards": cards}  # fmt: skip
    if found.row.state not in queries.OPEN or decision not in offered:
        return _page(request, {**context, "gone": True}, 409 if request.POST else 200)
    if request.method != "POST" or request.POST.get("step") == "edit":
        return _page(request, context, 200)
    if not form.is_valid():
        return _page(request, context, 422)
    if request.POST.get("step") != "do":
        return _page(request, {**context, "sure": form.cleaned_data}, 200)
    try:
        operations.decide(
            merchant_id=desk.merchant_id,
            uid=uid,
            verdict=_verdict(decision, form.cleaned_data),
            actor=desk.actor,
            role=request.membership.role,
            owner_uid=desk.member_uid,
        )
    except DomainError as error:
        form.add_error(None, text_of(error))
        return _page(request, context, status_of(error))
    row = queries.case(merchant_id=desk.merchant_id, uid=uid).row
    done = in_language(decision_words(row))
    messages.success(request, _("Decided: %(what)s. The buyer is told.") % {"what": done})
    return redirect("console_case", uid)


def _form(
    request: ConsoleRequest,
    found: CaseView,
    order: OrderView,
    cards: Sequence[UnitCard],
    decision: str,
) -> ReasonForm:
    data = request.POST if request.method == "POST" else None
    if decision == "repair":
        return RepairForm(data, cards=cards)
    if decision == "reship":
        return ReshipForm(data)
    if decision != "refund":
        return ReasonForm(data)
    can = refundable_order(merchant_id=request.merchant, number=order.number)
    worth = {(unit.line_id, unit.unit_no): unit.worth.minor for unit in can.units}
    minor = sum(worth.get(place, 0) for place in found.places)
    first = Money(min(minor, can.left.minor), can.left.currency)
    ways = [name for name, is_so in (("origin", can.by_company), ("by_hand", True)) if is_so]
    initial = {"amount": first.plain, "way": ways[0], "take_back": True}
    return RefundForm(data, can=can, initial=initial)


def _verdict(name: str, said: dict[str, Any]) -> Verdict:
    return Verdict(
        decision=DECISIONS[name][0],
        reason=said["reason"],
        amount=said.get("amount"),
        take_back=bool(said.get("take_back")),
        by_hand=said.get("way") == "by_hand",
        to_wallet=said.get("way") == "wallet",
        corrections=said.get("corrections", ()),
        parcel=ParcelWish(said["courier"], said["tracking"]) if said.get("courier") else None,
    )


def _page(request: ConsoleRequest, context: dict[str, Any], status: int) -> HttpResponse:
    form, found = context["form"], context["case"]
    shown = {
        **context,
        "row": found.row,
        "kind": KINDS[found.row.kind],
        "label": DECISIONS[context["name"]][1],
        "is_refund": DECISIONS[context["name"]][0] is Decision.REFUND,
        "decided": decision_words(found.row),
        "pieces": len(found.places),
    }
    if "sure" in context:
        shown["corrected"] = len(context["sure"].get("corrections", ()))
        shown["kept"] = [
            (name, value) for name in form.fields for value in request.POST.getlist(name)
        ]
        shown["way"] = WAYS.get(context["sure"].get("way", ""), "")
    response = render(request, "console/aftersales/decide.html", shown, status=status)
    response["Cache-Control"] = "no-store"
    return response
