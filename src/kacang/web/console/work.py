"""The task centre: long jobs that people started, their progress and results."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from kacang.customers.exporting import KIND as CUSTOMER_EXPORT
from kacang.customers.tagging import KIND as TAGGING
from kacang.orders.batches.queries import BATCH, CHECKING
from kacang.orders.exports.operations import KIND as ORDER_EXPORT
from kacang.orders.queries import REPLACING
from kacang.orders.slips.operations import KIND as SLIPS
from kacang.outbox import auditing, files, queries, work
from kacang.outbox.queries import WorkState, WorkView
from kacang.reconciliation.exports.running import KIND as FINANCE_EXPORT
from kacang.vault import queries as vault
from kacang.vault.queries import BatchView
from kacang.web.console.access import Denied, needs
from kacang.web.console.cards.changes import told_of
from kacang.web.console.desk import Desk, desk_of, is_over_list, pages_of
from kacang.web.console.job_parts import job_part
from kacang.web.console.reconciliation.words import problem_words
from kacang.web.design.parts import JobCard, Tab
from kacang.web.downloads import attachment
from kacang.web.error_texts import TEXTS
from kacang.web.errors import BAD_FILE
from kacang.web.import_words import file_problem
from kacang.web.requests import ConsoleRequest

PAGE = 50
EXPORT = "vault.export"
BILL = "reconciliation.read"
KINDS: dict[str, Promise] = {
    "vault.check": gettext_lazy("Check of a file"),
    "vault.import": gettext_lazy("Import of codes"),
    "vault.generate": gettext_lazy("Making of codes"),
    "vault.change": gettext_lazy("Change of cards"),
    REPLACING: gettext_lazy("Replacement of cards"),
    EXPORT: gettext_lazy("Export of codes"),
    BATCH: gettext_lazy("Work on many orders"),
    ORDER_EXPORT: gettext_lazy("Export of orders"),
    TAGGING: gettext_lazy("Tags of customers"),
    CUSTOMER_EXPORT: gettext_lazy("Export of customers"),
    SLIPS: gettext_lazy("Packing slips"),
    FINANCE_EXPORT: gettext_lazy("Export of money"),
    CHECKING: gettext_lazy("Check of a list of tracking numbers"),
    "orders.move": gettext_lazy("Move from another system"),
    "orders.move_check": gettext_lazy("Look at another system's file"),
    BILL: gettext_lazy("Reading of a bill"),
    "vault.tails": gettext_lazy("Preparing the search by number"),
    "keys.rotate": gettext_lazy("Change of the key of card secrets"),
    auditing.EXPORT: gettext_lazy("Export of the audit log"),
    auditing.VERIFY: gettext_lazy("Comparison of the logs with their seals"),
}
# Whose field a kind of job is: they may stop it and have its files, besides who started it.
FIELDS = {
    REPLACING: "orders.replace",
    EXPORT: "secrets.export",
    "orders.move": "shop.move",
    "orders.move_check": "shop.move",
    BILL: "reconciliation.edit",
    FINANCE_EXPORT: "ledger.export",
    TAGGING: "customers.edit",
    CUSTOMER_EXPORT: "customers.export",
    "keys.rotate": "secrets.rotate",
    auditing.EXPORT: "audit.export",
    auditing.VERIFY: "audit.view",
}
# Jobs that have a page of their own, by what it is called.
PAGES = {
    BATCH: "console_order_batch",
    CHECKING: "console_ship_check",
    ORDER_EXPORT: "console_order_export",
    TAGGING: "console_customer_tagging",
    CUSTOMER_EXPORT: "console_customer_export",
    SLIPS: "console_slips",
    FINANCE_EXPORT: "console_finance_export",
}
RESULT_LABELS: dict[str, Promise] = {
    BATCH: gettext_lazy("Result per order"),
    CHECKING: gettext_lazy("Show"),
    ORDER_EXPORT: gettext_lazy("Show"),
    TAGGING: gettext_lazy("Show"),
    CUSTOMER_EXPORT: gettext_lazy("Show"),
    SLIPS: gettext_lazy("Show"),
    FINANCE_EXPORT: gettext_lazy("Show"),
    "vault.change": gettext_lazy("Result per card"),
    REPLACING: gettext_lazy("Result per card"),
    EXPORT: gettext_lazy("Download"),
    auditing.EXPORT: gettext_lazy("Download"),
}
STATE_WORDS: dict[WorkState, Promise] = {
    WorkState.WAITING: gettext_lazy("Queued"),
    WorkState.RUNNING: gettext_lazy("In progress"),
    WorkState.DONE: gettext_lazy("Done"),
    WorkState.FAILED: gettext_lazy("Failed"),
    WorkState.CANCELLED: gettext_lazy("Cancelled"),
}
STATES = {state.name.lower(): state for state in WorkState}


@dataclass(frozen=True, slots=True)
class Row:
    """One job of the list."""

    work: WorkView
    card: JobCard


@needs("works.view")
def work_list(request: ConsoleRequest) -> HttpResponse:
    """Show the latest jobs, the newest first."""
    desk = desk_of(request)
    chosen = STATES.get(request.GET.get("state", ""))
    kind = request.GET.get("kind", "")
    mine = request.GET.get("mine") == "1" or desk.sees_own_only
    found = queries.works(
        merchant_id=desk.merchant_id,
        state=chosen,
        kinds=(kind,) if kind in KINDS else (),
        by=desk.actor.label if mine else "",
        cursor=request.GET.get("cursor", ""),
        limit=PAGE + 1,
    )
    shown = found[:PAGE]
    tabs = [Tab(_("All"), _with(request, state=""), on=chosen is None)]
    tabs += [
        Tab(STATE_WORDS[state], _with(request, state=name), on=state is chosen)
        for name, state in STATES.items()
    ]
    context = {
        "rows": [Row(item, card_of(item, desk)) for item in shown],
        "tabs": tabs,
        "pages": pages_of(request, shown[-1].uid if len(found) > PAGE else ""),
        "can_see_stock": "stock.view" in desk.permissions,
        "kinds": sorted(KINDS.items(), key=lambda pair: str(pair[1])),
        "kind": kind,
        "mine": mine,
        "own_only": desk.sees_own_only,
        "state_name": request.GET.get("state", "") if chosen is not None else "",
    }
    return render(request, "console/works/list.html", context)


def _with(request: ConsoleRequest, **values: str) -> str:
    """Return the address of the list with other filters, from its beginning."""
    query = request.GET.copy()
    query.pop("cursor", None)
    for name, value in values.items():
        query[name] = value
    return f"?{urlencode([(name, value) for name, value in query.items() if value])}"


@needs("works.view")
def work_page(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show one job; htmx gets its card alone, again and again until it has ended."""
    desk = desk_of(request)
    item = _work(desk, uid)
    card = card_of(item, desk)
    if is_over_list(request):
        return job_part(request, card, has_ended=item.has_ended)
    context = {
        "item": item,
        "job": card,
        "figures": figures_of(item),
        "problem": _problem(item),
        "batch": _batch(desk, item),
        "sku_uid": str(item.arguments.get("sku", "")),
        "bill_uid": _bill_uid(desk, item),
        "can_change": "stock.change" in desk.permissions,
        "can_retry": _can_retry(item, desk),
        "verified": item.kind == auditing.VERIFY and item.state is WorkState.DONE,
        **told_of(desk, item),
    }
    return render(request, "console/works/page.html", context)


@needs("works.view")
@require_POST
def work_cancel(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Ask a job to stop. An import puts back what it did; a change of cards keeps it."""
    desk = desk_of(request)
    _demand(_work(desk, uid), desk)
    work.ask_to_cancel(merchant_id=desk.merchant_id, uid=uid)
    if is_over_list(request):
        item = queries.work(merchant_id=desk.merchant_id, uid=uid)
        return job_part(request, card_of(item, desk))
    return redirect("console_work", uid)


@needs("works.view")
@require_POST
def work_retry(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Start a job that failed once more, as it was asked for."""
    desk = desk_of(request)
    item = _work(desk, uid)
    _demand(item, desk)
    if not _can_retry(item, desk):
        return redirect("console_work", uid)
    return redirect("console_work", auditing.start_again(
        merchant_id=desk.merchant_id, item=item, actor=desk.actor
    ))  # fmt: skip


@needs("works.view")
def work_file(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Download the file that a job made, until it expires."""
    desk = desk_of(request)
    item = _work(desk, uid)
    file_uid = file_of(item)
    if not file_uid:
        raise Http404
    _demand(item, desk)
    # Somebody whose role hides less may have asked for it.
    if item.kind == auditing.EXPORT and "address" in desk.hidden and not auditing.is_masked(item):
        raise Denied(permission=FIELDS[item.kind])
    info = files.info(merchant_id=desk.merchant_id, uid=file_uid)
    content = files.stream(merchant_id=desk.merchant_id, uid=file_uid)
    response = attachment(content, info.name, "application/octet-stream")
    response["Content-Length"] = str(info.size)
    return response


def _work(desk: Desk, uid: str) -> WorkView:
    """Return a job; for who sees own orders only, one of theirs."""
    item = queries.work(merchant_id=desk.merchant_id, uid=uid)
    if desk.sees_own_only and item.actor_label != desk.actor.label:
        raise queries.UnknownWork
    return item


def may_act(item: WorkView, desk: Desk) -> bool:
    """Whether a person may stop a job and have its files: their own, or of their field."""
    wanted = FIELDS.get(item.kind, "stock.import")
    return wanted in desk.permissions or item.actor_label == desk.actor.label


def _demand(item: WorkView, desk: Desk) -> None:
    if not may_act(item, desk):
        raise Denied(permission=FIELDS.get(item.kind, "stock.import"))


def _can_retry(item: WorkView, desk: Desk) -> bool:
    """Whether a failed job may be started again: only those that change nothing."""
    return item.kind in auditing.KINDS and item.state is WorkState.FAILED and may_act(item, desk)


def _batch(desk: Desk, item: WorkView) -> BatchView | None:
    uid = str(item.result.get("batch", ""))
    if not uid or not item.has_ended:
        return None
    try:
        return vault.batch(merchant_id=desk.merchant_id, uid=uid)
    except vault.UnknownBatch:
        return None


def _bill_uid(desk: Desk, item: WorkView) -> str:
    may_see = item.kind == BILL and "reconciliation.view" in desk.permissions
    return str(item.arguments["bill"]) if may_see else ""


def _problem(item: WorkView) -> Promise | str:
    """Return why a job failed, in words."""
    if item.state is not WorkState.FAILED:
        return ""
    if item.error == BAD_FILE:
        return file_problem(item.result)
    if item.kind == BILL:
        return problem_words(item.error)
    return TEXTS.get(item.error) or PROBLEM_WORDS.get(item.error) or item.error


PROBLEM_WORDS: dict[str, Promise] = {
    "vault.import_refused": gettext_lazy("Not every line was good, so nothing was loaded."),
    "files.unknown": gettext_lazy("The file has expired. Please send it again."),
    "work.broken": gettext_lazy("Something went wrong here. The operator has to look at it."),
}


def card_of(item: WorkView, desk: Desk) -> JobCard:
    """Return a job as its card shows it."""
    may = may_act(item, desk)
    file_uid = file_of(item) if may else ""
    state = item.state.name.lower()
    if item.cancel_asked and not item.has_ended:
        state = "cancelling"
    return JobCard(
        title=KINDS.get(item.kind, item.kind),
        state=state,
        done=item.done,
        total=item.total,
        poll_url=reverse("console_work", args=[item.uid]),
        note=_problem(item),
        result_url=_result_url(item, desk, file_uid),
        result_label=RESULT_LABELS.get(item.kind, gettext_lazy("Lines with errors")),
        cancel_url=reverse("console_work_cancel", args=[item.uid])
        if may and not item.cancel_asked
        else "",
    )


def _result_url(item: WorkView, desk: Desk, file_uid: str) -> str:
    """Return where a job's file is; an export's has a page of its own, for whoever asked for it."""
    if item.kind in PAGES:
        return reverse(PAGES[item.kind], args=[item.uid])
    if item.kind == EXPORT:
        is_own = list(item.arguments.get("actor", [])) == [desk.actor.kind, desk.actor.id]
        is_there = item.state is WorkState.DONE and "secrets.export" in desk.permissions
        return reverse("console_export", args=[item.uid]) if is_own and is_there else ""
    return reverse("console_work_file", args=[item.uid]) if file_uid else ""


def file_of(item: WorkView) -> str:
    """Return the uid of the file that a job made, or ""."""
    names = ("error_file", "change_file", "audit_file")
    return next((str(item.result[name]) for name in names if item.result.get(name)), "")


RESULT_WORDS: dict[str, Promise] = {
    "stocked": gettext_lazy("Cards in stock"),
    "count": gettext_lazy("Numbers that are in the vault already"),
    "lines": gettext_lazy("Lines"),
    "good": gettext_lazy("Good lines"),
    "bad": gettext_lazy("Lines with faults"),
    "rows": gettext_lazy("Rows of the bill"),
    "differences": gettext_lazy("Differences to resolve"),
    "blank": gettext_lazy("Blank lines"),
    "changed": gettext_lazy("Cards changed"),
    "changed_orders": gettext_lazy("Orders done"),
    "refused": gettext_lazy("Orders not done"),
    "replaced": gettext_lazy("Cards replaced"),
    "marked": gettext_lazy("Unsold cards marked as faulty"),
    "stayed": gettext_lazy("Cards that stay as they are"),
    "exported": gettext_lazy("Cards exported"),
    "files": gettext_lazy("Cards that are files"),
    "products": gettext_lazy("Products"),
    "cards": gettext_lazy("Cards"),
    "orders": gettext_lazy("Orders"),
    "unpaid": gettext_lazy("Orders never paid, left behind"),
    "printed": gettext_lazy("Cards prepared"),
    "sealed": gettext_lazy("Sealed again"),
    "retired": gettext_lazy("Keys retired"),
}


def figures_of(item: WorkView) -> list[tuple[Promise, int]]:
    """Return the counts of a job's result, in words."""
    found: dict[str, Any] = dict(item.result)
    return [
        (word, found[key])
        for key, word in RESULT_WORDS.items()
        if isinstance(found.get(key), int) and not isinstance(found.get(key), bool)
    ]
