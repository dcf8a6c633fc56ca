"""Doing one thing with many orders at the desk: ask, watch, see what came of each (O4)."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kacang.orders.batches import operations, queries
from kacang.orders.batches.operations import RULES, Act, BatchRequest
from kacang.orders.batches.queries import BATCH, BatchRow, Outcome
from kacang.orders.tagging.tags import tags
from kacang.outbox import queries as works
from kacang.outbox import work
from kacang.outbox.queries import WorkView
from kacang.shared.errors import DomainError
from kacang.shared.sheets import harmless
from kacang.web.console.access import Denied, needs
from kacang.web.console.batches.choosing import Asked, Choice, chosen
from kacang.web.console.batches.words import OUTCOMES, TITLES, WORDS, reason_words
from kacang.web.console.desk import Desk, desk_of, is_over_list
from kacang.web.console.job_parts import job_part
from kacang.web.console.work import card_of
from kacang.web.design.parts import JobCard, Pages
from kacang.web.downloads import attachment
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

PAGE = 50
UID_MOST = 32


@needs("orders.view")
@require_POST
def batch_new(request: ConsoleRequest) -> HttpResponse:
    """Ask before one thing is done with many orders; with `go`, start it."""
    desk = desk_of(request)
    name = request.POST.get("act", "")
    if name not in {str(act) for act in WORDS}:
        raise Http404
    act = Act(name)
    if RULES[act].permission not in desk.permissions:
        raise Denied(permission=RULES[act].permission)

    def start(choice: Choice) -> tuple[str, str]:
        wish = BatchRequest(
            act,
            choice.where,
            text=request.POST.get("text", "")[: RULES[act].text_max],
            tag=request.POST.get("mark", "")[:UID_MOST],
            token=choice.token,
        )
        uid = operations.start_batch(
            merchant_id=desk.merchant_id, actor=desk.actor, request=wish, now=timezone.now()
        )
        return "console_order_batch", uid

    asked = chosen(request, desk, start)
    return asked if isinstance(asked, HttpResponse) else _ask(request, desk, act, asked)


def _ask(request: ConsoleRequest, desk: Desk, act: Act, asked: Asked) -> HttpResponse:
    rule = RULES[act]
    weight = operations.weigh_batch(
        merchant_id=desk.merchant_id, act=act, where=asked.choice.where, now=timezone.now()
    )
    context = {
        "heading": WORDS[act].title,
        "asked": asked,
        "act": str(act),
        "words": WORDS[act],
        "text_max": rule.text_max,
        "needs_text": rule.needs_text,
        "needs_tag": rule.needs_tag,
        "tags": tags(merchant_id=desk.merchant_id) if rule.needs_tag else [],
        "weight": weight,
        "others": weight.others.items(),
        "most": operations.ORDERS_MAX,
        "typed": request.POST.get("text", ""),
    }
    return render(request, "console/batches/ask.html", context, status=asked.status)


@needs("orders.view")
@require_safe
def batch_page(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show a batch: how far it is, and what came of each order."""
    desk = desk_of(request)
    item = batch_of(desk, uid)
    card = batch_card(item, desk)
    if is_over_list(request):
        return job_part(request, card, has_ended=item.has_ended)
    refused = request.GET.get("show") == "refused"
    after = request.GET.get("after", "")
    found = queries.batch_rows(
        merchant_id=desk.merchant_id,
        uid=uid,
        after=int(after) if after.isdecimal() and len(after) < 9 else 0,  # noqa: PLR2004 - an int
        limit=PAGE + 1,
        outcome=Outcome.REFUSED if refused else None,
    )
    shown = found[:PAGE]
    query = "?show=refused&" if refused else "?"
    until = queries.undo_until(item)
    permission = RULES[Act(str(item.arguments["act"]))].permission
    can_undo = until is not None and until > timezone.now() and permission in desk.permissions
    context = {
        "item": item,
        "job": card,
        "title": TITLES.get(str(item.arguments.get("act")), ""),
        "rows": [(row, reason_words(row.reason) if row.reason else "") for row in shown],
        "with_parcels": item.arguments.get("act") in (Act.SHIP, Act.UNSHIP),
        "is_tagging": item.arguments.get("act") in (Act.TAG, Act.UNTAG),
        "tag_name": item.arguments.get("tag_name", ""),
        "refused_only": refused,
        "result": dict(item.result),
        "reasons": [
            (reason_words(code), count)
            for code, count in dict(item.result.get("reasons") or {}).items()
        ],
        "text": item.arguments.get("text", ""),
        "pages": Pages(
            next_url=f"{query}after={shown[-1].row_no}" if len(found) > PAGE else "",
            previous_url=query.rstrip("&?") or "?" if after else "",
        ),
        "can_undo": can_undo,
        "until": until,
        "undone_by": item.arguments.get("undone_by", ""),
    }
    return render(request, "console/batches/page.html", context)


@needs("orders.view")
@require_safe
def batch_csv(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Send what came of each order as a text for spreadsheets."""
    desk = desk_of(request)
    batch_of(desk, uid)
    rows = queries.all_rows(merchant_id=desk.merchant_id, uid=uid)
    pieces = _written(rows, get_language() or "zh-hans")
    return attachment(pieces, f"{uid}.csv", "text/csv; charset=utf-8")


@needs("orders.view")
@require_POST
def batch_cancel(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Ask a batch to stop; what it did stays."""
    desk = desk_of(request)
    item = batch_of(desk, uid)
    _may_do(item, desk)
    work.ask_to_cancel(merchant_id=desk.merchant_id, uid=uid)
    if is_over_list(request):
        item = batch_of(desk, uid)
        return job_part(request, batch_card(item, desk))
    return redirect("console_order_batch", uid)


@needs("orders.view")
@require_POST
def batch_undo(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Take back what a batch has changed: parcels while no buyer was told, tags for a day."""
    desk = desk_of(request)
    item = batch_of(desk, uid)
    _may_do(item, desk)
    try:
        undoing = operations.undo_batch(
            merchant_id=desk.merchant_id,
            actor=desk.actor,
            uid=item.uid,
            reason=request.POST.get("reason", ""),
            now=timezone.now(),
        )
    except DomainError as error:
        messages.error(request, text_of(error))
        return redirect("console_order_batch", uid)
    return redirect("console_order_batch", undoing)


def _may_do(item: WorkView, desk: Desk) -> None:
    permission = RULES[Act(str(item.arguments["act"]))].permission
    if permission not in desk.permissions:
        raise Denied(permission=permission)


def batch_of(desk: Desk, uid: str) -> WorkView:
    """Return a batch, or raise UnknownWork."""
    item = works.work(merchant_id=desk.merchant_id, uid=uid)
    if desk.sees_own_only and item.actor_label != desk.actor.label:
        raise works.UnknownWork
    if item.kind != BATCH:
        raise works.UnknownWork
    return item


def batch_card(item: WorkView, desk: Desk) -> JobCard:
    """Return a batch as its card shows it, with its own addresses."""
    rule = RULES[Act(str(item.arguments["act"]))]
    may_stop = rule.permission in desk.permissions and not item.cancel_asked
    return replace(
        card_of(item, desk),
        title=TITLES.get(str(item.arguments["act"]), ""),
        poll_url=reverse("console_order_batch", args=[item.uid]),
        result_url="",
        cancel_url=reverse("console_order_batch_cancel", args=[item.uid]) if may_stop else "",
    )


def _written(rows: Iterator[BatchRow], language: str) -> Iterator[str]:
    with override(language):
        heads = [_("Order number"), _("Result"), _("Why not"), _("Courier"), _("Tracking number")]
        yield "\ufeff" + _line(heads)
        for row in rows:
            why = str(reason_words(row.reason)) if row.reason else ""
            yield _line(
                [
                    row.order_number,
                    str(OUTCOMES[row.outcome]),
                    why,
                    row.courier,
                    row.tracking_number,
                ]
            )


def _line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow([harmless(cell) for cell in cells])
    return out.getvalue()
