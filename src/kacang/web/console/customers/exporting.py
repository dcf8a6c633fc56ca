"""Exports of customers at the desk: start, watch, stop, fetch (H1)."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_POST, require_safe

from kacang.customers import exporting
from kacang.customers.exporting import KIND, ExportRequest
from kacang.outbox import queries as works
from kacang.outbox.queries import WorkView
from kacang.shared.errors import DomainError
from kacang.web.console.access import needs
from kacang.web.console.batches.file_jobs import FileJob, file_of, is_own
from kacang.web.console.customers.filters import WAYS
from kacang.web.console.customers.tags import TOKEN_MOST, chosen
from kacang.web.console.desk import Desk, desk_of, is_over_list
from kacang.web.console.job_parts import job_part
from kacang.web.downloads import attachment
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

# Whole addresses of buyers in a file are a right of their own, as in exports of orders.
CONTACTS = "orders.export_contacts"
PAGES = FileJob(KIND, "console_customer_export", "console_customer_export_cancel")


@needs("customers.export")
@require_POST
def export_new(request: ConsoleRequest) -> HttpResponse:
    """Start to export those selected, or all that fit the list's filter; lead to its page."""
    desk = desk_of(request)
    try:
        uid = exporting.start_export(
            merchant_id=desk.merchant_id,
            actor=desk.actor,
            request=ExportRequest(
                where=chosen(request, desk),
                format=request.POST.get("kind", "")[:8],
                language=get_language() or "zh-hans",
                ways={name: str(word) for name, word in WAYS.items()},
                masked=exporting.MASKABLE if CONTACTS not in desk.permissions else desk.hidden,
                token=request.POST.get("token", "")[:TOKEN_MOST],
            ),
            now=timezone.now(),
        )
    except DomainError as error:
        messages.error(request, text_of(error))
        return redirect("console_customers")
    return redirect(PAGES.page, uid)


@needs("customers.export")
@require_safe
def export_page(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show an export: how far it is, and until when it can be fetched."""
    desk = desk_of(request)
    item = _own(desk, uid)
    card = PAGES.card(item, desk)
    if is_over_list(request):
        return job_part(request, card, has_ended=item.has_ended)
    context = {
        "item": item,
        "job": card,
        "masked": bool(item.arguments["masked"]),
        "format": item.arguments["format"],
        "result": dict(item.result),
        "file": file_of(item, desk),
    }
    return render(request, "console/customers/export.html", context)


@needs("customers.export")
@require_POST
def export_file(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Send the file to whoever asked for it; that it was fetched is written down."""
    desk = desk_of(request)
    name, pieces = exporting.fetch_export(merchant_id=desk.merchant_id, actor=desk.actor, uid=uid)
    return attachment(pieces, name, "application/octet-stream")


@needs("customers.export")
@require_POST
def export_cancel(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Ask an export to stop; it leaves no file."""
    desk = desk_of(request)
    _own(desk, uid)
    return PAGES.stop(request, desk, uid)


def _own(desk: Desk, uid: str) -> WorkView:
    item = PAGES.find(desk, uid)
    if not is_own(item, desk):
        raise works.UnknownWork
    return item
