"""Unsold stock that will expire: by batch, with what it cost, as a page and as csv (V8)."""

import csv
import io
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kacang.catalog import queries as catalog
from kacang.catalog.queries import SkuView
from kacang.shared.clock import utc_now
from kacang.shared.money import Money
from kacang.shared.texts import pick
from kacang.vault import queries
from kacang.vault.queries import Expiring
from kacang.web.console.access import needs
from kacang.web.console.desk import Desk, desk_of
from kacang.web.design.parts import Tab
from kacang.web.requests import ConsoleRequest

WINDOWS = (7, 30, 90)
# What a spreadsheet would take for a formula.
FORMULAS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Row:
    """A batch's cards that expire, and the list of just these cards."""

    found: Expiring
    sku: SkuView | None
    url: str


@needs("stock.view")
def expiring_list(request: ConsoleRequest) -> HttpResponse:
    """Show what is on sale and expires within 7, 30 or 90 days; with `format=csv`, download it."""
    desk = desk_of(request)
    asked = request.GET.get("days", "")
    days = next((window for window in WINDOWS if str(window) == asked), 30)
    last = utc_now().astimezone(desk.zone).date() + timedelta(days=days)
    before = datetime.combine(last + timedelta(days=1), time.min, desk.zone)
    found = queries.expiring(merchant_id=desk.merchant_id, before=before)
    skus = catalog.skus_by_id(merchant_id=desk.merchant_id, ids={one.sku_id for one in found})
    rows = [Row(one, skus.get(one.sku_id), _cards_url(one, last.isoformat())) for one in found]
    if request.GET.get("format") == "csv":
        return _download(rows, desk, days)
    context = {
        "rows": rows,
        "tabs": [
            Tab(_("%(days)s days") % {"days": window}, f"?days={window}", on=window == days)
            for window in WINDOWS
        ],
        "days": days,
        "cards": sum(one.cards for one in found),
        "cost": sum(
            (one.cost for one in found if one.cost.currency == desk.currency),
            Money(0, desk.currency),
        ),
    }
    return render(request, "console/stock/expiring.html", context)


def _cards_url(found: Expiring, until: str) -> str:
    query = {"batch": found.batch_uid, "state": "available", "until": until}
    return f"{reverse('console_cards')}?{urlencode(query)}"


def _download(rows: list[Row], desk: Desk, days: int) -> HttpResponse:
    body = io.StringIO()
    writer = csv.writer(body)
    heads = (_("Product"), _("Batch"), _("Supplier"), _("Cards"), _("Purchase price"))
    writer.writerow([*heads, _("Currency"), _("First expires")])
    language = get_language() or ""
    for row in rows:
        title = pick(row.sku.name, language) if row.sku else ""
        first = row.found.first_at.astimezone(desk.zone).strftime("%Y-%m-%d %H:%M:%S")
        cost = row.found.cost
        texts = [_harmless(one) for one in (title, row.found.batch_number, row.found.supplier)]
        writer.writerow([*texts, row.found.cards, cost.plain, cost.currency, first])
    response = HttpResponse("\ufeff" + body.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="expiring-{days}.csv"'
    return response


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULAS) else text
