"""The palette: what a person may see, by a few letters or an exact number (Ctrl K)."""

from collections.abc import Callable

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kacang.catalog import queries as catalog
from kacang.catalog.queries import ProductFilter
from kacang.customers import queries as customers
from kacang.logistics import queries as logistics
from kacang.merchants import audit
from kacang.merchants.tenancy import acting_as
from kacang.orders import queries as orders
from kacang.orders.finding.addresses import TAIL_DIGITS, split_words
from kacang.orders.types import OrderFilter, OrderRow
from kacang.shared.contacts import Contact, read_contact
from kacang.shared.errors import DomainError
from kacang.shared.texts import pick
from kacang.vault import queries as vault
from kacang.web.console.access import needs
from kacang.web.console.desk import Desk, desk_of
from kacang.web.design.formats import mask_contact
from kacang.web.design.states import look_of
from kacang.web.requests import ConsoleRequest

MOST = 6
WORDS_MOST = 100
# Shorter words are no numbers of orders, parcels or cards.
NUMBER_LEAST = 10
TRACKING_LEAST = 8
CODE_LEAST = 6

Found = tuple[str, str, str, str]


@needs()
def search(request: ConsoleRequest) -> HttpResponse:
    """Answer the palette with what fits the words, by kind; a kind shows only to who may see it."""
    desk = desk_of(request)
    words = request.GET.get("q", "").strip()[:WORDS_MOST].replace("\0", "")
    groups: list[tuple[str, list[Found]]] = []
    if words and not words.startswith(">"):
        with acting_as(desk.merchant_id):
            for permission, heading, look in _KINDS:
                if permission in desk.permissions and (found := look(desk, words)):
                    groups.append((heading(), found))
    context = {"groups": groups, "words": words.lstrip("> ")}
    return render(request, "components/palette_results.html", context)


def _orders(desk: Desk, words: str) -> list[Found]:
    rows: dict[str, OrderRow] = {}
    for where in _filters(words):
        page = orders.orders_page(merchant_id=desk.merchant_id, where=where, limit=MOST)
        rows |= {row.number: row for row in page.rows if row.number not in rows}
    language = get_language() or ""
    return [
        (
            "shopping-bag",
            f"{row.number} {pick(row.title, language)}",
            f"{row.payable} · {look_of('order', row.state).word}",
            reverse("console_order", args=[row.number]),
        )
        for row in list(rows.values())[:MOST]
    ]


def _filters(words: str) -> list[OrderFilter]:
    """Return what the words may mean: numbers, the end of a phone, a contact, a caller's number."""
    if _is_tail(words):
        return [OrderFilter(phone_tail=words)]
    filters = []
    numbers = [word.upper() for word in split_words(words) if len(word) >= NUMBER_LEAST]
    if numbers:
        filters.append(OrderFilter(numbers=tuple(numbers)))
    if len(words) >= CODE_LEAST and " " not in words:
        filters.append(OrderFilter(external_number=words[:64]))
    contact = _contact(words)
    if contact is not None:
        filters.append(OrderFilter(email=contact.email, phone=contact.phone))
    return filters


def _is_tail(words: str) -> bool:
    return words.isascii() and words.isdecimal() and len(words) == TAIL_DIGITS


def _contact(words: str) -> Contact | None:
    """Return the contact that the words are, if they are one."""
    by_email = "@" in words
    try:
        return read_contact(email=words if by_email else "", phone="" if by_email else words)
    except DomainError:
        return None


def _parcels(desk: Desk, words: str) -> list[Found]:
    number = words.upper().replace(" ", "")
    if len(number) < TRACKING_LEAST:
        return []
    ids = logistics.orders_of_number(merchant_id=desk.merchant_id, tracking_number=number)
    numbers = orders.numbers_of(merchant_id=desk.merchant_id, order_ids=ids[:MOST])
    return [
        ("truck-delivery", number, numbers[one], reverse("console_order", args=[numbers[one]]))
        for one in ids[:MOST]
        if one in numbers
    ]


def _cards(desk: Desk, words: str) -> list[Found]:
    """Find cards by their exact code or number; that one was found is written down, not which."""
    if len(words) < CODE_LEAST:
        return []
    found = vault.find_cards(merchant_id=desk.merchant_id, code=words)
    found += vault.cards_numbered(merchant_id=desk.merchant_id, number=words, most=MOST)
    cards = list({card.uid: card for card in found}.values())[:MOST]
    if cards:
        audit.record(
            merchant_id=desk.merchant_id,
            actor=desk.actor,
            action="cards.search",
            object_kind="cards",
            after={"search": "code_or_number", "found": len(cards)},
        )
    return [
        (
            "key",
            card.shown_number or card.batch_number,
            str(look_of("card", card.state).word),
            reverse("console_card", args=[card.uid]),
        )
        for card in cards
    ]


def _customers(desk: Desk, words: str) -> list[Found]:
    contact, tail = _contact(words), words if _is_tail(words) else ""
    if contact is None and not tail:
        return []
    page = customers.customers_page(
        merchant_id=desk.merchant_id, contact=contact, tail=tail, limit=MOST
    )
    return [
        (
            "user",
            " · ".join(
                part
                for part in (row.name, *(mask_contact(one.value) for one in row.contacts))
                if part
            ),
            row.level,
            reverse("console_customer", args=[row.uid]),
        )
        for row in page.rows
    ]


def _products(desk: Desk, words: str) -> list[Found]:
    page = catalog.products_page(
        merchant_id=desk.merchant_id, where=ProductFilter(search=words), limit=MOST
    )
    language = get_language() or ""
    return [
        (
            "box",
            pick(product.title, language),
            str(product.lowest_price or ""),
            reverse("console_product", args=[product.uid]),
        )
        for product in page.items
    ]


_KINDS: tuple[tuple[str, Callable[[], str], Callable[[Desk, str], list[Found]]], ...] = (
    ("orders.view", lambda: _("Orders"), _orders),
    ("orders.view", lambda: _("Parcels"), _parcels),
    ("customers.view", lambda: _("Customers"), _customers),
    ("stock.view", lambda: _("Cards"), _cards),
    ("products.view", lambda: _("Products"), _products),
)
