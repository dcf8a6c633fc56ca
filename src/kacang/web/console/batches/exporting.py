"""Exports of orders at the desk: choose columns, watch, fetch (O10)."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kacang.orders import queries as orders
from kacang.orders.exports import operations
from kacang.orders.exports.operations import COLUMNS, FORMATS, KIND, USUAL, ExportRequest
from kacang.orders.types import OrderState
from kacang.web.console.access import needs
from kacang.web.console.batches.choosing import Choice, chosen
from kacang.web.console.batches.file_jobs import FileJob, file_of, is_own
from kacang.web.console.desk import Desk, desk_of, is_over_list
from kacang.web.console.job_parts import job_part
from kacang.web.design.states import look_of
from kacang.web.downloads import attachment
from kacang.web.requests import ConsoleRequest

CONTACTS = "orders.export_contacts"
PAGES = FileJob(KIND, "console_order_export", "console_order_export_cancel")


@needs("orders.export")
@require_POST
def export_new(request: ConsoleRequest) -> HttpResponse:
    """Ask which columns of which orders are wanted; with `go`, start."""
    desk = desk_of(request)

    def start(choice: Choice) -> tuple[str, str]:
        uid = operations.start_export(
            merchant_id=desk.merchant_id,
            actor=desk.actor,
            request=_wanted(request, desk, choice),
            now=timezone.now(),
        )
        return PAGES.page, uid

    asked = chosen(request, desk, start)
    if isinstance(asked, HttpResponse):
        return asked
    where = asked.choice.where.at(timezone.now(), desk.zone)
    context = {
        "heading": _("Export orders"),
        "asked": asked,
        "count": orders.count_up_to(merchant_id=desk.merchant_id, where=where),
        "columns": [(name, word, name in USUAL) for name, (word, _make) in COLUMNS.items()],
        "masked": CONTACTS not in desk.permissions or bool({"email", "phone"} & desk.hidden),
    }
    return render(request, "console/batches/export_new.html", context, status=asked.status)


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
        token=choice.token,
        hidden=desk.hidden,
    )


@needs("orders.export")
@require_safe
def export_page(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show an export: how far it is, and until when it can be fetched."""
    desk = desk_of(request)
    item = PAGES.find(desk, uid)
    card = PAGES.card(item, desk)
    if is_over_list(request):
        return job_part(request, card, has_ended=item.has_ended)
    context = {
        "item": item,
        "job": card,
        "columns": [COLUMNS[name][0] for name in item.arguments["columns"] if name in COLUMNS],
        "masked": item.arguments["masked"],
        "result": dict(item.result),
        "file": file_of(item, desk),
        "is_own": is_own(item, desk),
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
    return PAGES.stop(request, desk_of(request), uid)
