"""Importing codes at the desk: send a file or paste, look at what was found, then load (V2)."""

import io
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.functional import Promise
from django.utils.http import content_disposition_header
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from rustpy_xlsxwriter import write_worksheet

from kacang.catalog import queries as catalog
from kacang.catalog.queries import ProductView, SkuView
from kacang.merchants.tenancy import acting_as
from kacang.outbox import files
from kacang.outbox import queries as works
from kacang.outbox.files import Upload
from kacang.outbox.queries import WorkState, WorkView
from kacang.shared.errors import DomainError
from kacang.vault import operations
from kacang.vault.imports.intake import stored_purchase
from kacang.vault.operations import ImportRequest, Purchase, Wishes
from kacang.vault.queries import ImportPreview, PreviewColumn, import_preview
from kacang.vault.reading.layouts import stored_layout, wishes_of
from kacang.vault.reading.records import BLOCK_END_MAX
from kacang.web.console.access import needs
from kacang.web.console.cards.batch_forms import FactsForm
from kacang.web.console.desk import Desk, desk_of, is_over_list
from kacang.web.console.job_parts import job_part
from kacang.web.console.products.prices import PriceField
from kacang.web.console.work import card_of
from kacang.web.errors import text_of
from kacang.web.import_words import REASONS
from kacang.web.requests import ConsoleRequest

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CHECK = "vault.check"
# What another way of reading may cure.
MENDABLE = ("quotes", "no_pairs", "not_xlsx")
TEXT_KINDS = ("text", "csv", "lines")
PASTE_MOST = 2_000_000
PASTED_NAME = "pasted.txt"
FIELDS: dict[str, Promise] = {
    "": gettext_lazy("Leave out"),
    "number": gettext_lazy("Card number"),
    "secret": gettext_lazy("Code"),
    "expires": gettext_lazy("Valid until"),
    "remark": gettext_lazy("Remark"),
    "cost": gettext_lazy("Cost"),
}
# What a card is. Files are never taken for cards unasked.
UNITS: dict[str, Promise] = {
    "": gettext_lazy("A line or row (found out)"),
    "line": gettext_lazy("A line or row"),
    "block": gettext_lazy("Several lines"),
    "file": gettext_lazy("A file: picture or text up to 64 KB"),
}
PARTINGS: dict[str, Promise] = {
    "": gettext_lazy("Found out"),
    "none": gettext_lazy("Nothing: the whole is the code"),
    "----": gettext_lazy("---- (four dashes)"),
    "\t": gettext_lazy("Tab"),
    ",": gettext_lazy("Comma"),
    ";": gettext_lazy("Semicolon"),
    "|": gettext_lazy("Vertical bar |"),
    " ": gettext_lazy("Space"),
    "pairs": gettext_lazy("Keys, such as 账号: x 密码: y"),
}


class ImportForm(FactsForm):
    """A file or pasted lines, what a card of them is, and what is known of the purchase."""

    file = forms.FileField(label=gettext_lazy("File"), required=False)
    unit = forms.ChoiceField(
        label=gettext_lazy("One card is"), required=False, choices=list(UNITS.items())
    )
    block_end = forms.CharField(
        label=gettext_lazy("Line between two cards"),
        max_length=BLOCK_END_MAX,
        required=False,
        help_text=gettext_lazy("For cards of several lines. Empty: a blank line."),
    )
    separator = forms.ChoiceField(
        label=gettext_lazy("Number and code are parted by"),
        required=False,
        choices=list(PARTINGS.items()),
    )
    lines = forms.CharField(
        label=gettext_lazy("Or paste"),
        required=False,
        max_length=PASTE_MOST,
        strip=False,
        widget=forms.Textarea(
            attrs={"rows": 6, "class": "code-area", "spellcheck": "false", "autocomplete": "off"}
        ),
        help_text=gettext_lazy("One card per line; number and code apart by ---- or tab."),
    )
    supplier = forms.CharField(label=gettext_lazy("Supplier"), max_length=120, required=False)
    purchase_number = forms.CharField(
        label=gettext_lazy("Purchase number"), max_length=60, required=False
    )
    unit_cost = PriceField(
        label=gettext_lazy("Purchase price per card"),
        required=False,
        help_text=gettext_lazy("Empty: as the variant says."),
    )
    valid_until = forms.DateField(
        label=gettext_lazy("Valid until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("For cards without a date of their own."),
    )
    note = forms.CharField(label=gettext_lazy("Note"), max_length=500, required=False)

    def clean(self) -> dict[str, Any]:
        """Ask for a file or for lines."""
        cleaned = super().clean() or {}
        if not cleaned.get("file") and not str(cleaned.get("lines") or "").strip():
            self.add_error("lines", _("Choose a file or paste at least one line."))
        if len(self.uploads()) > 1 and cleaned.get("unit") != "file":
            self.add_error("file", _("Several files at once must be cards each: say so below."))
        day = cleaned.get("valid_until")
        if day and day < timezone.localdate():
            self.add_error("valid_until", _("This day has passed."))
        return cleaned

    def uploads(self) -> list[Upload]:
        """Return the files that were sent, one or several."""
        return list(self.files.getlist("file")) if isinstance(self.files, MultiValueDict) else []

    def wishes(self) -> Wishes:
        """Return how the file is to be read."""
        data = self.cleaned_data
        return Wishes(separator=data["separator"], unit=data["unit"], block_end=data["block_end"])

    def purchase(self) -> Purchase:
        """Return what was said about the purchase."""
        data = self.cleaned_data
        return Purchase(
            supplier=data["supplier"],
            purchase_number=data["purchase_number"],
            unit_cost_minor=data["unit_cost"],
            valid_until=end_of_day(data["valid_until"]),
            note=data["note"],
            **self.known(),
        )


def end_of_day(day: Any) -> datetime | None:
    """Return the last second of a day in the shop's time zone."""
    if day is None:
        return None
    midnight = datetime.combine(day, time.min, tzinfo=timezone.get_current_timezone())
    return midnight + timedelta(days=1) - timedelta(seconds=1)


@needs("stock.import")
def import_new(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Take in a file or pasted lines, and have them looked at."""
    desk = desk_of(request)
    sku, product = goods_of(desk, uid)
    data = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = ImportForm(*data, currency=desk.currency)
    if request.method == "POST" and form.is_valid():
        try:
            work_uid = _send(desk, form, sku)
        except DomainError as error:
            form.add_error(None, text_of(error))
        else:
            return redirect("console_import_check", work_uid)
    context = {"form": form, "sku": sku, "product": product}
    status = 422 if request.method == "POST" else 200
    return render(request, "console/stock/import.html", context, status=status)


@needs("stock.import")
@require_safe
def import_template(_request: ConsoleRequest) -> HttpResponse:
    """Send a workbook with the headings that a reader knows, and nothing else."""
    names = [_("Card number"), _("Code"), _("Expiry"), _("Remark")]
    body = io.BytesIO()
    # A row of empty cells: a line that says nothing is no card.
    write_worksheet([dict.fromkeys([*names, _("Cost")], "")], body)
    response = HttpResponse(body.getvalue(), content_type=XLSX)
    name = content_disposition_header(as_attachment=True, filename=_("Cards") + ".xlsx")
    response["Content-Disposition"] = name or "attachment"
    return response


def _send(desk: Desk, form: ImportForm, sku: SkuView) -> str:
    return operations.check_import(
        merchant_id=desk.merchant_id,
        actor=desk.actor,
        file_uid=_kept(desk, form),
        request=ImportRequest(
            sku_uid=sku.uid,
            purchase=form.purchase(),
            wishes=form.wishes(),
            language=get_language() or "zh-hans",
        ),
    )


def _kept(desk: Desk, form: ImportForm) -> str:
    """Seal what was sent and return its uid."""
    uploads = form.uploads()
    if len(uploads) > 1:
        return operations.seal_files(merchant_id=desk.merchant_id, uploads=uploads)
    if uploads:
        return files.store_upload(merchant_id=desk.merchant_id, purpose="import", upload=uploads[0])
    text = form.cleaned_data["lines"].replace("\r\n", "\n")
    if form.cleaned_data["unit"] in ("block", "file"):
        return files.store(
            merchant_id=desk.merchant_id,
            purpose="import",
            name=PASTED_NAME,
            content=text.encode(),
        )
    lines = text.removesuffix("\n").split("\n")
    return operations.seal_lines(merchant_id=desk.merchant_id, lines=lines)


@needs("stock.import")
def import_check(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show what a look at the file found: counts, first lines, columns. Nothing is stored yet."""
    desk = desk_of(request)
    work = _check_of(desk, uid)
    card = card_of(work, desk)
    if is_over_list(request):
        return job_part(request, card, has_ended=work.has_ended)
    sku, product = goods_of(desk, str(work.arguments["sku"]))
    preview = _preview(desk, work)
    result = dict(work.result)
    context = {
        "work": work,
        "job": card,
        "sku": sku,
        "product": product,
        "preview": preview,
        "result": result,
        "reasons": [
            (REASONS.get(reason, reason), number)
            for reason, number in dict(result.get("reasons") or {}).items()
        ],
        "columns": _columns(preview, result),
        "lines": [(line, REASONS.get(line.reason, "")) for line in preview.lines]
        if preview
        else [],
        "fields": FIELDS.items(),
        "units": UNITS.items(),
        "partings": PARTINGS.items(),
        "is_text": preview is not None and preview.kind in TEXT_KINDS,
        "has_costs": "cost" in dict(dict(result.get("layout") or {}).get("columns") or {}),
        "can_try": result.get("problem") in MENDABLE,
        "is_done": work.state is WorkState.DONE,
        "is_failed": work.state is WorkState.FAILED,
    }
    return render(request, "console/stock/check.html", context)


@needs("stock.import")
@require_POST
def import_again(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Look at the same file again with other columns."""
    desk = desk_of(request)
    return _go_on(request, uid, load=False, wishes=_wishes(request, desk, uid))


@needs("stock.import")
@require_POST
def import_load(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Load the file as it was shown."""
    # As it was shown: another import of this supplier may have come in between.
    shown = stored_layout(dict(_check_of(desk_of(request), uid).result.get("layout") or {}))
    wishes = Wishes() if shown is None else wishes_of(shown)
    return _go_on(request, uid, load=True, wishes=wishes)


def _go_on(request: ConsoleRequest, uid: str, *, load: bool, wishes: Wishes) -> HttpResponse:
    desk = desk_of(request)
    arguments = _check_of(desk, uid).arguments
    start = operations.import_cards if load else operations.check_import
    try:
        work_uid = start(
            merchant_id=desk.merchant_id,
            actor=desk.actor,
            file_uid=str(arguments["file"]),
            request=ImportRequest(
                sku_uid=str(arguments["sku"]),
                purchase=stored_purchase(arguments["purchase"]),
                wishes=wishes,
                keep_good=request.POST.get("mode") != "all",
                language=get_language() or "zh-hans",
            ),
        )
    except DomainError as error:
        messages.error(request, text_of(error))
        return redirect("console_import_check", uid)
    return redirect("console_work" if load else "console_import_check", work_uid)


def _wishes(request: ConsoleRequest, desk: Desk, uid: str) -> Wishes:
    """Read which column is what; a field named twice is left to the reader to refuse.

    Columns that were chosen hold for the parting that was shown: with another one they are others.
    """
    shown = stored_layout(dict(_check_of(desk, uid).result.get("layout") or {}))
    said = request.POST
    parting = (
        said.get("separator", shown.separator if shown else "")[:8],
        said.get("unit", shown.unit if shown else ""),
        said.get("block_end", shown.block_end if shown else "")[:BLOCK_END_MAX],
    )
    if shown and parting != (shown.separator, shown.unit, shown.block_end):
        return Wishes(None, None, *parting)
    columns: dict[str, int] = {}
    for name, value in said.items():
        index = name.removeprefix("column-")
        if name.startswith("column-") and index.isdecimal() and value in FIELDS and value:
            columns[value] = int(index)
    header = {"yes": True, "no": False}.get(said.get("header", ""))
    return Wishes(columns or None, header, *parting)


def _columns(preview: ImportPreview | None, result: Mapping[str, Any]) -> list[PreviewColumn]:
    """Return the columns to choose from; where no code was found among them, the headings."""
    if preview:
        return list(preview.columns)
    names = str(result.get("names") or "").splitlines()
    return [PreviewColumn(at, name, "", "") for at, name in enumerate(names)]


def _preview(desk: Desk, work: WorkView) -> ImportPreview | None:
    if work.state is not WorkState.DONE:
        return None
    try:
        return import_preview(merchant_id=desk.merchant_id, work_uid=work.uid)
    except files.UnknownFile:
        return None


def _check_of(desk: Desk, uid: str) -> WorkView:
    work = works.work(merchant_id=desk.merchant_id, uid=uid)
    if work.kind != CHECK:
        raise works.UnknownWork
    return work


def goods_of(desk: Desk, sku_uid: str) -> tuple[SkuView, ProductView]:
    """Return a SKU and its product."""
    with acting_as(desk.merchant_id):
        sku = catalog.sku(merchant_id=desk.merchant_id, uid=sku_uid)
        return sku, catalog.product(merchant_id=desk.merchant_id, uid=sku.product_uid)
