"""After-sales at the desk: whose turn it is, what is late, and whose case it is (X1, O8)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from kacang.aftersales import queries
from kacang.aftersales.queries import CaseFilter, CaseRow, CaseState
from kacang.merchants.tenancy import acting_as
from kacang.orders import queries as orders
from kacang.orders.errors import UnknownOrder
from kacang.orders.types import OrderFilter, OrderRow
from kacang.shared.clock import utc_now
from kacang.shared.texts import Text
from kacang.web.case_words import KINDS, decision_words
from kacang.web.console.access import needs
from kacang.web.console.desk import Desk, desk_of, pages_of
from kacang.web.design.parts import Tab
from kacang.web.design.states import look_of
from kacang.web.requests import ConsoleRequest

PAGE = 50
STATES = {state.name.lower(): state for state in CaseState}
MINE, UNHAPPY = "mine", "unhappy"
CONTENT_DAYS = 30


@dataclass(frozen=True, slots=True)
class Row:
    """A case of the list with the order that it is of."""

    case: CaseRow
    kind: Text
    decision: Text
    order: OrderRow | None


@needs("cases.view")
def case_list(request: ConsoleRequest) -> HttpResponse:
    """Show cases: those that wait for us by deadline, the others the newest first."""
    desk = desk_of(request)
    name = request.GET.get("state", "new")
    wanted = request.GET.get("q", "").replace("\0", "").strip()[:20]
    where = _filter(desk, name, wanted)
    if where is None:
        rows: Sequence[CaseRow] = ()
        cursor = ""
    else:
        page = queries.cases_page(
            merchant_id=desk.merchant_id,
            where=where,
            cursor=request.GET.get("cursor", "").replace("\0", "")[:60],
            limit=PAGE,
        )
        rows, cursor = page.rows, page.next_cursor
    counts = queries.counts(merchant_id=desk.merchant_id)
    content, people = queries.content_since(
        merchant_id=desk.merchant_id, since=utc_now() - timedelta(days=CONTENT_DAYS)
    )
    context = {
        "content": content,
        "people": people,
        "content_days": CONTENT_DAYS,
        "rows": rows_of(desk.merchant_id, rows),
        "tabs": _tabs(name, counts),
        "wanted": wanted,
        "is_narrowed": bool(wanted) or name != "new",
        "late": queries.late_count(merchant_id=desk.merchant_id),
        "pages": pages_of(request, cursor),
        "can_see_orders": "orders.view" in desk.permissions,
        "can_edit_replies": "cases.replies" in desk.permissions,
    }
    return render(request, "console/aftersales/list.html", context)


def rows_of(merchant_id: int, rows: Sequence[CaseRow]) -> list[Row]:
    """Return cases with their orders."""
    ids = sorted({row.order_id for row in rows})
    with acting_as(merchant_id):
        numbers = orders.numbers_of(merchant_id=merchant_id, order_ids=ids)
        where = OrderFilter(numbers=tuple(numbers.values()))
        page = orders.orders_page(merchant_id=merchant_id, where=where, limit=200) if ids else None
    found = {row.number: row for row in page.rows} if page else {}
    return [
        Row(row, KINDS[row.kind], decision_words(row), found.get(numbers.get(row.order_id, "")))
        for row in rows
    ]


def _filter(desk: Desk, name: str, number: str) -> CaseFilter | None:
    """Return what the address narrows the list to; None: an order that does not exist."""
    if number:
        try:
            order = orders.order(merchant_id=desk.merchant_id, number=number)
        except UnknownOrder:
            return None
        return CaseFilter(order_id=order.id)
    if name == UNHAPPY:
        return CaseFilter(is_unhappy=True)
    if name == MINE:
        return CaseFilter(states=queries.OPEN, owner_uid=desk.member_uid)
    return CaseFilter(states=(STATES[name],) if name in STATES else ())


def _tabs(chosen: str, counts: Mapping[CaseState, int]) -> list[Tab]:
    address = reverse("console_cases")
    tabs = [
        Tab(
            look_of("case", state).word,
            f"{address}?state={name}",
            count=counts[state] or None,
            on=chosen == name,
        )
        for name, state in STATES.items()
    ]
    tabs.append(Tab(_("Mine"), f"{address}?state={MINE}", on=chosen == MINE))
    tabs.append(Tab(_("Not content"), f"{address}?state={UNHAPPY}", on=chosen == UNHAPPY))
    known = {*STATES, MINE, UNHAPPY}
    tabs.append(Tab(_("All"), f"{address}?state=all", on=chosen not in known))
    return tabs
