"""Packing slips at the desk: choose the paper, watch, fetch (D5)."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kacang.orders import queries as orders
from kacang.orders.slips import operations
from kacang.orders.slips.operations import KIND, ORDERS_MAX, SlipsRequest
from kacang.outbox.queries import WorkState
from kacang.web.console.access import needs
from kacang.web.console.batches.choosing import Choice, chosen
from kacang.web.console.batches.file_jobs import FileJob, is_own
from kacang.web.console.desk import desk_of, is_over_list
from kacang.web.console.job_parts import job_part
from kacang.web.downloads import attachment
from kacang.web.requests import ConsoleRequest

PAGES = FileJob(KIND, "console_slips", "console_slips_cancel")


@needs("orders.recipients")
@require_POST
def slips_new(request: ConsoleRequest) -> HttpResponse:
    """Ask for the paper before slips are printed; with `go`, start."""
    desk = desk_of(request)

    def start(choice: Choice) -> tuple[str, str]:
        uid = operations.start_slips(
            merchant_id=desk.merchant_id,
            actor=desk.actor,
            request=SlipsRequest(
                where=choice.where,
                size=request.POST.get("kind", "")[:10],
                language=get_language() or "zh-hans",
                token=choice.token,
                masks_phone="phone" in desk.hidden,
            ),
            now=timezone.now(),
        )
        return PAGES.page, uid

    asked = chosen(request, desk, start)
    if isinstance(asked, HttpResponse):
        return asked
    where = asked.choice.where.at(timezone.now(), desk.zone)
    context = {
        "heading": _("Packing slips"),
        "asked": asked,
        "count": orders.count_up_to(merchant_id=desk.merchant_id, where=where, most=ORDERS_MAX),
    }
    return render(request, "console/batches/slips_new.html", context, status=asked.status)


@needs("orders.recipients")
@require_safe
def slips_page(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show how far slips are, and give them to who asked for them."""
    desk = desk_of(request)
    item = PAGES.find(desk, uid)
    card = PAGES.card(item, desk)
    if is_over_list(request):
        return job_part(request, card, has_ended=item.has_ended)
    is_done = item.state is WorkState.DONE
    context = {
        "item": item,
        "job": card,
        "result": dict(item.result),
        "is_done": is_done,
        "can_fetch": is_done and is_own(item, desk) and bool(item.result.get("slips_file")),
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
    return PAGES.stop(request, desk_of(request), uid)
