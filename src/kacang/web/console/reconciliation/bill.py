"""One bill at the desk: what differs, and what is done about it (F2)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from kacang.orders.numbers import numbers_of_orders
from kacang.outbox import queries as works
from kacang.outbox.queries import WorkView
from kacang.payments import reporting
from kacang.payments.reporting import AccountName
from kacang.reconciliation import operations, queries
from kacang.reconciliation.queries import (
    BillState,
    BillView,
    DifferenceCounts,
    DifferenceFilter,
    DifferenceKind,
    DifferenceView,
)
from kacang.shared.errors import DomainError
from kacang.shared.money import Money
from kacang.web.console.access import needs
from kacang.web.console.cards.levels import page_number
from kacang.web.console.desk import Desk, desk_of, is_over_list
from kacang.web.console.job_parts import job_part
from kacang.web.console.orders.words import provider_word
from kacang.web.console.reconciliation import words
from kacang.web.console.reconciliation.filters import pages_of_more, with_changes
from kacang.web.console.reconciliation.listing import may, to_bill
from kacang.web.console.telling import told
from kacang.web.console.work import KINDS
from kacang.web.design.parts import JobCard, Tab
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

READ = "reconciliation.read"
PAGE = 50
KINDS_BY_NAME = {kind.name.lower(): kind for kind in DifferenceKind}


@dataclass(frozen=True, slots=True)
class Row:
    """A difference as a page shows it; `apart` is what the company has more than we."""

    difference: DifferenceView
    kind: str
    kind_word: Promise
    what: Promise
    resolution: Promise | str
    order_number: str
    apart: Money | None
    account: AccountName | None = None


@needs("reconciliation.view")
def bill_page(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show a bill, its differences first; htmx gets the card of its job alone, until that ends."""
    desk = desk_of(request)
    bill = queries.bill(merchant_id=desk.merchant_id, uid=uid)
    job = _job(desk, uid, request.GET.get("job", ""))
    if is_over_list(request):
        if job is None:
            raise Http404
        return job_part(request, card_of(job, uid), has_ended=job.has_ended)
    counts = queries.difference_counts(
        merchant_id=desk.merchant_id, where=DifferenceFilter(bill_uid=uid)
    )
    show = request.GET.get("show", "") or ("open" if counts.open else "all")
    kind = KINDS_BY_NAME.get(show)
    where = DifferenceFilter(bill_uid=uid, kind=kind, is_open=True if show == "open" else None)
    number = page_number(request)
    found = queries.differences(
        merchant_id=desk.merchant_id, where=where, limit=PAGE + 1, offset=number * PAGE
    )
    account = _account(desk, bill)
    may_act = may(desk)
    is_closed = bill.state is BillState.CLOSED
    waits = any(one.resolution is None for one in found[:PAGE])
    context = {
        "bill": bill,
        "account": account,
        "provider": provider_word(account.provider) if account else "",
        "look": words.look_name(bill),
        "problem": words.problem_words(bill.problem),
        "job": card_of(job, uid) if job and not (job.has_ended and not job.error) else None,
        "counts": counts,
        "tabs": _tabs(request, show, counts),
        "show": show,
        "rows": rows_of(desk, found[:PAGE]),
        "pages": pages_of_more(request, number, has_more=len(found) > PAGE),
        "notes": words.NOTES,
        "selectable": min(counts.open, queries.NAMES_MAX),
        "can_select": bool(may_act["can_edit"]) and waits and not is_closed,
        "is_closed": is_closed,
        "is_read": bill.state is BillState.READ,
        **may_act,
    }
    return render(request, "console/reconciliation/bill.html", context)


@needs("reconciliation.edit")
@require_POST
def bill_read(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Have the company's bill fetched and read again."""
    desk = desk_of(request)
    bill = queries.bill(merchant_id=desk.merchant_id, uid=uid)
    account = _account(desk, bill)
    if account is None:
        raise Http404
    try:
        work_uid = operations.fetch_bill(
            merchant_id=desk.merchant_id, account_uid=account.uid, day=bill.day, actor=desk.actor
        )
    except DomainError as error:
        messages.error(request, text_of(error))
        return redirect("console_bill", uid)
    return to_bill(desk, work_uid)


@needs("reconciliation.edit")
@require_POST
def bill_compare(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Set the bill beside our books once more."""
    desk = desk_of(request)

    def act() -> str:
        left = operations.compare_again(merchant_id=desk.merchant_id, bill_uid=uid)
        return ngettext(
            "Compared: %(count)s difference waits.", "Compared: %(count)s differences wait.", left
        ) % {"count": left}

    return _acted(request, uid, act)


@needs("reconciliation.edit")
@require_POST
def bill_heal(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Have the company asked about the payments that only its bill has."""
    desk = desk_of(request)
    queries.bill(merchant_id=desk.merchant_id, uid=uid)

    def act() -> str:
        asked = operations.heal(merchant_id=desk.merchant_id, bill_uid=uid)
        if not asked:
            return _("None of these payments was begun here and is still unpaid: nothing to ask.")
        return ngettext(
            "The company is asked about %(count)s payment. The bill is compared again then.",
            "The company is asked about %(count)s payments. The bill is compared again then.",
            asked,
        ) % {"count": asked}

    return _acted(request, uid, act)


@needs("reconciliation.edit")
@require_POST
def bill_explain(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Note why differences are right: those chosen, or all of the tab that wait."""
    desk = desk_of(request)
    queries.bill(merchant_id=desk.merchant_id, uid=uid)

    def act() -> str:
        done = operations.explain(
            merchant_id=desk.merchant_id,
            ids=_chosen(request, desk, uid),
            note=request.POST.get("note", "").replace("\0", ""),
            actor=desk.actor,
        )
        return ngettext(
            "%(count)s difference is resolved.", "%(count)s differences are resolved.", done
        ) % {"count": done}

    return _acted(request, uid, act)


@needs("reconciliation.edit")
@require_POST
def bill_take_in(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Settle a payment that only the company's bill has, as if its notice had come."""
    desk = desk_of(request)
    difference_id = _one(request, desk, uid)

    def act() -> str:
        operations.take_in(
            merchant_id=desk.merchant_id, difference_id=difference_id, actor=desk.actor
        )
        return _("The money is taken in.")

    return _acted(request, uid, act)


@needs("reconciliation.edit")
@require_POST
def bill_reopen(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Take an explanation back."""
    desk = desk_of(request)
    difference_id = _one(request, desk, uid)

    def act() -> str:
        operations.reopen(
            merchant_id=desk.merchant_id, difference_id=difference_id, actor=desk.actor
        )
        return _("The difference waits again.")

    return _acted(request, uid, act)


@needs("reconciliation.close")
@require_POST
def bill_close(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Lock the bill's day."""
    desk = desk_of(request)

    def act() -> str:
        operations.close_day(merchant_id=desk.merchant_id, bill_uid=uid, actor=desk.actor)
        return _("The day is closed.")

    return _acted(request, uid, act)


def card_of(job: WorkView, bill_uid: str) -> JobCard:
    """Return a bill's job as its card shows it; the bill's page answers with it again."""
    return JobCard(
        title=KINDS[READ],
        state=job.state.name.lower(),
        done=job.done,
        total=job.total,
        poll_url=f"{reverse('console_bill', args=[bill_uid])}?job={job.uid}",
        note=words.problem_words(job.error),
    )


def rows_of(
    desk: Desk, found: Sequence[DifferenceView], accounts: Mapping[int, AccountName] | None = None
) -> list[Row]:
    """Return differences with the orders that they are about."""
    numbers = [one.payment_number for one in found if one.payment_number]
    of = reporting.orders_of_payments(merchant_id=desk.merchant_id, numbers=numbers)
    orders = numbers_of_orders(merchant_id=desk.merchant_id, ids=of.values())
    return [
        Row(
            one,
            one.kind.name.lower(),
            words.KIND_WORDS[one.kind],
            words.WHAT_WORDS[one.what],
            "" if one.resolution is None else words.RESOLUTION_WORDS[one.resolution],
            orders.get(of.get(one.payment_number, 0), ""),
            _apart(one),
            (accounts or {}).get(one.account_id),
        )
        for one in found
    ]


def _apart(one: DifferenceView) -> Money | None:
    if one.theirs is None or one.ours is None or one.theirs == one.ours:
        return None
    if one.theirs.currency != one.ours.currency:
        return None
    return Money(one.theirs.minor - one.ours.minor, one.theirs.currency)


def _acted(request: ConsoleRequest, uid: str, act: Callable[[], str]) -> HttpResponse:
    told(request, act)
    return redirect(reverse("console_bill", args=[uid]) + _shown(request))


def _shown(request: ConsoleRequest) -> str:
    show = request.POST.get("show", "")
    return f"?show={show}" if show in {"open", "all", *KINDS_BY_NAME} else ""


def _chosen(request: ConsoleRequest, desk: Desk, uid: str) -> list[int]:
    if request.POST.get("all") != "1":
        return queries.difference_ids(
            merchant_id=desk.merchant_id, bill_uid=uid, names=request.POST.getlist("pick")
        )
    kind = KINDS_BY_NAME.get(request.POST.get("show", ""))
    where = DifferenceFilter(bill_uid=uid, kind=kind, is_open=True)
    most = queries.PAGE_MAX
    ids: list[int] = []
    while len(ids) < queries.NAMES_MAX:
        page = queries.differences(
            merchant_id=desk.merchant_id, where=where, limit=most, offset=len(ids)
        )
        ids += [one.id for one in page]
        if len(page) < most:
            break
    return ids[: queries.NAMES_MAX]


def _one(request: ConsoleRequest, desk: Desk, uid: str) -> int:
    ids = queries.difference_ids(
        merchant_id=desk.merchant_id, bill_uid=uid, names=[request.POST.get("pick", "")]
    )
    if not ids:
        raise operations.UnknownDifference
    return ids[0]


def _account(desk: Desk, bill: BillView) -> AccountName | None:
    accounts = reporting.account_names(merchant_id=desk.merchant_id)
    return next((one for one in accounts if one.id == bill.account_id), None)


def _job(desk: Desk, bill_uid: str, job_uid: str) -> WorkView | None:
    """Return the job that the address names, else the bill's latest that runs."""
    if job_uid:
        try:
            job = works.work(merchant_id=desk.merchant_id, uid=job_uid[:32])
        except works.UnknownWork:
            return None
        return job if job.kind == READ and job.arguments.get("bill") == bill_uid else None
    running = works.works(merchant_id=desk.merchant_id, kinds=(READ,), running=True, limit=PAGE)
    return next((one for one in running if one.arguments.get("bill") == bill_uid), None)


def _tabs(request: ConsoleRequest, shown: str, counts: DifferenceCounts) -> list[Tab]:
    tabs = [
        Tab(_("To resolve"), with_changes(request, show="open", job=""), counts.open,
            on=shown == "open"),
        Tab(_("All"), with_changes(request, show="all", job=""), counts.all, on=shown == "all"),
    ]  # fmt: skip
    tabs += [
        Tab(
            words.KIND_WORDS[kind],
            with_changes(request, show=name, job=""),
            counts.kinds[kind],
            on=shown == name,
        )
        for name, kind in KINDS_BY_NAME.items()
        if kind in counts.kinds
    ]
    return tabs
