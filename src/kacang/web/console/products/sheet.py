"""Prices, warnings and sale of many SKUs as a sheet: what would change is shown before it does."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kacang.catalog import operations, queries
from kacang.catalog.operations import Cells, SheetLine, SheetStale
from kacang.catalog.queries import ProductFilter, SkuView
from kacang.shared.errors import DomainError
from kacang.shared.money import Money
from kacang.shared.texts import pick
from kacang.web.console.access import needs
from kacang.web.console.desk import Desk, desk_of, pages_of
from kacang.web.console.products.forms import COUNT_MOST
from kacang.web.console.products.prices import PricedForm, PriceField
from kacang.web.errors import text_of
from kacang.web.requests import ConsoleRequest

PAGE = 20
LINES_MAX = 2_000


class LineForm(PricedForm):
    """One SKU of the sheet. `was` is what it said when the sheet was read."""

    uid = forms.CharField(max_length=32, widget=forms.HiddenInput)
    was = forms.CharField(max_length=200, widget=forms.HiddenInput)
    price = PriceField()
    list_price = PriceField(required=False)
    low_stock_at = forms.IntegerField(min_value=0, max_value=COUNT_MOST, required=False)
    on_sale = forms.BooleanField(required=False)

    def clean_was(self) -> Cells:
        """Read what the page itself wrote."""
        try:
            return Cells(**json.loads(self.cleaned_data["was"]))
        except (ValueError, TypeError):
            raise forms.ValidationError(_("Please open the sheet again.")) from None

    def clean(self) -> dict[str, Any]:
        """Hold the struck price above the price."""
        found: dict[str, Any] = super().clean() or {}
        price, struck = found.get("price"), found.get("list_price")
        if price is not None and struck is not None and struck < price:
            self.add_error("list_price", _("The price struck through is not below the price."))
        return found

    @property
    def line(self) -> SheetLine:
        """The line as it is wanted. Only of a valid form."""
        given = self.cleaned_data
        now = Cells(given["price"], given["list_price"], given["low_stock_at"], given["on_sale"])
        return SheetLine(given["uid"], given["was"], now)


LineForms = forms.formset_factory(LineForm, extra=0, max_num=LINES_MAX, absolute_max=LINES_MAX)
FIELDS = {
    "price_minor": gettext_lazy("Price"),
    "list_price_minor": gettext_lazy("Price struck through"),
    "low_stock_at": gettext_lazy("Warn below"),
    "on_sale": gettext_lazy("On sale"),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One cell that would change."""

    name: str
    field: Any
    before: str
    after: str


@needs("products.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def sheet(request: ConsoleRequest) -> HttpResponse:
    """Show SKUs as a sheet; then what would change; then change it, all or nothing."""
    desk = desk_of(request)
    page = queries.products_page(
        merchant_id=desk.merchant_id, where=ProductFilter(search=request.GET.get("q", "")[:100]),
        cursor=request.GET.get("cursor", ""), limit=PAGE,
    )  # fmt: skip
    skus = [sku for product in page.items for sku in product.skus]
    if request.method != "POST":
        lines = _lines(desk, initial=[_initial(sku) for sku in skus])
        return _show(request, lines, page.next_cursor)
    lines = _lines(desk, request.POST)
    if not lines.is_valid():
        return _show(request, lines, page.next_cursor, status=422)
    wanted = _wanted(lines)
    if not wanted:
        messages.info(request, _("Nothing was changed."))
        return redirect(request.get_full_path())
    if request.POST.get("step") != "save" or request.POST.get("seen") != _mark(wanted):
        return _show(request, lines, page.next_cursor, wanted=wanted)
    return _save(request, desk, lines, wanted, page.next_cursor)


def _save(
    request: ConsoleRequest, desk: Desk, lines: Any, wanted: Sequence[SheetLine], following: str
) -> HttpResponse:
    try:
        count = operations.save_sheet(merchant_id=desk.merchant_id, actor=desk.actor, lines=wanted)
    except SheetStale as error:
        # What was typed stays, beside what stands there now.
        messages.error(request, text_of(error))
        lines = _lines(desk, _with_present(request, desk))
        assert lines.is_valid()
        return _show(request, lines, following, wanted=_wanted(lines), status=409)
    except DomainError as error:
        messages.error(request, text_of(error))
        return _show(request, lines, following, status=409)
    said = ngettext("%(count)s variant is changed.", "%(count)s variants are changed.", count)
    messages.success(request, said % {"count": count})
    return redirect(request.get_full_path())


def _lines(desk: Desk, data: QueryDict | None = None, **options: Any) -> Any:
    return LineForms(data, form_kwargs={"currency": desk.currency}, **options)


def _wanted(lines: Any) -> list[SheetLine]:
    every = [form.line for form in lines]
    return [line for line in every if line.was != line.now]


def _with_present(request: ConsoleRequest, desk: Desk) -> QueryDict:
    """Return what was sent, with what the SKUs say now in place of what they said."""
    data = request.POST.copy()
    places = {data[name]: name for name in data if name.endswith("-uid")}
    known = queries.skus_by_uid(merchant_id=desk.merchant_id, uids=[str(uid) for uid in places])
    for uid, name in places.items():
        if uid in known:
            data[name.removesuffix("uid") + "was"] = _initial(known[str(uid)])["was"]
    return data


def _show(
    request: ConsoleRequest,
    lines: Any,
    following: str,
    *,
    wanted: Sequence[SheetLine] = (),
    status: int = 200,
) -> HttpResponse:
    desk = desk_of(request)
    known = queries.skus_by_uid(
        merchant_id=desk.merchant_id, uids=[str(form["uid"].value() or "")[:32] for form in lines]
    )
    context = {
        "lines": lines,
        "rows": [(form, known.get(str(form["uid"].value()))) for form in lines],
        "differences": [one for line in wanted for one in _differences(line, known, desk)],
        "changed": len(wanted),
        "seen": _mark(wanted) if wanted else "",
        "q": request.GET.get("q", ""),
        "pages": pages_of(request, following),
    }
    return render(request, "console/products/sheet.html", context, status=status)


def _initial(sku: SkuView) -> dict[str, Any]:
    cells = Cells(
        sku.price.minor, sku.list_price.minor if sku.list_price else None, sku.low_stock_at,
        sku.on_sale,
    )  # fmt: skip
    return {
        "uid": sku.uid,
        "was": json.dumps(asdict(cells)),
        "price": sku.price.plain,
        "list_price": sku.list_price.plain if sku.list_price else "",
        "low_stock_at": sku.low_stock_at,
        "on_sale": sku.on_sale,
    }


def _differences(line: SheetLine, known: dict[str, SkuView], desk: Desk) -> list[Difference]:
    language = get_language() or ""
    sku = known.get(line.uid)
    name = f"{pick(sku.product_title, language)} · {pick(sku.title, language)}" if sku else line.uid
    was, now = asdict(line.was), asdict(line.now)
    return [
        Difference(name, word, _said(field, was[field], desk), _said(field, now[field], desk))
        for field, word in FIELDS.items()
        if was[field] != now[field]
    ]


def _said(field: str, value: Any, desk: Desk) -> str:
    if field == "on_sale":
        return _("On sale") if value else _("Off sale")
    if value is None:
        return _("as the settings say") if field == "low_stock_at" else "—"
    return str(value) if field == "low_stock_at" else str(Money(value, desk.currency))


def _mark(wanted: Sequence[SheetLine]) -> str:
    """Name a set of changes: one that was not shown yet is shown before it is done."""
    return sha256(repr([(line.uid, line.was, line.now) for line in wanted]).encode()).hexdigest()
