"""Exports of money at the desk: start, watch, stop, fetch (F1–F3, O10)."""

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_POST, require_safe

from kacang.outbox import queries as works
from kacang.outbox.queries import WorkView
from kacang.reconciliation.exports import running
from kacang.reconciliation.exports.running import KIND, BadExport, ExportRequest
from kacang.web.console.access import Denied, needs
from kacang.web.console.batches.file_jobs import FileJob, file_of, is_own
from kacang.web.console.desk import Desk, back, desk_of, is_over_list, token_of
from kacang.web.console.exports.lists import LISTS, Exported
from kacang.web.console.job_parts import job_part
from kacang.web.downloads import attachment
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

PAGES = FileJob(KIND, "console_finance_export", "console_finance_export_cancel")


@needs()
@require_POST
def export_new(request: ConsoleRequest) -> HttpResponse:
    """Start to export a list as its page shows it; lead to the export's page."""
    desk = desk_of(request)
    # One field may name both list and kind of file: "transfers:csv".
    name, _colon, kind = request.POST.get("what", "").partition(":")
    name, kind = request.POST.get("list") or name, request.POST.get("kind") or kind
    exported = _demanded(name, desk)
    try:
        uid = running.start_export(
            merchant_id=desk.merchant_id,
            actor=desk.actor,
            request=ExportRequest(
                name=name,
                where=exported.where(_query(request), desk),
                format=kind,
                words=exported.words(),
                language=get_language() or "zh-hans",
                token=token_of(request.POST),
            ),
        )
    except BadExport as error:
        messages.error(request, text_of(error))
        return back(request, "console_works")
    return redirect("console_finance_export", uid)


@needs()
@require_safe
def export_page(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show an export: how far it is, and until when it can be fetched."""
    desk = desk_of(request)
    item, exported = _export_of(desk, uid)
    card = PAGES.card(item, desk)
    if is_over_list(request):
        return job_part(request, card, has_ended=item.has_ended)
    context = {
        "item": item,
        "job": card,
        "title": exported.title,
        "back_url": _page_of(item, exported),
        "format": item.arguments["format"],
        "result": dict(item.result),
        "file": file_of(item, desk),
    }
    return render(request, "console/exports/page.html", context)


@needs()
@require_POST
def export_file(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Send the file to whoever asked for it; that it was fetched is written down."""
    desk = desk_of(request)
    _export_of(desk, uid)
    name, pieces = running.fetch_export(merchant_id=desk.merchant_id, actor=desk.actor, uid=uid)
    return attachment(pieces, name, "application/octet-stream")


@needs()
@require_POST
def export_cancel(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Ask an export to stop; it leaves no file."""
    desk = desk_of(request)
    _export_of(desk, uid)
    return PAGES.stop(request, desk, uid)


def _demanded(name: str, desk: Desk) -> Exported:
    """Return a list that can be exported, to who may have it.

    Raises:
        Http404: There is none of that name.
        Denied: They may not.
    """
    exported = LISTS.get(name)
    if exported is None:
        raise Http404
    # Who sees some orders only gets no list of all money.
    if exported.permission not in desk.permissions or desk.sees_own_only:
        raise Denied(permission=exported.permission)
    return exported


def _query(request: ConsoleRequest) -> QueryDict:
    """Return the list's address, as its page put it into the form, with what the form adds."""
    query = QueryDict(request.POST.get("query", "")[:2000], mutable=True)
    for name in ("first", "last"):
        if name in request.POST:
            query[name] = request.POST[name]
    return query


def _export_of(desk: Desk, uid: str) -> tuple[WorkView, Exported]:
    """Return an export that this person asked for.

    Raises:
        UnknownWork: There is none, or it is somebody else's.
        Denied: They may not have it any more.
    """
    item = PAGES.find(desk, uid)
    if not is_own(item, desk):
        raise works.UnknownWork
    return item, _demanded(str(item.arguments["list"]), desk)


def _page_of(item: WorkView, exported: Exported) -> str:
    if exported.is_page_of_one:
        return reverse(exported.page, args=[str(item.arguments["where"]["wallet"])])
    return reverse(exported.page)
