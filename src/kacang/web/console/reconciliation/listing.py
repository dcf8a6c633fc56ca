"""Bills at the desk: a list of days and accounts, and getting one (F2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from kacang.outbox import files
from kacang.outbox import queries as works
from kacang.payments.reporting import AccountName, account_names
from kacang.reconciliation import operations, queries
from kacang.reconciliation.queries import BillCounts, BillFilter, BillState, BillView
from kacang.shared.clock import utc_now
from kacang.shared.errors import DomainError, NotFound
from kacang.web.console.access import needs
from kacang.web.console.cards.levels import page_number
from kacang.web.console.desk import Desk, desk_of
from kacang.web.console.orders.words import provider_word
from kacang.web.console.reconciliation.filters import asked_of, pages_of_more, with_changes
from kacang.web.console.reconciliation.words import look_name, problem_words
from kacang.web.design.parts import Tab
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

PAGE = 50
FILE_TYPES = ".csv,.txt,.zip,.gz,.xlsx,.xls,text/csv,text/plain"
SHOWS: dict[str, tuple[Promise, dict[str, Any]]] = {
    "": (gettext_lazy("All"), {}),
    "open": (gettext_lazy("With differences"), {"has_open": True}),
    "failed": (gettext_lazy("Failed"), {"state": BillState.FAILED}),
    "closed": (gettext_lazy("Closed"), {"state": BillState.CLOSED}),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A bill of the list."""

    bill: BillView
    account: AccountName | None
    provider: Promise | str
    look: str
    problem: Promise | str


class BillForm(forms.Form):
    """A day's bill of an account, from a file or from the company."""

    account = forms.ChoiceField(label=gettext_lazy("Account"))
    day = forms.DateField(
        label=gettext_lazy("Day"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("The day that the bill is of, as the company counts it."),
    )

    def __init__(self, *data: Any, accounts: Sequence[AccountName]) -> None:
        super().__init__(*data)
        choices = [
            (one.uid, f"{one.name} · {provider_word(one.provider)}")
            for one in accounts
            if one.has_bills
        ]
        self.fields["account"] = forms.ChoiceField(label=_("Account"), choices=choices)


class UploadForm(BillForm):
    """With the file that a person got at the company's website."""

    file = forms.FileField(label=gettext_lazy("File"))


@needs("reconciliation.view")
def bill_list(request: ConsoleRequest) -> HttpResponse:
    """Show days of bills, the newest first."""
    desk = desk_of(request)
    asked = asked_of(request, desk)
    where = BillFilter(asked.first, asked.last, asked.account.id if asked.account else None)
    show = request.GET.get("show", "")
    show = show if show in SHOWS else ""
    number = page_number(request)
    narrowed = BillFilter(where.first, where.last, where.account_id, **SHOWS[show][1])
    found = queries.bills(
        merchant_id=desk.merchant_id, where=narrowed, limit=PAGE + 1, offset=number * PAGE
    )
    counts = queries.bill_counts(merchant_id=desk.merchant_id, where=where)
    context = {
        "rows": _rows(asked.accounts, found[:PAGE]),
        "asked": asked,
        "show": show,
        "tabs": _tabs(request, show, counts),
        "pages": pages_of_more(request, number, has_more=len(found) > PAGE),
        "is_narrowed": asked.is_narrowed or bool(show),
        "fetch_form": BillForm(accounts=asked.accounts),
        "has_bills": any(one.has_bills for one in asked.accounts),
        "yesterday": _yesterday(desk),
        **may(desk),
    }
    return render(request, "console/reconciliation/list.html", context)


@needs("reconciliation.edit")
@require_POST
def bill_fetch(request: ConsoleRequest) -> HttpResponse:
    """Have a day's bill fetched; the bill's page shows how far it is."""
    desk = desk_of(request)
    accounts = account_names(merchant_id=desk.merchant_id)
    form = BillForm(request.POST, accounts=accounts)
    if not form.is_valid():
        messages.error(request, _("Choose an account and a day that is over."))
        return redirect("console_bills")
    try:
        work_uid = operations.fetch_bill(
            merchant_id=desk.merchant_id,
            account_uid=form.cleaned_data["account"],
            day=form.cleaned_data["day"],
            actor=desk.actor,
        )
    except NotFound:
        raise
    except DomainError as error:
        messages.error(request, text_of(error))
        return redirect("console_bills")
    return to_bill(desk, work_uid)


@needs("reconciliation.edit")
def bill_upload(request: ConsoleRequest) -> HttpResponse:
    """Take in a bill's file, and have it read; the bill's page shows how far it is."""
    desk = desk_of(request)
    accounts = account_names(merchant_id=desk.merchant_id)
    data = (request.POST, request.FILES) if request.method == "POST" else ()
    form = UploadForm(*data, accounts=accounts)
    if request.method == "POST" and form.is_valid():
        try:
            return to_bill(desk, _send(desk, form))
        except DomainError as error:
            form.add_error("file" if error.code.startswith("files.") else "day", text_of(error))
    context = {
        "form": form,
        "file_types": FILE_TYPES,
        "has_bills": any(one.has_bills for one in accounts),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "console/reconciliation/upload.html", context, status=status)


def to_bill(desk: Desk, work_uid: str) -> HttpResponse:
    """Lead to the bill that a job is about, which shows how far it is."""
    task = works.work(merchant_id=desk.merchant_id, uid=work_uid)
    response = redirect("console_bill", task.arguments["bill"])
    response["Location"] += f"?job={work_uid}"
    return response


def may(desk: Desk) -> dict[str, object]:
    """Return what the pages of bills may offer this person."""
    return {
        "can_edit": "reconciliation.edit" in desk.permissions,
        "can_close": "reconciliation.close" in desk.permissions,
        "can_see_orders": "orders.view" in desk.permissions,
        "can_see_payments": "payments.view" in desk.permissions,
        "can_see_books": "ledger.view" in desk.permissions,
    }


def _send(desk: Desk, form: UploadForm) -> str:
    file_uid = files.store_upload(
        merchant_id=desk.merchant_id, purpose="bill", upload=form.cleaned_data["file"]
    )
    return operations.upload_bill(
        merchant_id=desk.merchant_id,
        account_uid=form.cleaned_data["account"],
        day=form.cleaned_data["day"],
        file_uid=file_uid,
        actor=desk.actor,
    )


def _rows(accounts: Sequence[AccountName], bills: Sequence[BillView]) -> list[Row]:
    named = {one.id: one for one in accounts}
    return [
        Row(
            bill,
            account := named.get(bill.account_id),
            provider_word(account.provider) if account else "",
            look_name(bill),
            problem_words(bill.problem),
        )
        for bill in bills
    ]


def _tabs(request: ConsoleRequest, shown: str, counts: BillCounts) -> list[Tab]:
    numbers = {"": counts.all, "open": counts.open, "failed": counts.failed,
               "closed": counts.closed}  # fmt: skip
    return [
        Tab(word, with_changes(request, show=name), numbers[name], on=name == shown)
        for name, (word, _where) in SHOWS.items()
    ]


def _yesterday(desk: Desk) -> date:
    return utc_now().astimezone(desk.zone).date() - timedelta(days=1)
