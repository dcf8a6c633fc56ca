"""The list of orders at the desk (O2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kacang.merchants.tenancy import acting_as
from kacang.orders import queries
from kacang.orders.deadlines.queries import missed_of
from kacang.orders.finding.building import sorts_of
from kacang.orders.tagging.tags import TagView, tags, tags_of
from kacang.orders.types import OrderFilter, OrderPage, OrderRow, OrderState, Sort
from kacang.orders.viewing.choices import choice_of
from kacang.orders.viewing.views import View, first_view, views
from kacang.web.console.access import needs
from kacang.web.console.batches.words import batch_context
from kacang.web.console.desk import Desk, desk_of, pages_of
from kacang.web.console.orders.choices import choices_of
from kacang.web.console.orders.filters import (
    CHANNELS,
    PERIODS,
    Narrowed,
    address_of,
    chips_of,
    read_filter,
    tabs_of,
)
from kacang.web.console.orders.saved import keeper_of
from kacang.web.console.orders.words import (
    GIVEN,
    Act,
    acts_for,
    has_of,
    hold_reason,
    minutes_words,
    provider_word,
)
from kacang.web.design.parts import Tab
from kacang.web.requests import ConsoleRequest

PAGE = 50
# Of a moment in seconds: until the year 2286.
SECONDS_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Row:
    """One order of the list with what may be done with it."""

    order: OrderRow
    tags: Sequence[TagView]
    acts: Sequence[Act]
    channel: str
    provider: str
    reason: str
    pay_minutes: int

    @property
    def first(self) -> Act | None:
        """The act that a person most likely wants: only where one is waited for."""
        return next((act for act in self.acts if act.primary), None)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the list."""

    name: str
    label: Promise
    right: bool = False


COLUMNS = {
    "product": Column("product", _("Product")),
    "number": Column("number", _("Order number")),
    "buyer": Column("buyer", _("Buyer")),
    "amount": Column("amount", _("Amount"), right=True),
    "channel": Column("channel", _("Channel")),
    "state": Column("state", _("State")),
    "paid": Column("paid", _("Paid at")),
    "company": Column("company", _("Paid through")),
    "external": Column("external", _("External number")),
    "store": Column("store", _("Store")),
}
SORTS: dict[Sort, Promise] = {
    Sort.NEWEST: _("Newest first"),
    Sort.OLDEST: _("Oldest first"),
    Sort.LARGEST: _("Largest amount first"),
    Sort.SMALLEST: _("Smallest amount first"),
    Sort.FIRST: _("Priority first"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for, a saved view put in."""

    narrowed: Narrowed
    where: OrderFilter
    sort: Sort
    view: View | None
    columns: Sequence[str]
    density: str

    @property
    def extra(self) -> dict[str, str]:
        """What the address says besides the filter."""
        usual = sorts_of(self.where)[0]
        return {"sort": "" if self.sort is usual else str(self.sort)}


@needs("orders.view")
def order_list(request: ConsoleRequest) -> HttpResponse:
    """Show orders, narrowed by the address; without any, by the view that the list starts with."""
    desk = desk_of(request)
    if not request.GET:
        first = first_view(keeper=keeper_of(request), role=request.membership.role)
        if first is not None:
            return redirect(f"{reverse('console_orders')}?view={first.uid}")
    with acting_as(desk.merchant_id):
        asked = _asked(request, desk)
        page = queries.orders_page(
            merchant_id=desk.merchant_id,
            where=asked.where,
            sort=asked.sort,
            cursor=request.GET.get("cursor", ""),
            limit=PAGE,
        )
        context = {
            **_narrowing(request, desk, asked),
            "page": page,
            "rows": _rows(page, desk),
            # A reach of no word at all is that of stores.
            "no_stores": request.membership.reach == frozenset(),
            "missed": missed_of(
                merchant_id=desk.merchant_id, numbers=[order.number for order in page.rows]
            ),
            "pages": pages_of(request, page.next_cursor),
            "columns": [COLUMNS[name] for name in asked.columns],
            "density": asked.density,
            "can_edit_products": "products.edit" in desk.permissions,
            **batch_context(desk.permissions),
            "can_tag": "orders.note" in desk.permissions,
            "can_share": "orders.arrange" in desk.permissions,
            "shown_at": int(timezone.now().timestamp()),
            "is_top": not request.GET.get("cursor") and asked.sort is Sort.NEWEST,
        }
    return render(request, "console/orders/list.html", context)


@needs("orders.view")
def order_news(request: ConsoleRequest) -> HttpResponse:
    """Say how many orders came, and were paid, since the list was shown, and the tabs' counts.

    Nothing is moved by it.
    """
    desk = desk_of(request)
    with acting_as(desk.merchant_id):
        asked = _asked(request, desk)
        newer = queries.count_newer(
            merchant_id=desk.merchant_id, where=asked.where, than=request.GET.get("than", "")
        )
        counts = queries.counts_by_state(merchant_id=desk.merchant_id)
        paid = queries.count_paid(merchant_id=desk.merchant_id, since=_shown_at(request))
    context = {"newer": newer, "paid": paid, "tabs": tabs_of(asked.narrowed, asked.extra, counts)}
    return render(request, "console/orders/news.html", context)


def _shown_at(request: ConsoleRequest) -> datetime:
    """Return when the list was shown, as its address says: whole seconds, at most a day ago."""
    now = timezone.now()
    text = request.GET.get("at", "")
    if not (text.isascii() and text.isdecimal() and len(text) <= SECONDS_DIGITS):
        return now
    return max(datetime.fromtimestamp(int(text), tz=UTC), now - timedelta(days=1))


@needs("orders.view")
def order_sums(request: ConsoleRequest) -> HttpResponse:
    """Say what all orders of the filter come to, counted up to a limit."""
    desk = desk_of(request)
    with acting_as(desk.merchant_id):
        asked = _asked(request, desk)
        totals = queries.totals(merchant_id=desk.merchant_id, where=asked.where)
    return render(request, "console/orders/sums.html", {"totals": totals})


def _asked(request: ConsoleRequest, desk: Desk) -> Asked:
    keeper = keeper_of(request)
    uid = request.GET.get("view", "")
    found = [one for one in views(keeper=keeper) if one.uid == uid]
    shown = found[0] if found else None
    query = QueryDict(shown.query) if shown else request.GET
    narrowed = read_filter(query, desk)
    where = narrowed.where.at(timezone.now(), desk.zone)
    wanted = request.GET.get("sort") or query.get("sort", "")
    offered = sorts_of(where)
    chosen = choice_of(merchant_id=keeper.merchant_id, person_id=keeper.person_id)
    own = shown.columns if shown and shown.columns else chosen.columns
    return Asked(
        narrowed=narrowed,
        where=where,
        sort=next((sort for sort in offered if sort == wanted), offered[0]),
        view=shown,
        columns=[name for name in own if name in COLUMNS],
        density=chosen.density,
    )


def _narrowing(request: ConsoleRequest, desk: Desk, asked: Asked) -> dict[str, object]:
    """Return what stands above the table: tabs, views, chips, fields, sorts."""
    narrowed, extra = asked.narrowed, asked.extra
    counts = queries.counts_by_state(merchant_id=desk.merchant_id)
    query = address_of(narrowed.asked, extra).removeprefix("?")
    choices = choices_of(desk, narrowed.asked)
    saved = [
        Tab(one.name, f"?view={one.uid}", on=asked.view == one, starred=True)
        for one in views(keeper=keeper_of(request))
    ]
    return {
        "narrowed": narrowed,
        "asked": narrowed.asked,
        "view": asked.view,
        "kept": choices.kept(narrowed.asked),
        "query": "" if query == "view=all" else query,
        "tabs": [*tabs_of(narrowed, extra, counts, is_view=asked.view is not None), *saved],
        "chips": chips_of(narrowed, extra, desk),
        "choices": choices,
        "periods": [
            (
                word,
                address_of({**narrowed.asked, "period": key, "since": "", "until": ""}, extra),
                narrowed.asked.get("period") == key,
            )
            for key, word in PERIODS.items()
        ],
        "sorts": [
            (SORTS[sort], address_of(narrowed.asked, {"sort": str(sort)}), sort is asked.sort)
            for sort in sorts_of(asked.where)
        ],
        "sort_word": SORTS[asked.sort],
        "all_columns": [
            *((COLUMNS[name], True) for name in asked.columns),
            *((column, False) for name, column in COLUMNS.items() if name not in asked.columns),
        ],
        "tags": tags(merchant_id=desk.merchant_id),
    }


def _rows(page: OrderPage, desk: Desk) -> list[Row]:
    found = tags_of(merchant_id=desk.merchant_id, order_ids=[order.id for order in page.rows])
    return [_row(order, desk, found.get(order.id, ())) for order in page.rows]


def _row(order: OrderRow, desk: Desk, put: Sequence[TagView]) -> Row:
    left = (order.pay_by - timezone.now()).total_seconds()
    return Row(
        order=order,
        tags=put,
        acts=acts_for(
            number=order.number,
            state=order.state,
            # Whether one on hold has got a part of its codes is only told by its units.
            has=has_of(
                order.contact,
                order.hold_reason,
                with_codes=order.state in GIVEN and order.has_codes,
            ),
            permissions=desk.permissions,
        ),
        channel=str(CHANNELS.get(order.channel, order.channel)),
        provider=provider_word(order.provider),
        reason=hold_reason(order.hold_reason) if order.state is OrderState.ON_HOLD else "",
        pay_minutes=minutes_words(left) if order.state is OrderState.PENDING and left > 0 else 0,
    )
