"""One order at the desk: over the list or as a page (O1, O3, O7)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render

from kacang.catalog import queries as catalog
from kacang.catalog.queries import ProductKind
from kacang.merchants import queries as merchants
from kacang.merchants.tenancy import acting_as
from kacang.orders import queries
from kacang.orders.changing import least_price
from kacang.orders.deadlines.queries import missed_of
from kacang.orders.exceptions import queries as exceptions
from kacang.orders.tagging.tags import tags, tags_of
from kacang.orders.types import Delivered, OrderView, UnitState
from kacang.payments.queries import PaymentState
from kacang.payments.refunding import refund_lists
from kacang.shared.contacts import Contact
from kacang.shared.money import Money
from kacang.shared.texts import Text
from kacang.web.console.access import needs
from kacang.web.console.aftersales.of_order import CaseLine, lines_of
from kacang.web.console.desk import Desk, desk_of, is_over_list
from kacang.web.console.exceptions.pages import rows_of as rows_of_exceptions
from kacang.web.console.orders.cards import FEW, unit_rows
from kacang.web.console.orders.filters import CHANNELS
from kacang.web.console.orders.parcels import parcels_context
from kacang.web.console.orders.words import Act, acts_for, events_of, has_of
from kacang.web.console.refunds.queue import rows_of
from kacang.web.console.revealing import visible
from kacang.web.console.reviewing.shown import shown
from kacang.web.requests import ConsoleRequest


@dataclass(frozen=True, slots=True)
class Said:
    """What is said above an order: an act's result."""

    text: str
    tone: str = "ok"


@dataclass(frozen=True, slots=True)
class Opened:
    """What of an order was just opened: a page of codes, secret answers, the buyer's contact."""

    codes: Sequence[Delivered] = ()
    answers: Sequence[tuple[str, str]] = ()
    reason: str = ""
    first: int = 0
    next_offset: int = 0
    contact: Contact | None = None


@needs("orders.view")
def order_detail(request: ConsoleRequest, number: str) -> HttpResponse:
    """Show one order: over the list for htmx, else as a page of its own."""
    return show_order(request, number)


def show_order(
    request: ConsoleRequest,
    number: str,
    *,
    said: Said | None = None,
    opened: Opened | None = None,
    status: int = 200,
) -> HttpResponse:
    """Answer with an order as it stands now, and what an act came to."""
    desk = desk_of(request)
    with acting_as(desk.merchant_id):
        order = queries.order(merchant_id=desk.merchant_id, number=number)
        entries = queries.timeline(merchant_id=desk.merchant_id, number=number)
        labels = _labels(desk, order)
        rows = unit_rows(desk, order, limit=FEW)
        put = tags_of(merchant_id=desk.merchant_id, order_ids=[order.id]).get(order.id, [])
        known = tags(merchant_id=desk.merchant_id)
        least = least_price(
            merchant_id=desk.merchant_id,
            total_minor=order.total.minor,
            role=request.membership.role,
        )
        refunds = refund_lists.refunds_of_order(merchant_id=desk.merchant_id, order_id=order.id)
        troubles = exceptions.exceptions_of_order(merchant_id=desk.merchant_id, order_id=order.id)
        exception_rows = rows_of_exceptions(troubles, desk)
        missed = missed_of(merchant_id=desk.merchant_id, numbers=[order.number])
    acts = _acts(order, desk)
    asked = request.GET.get("act", "")
    units = _units(order)
    over_list = is_over_list(request)
    context = {
        "order": order,
        "acts": acts,
        "tags": put,
        "other_tags": [tag for tag in known if tag not in put],
        "least_price": Money(least, order.payable.currency),
        "events": events_of(order, list(entries), desk),
        "channel": CHANNELS.get(order.channel, order.channel),
        "minus": Money(-order.discount.minor, order.discount.currency),
        "waiting_units": units.get(UnitState.SHORT, 0),
        "delivered_units": _codes(order),
        "has_codes": _codes(order) > 0,
        "can_reveal": any(act.name == "reveal" for act in acts),
        "unit_rows": rows,
        "has_more_units": units.get(UnitState.DELIVERED, 0) > len(rows),
        "can_replace": "orders.replace" in desk.permissions,
        "can_see_stock": "stock.view" in desk.permissions,
        "can_note": "orders.note" in desk.permissions,
        "can_reveal_form": "secrets.reveal" in desk.permissions,
        "form_answers": _answers(order.form.items(), labels),
        "payments": [(item, PaymentState(item.state)) for item in order.payments],
        "refund_rows": rows_of(refunds, order.number, desk),
        "exception_rows": exception_rows,
        "review": shown(desk, order),
        "missed_at": missed.get(order.number),
        "can_work_exceptions": "orders.exceptions" in desk.permissions,
        "case_rows": _cases(order, desk),
        "can_refund": _can_refund(order, desk),
        "open_at_once": asked if any(act.name == asked for act in acts) else "",
        "said": said,
        "oob": over_list and request.method == "POST",
        "page_url": request.path if request.method == "GET" else "",
        **parcels_context(desk, order),
        **_opened_context(opened or Opened(), labels),
        **_people(desk, order),
    }
    name = "drawer" if over_list else "detail"
    response = render(request, f"console/orders/{name}.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


def _cases(order: OrderView, desk: Desk) -> list[CaseLine]:
    if "cases.view" not in desk.permissions:
        return []
    return lines_of(merchant_id=desk.merchant_id, order_id=order.id)


def _can_refund(order: OrderView, desk: Desk) -> bool:
    is_paid = order.paid_at is not None and order.refunded.minor < order.payable.minor
    return is_paid and "refunds.request" in desk.permissions


def _opened_context(opened: Opened, labels: Mapping[str, Text]) -> dict[str, object]:
    return {
        "codes": opened.codes,
        "secret_answers": _answers(opened.answers, labels),
        "reason": opened.reason,
        "codes_first": opened.first,
        "codes_next": opened.next_offset,
        "shown_contact": opened.contact,
    }


def _people(desk: Desk, order: OrderView) -> dict[str, object]:
    """Return whose work the order is, and what may be seen of its buyer."""
    staff = merchants.staff(merchant_id=desk.merchant_id)
    may_look = "contacts.reveal" in desk.permissions
    can_assign = "orders.assign" in desk.permissions
    return {
        "assignee": next((one for one in staff if one.member_id == order.assignee_id), None),
        "can_assign": can_assign,
        "stores": [
            one
            for one in (merchants.stores(merchant_id=desk.merchant_id) if can_assign else ())
            if one.is_open or (order.store and one.uid == order.store.uid)
        ],
        "people": [one for one in staff if one.is_active],
        "can_show_contact": may_look and not visible(order.contact, desk).is_empty,
        "address": "" if "address" in desk.hidden else order.address,
    }


def _labels(desk: Desk, order: OrderView) -> dict[str, Text]:
    """Return the questions of an order's products, as they are asked today."""
    if not order.form and not order.has_secret_form:
        return {}
    labels: dict[str, Text] = {}
    for uid in {line.product_uid for line in order.lines}:
        for item in catalog.product(merchant_id=desk.merchant_id, uid=uid).form_fields:
            labels[item.name] = item.label
    return labels


def _answers(
    answers: Iterable[tuple[str, str]], labels: Mapping[str, Text]
) -> list[tuple[Text, str]]:
    """Return answers with their questions; one that is asked no more keeps its key."""
    return [(labels.get(name, {"zh-Hans": name}), answer) for name, answer in sorted(answers)]


def _acts(order: OrderView, desk: Desk) -> list[Act]:
    return acts_for(
        number=order.number,
        state=order.state,
        has=has_of(order.contact, order.hold_reason, with_codes=_codes(order) > 0),
        permissions=desk.permissions,
    )


def _codes(order: OrderView) -> int:
    """Return how many codes were delivered: goods have none."""
    return sum(
        line.units.get(UnitState.DELIVERED, 0)
        for line in order.lines
        if line.kind != ProductKind.GOODS
    )


def _units(order: OrderView) -> dict[UnitState, int]:
    counts: dict[UnitState, int] = {}
    for line in order.lines:
        for state, number in line.units.items():
            counts[state] = counts.get(state, 0) + number
    return counts
