"""One customer at the desk: orders, cards, cases, wallets, tags, notes and consent (H1)."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from kacang.aftersales import queries as case_queries
from kacang.customers import notes, queries, tags
from kacang.customers.queries import CustomerView
from kacang.merchants import audit
from kacang.merchants.tenancy import acting_as
from kacang.messages.senders.queries import can_carry
from kacang.messages.wording.variables import WECHAT
from kacang.orders.customers import reading
from kacang.orders.customers.reading import NOTHING, Bought
from kacang.orders.numbers import numbers_of_lines, numbers_of_orders
from kacang.reviews import queries as review_queries
from kacang.vault import queries as vault
from kacang.vault.queries import UnitCard
from kacang.wallets import queries as wallets
from kacang.wallets.queries import OwnerKind, WalletView
from kacang.web.case_words import KINDS, decision_words
from kacang.web.console.access import needs
from kacang.web.console.customers.filters import WAYS
from kacang.web.console.customers.forms import ContactForm, CustomerForm, NoteForm
from kacang.web.console.desk import Desk, desk_of
from kacang.web.console.revealing import count_look, visible_value
from kacang.web.design.parts import Pages
from kacang.web.requests import ConsoleRequest

PAGE = 50
CARDS = 20
DIGITS_MOST = 18


@dataclass(frozen=True, slots=True)
class CardRow:
    """A card that a customer got, and by which order."""

    card: UnitCard
    number: str


@needs("customers.view")
def customer_page(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show one customer."""
    return show(request, uid)


@needs("customers.view")
@require_POST
def shown(request: ConsoleRequest, uid: str) -> HttpResponse:
    """Show a customer's addresses in full; that somebody looked is written down first."""
    desk = desk_of(request)
    count_look(desk)
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
        content=" · ".join(visible_value(one.value, desk) for one in view.contacts),
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
    bought = sums.get(view.id, NOTHING)
    known = tags.tags(merchant_id=desk.merchant_id)
    context: dict[str, Any] = {
        "customer": view,
        "bought": bought,
        # The list still has other figures: they are counted anew.
        "is_behind": not _agrees(view, bought),
        "orders": orders.rows,
        "pages": Pages(
            next_url=f"?before={orders.next_before}" if orders.next_before else "",
            previous_url="?" if before else "",
        ),
        "cards": _cards(desk, view) if "stock.view" in desk.permissions else [],
        **_after(desk, view),
        "notes": [(one, notes.is_own(*one.author, desk.actor)) for one in view.notes],
        "other_tags": [tag for tag in known if tag not in view.tags],
        "has_room": len(view.tags) < tags.OF_CUSTOMER_MAX,
        "wallets": _wallets(desk, view) if "wallets.view" in desk.permissions else [],
        "note_max": notes.NOTE_MAX,
        "consents": [(one, WAYS.get(one.way, one.way)) for one in view.consents],
        "change_form": CustomerForm(
            initial={"name": view.name, "level": view.level_uid}, levels=levels
        ),
        "note_form": NoteForm(auto_id="note_%s"),
        "contact_form": ContactForm(auto_id="add_%s"),
        "has_mini_program": can_carry(request.merchant, WECHAT),
        "merge_form": ContactForm(auto_id="merge_%s"),
        "can_edit": "customers.edit" in desk.permissions,
        "can_see_orders": "orders.view" in desk.permissions,
        **given,
    }
    return render(request, "console/customers/customer.html", context, status=status)


def _agrees(view: CustomerView, bought: Bought) -> bool:
    """Whether the list has the figures that were counted just now."""
    spent = sum(amount.minor for amount in bought.amounts)
    return (view.paid_orders, view.spent.minor, view.last_order_at) == (
        bought.orders, spent, bought.last_at,
    )  # fmt: skip


def _wallets(desk: Desk, view: CustomerView) -> list[WalletView]:
    """Return the wallets that belong to the customer's addresses."""
    found = [
        wallets.find_wallet(
            merchant_id=desk.merchant_id, kind=OwnerKind.CUSTOMER, ref=one.value,
            currency=desk.currency,
        )
        for one in view.contacts
    ]  # fmt: skip
    return [wallet for wallet in found if wallet is not None]


def _after(desk: Desk, view: CustomerView) -> dict[str, Any]:
    """Return what came after the customer's orders, as far as this person may see it."""
    ids = reading.newest_orders(merchant_id=desk.merchant_id, customer_id=view.id)
    cases = (
        case_queries.cases_of_orders(merchant_id=desk.merchant_id, order_ids=ids)
        if "cases.view" in desk.permissions
        else []
    )
    said = (
        review_queries.of_orders(merchant_id=desk.merchant_id, order_ids=ids).rows
        if "reviews.view" in desk.permissions
        else []
    )
    numbers = numbers_of_orders(
        merchant_id=desk.merchant_id,
        ids={one.order_id for one in cases} | {one.order_id for one in said},
    )
    return {
        "cases": [
            (row, KINDS[row.kind], decision_words(row), numbers.get(row.order_id, ""))
            for row in cases
        ],
        "reviews": [(row, numbers.get(row.order_id, "")) for row in said],
    }


def _cards(desk: Desk, view: CustomerView) -> list[CardRow]:
    lines = reading.lines_of(merchant_id=desk.merchant_id, customer_id=view.id)
    found = vault.cards_of_units(
        merchant_id=desk.merchant_id, line_ids=lines, offset=0, limit=CARDS
    )
    numbers = numbers_of_lines(
        merchant_id=desk.merchant_id, line_ids=[card.line_id for card in found]
    )
    return [CardRow(card, numbers.get(card.line_id, "")) for card in found]
