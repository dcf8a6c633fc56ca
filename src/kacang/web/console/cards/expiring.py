"""Unsold stock that will expire: by batch, with what it cost, as a page, csv and xlsx (V8)."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from rustpy_xlsxwriter import write_worksheet

from kacang.catalog import queries as catalog
from kacang.catalog.queries import SkuView
from kacang.shared.clock import utc_now
from kacang.shared.money import Money
from kacang.shared.sheets import harmless
from kacang.shared.texts import pick
from kacang.vault import queries
from kacang.vault.queries import Expiring
from kacang.web.console.access import needs
from kacang.web.console.desk import Desk, desk_of
from kacang.web.console.goods.purchasing import XLSX
from kacang.web.design.parts import Tab
from kacang.web.requests import ConsoleRequest

WINDOWS = (7, 30, 90)


@dataclass(frozen=True, slots=True)
class Row:
    """A batch's cards that expire, and the lists of just these cards."""

    found: Expiring
    sku: SkuView | None
    url: str
    frozen_url: str


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that belong together; `name` None: all of them, ungrouped."""

    name: str | None
    rows: list[Row]
    cost: Money

    @property
    def cards(self) -> int:
        """Cards on sale."""
        return sum(row.found.cards for row in self.rows)

    @property
    def frozen(self) -> int:
        """Cards that are held back."""
        return sum(row.found.frozen for row in self.rows)


@needs("stock.view")
def expiring_list(request: ConsoleRequest) -> HttpResponse:
    """Show unsold cards that expire within 7, 30 or 90 days, by supplier if wanted.

    With `format=csv` or `xlsx`, download them.
    """
    desk = desk_of(request)
    asked = request.GET.get("days", "")
    days = next((window for window in WINDOWS if str(window) == asked), 30)
    last = utc_now().astimezone(desk.zone).date() + timedelta(days=days)
    before = datetime.combine(last + timedelta(days=1), time.min, desk.zone)
    found = queries.expiring(merchant_id=desk.merchant_id, before=before)
    skus = catalog.skus_by_id(merchant_id=desk.merchant_id, ids={one.sku_id for one in found})
    rows = [
        Row(
            one,
            skus.get(one.sku_id),
            _cards_url(one, "available", last.isoformat()),
            _cards_url(one, "frozen", last.isoformat()),
        )
        for one in found
    ]
    download = _DOWNLOADS.get(request.GET.get("format", ""))
    if download:
        return download(rows, desk, days)
    by_supplier = request.GET.get("by") == "supplier"
    kept = "&by=supplier" if by_supplier else ""
    whole = Group(None, rows, _cost(rows, desk))
    context = {
        "groups": _by_supplier(rows, desk) if by_supplier else [whole],
        "whole": whole,
        "by_supplier": by_supplier,
        "tabs": [
            Tab(_("%(days)s days") % {"days": window}, f"?days={window}{kept}", on=window == days)
            for window in WINDOWS
        ],
        "days": days,
    }
    return render(request, "console/stock/expiring.html", context)


def _cards_url(found: Expiring, state: str, until: str) -> str:
    query = {"batch": found.batch_uid, "state": state, "until": until}
    return f"{reverse('console_cards')}?{urlencode(query)}"


def _cost(rows: Iterable[Row], desk: Desk) -> Money:
    costs = (row.found.cost for row in rows)
    return sum((cost for cost in costs if cost.currency == desk.currency), Money(0, desk.currency))


def _by_supplier(rows: list[Row], desk: Desk) -> list[Group]:
    """Return a group a supplier, whose cards cost most at the top."""
    of: dict[str, list[Row]] = {}
    for row in rows:
        of.setdefault(row.found.supplier, []).append(row)
    groups = [Group(name, theirs, _cost(theirs, desk)) for name, theirs in of.items()]
    return sorted(groups, key=lambda group: (-group.cost.minor, group.name or ""))


def _lines(rows: Iterable[Row], desk: Desk) -> Iterator[dict[str, str | int | float]]:
    language = get_language() or ""
    for row in rows:
        first = row.found.first_at.astimezone(desk.zone).strftime("%Y-%m-%d %H:%M:%S")
        yield {
            _("Product"): pick(row.sku.name, language) if row.sku else "",
            _("Batch"): row.found.batch_number,
            _("Supplier"): row.found.supplier,
            _("Cards"): row.found.cards,
            _("Frozen"): row.found.frozen,
            # Files have no other numbers than these: for reading, not for reckoning.
            _("Purchase price"): float(row.found.cost.plain),
            _("Currency"): row.found.cost.currency,
            _("First expires"): first,
        }


def _csv(rows: list[Row], desk: Desk, days: int) -> HttpResponse:
    body = io.StringIO()
    writer = csv.writer(body)
    for number, (row, line) in enumerate(zip(rows, _lines(rows, desk), strict=True)):
        if number == 0:
            writer.writerow(line)
        line[_("Purchase price")] = row.found.cost.plain
        writer.writerow([_harmless(one) for one in line.values()])
    response = HttpResponse("\ufeff" + body.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="expiring-{days}.csv"'
    return response


def _xlsx(rows: list[Row], desk: Desk, days: int) -> HttpResponse:
    body = io.BytesIO()
    # Every text is a text cell: nothing in it is taken for a formula.
    write_worksheet(
        _lines(rows, desk), body, sheet_name=_("Stock that expires")[:31],
        freeze_row=1, bold_headers=True, autofit=True,
    )  # fmt: skip
    response = HttpResponse(body.getvalue(), content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="expiring-{days}.xlsx"'
    return response


_DOWNLOADS = {"csv": _csv, "xlsx": _xlsx}


def _harmless(cell: str | int | float) -> str | int | float:
    return harmless(cell) if isinstance(cell, str) else cell
