"""Exports of card secrets at the desk (V4, V6).

Asked for with a reason and a code of the second factor, fetched with another one and a passphrase.
"""

from functools import partial

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_POST

from kacang.merchants import audit
from kacang.merchants.tenancy import acting_as
from kacang.risk import operations as risk
from kacang.shared.errors import DomainError, NotFound
from kacang.vault import operations, queries
from kacang.vault.queries import CardState, StockLevel
from kacang.web.console.access import Denied, needs
from kacang.web.console.account.second_factor import check_second_factor, has_second_factor
from kacang.web.console.desk import Desk, back, desk_of, token_of
from kacang.web.console.work import card_of
from kacang.web.downloads import attachment
from kacang.web.errors import status_of, text_of
from kacang.web.requests import ConsoleRequest

PERMISSION = "secrets.export"
EXPORTS_AN_HOUR = 10
HOUR = 3600
REASON_MOST = 300
STATES = {state.name.lower(): state for state in CardState}


def export_offer(request: ConsoleRequest, levels: StockLevel) -> dict[str, object]:
    """Return what the dialog of a batch or SKU needs; nothing for who may not export."""
    if PERMISSION not in request.membership.permissions:
        return {}
    present = [name for name in STATES if getattr(levels, name) > 0]
    return {
        "can_export": bool(present),
        "export_states": [(name, STATES[name], getattr(levels, name)) for name in present],
        "has_second_factor": has_second_factor(request),
    }


@needs()
@require_POST
def export_new(request: ConsoleRequest) -> HttpResponse:
    """Start an export of a batch or a SKU, with reason and second factor."""
    desk = desk_of(request)
    _admit(desk)
    batch, sku = request.POST.get("batch", "")[:60], request.POST.get("sku", "")[:60]
    wanted = operations.ExportRequest(
        reason=request.POST.get("reason", "")[:REASON_MOST],
        batch_uid=batch,
        sku_uid=sku,
        states=[STATES[name] for name in request.POST.getlist("state") if name in STATES],
        language=get_language() or "zh-hans",
        token=token_of(request.POST),
    )
    begun = partial(
        operations.export_begun, merchant_id=desk.merchant_id, actor=desk.actor, request=wanted
    )
    # The code was used up by the first of two: the second is led to what it started.
    if before := begun():
        return redirect("console_export", before)
    try:
        check_second_factor(request, request.POST.get("code", "")[:20])
        uid = operations.export_cards(
            merchant_id=desk.merchant_id, actor=desk.actor, request=wanted
        )
    except NotFound:
        raise
    except DomainError as error:
        if before := begun():
            return redirect("console_export", before)
        messages.error(request, text_of(error))
        name, args = ("console_batch", [batch]) if batch else ("console_stock", [])
        return back(request, name, *args)
    return redirect("console_export", uid)


@needs()
@require_http_methods(["GET", "HEAD", "POST"])
def export_page(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show an export to whoever asked for it; by POST, send it as a zip under a passphrase."""
    desk = desk_of(request)
    if request.method != "POST":
        if PERMISSION not in desk.permissions:
            # Nobody's but the asker's: for everybody else it is not there.
            raise operations.UnknownExport
        return _page(request, desk, uid)
    _admit(desk)
    try:
        passphrase = operations.check_passphrase(request.POST.get("passphrase", "")[:200])
        check_second_factor(request, request.POST.get("code", "")[:20])
        pieces = operations.fetch_export(
            merchant_id=desk.merchant_id, actor=desk.actor, uid=uid, passphrase=passphrase
        )
    except NotFound:
        raise
    except DomainError as error:
        return _page(request, desk, uid, problem=error)
    return attachment(pieces, f"{uid}.zip", "application/zip")


def _page(
    request: ConsoleRequest, desk: Desk, uid: str, problem: DomainError | None = None
) -> HttpResponse:
    found = queries.export(merchant_id=desk.merchant_id, actor=desk.actor, uid=uid)
    context = {
        "export": found,
        "item": found.work,
        "job": card_of(found.work, desk),
        "problem": text_of(problem) if problem else "",
        # Made anew each time, kept nowhere: it is good once it was sent back.
        "passphrase": operations.new_passphrase() if found.expires_at else "",
        "has_second_factor": has_second_factor(request),
    }
    status = status_of(problem) if problem else 200
    return render(request, "console/stock/export.html", context, status=status)


def _admit(desk: Desk) -> None:
    """Let in who may export, so often an hour; write down who tried without."""
    risk.count_attempt(
        merchant_id=desk.merchant_id,
        scope=risk.Scope.EXPORTS_BY_PERSON,
        value=desk.member_uid,
        limit=EXPORTS_AN_HOUR,
        window_seconds=HOUR,
    )
    if PERMISSION in desk.permissions:
        return
    with acting_as(desk.merchant_id):
        audit.record(
            merchant_id=desk.merchant_id,
            actor=desk.actor,
            action="cards.export_refused",
            object_kind="staff",
            object_uid=desk.member_uid,
        )
    raise Denied(permission=PERMISSION)
