"""Payments at the desk, and the money that waits for a person's decision (P2, rule 11)."""

from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kacang.merchants.tenancy import acting_as
from kacang.orders.numbers import numbers_of_orders
from kacang.payments import listing, resolving
from kacang.payments.finding.pages import count_up_to, payments_page
from kacang.shared.ids import new_uid
from kacang.web.console.access import needs
from kacang.web.console.desk import desk_of, pages_of
from kacang.web.console.orders.words import FIT_WORDS, provider_word
from kacang.web.console.payments.filters import (
    chips_of,
    choices_of,
    periods_of,
    read_filter,
    tabs_of,
)
from kacang.web.console.telling import told
from kacang.web.requests import ConsoleRequest

PAGE = 50


@needs("payments.view")
def payment_list(request: ConsoleRequest) -> HttpResponse:
    """Show attempts to pay, narrowed by the address, the newest first."""
    desk = desk_of(request)
    narrowed = read_filter(request.GET, desk)
    where = narrowed.where.at(timezone.now(), desk.zone)
    with acting_as(desk.merchant_id):
        page = payments_page(
            merchant_id=desk.merchant_id,
            where=where,
            cursor=request.GET.get("cursor", ""),
            limit=PAGE,
        )
        counted = count_up_to(merchant_id=desk.merchant_id, where=where)
        numbers = numbers_of_orders(
            merchant_id=desk.merchant_id, ids=[row.order_id for row in page.rows]
        )
    context = {
        "rows": [
            (row, numbers.get(row.order_id, ""), provider_word(row.provider)) for row in page.rows
        ],
        "narrowed": narrowed,
        "asked": narrowed.asked,
        "counted": counted,
        "by_amount": where.is_by_amount,
        "tabs": tabs_of(narrowed),
        "chips": chips_of(narrowed),
        "periods": periods_of(narrowed),
        "choices": choices_of(narrowed),
        "query": urlencode(narrowed.asked),
        "pages": pages_of(request, page.next_cursor),
        "can_see_orders": "orders.view" in desk.permissions,
    }
    return render(request, "console/payments/list.html", context)


@needs("payments.view")
def suspense_list(request: ConsoleRequest) -> HttpResponse:
    """Show money that fits no payment, with why, the newest first."""
    desk = desk_of(request)
    with acting_as(desk.merchant_id):
        page = listing.suspense_page(
            merchant_id=desk.merchant_id, cursor=request.GET.get("cursor", ""), limit=PAGE
        )
        ids = [row.order_id for row in page.rows if row.order_id is not None]
        numbers = numbers_of_orders(merchant_id=desk.merchant_id, ids=ids)
    context = {
        "rows": [
            (row, numbers.get(row.order_id or 0, ""), FIT_WORDS.get(row.fit, ""))
            for row in page.rows
        ],
        "pages": pages_of(request, page.next_cursor),
        "can_edit": "payments.edit" in desk.permissions,
        "can_refund": "refunds.request" in desk.permissions,
        "request_uid": new_uid("rfd"),
        "can_see_orders": "orders.view" in desk.permissions,
    }
    return render(request, "console/payments/suspense.html", context)


@needs("payments.edit")
@require_POST
def suspense_resolve(request: ConsoleRequest) -> HttpResponse:
    """Note how a person dealt with money that fits no payment."""
    desk = desk_of(request)

    def act() -> str:
        resolving.resolve_receipt(
            merchant_id=desk.merchant_id,
            account_uid=_posted(request, "account")[:32],
            provider_number=_posted(request, "number")[:128],
            note=_posted(request, "note"),
            actor=desk.actor,
        )
        return _("Noted. The money is off this list.")

    told(request, act)
    return redirect("console_suspense")


def _posted(request: ConsoleRequest, name: str) -> str:
    # No text in the database holds a zero byte: asking for one would be an error of ours.
    return request.POST.get(name, "").replace("\0", "")
