"""Packing slips at the desk: choose the paper, watch, fetch (D5)."""

from dataclasses import replace

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kacang.orders import queries as orders
from kacang.orders.slips import operations
from kacang.orders.slips.operations import KIND, ORDERS_MAX
from kacang.outbox import queries as works
from kacang.outbox import work
from kacang.outbox.queries import WorkState, WorkView
from kacang.shared.errors import DomainError
from kacang.web.console.access import needs
from kacang.web.console.batches.choosing import choice_of
from kacang.web.console.desk import Desk, desk_of, is_over_list
from kacang.web.console.job_parts import job_part
from kacang.web.console.work import card_of
from kacang.web.design.parts import JobCard
from kacang.web.downloads import attachment
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest


@needs("orders.recipients")
@require_POST
def slips_new(request: ConsoleRequest) -> HttpResponse:
    """Ask for the paper before slips are printed; with `go`, start."""
    desk = desk_of(request)
    choice = choice_of(request.POST, desk)
    if choice is None or choice.problems:
        messages.error(request, _("No orders are selected."))
        return redirect("console_orders")
    problem = ""
    if request.POST.get("go"):
        try:
            uid = operations.start_slips(
                merchant_id=desk.merchant_id,
                actor=desk.actor,
                where=choice.where,
                size=request.POST.get("kind", "")[:10],
                language=get_language() or "zh-hans",
                now=timezone.now(),
            )
        except DomainError as error:
            problem = str(text_of(error))
        else:
            return redirect("console_slips", uid)
    where = choice.where.at(timezone.now(), desk.zone)
    context = {
        "choice": choice,
        "count": orders.count_up_to(merchant_id=desk.merchant_id, where=where, most=ORDERS_MAX),
        "most": ORDERS_MAX,
        "problem": problem,
    }
    status = 422 if problem else 200
    return render(request, "console/batches/slips_new.html", context, status=status)


@needs("orders.recipients")
@require_safe
def slips_page(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show how far slips are, and give them to who asked for them."""
    desk = desk_of(request)
    item = _slips_of(desk, uid)
    card = _card(item, desk)
    if is_over_list(request):
        return job_part(request, card, has_ended=item.has_ended)
    is_own = list(item.arguments["actor"]) == [desk.actor.kind, desk.actor.id]
    is_done = item.state is WorkState.DONE
    context = {
        "item": item,
        "job": card,
        "result": dict(item.result),
        "is_done": is_done,
        "can_fetch": is_done and is_own and bool(item.result.get("slips_file")),
    }
    return render(request, "console/batches/slips.html", context)


@needs("orders.recipients")
@require_POST
def slips_file(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Send the slips to who asked for them."""
    desk = desk_of(request)
    name, pieces = operations.fetch_slips(merchant_id=desk.merchant_id, actor=desk.actor, uid=uid)
    kind = "application/pdf" if name.endswith(".pdf") else "application/zip"
    return attachment(pieces, name, kind)


@needs("orders.recipients")
@require_POST
def slips_cancel(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Ask the printing to stop; it leaves no file."""
    desk = desk_of(request)
    item = _slips_of(desk, uid)
    work.ask_to_cancel(merchant_id=desk.merchant_id, uid=item.uid)
    if is_over_list(request):
        card = _card(_slips_of(desk, uid), desk)
        return job_part(request, card)
    return redirect("console_slips", uid)


def _slips_of(desk: Desk, uid: str) -> WorkView:
    item = works.work(merchant_id=desk.merchant_id, uid=uid)
    if item.kind != KIND:
        raise works.UnknownWork
    return item


def _card(item: WorkView, desk: Desk) -> JobCard:
    cancel = reverse("console_slips_cancel", args=[item.uid])
    return replace(
        card_of(item, desk),
        poll_url=reverse("console_slips", args=[item.uid]),
        result_url="",
        cancel_url="" if item.cancel_asked else cancel,
    )
