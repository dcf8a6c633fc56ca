"""Sending many orders from a list: send it in, look at what was found, then send (L2)."""

import io
from dataclasses import replace
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import content_disposition_header
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from rustpy_xlsxwriter import write_worksheet

from kacang.logistics.queries import COURIERS
from kacang.orders.batches import operations, queries
from kacang.orders.batches.operations import CheckRequest
from kacang.orders.batches.queries import CHECKING, Outcome
from kacang.outbox import files
from kacang.outbox import queries as works
from kacang.outbox.queries import WorkState, WorkView
from kacang.shared.errors import DomainError
from kacang.shared.texts import pick
from kacang.web.console.access import needs
from kacang.web.console.batches.words import reason_words
from kacang.web.console.desk import Desk, desk_of, is_over_list
from kacang.web.console.job_parts import job_part
from kacang.web.console.orders.parcels import couriers
from kacang.web.console.work import card_of
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PASTE_MOST = 1_000_000
PASTED_NAME = "pasted.txt"
SHOWN = 50
FIELDS: dict[str, Promise] = {
    "": gettext_lazy("Leave out"),
    "number": gettext_lazy("Order number"),
    "courier": gettext_lazy("Courier"),
    "tracking": gettext_lazy("Tracking number"),
}


class ListForm(forms.Form):
    """A file or pasted lines, and the courier of lines that name none."""

    file = forms.FileField(label=gettext_lazy("File"), required=False)
    lines = forms.CharField(
        label=gettext_lazy("Or paste"),
        required=False,
        max_length=PASTE_MOST,
        strip=False,
        widget=forms.Textarea(
            attrs={"rows": 8, "class": "code-area", "spellcheck": "false", "autocomplete": "off"}
        ),
        help_text=gettext_lazy("One order per line: order number, courier, tracking number."),
    )
    courier = forms.ChoiceField(
        label=gettext_lazy("Courier of lines without one"),
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["courier"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("None: each line names its own")), *couriers()]

    def clean(self) -> dict[str, Any]:
        """Ask for a file or for lines."""
        cleaned = super().clean() or {}
        if not cleaned.get("file") and not str(cleaned.get("lines") or "").strip():
            self.add_error("lines", _("Choose a file or paste at least one line."))
        return cleaned


@needs("orders.ship")
def list_new(request: ConsoleRequest) -> HttpResponse:
    """Take in a list of tracking numbers, and have it looked at."""
    desk = desk_of(request)
    data = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = ListForm(*data)
    if request.method == "POST" and form.is_valid():
        try:
            uid = _send(desk, form)
        except DomainError as error:
            form.add_error(None, text_of(error))
        else:
            return redirect("console_ship_check", uid)
    status = 422 if request.method == "POST" else 200
    return render(request, "console/batches/list.html", {"form": form}, status=status)


@needs("orders.ship")
@require_safe
def list_template(_request: ConsoleRequest) -> HttpResponse:
    """Send a workbook with the headings that a reader knows, and nothing else."""
    heads = (FIELDS["number"], FIELDS["courier"], FIELDS["tracking"])
    body = io.BytesIO()
    write_worksheet([dict.fromkeys(map(str, heads), "")], body)
    return _workbook(body.getvalue(), _("Tracking numbers") + ".xlsx")


@needs("orders.ship")
def list_check(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show what a look at the list found. Nothing is sent yet."""
    desk = desk_of(request)
    item = _check_of(desk, uid)
    card = replace(
        card_of(item, desk),
        title=_("Check of a list of tracking numbers"),
        poll_url=reverse("console_ship_check", args=[uid]),
        cancel_url="",
        result_url="",
    )
    if is_over_list(request):
        return job_part(request, card, has_ended=item.has_ended)
    is_done = item.state is WorkState.DONE
    context = {
        "item": item,
        "job": card,
        "result": dict(item.result),
        "is_done": is_done,
        "is_failed": item.state is WorkState.FAILED,
        "reasons": [
            (reason_words(code), count)
            for code, count in dict(item.result.get("reasons") or {}).items()
        ],
        "faults": _shown(desk, uid, Outcome.REFUSED) if is_done else [],
        "good": _shown(desk, uid, Outcome.WAITING) if is_done else [],
        "columns": _columns(desk, item) if is_done else [],
        "fields": FIELDS.items(),
        "couriers": couriers(),
        "courier": item.arguments.get("courier", ""),
        "shown_most": SHOWN,
    }
    return render(request, "console/batches/check.html", context)


@needs("orders.ship")
@require_POST
def list_again(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Look at the same list again with other columns."""
    desk = desk_of(request)
    item = _check_of(desk, uid)
    columns = {
        value: int(name.removeprefix("column-"))
        for name in request.POST
        if name.startswith("column-")
        and name.removeprefix("column-").isdecimal()
        and (value := request.POST.get(name, ""))
        and value in FIELDS
    }
    request_ = CheckRequest(
        file_uid=str(item.arguments["file"]),
        courier=request.POST.get("courier", "")[:20],
        columns=columns,
        has_header=request.POST.get("header") == "yes",
    )
    try:
        again = operations.check_shipping(
            merchant_id=desk.merchant_id, actor=desk.actor, request=request_
        )
    except DomainError as error:
        messages.error(request, text_of(error))
        return redirect("console_ship_check", uid)
    return redirect("console_ship_check", again)


@needs("orders.ship")
@require_POST
def list_send(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Send what was found good."""
    desk = desk_of(request)
    item = _check_of(desk, uid)
    try:
        batch = operations.ship_checked(
            merchant_id=desk.merchant_id,
            actor=desk.actor,
            check_uid=item.uid,
            all_or_nothing=request.POST.get("mode") == "all",
        )
    except DomainError as error:
        messages.error(request, text_of(error))
        return redirect("console_ship_check", uid)
    return redirect("console_order_batch", batch)


@needs("orders.ship")
@require_safe
def list_faults(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Send the lines that cannot be sent, each with its reason, as a workbook."""
    desk = desk_of(request)
    _check_of(desk, uid)
    language = get_language() or ""
    heads = [
        str(head)
        for head in (
            _("Line"), FIELDS["number"], FIELDS["courier"], FIELDS["tracking"], _("Why not"),
        )
    ]  # fmt: skip
    found = [
        dict(
            zip(
                heads,
                (
                    str(row.line_no),
                    row.order_number,
                    pick(COURIERS[row.courier].name, language) if row.courier in COURIERS else "",
                    row.tracking_number,
                    str(reason_words(row.reason)),
                ),
                strict=True,
            )
        )
        for row in queries.all_rows(merchant_id=desk.merchant_id, uid=uid, outcome=Outcome.REFUSED)
    ]
    body = io.BytesIO()
    # Every text is a text cell: nothing in it is taken for a formula.
    write_worksheet(found or [dict.fromkeys(heads, "")], body)
    return _workbook(body.getvalue(), _("Lines with faults") + ".xlsx")


def _send(desk: Desk, form: ListForm) -> str:
    upload = form.cleaned_data["file"]
    if upload:
        file_uid = files.store_upload(merchant_id=desk.merchant_id, purpose="ship", upload=upload)
    else:
        text = form.cleaned_data["lines"].replace("\r\n", "\n")
        name = "pasted.csv" if _is_csv(text) else PASTED_NAME
        file_uid = files.store(
            merchant_id=desk.merchant_id, purpose="ship", name=name, content=text.encode()
        )
    return operations.check_shipping(
        merchant_id=desk.merchant_id,
        actor=desk.actor,
        request=CheckRequest(file_uid, form.cleaned_data["courier"]),
    )


def _is_csv(text: str) -> bool:
    """Whether pasted lines are parted by commas: else by tabs or spaces."""
    first = text.strip().partition("\n")[0]
    return "," in first and "\t" not in first


def _shown(desk: Desk, uid: str, outcome: Outcome) -> list[tuple[Any, Any, Any]]:
    language = get_language() or ""
    found = queries.batch_rows(merchant_id=desk.merchant_id, uid=uid, limit=SHOWN, outcome=outcome)
    return [
        (
            row,
            pick(COURIERS[row.courier].name, language) if row.courier in COURIERS else "",
            reason_words(row.reason) if row.reason else "",
        )
        for row in found
    ]


def _columns(desk: Desk, item: WorkView) -> list[tuple[int, str, list[str]]]:
    """Return each column of the list: its place, what it was taken for, and its first cells."""
    try:
        lines = queries.first_lines(
            merchant_id=desk.merchant_id,
            file_uid=str(item.arguments["file"]),
            name=str(item.arguments["name"]),
        )
    except files.UnknownFile:
        return []
    taken = {at: field for field, at in dict(item.result["columns"]).items()}
    width = max((len(line) for line in lines), default=0)
    return [
        (at, taken.get(at, ""), [line[at] for line in lines if at < len(line)][:3])
        for at in range(width)
    ]


def _check_of(desk: Desk, uid: str) -> WorkView:
    item = works.work(merchant_id=desk.merchant_id, uid=uid)
    if item.kind != CHECKING:
        raise works.UnknownWork
    return item


def _workbook(body: bytes, filename: str) -> HttpResponse:
    response = HttpResponse(body, content_type=XLSX)
    name = content_disposition_header(as_attachment=True, filename=filename)
    response["Content-Disposition"] = name or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    return response
