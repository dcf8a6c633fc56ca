"""The palette: orders, products and stock by a few letters (Ctrl K)."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kacang.catalog import queries as catalog
from kacang.catalog.queries import ProductFilter
from kacang.merchants.tenancy import acting_as
from kacang.orders import queries as orders
from kacang.orders.finding.addresses import TAIL_DIGITS, split_words
from kacang.orders.types import OrderFilter
from kacang.shared.contacts import read_contact
from kacang.shared.errors import DomainError
from kacang.shared.texts import pick
from kacang.web.console.access import needs
from kacang.web.console.desk import Desk, desk_of
from kacang.web.design.states import look_of
from kacang.web.requests import ConsoleRequest

MOST = 6
NUMBER_LEAST = 10

Found = tuple[str, str, str, str]
Group = tuple[str, list[Found]]


@needs()
def search(request: ConsoleRequest) -> HttpResponse:
    """Answer the palette with what fits the words, by kind."""
    desk = desk_of(request)
    words = request.GET.get("q", "").strip()[:100]
    groups: list[Group] = []
    if words:
        with acting_as(desk.merchant_id):
            groups = [group for group in (_orders(desk, words), _products(desk, words)) if group[1]]
    return render(request, "components/palette_results.html", {"groups": groups})


def _orders(desk: Desk, words: str) -> Group:
    if "orders.view" not in desk.permissions:
        return "", []
    found = [
        row
        for where in _filters(words)
        for row in orders.orders_page(merchant_id=desk.merchant_id, where=where, limit=MOST).rows
    ]
    language = get_language() or ""
    return _("Orders"), [
        (
            "shopping-bag",
            f"{row.number} {pick(row.title, language)}",
            f"{row.payable} · {look_of('order', row.state).word}",
            reverse("console_order", args=[row.number]),
        )
        for row in found[:MOST]
    ]


def _filters(words: str) -> list[OrderFilter]:
    """Return what the words may mean: numbers, the end of a phone, a contact."""
    if words.isdecimal() and len(words) == TAIL_DIGITS:
        return [OrderFilter(phone_tail=words)]
    filters = []
    numbers = [word.upper() for word in split_words(words) if len(word) >= NUMBER_LEAST]
    if numbers:
        filters.append(OrderFilter(numbers=tuple(numbers)))
    try:
        by_email = "@" in words
        contact = read_contact(email=words if by_email else "", phone="" if by_email else words)
    except DomainError:
        return filters
    return [*filters, OrderFilter(email=contact.email, phone=contact.phone)]


def _products(desk: Desk, words: str) -> Group:
    if "products.view" not in desk.permissions:
        return "", []
    page = catalog.products_page(
        merchant_id=desk.merchant_id, where=ProductFilter(search=words), limit=MOST
    )
    language = get_language() or ""
    return _("Products"), [
        (
            "box",
            pick(product.title, language),
            str(product.lowest_price or ""),
            reverse("console_product", args=[product.uid]),
        )
        for product in page.items
    ]
