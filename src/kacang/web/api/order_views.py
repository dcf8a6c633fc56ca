"""Orders as the API tells of them."""

from collections.abc import Sequence

from kacang.orders.types import (
    EventView,
    LineView,
    OpenPayment,
    OrderRow,
    OrderState,
    OrderView,
    PaymentView,
    PlacedOrder,
    UnitState,
)
from kacang.web.api.answers import utc
from kacang.web.api.keys import Caller
from kacang.web.api.schemas import (
    ContactIn,
    OrderDetail,
    OrderLine,
    OrderPayment,
    OrderPlaced,
    OrderSummary,
    PaymentOpened,
    TimelineEntry,
)

# The member of an answer that opens the order.
OPENS = "access_url"
STATES = {state: state.name.lower() for state in OrderState}
# By the number that a payment's state has.
PAYMENT_STATES = ("open", "paid", "closed", "failed")


def opened(payment: OpenPayment | None) -> PaymentOpened | None:
    """Tell of a payment that was opened."""
    if payment is None:
        return None
    return PaymentOpened.model_construct(
        payment_id=payment.payment_id,
        pay_url=payment.pay_url,
        qr_content=payment.qr_content,
        facts=dict(payment.facts),
    )


def placed(order: PlacedOrder, caller: Caller) -> OrderPlaced:
    """Tell of an order that was placed."""
    return OrderPlaced.model_construct(
        number=order.number,
        state=STATES[order.state],
        payable_minor=order.payable.minor,
        currency=order.payable.currency,
        pay_by=utc(order.pay_by),
        access_url=caller.access_url(order.number, order.access_token),
        payment=opened(order.payment),
    )


def summary(row: OrderRow) -> OrderSummary:
    """Tell of an order in a list."""
    return OrderSummary.model_construct(
        number=row.number,
        state=STATES[row.state],
        payable_minor=row.payable.minor,
        currency=row.payable.currency,
        channel=row.channel,
        created_at=utc(row.created_at),
        paid_at=utc(row.paid_at),
        pay_by=utc(row.pay_by),
    )


def detail(order: OrderView, events: Sequence[EventView]) -> OrderDetail:
    """Tell all of an order but its codes and secret answers."""
    return OrderDetail.model_construct(
        number=order.number,
        state=STATES[order.state],
        payable_minor=order.payable.minor,
        currency=order.payable.currency,
        channel=order.channel,
        created_at=utc(order.created_at),
        paid_at=utc(order.paid_at),
        pay_by=utc(order.pay_by),
        external_number=order.external_number,
        hold_reason=order.hold_reason or None,
        total_minor=order.total.minor,
        discount_minor=order.discount.minor,
        refunded_minor=order.refunded.minor,
        contact=ContactIn.model_construct(
            email=order.contact.email or None, phone=order.contact.phone or None
        ),
        store_id=order.store.uid if order.store else None,
        delivered_at=utc(order.delivered_at),
        cancelled_at=utc(order.cancelled_at),
        lines=[_line(line) for line in order.lines],
        payments=[_payment(payment) for payment in order.payments],
        timeline=[
            TimelineEntry.model_construct(event=event.event.name.lower(), at=utc(event.at))
            for event in events
        ],
    )


def _line(line: LineView) -> OrderLine:
    return OrderLine.model_construct(
        sku_id=line.sku_uid,
        product_id=line.product_uid,
        title=line.title,
        sku_title=line.sku_title,
        kind=line.kind,
        quantity=line.quantity,
        unit_price_minor=line.unit_price.minor,
        total_minor=line.total.minor,
        delivered=line.units.get(UnitState.DELIVERED, 0),
        short=line.units.get(UnitState.SHORT, 0),
    )


def _payment(payment: PaymentView) -> OrderPayment:
    return OrderPayment.model_construct(
        payment_id=payment.payment_id,
        provider=payment.provider,
        state=PAYMENT_STATES[payment.state],
        amount_minor=payment.amount.minor,
        currency=payment.amount.currency,
        created_at=utc(payment.created_at),
        paid_at=utc(payment.paid_at),
    )
