"""What others may ask about orders."""

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Q

from kacang.merchants import queries as merchants
from kacang.merchants.tenancy import acting_as
from kacang.orders.cards.card_history import CardEvent, CardHistory, Step, card_history
from kacang.orders.cards.replacing_many import KIND as REPLACING
from kacang.orders.errors import UnknownOrder
from kacang.orders.figures import DayFigures, best_sellers, by_hour, day_figures
from kacang.orders.finding.counting import count_paid, counts_by_state, most_counted
from kacang.orders.finding.listing import (
    Counted,
    Match,
    Matches,
    Totals,
    count_newer,
    count_up_to,
    frozen,
    matching,
    orders_page,
    rows_of,
    totals,
)
from kacang.orders.finding.reaching import reach_of
from kacang.orders.models import Event, Line, Order, OrderState, TimelineEntry, Unit, UnitState
from kacang.orders.types import EventView, LineView, OrderView, PaymentView
from kacang.payments import queries as payments
from kacang.shared.clock import utc_now
from kacang.shared.contacts import Contact, read_contact
from kacang.shared.errors import Invalid
from kacang.shared.money import Money

__all__ = [
    "REPLACING",
    "CardEvent",
    "CardHistory",
    "Counted",
    "DayFigures",
    "Match",
    "Matches",
    "Step",
    "Totals",
    "best_sellers",
    "by_hour",
    "card_history",
    "count_newer",
    "count_paid",
    "count_up_to",
    "counts_by_state",
    "day_figures",
    "find_for_lookup",
    "frozen",
    "is_within",
    "last_orders",
    "matching",
    "most_counted",
    "order",
    "order_by_id",
    "orders_page",
    "rows_of",
    "timeline",
    "totals",
    "was_given_again",
]  # fmt: skip

TIMELINE_MAX = 500
# By these somebody who had got everything got something of it anew.
_GIVEN_AGAIN = (Event.REPLACED, Event.CORRECTED, Event.HANDED_OVER)


def order(*, merchant_id: int, number: str) -> OrderView:
    """Return one order with its lines and payments, all of the same moment.

    Raises:
        UnknownOrder: There is no such order.
    """
    with acting_as(merchant_id, snapshot=True):
        row = Order.objects.filter(merchant_id=merchant_id, number=number[:20]).first()
        if row is None:
            raise UnknownOrder
        return _view(row)


def order_by_id(*, merchant_id: int, order_id: int) -> OrderView:
    """Return the order that a job names.

    Raises:
        UnknownOrder: There is no such order.
    """
    with acting_as(merchant_id, snapshot=True):
        row = Order.objects.filter(merchant_id=merchant_id, id=order_id).first()
        if row is None:
            raise UnknownOrder
        return _view(row)


def numbers_of(*, merchant_id: int, order_ids: Collection[int]) -> dict[int, str]:
    """Return the numbers of orders that the books name by id."""
    with acting_as(merchant_id):
        rows = Order.objects.filter(merchant_id=merchant_id, id__in=order_ids)
        return dict(rows.values_list("id", "number"))


def is_within(*, merchant_id: int, number: str, reach: frozenset[str]) -> bool:
    """Whether a role with such a reach sees an order: for what is told to its members (I1)."""
    within = reach_of(reach)
    seen = Q(assignee_id__in=within.members) | Q(store_id__in=within.stores)
    with acting_as(merchant_id):
        return (
            Order.objects.filter(merchant_id=merchant_id, number=number[:20])
            .filter(seen | Q(channel__in=within.channels))
            .exists()
        )


def last_orders(*, operator_id: int, merchant_ids: Collection[int]) -> dict[int, datetime]:
    """Return when each of these merchants last had an order; nothing to who is no operator now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select * from last_orders_of(%s::bigint, %s::bigint[])",
            [operator_id, list(merchant_ids)],
        )
        return {merchant_id: at for merchant_id, at in cursor.fetchall() if at}


def find_for_lookup(*, merchant_id: int, number: str, contact_text: str) -> OrderView | None:
    """Return an order to somebody who knows its number and contact; else None, never why.

    Shows the state only: codes need more (rule 22). Attempts are the caller's to limit (L10).
    """
    try:
        by_email = "@" in contact_text
        contact = read_contact(
            email=contact_text if by_email else "", phone="" if by_email else contact_text
        )
    except Invalid:
        return None
    if contact.is_empty:
        return None
    try:
        found = order(merchant_id=merchant_id, number=number.strip())
    except UnknownOrder:
        return None
    same = (contact.email and contact.email == found.contact.email) or (
        contact.phone and contact.phone == found.contact.phone
    )
    return found if same else None


def was_given_again(*, merchant_id: int, order_id: int, since: datetime) -> bool:
    """Whether an order got another card, a corrected code or goods once more since then."""
    with acting_as(merchant_id):
        return TimelineEntry.objects.filter(
            merchant_id=merchant_id, order_id=order_id, at__gte=since, event__in=_GIVEN_AGAIN
        ).exists()


def timeline(*, merchant_id: int, number: str) -> list[EventView]:
    """Return what happened to an order, the oldest first (O7).

    Raises:
        UnknownOrder: There is no such order.
    """
    with acting_as(merchant_id):
        row = Order.objects.filter(merchant_id=merchant_id, number=number[:20]).first()
        if row is None:
            raise UnknownOrder
        entries = list(
            TimelineEntry.objects.filter(
                merchant_id=merchant_id, order_id=row.pk, at__gte=row.created_at - timedelta(days=1)
            ).order_by("id")[:TIMELINE_MAX]
        )
    gone = {e.detail.get("before") for e in entries if e.event == Event.NOTE_WITHDRAWN}
    return [
        EventView(
            event=Event(entry.event),
            at=entry.at,
            actor_kind=entry.actor_kind,
            actor_label=entry.actor_label,
            # What was taken back stays in the log, but nobody reads it any more.
            detail={"withdrawn": True} if entry.id in gone else entry.detail,
            address=entry.address,
        )
        for entry in entries
    ]


def _view(row: Order) -> OrderView:
    lines = list(
        Line.objects.filter(merchant_id=row.merchant_id, order_id=row.pk)
        .select_related("sku__product")
        .order_by("line_no")
    )
    now = utc_now() + timedelta(seconds=settings.HOT_CLOCK_SHIFT_SECONDS)
    state = OrderState(row.state)
    if state == OrderState.PENDING and row.pay_by <= now:
        state = OrderState.CANCELLED
    return OrderView(
        id=row.pk,
        number=row.number,
        external_number=row.external_number,
        channel=row.channel,
        state=state,
        hold_reason=row.hold_reason,
        total=Money(row.total_minor, row.currency),
        discount=Money(row.discount_minor, row.currency),
        payable=Money(row.payable_minor, row.currency),
        refunded=Money(row.refund_minor, row.currency),
        contact=Contact(row.email, row.phone),
        language=row.language,
        form=row.form,
        has_secret_form=row.form_sealed is not None,
        has_password=bool(row.password_hash),
        address=row.address,
        assignee_id=row.assignee_id,
        store=merchants.store_of_id(merchant_id=row.merchant_id, store_id=row.store_id),
        pay_by=row.pay_by,
        created_at=row.created_at,
        paid_at=row.paid_at,
        delivered_at=row.delivered_at,
        cancelled_at=row.cancelled_at or (row.pay_by if state != row.state else None),
        lines=_lines(row, lines),
        payments=_payments(row),
    )


def _lines(row: Order, lines: Iterable[Line]) -> tuple[LineView, ...]:
    lines = list(lines)
    units = Unit.objects.filter(
        merchant_id=row.merchant_id, line_id__in=[line.pk for line in lines]
    )
    counted = Counter(units.values_list("line_id", "state"))
    return tuple(
        LineView(
            id=line.pk,
            sku_uid=line.sku.uid,
            product_uid=line.sku.product.uid,
            title=line.title,
            sku_title=line.sku_title,
            kind=line.kind,
            cover=line.cover,
            guide=line.guide,
            quantity=line.quantity,
            unit_price=Money(line.unit_price_minor, row.currency),
            total=Money(line.unit_price_minor * line.quantity - line.discount_minor, row.currency),
            units={
                state: counted[line.pk, state] for state in UnitState if counted[line.pk, state]
            },
            has_redeem_codes=line.sku.redeems_id is not None,
            has_claims=bool(line.claim),
        )
        for line in lines
    )


def _payments(row: Order) -> tuple[PaymentView, ...]:
    asked = {"merchant_id": row.merchant_id, "order_id": row.pk}
    receipts = payments.receipts_of_order(**asked)
    return tuple(
        PaymentView(
            payment_id=payment.number,
            provider=payment.provider,
            account_name=payment.account_name,
            state=payment.state,
            amount=payment.amount,
            pay_url=payment.pay_url,
            qr_content=payment.qr_content,
            in_app=payment.in_app,
            facts=payment.facts,
            device=payment.device,
            created_at=payment.created_at,
            paid_at=payment.paid_at,
            provider_numbers=tuple(
                receipt.provider_number
                for receipt in receipts
                if receipt.payment_number == payment.number
            ),
        )
        for payment in reversed(payments.payments_of_order(**asked))
    )
