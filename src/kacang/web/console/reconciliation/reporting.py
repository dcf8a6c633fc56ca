"""Ours beside theirs by day, week and month, as a page and as an xlsx (F2)."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rustpy_xlsxwriter import write_worksheet

from kacang.payments.reporting import AccountName
from kacang.reconciliation import report
from kacang.reconciliation.report import Line
from kacang.shared.money import Money
from kacang.web.console.access import needs
from kacang.web.console.cards.levels import page_number, pages_by_number
from kacang.web.console.desk import Desk, desk_of
from kacang.web.console.goods.purchasing import XLSX
from kacang.web.console.orders.words import provider_word
from kacang.web.console.reconciliation.filters import asked_of, with_changes
from kacang.web.design.parts import Tab
from kacang.web.requests import ConsoleRequest

PAGE = 50
STEP_WORDS: dict[str, Promise] = {
    "day": gettext_lazy("By day"),
    "week": gettext_lazy("By week"),
    "month": gettext_lazy("By month"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A line, and where the rows are that its numbers count."""

    line: Line
    account: AccountName
    provider: str
    seen_url: str
    rows_url: str
    bills_url: str
    differences_url: str

    @property
    def apart(self) -> Money | None:
        """What the company has more than we, all in all; None where no bill is read."""
        ours, theirs = self.line.ours, self.line.theirs
        if theirs is None:
            return None
        minor = theirs.paid_amount.minor - theirs.refunded_amount.minor
        minor -= ours.paid_amount.minor - ours.refunded_amount.minor
        return Money(minor, self.line.currency)


@dataclass(frozen=True, slots=True)
class Total:
    """What all lines of a currency come to."""

    currency: str
    ours: Money
    theirs: Money
    fee: Money
    found: int
    open: int


@needs("reconciliation.view")
def report_page(request: ConsoleRequest) -> HttpResponse:
    """Show the report; with `format=xlsx`, download all of it."""
    desk = desk_of(request)
    asked = asked_of(request, desk)
    lines = report.report(
        merchant_id=desk.merchant_id,
        account_ids=asked.account_ids,
        span=asked.span,
        zone=desk.zone,
    )
    named = {one.id: one for one in asked.accounts}
    if request.GET.get("format") == "xlsx":
        return _xlsx([_row(line, named[line.account_id]) for line in lines], asked.span)
    number = page_number(request)
    shown = lines[number * PAGE : (number + 1) * PAGE]
    context = {
        "asked": asked,
        "rows": [_row(line, named[line.account_id]) for line in shown],
        "totals": _totals(lines),
        "tabs": [
            Tab(word, with_changes(request, by=step, first="", last=""), on=step == asked.span.by)
            for step, word in STEP_WORDS.items()
        ],
        "pages": pages_by_number(request, number, len(lines), PAGE),
        "xlsx_url": with_changes(request, format="xlsx"),
        "other_zones": _other_zones(desk, asked.accounts),
    }
    return render(request, "console/reconciliation/report.html", context)


def _row(line: Line, account: AccountName) -> Row:
    query = urlencode({"account": account.uid, "first": line.first, "last": line.last})
    return Row(
        line,
        account,
        provider_word(account.provider),
        f"{reverse('console_bill_seen')}?{query}",
        f"{reverse('console_bill_rows')}?{query}",
        f"{reverse('console_bills')}?{query}",
        f"{reverse('console_differences')}?{query}",
    )


def _totals(lines: Sequence[Line]) -> list[Total]:
    found = {}
    for currency in sorted({line.currency for line in lines}):
        own = [line for line in lines if line.currency == currency]
        zero = Money(0, currency)
        found[currency] = Total(
            currency,
            ours=sum((one.ours.paid_amount for one in own), zero),
            theirs=sum((one.theirs.paid_amount for one in own if one.theirs), zero),
            fee=sum((one.fee for one in own if one.fee), zero),
            found=sum(one.found for one in own),
            open=sum(one.open for one in own),
        )
    return list(found.values())


def _other_zones(desk: Desk, accounts: Sequence[AccountName]) -> list[str]:
    """Return the zones of companies that cut days elsewhere than the merchant does."""
    return sorted({one.zone for one in accounts if one.has_bills} - {desk.zone.key})


def _lines(rows: Sequence[Row]) -> Iterator[dict[str, str | int | float | None]]:
    for row in rows:
        line, theirs = row.line, row.line.theirs
        # Files have no other numbers than these: for reading, not for reckoning.
        yield {
            _("From day"): line.first.isoformat(),
            _("To day"): line.last.isoformat(),
            _("Account"): row.account.name,
            _("Company"): row.provider,
            _("Currency"): line.currency,
            _("Payments, ours"): line.ours.paid,
            _("Amount, ours"): float(line.ours.paid_amount.plain),
            _("Refunds, ours"): line.ours.refunded,
            _("Refunded, ours"): float(line.ours.refunded_amount.plain),
            _("Payments, theirs"): theirs.paid if theirs else "",
            _("Amount, theirs"): float(theirs.paid_amount.plain) if theirs else "",
            _("Refunds, theirs"): theirs.refunded if theirs else "",
            _("Refunded, theirs"): float(theirs.refunded_amount.plain) if theirs else "",
            _("Fee"): float(line.fee.plain) if line.fee else "",
            _("Differences"): line.found,
            _("Not resolved"): line.open,
        }


def _xlsx(rows: Sequence[Row], span: report.Span) -> HttpResponse:
    body = io.BytesIO()
    # Every text is a text cell: nothing in it is taken for a formula.
    write_worksheet(
        _lines(rows), body, sheet_name=_("Reconciliation")[:31],
        freeze_row=1, bold_headers=True, autofit=True,
    )  # fmt: skip
    response = HttpResponse(body.getvalue(), content_type=XLSX)
    name = f"reconciliation-{span.first}-{span.last}-{span.by}.xlsx"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
