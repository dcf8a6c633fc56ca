"""The list of customers at the desk (H1)."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from kacang.customers import queries
from kacang.customers.queries import CustomerRow, Sort
from kacang.orders.customers.reading import Bought
from kacang.web.console.access import needs
from kacang.web.console.customers.filters import (
    SORTS,
    WAYS,
    chips_of,
    choices_of,
    periods_of,
    read_filter,
    sorts_of,
)
from kacang.web.console.desk import desk_of, pages_of
from kacang.web.requests import ConsoleRequest

PAGE = 50


@dataclass(frozen=True, slots=True)
class Row:
    """A customer of the list and what they bought."""

    customer: CustomerRow
    bought: Bought


@needs("customers.view")
def customer_list(request: ConsoleRequest) -> HttpResponse:
    """Show customers, narrowed and sorted by the address."""
    desk = desk_of(request)
    narrowed = read_filter(request.GET, desk)
    where = narrowed.where.at(timezone.now(), desk.zone)
    page = queries.find_customers(
        merchant_id=desk.merchant_id,
        where=where,
        sort=narrowed.sort,
        cursor=request.GET.get("cursor", "")[:80],
        limit=PAGE,
    )
    context = {
        "rows": [Row(row, kept(row)) for row in page.rows],
        "narrowed": narrowed,
        "asked": narrowed.asked,
        "sorted": "" if narrowed.sort is Sort.JOINED else narrowed.sort,
        "counted": queries.count_up_to(merchant_id=desk.merchant_id, where=where),
        "chips": chips_of(narrowed, desk),
        "periods": periods_of(narrowed),
        "choices": choices_of(narrowed),
        "sorts": sorts_of(narrowed),
        "sort_word": SORTS[narrowed.sort],
        "ways": WAYS,
        "query": urlencode(narrowed.kept),
        "currency": desk.currency,
        "pages": pages_of(request, page.next_cursor),
        "can_edit": "customers.edit" in desk.permissions,
        "can_export": "customers.export" in desk.permissions,
        "can_see_orders": "orders.view" in desk.permissions,
    }
    return render(request, "console/customers/list.html", context)


def kept(row: CustomerRow) -> Bought:
    """Return the figures of a customer as they are kept."""
    return Bought(row.paid_orders, (row.spent,) if row.spent.minor else (), row.last_order_at)
