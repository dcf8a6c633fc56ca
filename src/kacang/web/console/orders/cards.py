"""The cards that an order's units have got, at the desk: never a code (V3)."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render

from kacang.merchants.tenancy import acting_as
from kacang.orders import queries
from kacang.orders.types import LineView, OrderView, UnitState
from kacang.vault import queries as vault
from kacang.vault.queries import UnitCard
from kacang.web.console.access import needs
from kacang.web.console.desk import Desk, desk_of
from kacang.web.design.parts import Pages
from kacang.web.requests import ConsoleRequest

# So many show on the order itself; the others are on a page of their own.
FEW = 10
PAGE = 50
DIGITS_MOST = 6


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One delivered unit: the line that it is of, its place among the order's, its card."""

    place: int
    line: LineView
    card: UnitCard


def unit_rows(desk: Desk, order: OrderView, *, offset: int = 0, limit: int) -> Sequence[UnitRow]:
    """Return the cards of an order in order of line and unit."""
    lines = {line.id: line for line in order.lines}
    if not any(line.units.get(UnitState.DELIVERED) for line in order.lines):
        return []
    found = vault.cards_of_units(
        merchant_id=desk.merchant_id, line_ids=list(lines), offset=offset, limit=limit
    )
    return [
        UnitRow(place, lines[card.line_id], card)
        for place, card in enumerate(found, start=offset + 1)
    ]


@needs("orders.view")
def order_cards(request: ConsoleRequest, number: str) -> HttpResponse:
    """Show all cards of an order, page by page."""
    desk = desk_of(request)
    typed = request.GET.get("from", "1")
    offset = max(int(typed) - 1, 0) if typed.isdecimal() and len(typed) <= DIGITS_MOST else 0
    with acting_as(desk.merchant_id):
        order = queries.order(merchant_id=desk.merchant_id, number=number)
        rows = unit_rows(desk, order, offset=offset, limit=PAGE + 1)
    before = max(0, offset - PAGE)
    context = {
        "order": order,
        "unit_rows": rows[:PAGE],
        "pages": Pages(
            next_url=f"?from={offset + PAGE + 1}" if len(rows) > PAGE else "",
            previous_url=f"?from={before + 1}" if offset else "",
        ),
        "can_replace": "orders.replace" in desk.permissions,
        "can_see_stock": "stock.view" in desk.permissions,
    }
    return render(request, "console/orders/cards.html", context)
