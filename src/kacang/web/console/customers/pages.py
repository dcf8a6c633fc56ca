"""Customers at the desk: a list, and one with orders, cards, notes and consent (H1)."""

import re
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from kacang.customers import queries
from kacang.customers.operations import ConsentWay
from kacang.customers.queries import CustomerRow, CustomerView
from kacang.merchants import audit
from kacang.merchants.tenancy import acting_as
from kacang.orders.customers import reading
from kacang.orders.customers.reading import NOTHING, Bought
from kacang.orders.numbers import numbers_of_lines
from kacang.shared.contacts import Contact
from kacang.vault import queries as vault
from kacang.vault.queries import UnitCard
from kacang.web.console.access import needs
from kacang.web.console.customers.forms import ContactForm, CustomerForm, NoteForm, contact_of
from kacang.web.console.desk import Desk, desk_of, pages_of
from kacang.web.design.parts import Pages
from kacang.web.requests import ConsoleRequest

PAGE = 50
CARDS = 20
TAIL = re.compile(r"\d{4}")
DIGITS_MOST = 18
WAYS: dict[str, Promise] = {
    ConsentWay.CHECKOUT: _("At the checkout"),
    ConsentWay.ACCOUNT: _("Signed in"),
    ConsentWay.STAFF: _("Told the staff"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A customer of the list and what they bought."""

    customer: CustomerRow
    bought: Bought


@dataclass(frozen=True, slots=True)
class CardRow:
    """A card that a customer got, and by which order."""

    card: UnitCard
    number: str


@needs("customers.view")
def customer_list(request: ConsoleRequest) -> HttpResponse:
    """Show customers, the newest first; of one address or level when that is named."""
    desk = desk_of(request)
    wanted = request.GET.get("q", "").replace("\0", "").strip()[:254]
    level = request.GET.get("level", "")[:32]
    is_tail = TAIL.fullmatch(wanted) is not None
    contact = None if is_tail or not wanted else contact_of(wanted) or Contact(email="-")
    page = queries.customers_page(
        merchant_id=desk.merchant_id,
        contact=contact,
        tail=wanted if is_tail else "",
        level=level,
        cursor=request.GET.get("cursor", "")[:32],
        limit=PAGE,
    )
    sums = reading.bought(merchant_id=desk.merchant_id, customer_ids=[row.id for row in page.rows])
    context = {
        "rows": [Row(row, sums.get(row.id, NOTHING)) for row in page.rows],
        "wanted": wanted,
        "level": level,
        "levels": queries.levels(merchant_id=desk.merchant_id),
        "pages": pages_of(request, page.next_cursor),
        "can_edit": "customers.edit" in desk.permissions,
    }
    return render(request, "console/customers/list.html", context)


@needs("customers.view")
def customer_page(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show one customer."""
    return show(request, uid)


@needs("customers.view")
@require_POST
def shown(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show a customer's addresses in full; that somebody looked is written down first."""
    desk = desk_of(request)
    with acting_as(desk.merchant_id):
        view = queries.customer(merchant_id=desk.merchant_id, uid=uid)
        audit.record(
            merchant_id=desk.merchant_id,
            actor=desk.actor,
            action="customers.show_contact",
            object_kind="customer",
            object_uid=uid,
        )
    response = HttpResponse(
        content_type="text/plain; charset=utf-8",
        content=" · ".join(one.value for one in view.contacts),
    )
    response["Cache-Control"] = "no-store"
    return response


def show(
    request: ConsoleRequest, uid: str, *, status: int = 200, **given: forms.Form
) -> HttpResponse:
    """Answer with a customer's page; `given` are forms that were filled in wrongly."""
    desk = desk_of(request)
    view = queries.customer(merchant_id=desk.merchant_id, uid=uid)
    levels = queries.levels(merchant_id=desk.merchant_id)
    asked = request.GET.get("before", "")
    before = int(asked) if asked.isdecimal() and len(asked) <= DIGITS_MOST else 0
    orders = reading.orders_of(
        merchant_id=desk.merchant_id, customer_id=view.id, before=before, limit=PAGE
    )
    sums = reading.bought(merchant_id=desk.merchant_id, customer_ids=[view.id])
    context: dict[str, Any] = {
        "customer": view,
        "bought": sums.get(view.id, NOTHING),
        "orders": orders.rows,
        "pages": Pages(
            next_url=f"?before={orders.next_before}" if orders.next_before else "",
            previous_url="?" if before else "",
        ),
        "cards": _cards(desk, view) if "stock.view" in desk.permissions else [],
        "consents": [(one, WAYS.get(one.way, one.way)) for one in view.consents],
        "change_form": CustomerForm(
            initial={"name": view.name, "level": view.level_uid}, levels=levels
        ),
        "note_form": NoteForm(auto_id="note_%s"),
        "contact_form": ContactForm(auto_id="add_%s"),
        "merge_form": ContactForm(auto_id="merge_%s"),
        "can_edit": "customers.edit" in desk.permissions,
        "can_see_orders": "orders.view" in desk.permissions,
        **given,
    }
    return render(request, "console/customers/customer.html", context, status=status)


def _cards(desk: Desk, view: CustomerView) -> list[CardRow]:
    lines = reading.lines_of(merchant_id=desk.merchant_id, customer_id=view.id)
    found = vault.cards_of_units(
        merchant_id=desk.merchant_id, line_ids=lines, offset=0, limit=CARDS
    )
    numbers = numbers_of_lines(
        merchant_id=desk.merchant_id, line_ids=[card.line_id for card in found]
    )
    return [CardRow(card, numbers.get(card.line_id, "")) for card in found]
