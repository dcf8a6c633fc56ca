"""What to buy, as a page and as an xlsx (S5)."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from kacang.shared.money import Money
from kacang.supply import operations, queries
from kacang.supply.queries import PurchaseLine, Wish
from kacang.web.console.access import needs
from kacang.web.console.cards.levels import page_number, pages_by_number
from kacang.web.console.desk import desk_of
from kacang.web.design.parts import Tab
from kacang.web.requests import ConsoleRequest

PAGE = 50
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
KIND_WORDS: dict[str, Promise] = {
    "": gettext_lazy("Cards and goods"),
    "cards": gettext_lazy("Cards"),
    "goods": gettext_lazy("Goods"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A line, with where each of its numbers comes from."""

    line: PurchaseLine
    stock_url: str
    available_url: str
    sold_url: str
    source_url: str


@needs("stock.view")
def purchase_list(request: ConsoleRequest) -> HttpResponse:
    """Show what to buy and why; with `format=xlsx`, download all that fits."""
    desk = desk_of(request)
    wish = _wish(request)
    if request.GET.get("format") == "xlsx":
        body = operations.purchase_workbook(
            merchant_id=desk.merchant_id,
            actor=desk.actor,
            wish=wish,
            language=get_language() or "zh-hans",
        )
        response = HttpResponse(body, content_type=XLSX)
        response["Content-Disposition"] = 'attachment; filename="purchase-list.xlsx"'
        return response
    lines = queries.purchase_list(merchant_id=desk.merchant_id, wish=wish)
    number = page_number(request)
    context = {
        "rows": [_row(line) for line in lines[number * PAGE : (number + 1) * PAGE]],
        "wish": wish,
        "spans": queries.SPANS,
        "tabs": _tabs(request, wish),
        "kinds": KIND_WORDS.items(),
        "suppliers": sorted({line.supplier for line in lines if line.supplier} | {wish.supplier}),
        "is_narrowed": wish != Wish(span=wish.span),
        "pieces": sum(line.suggested for line in lines),
        "amount": sum((line.amount for line in lines), Money(0, desk.currency)),
        "xlsx_url": f"?{_with(request, format='xlsx')}",
        "pages": pages_by_number(request, number, len(lines), PAGE),
    }
    return render(request, "console/stock/purchase.html", context)


def _wish(request: ConsoleRequest) -> Wish:
    given = request.GET
    kind = given.get("kind", "")
    return Wish(
        span=next((one for one in queries.SPANS if str(one) == given.get("span")), 7),
        kind=kind if kind in queries.KINDS else "",
        needed=given.get("needed") == "1",
        supplier=given.get("supplier", "").replace("\0", "")[:120],
        words=given.get("q", "").strip()[:100],
    )


def _tabs(request: ConsoleRequest, wish: Wish) -> list[Tab]:
    return [
        Tab(_("All"), f"?{_with(request, needed='')}", on=not wish.needed),
        Tab(_("To buy"), f"?{_with(request, needed='1')}", on=wish.needed),
    ]


def _with(request: ConsoleRequest, **values: str) -> str:
    query = request.GET.copy()
    for name in ("page", "format"):
        query.pop(name, None)
    for name, value in values.items():
        query[name] = value
        if not value:
            del query[name]
    return query.urlencode()


def _row(line: PurchaseLine) -> Row:
    uid = line.sku.uid
    if line.is_goods:
        page = reverse("console_goods", args=[uid])
        return Row(line, page, page, page, page if line.source_number or line.supplier else "")
    page = reverse("console_stock_sku", args=[uid])
    cards = reverse("console_cards")
    return Row(
        line,
        page,
        f"{cards}?{urlencode({'sku': uid, 'state': 'available'})}",
        f"{cards}?{urlencode({'sku': uid, 'state': 'sold'})}",
        reverse("console_batch", args=[line.source]) if line.source else "",
    )
