"""The list of orders at the desk (O2)."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from kacang.merchants.tenancy import acting_as
from kacang.orders import queries
from kacang.orders.types import OrderRow, OrderState
from kacang.web.console.access import needs
from kacang.web.console.desk import Desk, desk_of, pages_of
from kacang.web.console.orders.choices import FIELDS, choices_of
from kacang.web.console.orders.filters import CHANNELS, chips_of, read_filter, tabs_of
from kacang.web.console.orders.words import (
    GIVEN,
    Act,
    acts_for,
    has_of,
    hold_reason,
    minutes_words,
    provider_word,
)
from kacang.web.requests import ConsoleRequest

PAGE = 50


@dataclass(frozen=True, slots=True)
class Row:
    """One order of the list with what may be done with it."""

    order: OrderRow
    acts: Sequence[Act]
    channel: str
    provider: str
    reason: str
    pay_minutes: int

    @property
    def first(self) -> Act | None:
        """The act that a person most likely wants: only where one is waited for."""
        return next((act for act in self.acts if act.primary), None)


@needs("orders.view")
def order_list(request: ConsoleRequest) -> HttpResponse:
    """Show orders, newest first, narrowed by the address."""
    desk = desk_of(request)
    with acting_as(desk.merchant_id):
        narrowed = read_filter(request.GET, desk)
        where = narrowed.where.at(timezone.now(), desk.zone)
        page = queries.orders_page(
            merchant_id=desk.merchant_id,
            where=where,
            cursor=request.GET.get("cursor", ""),
            limit=PAGE,
        )
        counts = queries.counts_by_state(merchant_id=desk.merchant_id)
        chips = chips_of(narrowed, {}, desk)
        choices = choices_of(desk, narrowed.asked)
    context = {
        "page": page,
        "rows": [_row(order, desk) for order in page.rows],
        "pages": pages_of(request, page.next_cursor),
        "tabs": tabs_of(narrowed, {}, counts),
        "chips": chips,
        "narrowed": narrowed,
        "asked": narrowed.asked,
        "kept": {name: text for name, text in narrowed.asked.items() if name not in FIELDS},
        "choices": choices,
        "can_edit_products": "products.edit" in desk.permissions,
    }
    return render(request, "console/orders/list.html", context)


def _row(order: OrderRow, desk: Desk) -> Row:
    left = (order.pay_by - timezone.now()).total_seconds()
    return Row(
        order=order,
        acts=acts_for(
            number=order.number,
            state=order.state,
            # Whether one on hold has got a part of its codes is only told by its units.
            has=has_of(order.contact, with_codes=order.state in GIVEN and order.has_codes),
            permissions=desk.permissions,
        ),
        channel=str(CHANNELS.get(order.channel, order.channel)),
        provider=provider_word(order.provider),
        reason=hold_reason(order.hold_reason) if order.state is OrderState.ON_HOLD else "",
        pay_minutes=minutes_words(left) if order.state is OrderState.PENDING and left > 0 else 0,
    )
