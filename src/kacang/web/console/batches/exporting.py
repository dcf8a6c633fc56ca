"""Exports of orders at the desk: choose columns, watch, fetch (O10)."""

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
from kacang.orders.exports import operations
from kacang.orders.exports.operations import COLUMNS, FORMATS, KIND, USUAL, ExportRequest
from kacang.orders.types import OrderState
from kacang.outbox import files, work
from kacang.outbox import queries as works
from kacang.outbox.queries import WorkState, WorkView
from kacang.shared.errors import DomainError
from kacang.web.console.access import needs
from kacang.web.console.batches.choosing import Choice, choice_of
from kacang.web.console.desk import Desk, desk_of, is_over_list
from kacang.web.console.job_parts import job_part
from kacang.web.console.work import card_of
from kacang.web.design.parts import JobCard
from kacang.web.design.states import look_of
from kacang.web.downloads import attachment
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

CONTACTS = "orders.export_contacts"


@needs("orders.export")
@require_POST
def export_new(request: ConsoleRequest) -> HttpResponse:
    """Ask which columns of which orders are wanted; with `go`, start."""
    desk = desk_of(request)
    choice = choice_of(request.POST, desk)
    if choice is None or choice.problems:
        messages.error(request, _("No orders are selected."))
        return redirect("console_orders")
    problem = ""
    if request.POST.get("go"):
        try:
            uid = operations.start_export(
                merchant_id=desk.merchant_id,
                actor=desk.actor,
                request=_wanted(request, desk, choice),
                now=timezone.now(),
            )
        except DomainError as error:
            problem = str(text_of(error))
        else:
            return redirect("console_order_export", uid)
    context = {
        "choice": choice,
        "count": orders.count_up_to(
            merchant_id=desk.merchant_id, where=choice.where.at(timezone.now(), desk.zone)
        ),
        "columns": [(name, word, name in USUAL) for name, (word, _make) in COLUMNS.items()],
        "masked": CONTACTS not in desk.permissions,
        "problem": problem,
    }
    status = 422 if problem else 200
    return render(request, "console/batches/export_new.html", context, status=status)


def _wanted(request: ConsoleRequest, desk: Desk, choice: Choice) -> ExportRequest:
    names = request.POST.getlist("columns")
    kind = request.POST.get("kind", "")
    return ExportRequest(
        where=choice.where,
        columns=tuple(name for name in COLUMNS if name in names),
        format=kind if kind in FORMATS else FORMATS[0],
        states={int(state): str(look_of("order", state).word) for state in OrderState},
        masked=CONTACTS not in desk.permissions,
        language=get_language() or "zh-hans",
    )


@needs("orders.export")
@require_safe
def export_page(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show an export: how far it is, and until when it can be fetched."""
    desk = desk_of(request)
    item = _export_of(desk, uid)
    card = _card(item, desk)
    if is_over_list(request):
        return job_part(request, card, has_ended=item.has_ended)
    context = {
        "item": item,
        "job": card,
        "columns": [COLUMNS[name][0] for name in item.arguments["columns"] if name in COLUMNS],
        "masked": item.arguments["masked"],
        "result": dict(item.result),
        "file": _file(desk, item),
        "is_own": list(item.arguments["actor"]) == [desk.actor.kind, desk.actor.id],
    }
    return render(request, "console/batches/export.html", context)


@needs("orders.export")
@require_POST
def export_file(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Send the file to whoever asked for it; that it was fetched is written down."""
    desk = desk_of(request)
    name, pieces = operations.fetch_export(merchant_id=desk.merchant_id, actor=desk.actor, uid=uid)
    return attachment(pieces, name, "application/octet-stream")


@needs("orders.export")
@require_POST
def export_cancel(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Ask an export to stop; it leaves no file."""
    desk = desk_of(request)
    item = _export_of(desk, uid)
    work.ask_to_cancel(merchant_id=desk.merchant_id, uid=item.uid)
    if is_over_list(request):
        card = _card(_export_of(desk, uid), desk)
        return job_part(request, card)
    return redirect("console_order_export", uid)


def _export_of(desk: Desk, uid: str) -> WorkView:
    item = works.work(merchant_id=desk.merchant_id, uid=uid)
    if item.kind != KIND:
        raise works.UnknownWork
    return item


def _card(item: WorkView, desk: Desk) -> JobCard:
    cancel = reverse("console_order_export_cancel", args=[item.uid])
    return replace(
        card_of(item, desk),
        poll_url=reverse("console_order_export", args=[item.uid]),
        result_url="",
        cancel_url="" if item.cancel_asked else cancel,
    )


def _file(desk: Desk, item: WorkView) -> files.FileInfo | None:
    if item.state is not WorkState.DONE:
        return None
    try:
        return files.info(merchant_id=desk.merchant_id, uid=str(item.result["export_file"]))
    except files.UnknownFile:
        return None
