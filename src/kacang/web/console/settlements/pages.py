"""Statements of what parties get of a merchant's sales, as pages and xlsx (F4)."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rustpy_xlsxwriter import write_worksheet

from kacang.ledger.accounts import DocumentKind
from kacang.orders.numbers import numbers_of_orders
from kacang.payouts import queries
from kacang.payouts.queries import AgreementView, LineView, Party, Period, StatementView
from kacang.web.console.access import needs
from kacang.web.console.cards.levels import page_number
from kacang.web.console.desk import Desk, desk_of, pages_of
from kacang.web.console.goods.purchasing import XLSX
from kacang.web.design.parts import Pages
from kacang.web.requests import ConsoleRequest

PAGE = 50
CURSOR = re.compile(r"[0-9]{1,18}", re.ASCII)
# More sales than this are fetched piece by piece for a file.
PIECE = 1000
PARTY_WORDS: dict[Party, Promise] = {Party.PLATFORM: gettext_lazy("Platform")}
PERIOD_WORDS: dict[Period, Promise] = {
    Period.DAY: gettext_lazy("By day"),
    Period.WEEK: gettext_lazy("By week"),
    Period.MONTH: gettext_lazy("By month"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A statement, and the last day that is in it."""

    made: StatementView
    last_day: date
    party: Promise


@dataclass(frozen=True, slots=True)
class Share:
    """An agreement in words."""

    agreement: AgreementView
    party: Promise
    period: Promise
    percent: str


@dataclass(frozen=True, slots=True)
class Line:
    """What a statement counts, and the order's number and page, if it is of an order."""

    line: LineView
    number: str
    url: str


@needs("ledger.view")
def statement_list(request: ConsoleRequest) -> HttpResponse:
    """Show agreements in force and their statements, the newest first."""
    desk = desk_of(request)
    number = page_number(request)
    found = queries.statements(merchant_id=desk.merchant_id, limit=PAGE + 1, offset=number * PAGE)
    context = {
        "shares": [_share(one) for one in queries.agreements(merchant_id=desk.merchant_id)],
        "rows": [_row(one) for one in found[:PAGE]],
        "pages": Pages(
            next_url=f"?page={number + 2}" if len(found) > PAGE else "",
            previous_url=f"?page={number}" if number else "",
        ),
    }
    return render(request, "console/settlements/list.html", context)


@needs("ledger.view")
def statement_page(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show one statement with the sales that it counts; with `format=xlsx`, download them."""
    desk = desk_of(request)
    made = queries.statement(merchant_id=desk.merchant_id, uid=uid)
    if request.GET.get("format") == "xlsx":
        return _xlsx(desk, made)
    cursor = request.GET.get("cursor", "")
    found = queries.lines(
        merchant_id=desk.merchant_id,
        statement_id=made.id,
        after=int(cursor) if CURSOR.fullmatch(cursor) else 0,
        limit=PAGE + 1,
    )
    shown = found[:PAGE]
    context = {
        "row": _row(made),
        "share": _share(made.agreement),
        "lines": _lines(desk, shown),
        "payouts": queries.payouts(merchant_id=desk.merchant_id, statement_id=made.id),
        "pages": pages_of(request, str(shown[-1].transfer_id) if len(found) > PAGE else ""),
    }
    return render(request, "console/settlements/page.html", context)


def _row(made: StatementView) -> Row:
    return Row(made, made.ends_on - timedelta(days=1), PARTY_WORDS[made.agreement.party])


def _share(agreement: AgreementView) -> Share:
    percent = Decimal(agreement.rate_millionths).scaleb(-4).normalize()
    return Share(
        agreement,
        PARTY_WORDS[agreement.party],
        PERIOD_WORDS[agreement.period],
        f"{percent:f}",
    )


def _lines(desk: Desk, lines: list[LineView]) -> list[Line]:
    ids = [line.document_id for line in lines if line.document_kind is DocumentKind.ORDER]
    numbers = numbers_of_orders(merchant_id=desk.merchant_id, ids=ids)
    may_see = "orders.view" in desk.permissions
    made = []
    for line in lines:
        is_order = line.document_kind is DocumentKind.ORDER
        number = numbers.get(line.document_id, "") if is_order else ""
        url = reverse("console_order", args=[number]) if number and may_see else ""
        made.append(Line(line, number, url))
    return made


def _xlsx(desk: Desk, made: StatementView) -> HttpResponse:
    body = io.BytesIO()
    # Every text is a text cell: nothing in it is taken for a formula.
    write_worksheet(
        _records(desk, made), body, sheet_name=_("Statement")[:31],
        freeze_row=1, bold_headers=True, autofit=True,
    )  # fmt: skip
    response = HttpResponse(body.getvalue(), content_type=XLSX)
    name = f"statement-{made.starts_on}-{made.uid}.xlsx"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _records(desk: Desk, made: StatementView) -> Iterator[dict[str, str | float]]:
    after = 0
    while piece := queries.lines(
        merchant_id=desk.merchant_id, statement_id=made.id, after=after, limit=PIECE
    ):
        for one in _lines(desk, piece):
            at = one.line.at.astimezone(desk.zone).strftime("%Y-%m-%d %H:%M:%S")
            yield {
                _("When"): at,
                _("Order"): one.number,
                # Files have no other numbers than these: for reading, not for reckoning.
                _("Earned"): float(one.line.base.plain),
                _("Share"): float(one.line.amount.plain),
                _("Currency"): one.line.base.currency,
            }
        after = piece[-1].transfer_id
