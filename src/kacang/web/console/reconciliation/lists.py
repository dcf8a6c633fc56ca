"""What the numbers of reconciliation are made of: differences, and the rows of both sides (F2)."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from kacang.orders.numbers import numbers_of_orders
from kacang.payments import reporting
from kacang.reconciliation import queries, report
from kacang.reconciliation.queries import DifferenceFilter, Movement
from kacang.web.console.access import needs
from kacang.web.console.cards.levels import page_number
from kacang.web.console.desk import Desk, desk_of
from kacang.web.console.orders.words import provider_word
from kacang.web.console.reconciliation import words
from kacang.web.console.reconciliation.bill import KINDS_BY_NAME, rows_of
from kacang.web.console.reconciliation.filters import (
    Asked,
    asked_of,
    pages_of_more,
    with_changes,
)
from kacang.web.console.reconciliation.listing import may
from kacang.web.design.parts import Tab
from kacang.web.requests import ConsoleRequest

PAGE = 50
MOVEMENTS = {what.name.lower(): what for what in Movement}


@needs("reconciliation.view")
def difference_list(request: ConsoleRequest) -> HttpResponse:
    """Show differences of all bills, those that wait first."""
    desk = desk_of(request)
    asked = asked_of(request, desk)
    show = request.GET.get("show", "open")
    bare = DifferenceFilter(
        account_id=asked.account.id if asked.account else None, first=asked.first, last=asked.last
    )
    counts = queries.difference_counts(merchant_id=desk.merchant_id, where=bare)
    where = DifferenceFilter(
        account_id=bare.account_id,
        first=bare.first,
        last=bare.last,
        kind=KINDS_BY_NAME.get(show),
        is_open=True if show == "open" else None,
    )
    number = page_number(request)
    found = queries.differences(
        merchant_id=desk.merchant_id, where=where, limit=PAGE + 1, offset=number * PAGE
    )
    tabs = [
        Tab(_("To resolve"), with_changes(request, show="open"), counts.open, on=show == "open"),
        Tab(_("All"), with_changes(request, show="all"), counts.all, on=show == "all"),
    ]
    tabs += [
        Tab(words.KIND_WORDS[kind], with_changes(request, show=name), counts.kinds[kind],
            on=show == name)
        for name, kind in KINDS_BY_NAME.items()
        if kind in counts.kinds
    ]  # fmt: skip
    context = {
        "asked": asked,
        "show": show,
        "rows": rows_of(desk, found[:PAGE], {one.id: one for one in asked.accounts}),
        "tabs": tabs,
        "pages": pages_of_more(request, number, has_more=len(found) > PAGE),
        **may(desk),
    }
    return render(request, "console/reconciliation/differences.html", context)


@needs("reconciliation.view")
def seen_list(request: ConsoleRequest) -> HttpResponse:
    """Show the payments and refunds that we have seen at an account in a period."""
    desk = desk_of(request)
    asked, number, what = _asked_rows(request, desk)
    assert asked.account is not None
    found = reporting.seen(
        merchant_id=desk.merchant_id,
        account_id=asked.account.id,
        between=asked.span.bounds(desk.zone),
        what=None if what is None else int(what),
        limit=PAGE + 1,
        offset=number * PAGE,
    )
    shown = found[:PAGE]
    orders = _orders(desk, [one.payment_number for one in shown])
    context = {
        "rows": [
            (one, words.WHAT_WORDS[Movement(one.what)], orders.get(one.payment_number, ""))
            for one in shown
        ],
        "pages": pages_of_more(request, number, has_more=len(found) > PAGE),
        **_about(request, desk, asked, what),
    }
    return render(request, "console/reconciliation/seen.html", context)


@needs("reconciliation.view")
def bill_rows(request: ConsoleRequest) -> HttpResponse:
    """Show the rows of an account's bills in a period, as the company has written them."""
    desk = desk_of(request)
    asked, number, what = _asked_rows(request, desk)
    assert asked.account is not None
    found = report.rows(
        merchant_id=desk.merchant_id,
        account_id=asked.account.id,
        span=asked.span,
        what=what,
        limit=PAGE + 1,
        offset=number * PAGE,
    )
    shown = found[:PAGE]
    orders = _orders(desk, [one.payment_number for one in shown])
    context = {
        "rows": [
            (one, words.WHAT_WORDS[one.what], orders.get(one.payment_number, "")) for one in shown
        ],
        "pages": pages_of_more(request, number, has_more=len(found) > PAGE),
        **_about(request, desk, asked, what),
    }
    return render(request, "console/reconciliation/rows.html", context)


def _asked_rows(request: ConsoleRequest, desk: Desk) -> tuple[Asked, int, Movement | None]:
    asked = asked_of(request, desk)
    if asked.account is None:
        raise Http404
    return asked, page_number(request), MOVEMENTS.get(request.GET.get("what", ""))


def _about(
    request: ConsoleRequest, desk: Desk, asked: Asked, what: Movement | None
) -> dict[str, Any]:
    assert asked.account is not None
    tabs = [Tab(_("All"), with_changes(request, what=""), on=what is None)]
    tabs += [
        Tab(words.WHAT_WORDS[one], with_changes(request, what=name), on=what is one)
        for name, one in MOVEMENTS.items()
    ]
    return {
        "asked": asked,
        "provider": provider_word(asked.account.provider),
        "tabs": tabs,
        **may(desk),
    }


def _orders(desk: Desk, numbers: list[str]) -> dict[str, str]:
    of = reporting.orders_of_payments(
        merchant_id=desk.merchant_id, numbers=[one for one in numbers if one]
    )
    named = numbers_of_orders(merchant_id=desk.merchant_id, ids=of.values())
    return {payment: named[order] for payment, order in of.items() if order in named}
