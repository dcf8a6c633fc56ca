"""What webhooks tell of orders, refunds and stock (J2). Each function is one job's one call.

Thin on purpose: numbers, ids, states and amounts. Codes, contacts and what buyers filled in are
never part of it: whoever may read them asks the API.
"""

from datetime import UTC, datetime
from typing import Any

from kacang.aftersales import queries as cases
from kacang.catalog import queries as catalog
from kacang.logistics import queries as logistics
from kacang.messages.webhooks import events
from kacang.messages.webhooks import operations as webhooks
from kacang.orders import queries as order_queries
from kacang.orders.types import OrderView
from kacang.payments.refunding import refund_lists
from kacang.shared.clock import utc_now
from kacang.supply import queries as supply
from kacang.supply.operations import Alarm


def tell_delivered(*, merchant_id: int, order_id: int) -> None:
    """Tell that an order was paid, and that all of it is delivered."""
    _tell_paid(merchant_id, order_id, events.ORDER_DELIVERED)


def tell_ready(*, merchant_id: int, order_id: int) -> None:
    """Tell that goods were paid for and are to be handed over."""
    _tell_paid(merchant_id, order_id, events.ORDER_READY)


def tell_on_hold(*, merchant_id: int, order_id: int) -> None:
    """Tell that an order was paid and has to wait."""
    _tell_paid(merchant_id, order_id, events.ORDER_ON_HOLD)


def tell_cancelled(*, merchant_id: int, order_id: int) -> None:
    """Tell that an order was cancelled."""
    order = order_queries.order_by_id(merchant_id=merchant_id, order_id=order_id)
    _tell(merchant_id, events.ORDER_CANCELLED, order.number, order_data(order))


def tell_shipped(*, merchant_id: int, order_id: int, shipment: str) -> None:
    """Tell that a parcel left, with whom and under which number; a corrected one is told again.

    Whom it goes to is never part of it. One that was called back meanwhile is not told.
    """
    parcel = logistics.shipment(merchant_id=merchant_id, uid=shipment)
    if not parcel.is_under_way:
        return
    order = order_queries.order_by_id(merchant_id=merchant_id, order_id=order_id)
    data = {
        **order_data(order),
        "parcel": {
            "id": parcel.uid,
            "courier": parcel.courier,
            "tracking_number": parcel.tracking_number,
            "pieces": len(parcel.places),
        },
    }
    _tell(merchant_id, events.ORDER_SHIPPED, f"{shipment}/{parcel.tracking_number}", data)


def tell_completed(*, merchant_id: int, order_id: int) -> None:
    """Tell that an order of goods is over."""
    order = order_queries.order_by_id(merchant_id=merchant_id, order_id=order_id)
    _tell(merchant_id, events.ORDER_COMPLETED, order.number, order_data(order))


def tell_refunded(*, merchant_id: int, order_id: int, refund: str) -> None:
    """Tell that money of an order went back: which refund, how much, which way."""
    order = order_queries.order_by_id(merchant_id=merchant_id, order_id=order_id)
    row = refund_lists.refund(merchant_id=merchant_id, number=refund)
    data = {
        **order_data(order),
        "refund": {
            "id": row.number,
            "amount_minor": row.amount.minor,
            "currency": row.amount.currency,
            "way": row.way.name.lower(),
        },
    }
    _tell(merchant_id, events.ORDER_REFUNDED, refund, data)


def tell_arrived(*, merchant_id: int, sku_id: int, now: datetime | None = None) -> None:
    """Tell that stock of a SKU came in: once a minute, however many pieces that were."""
    sku = catalog.skus_by_id(merchant_id=merchant_id, ids={sku_id}).get(sku_id)
    if sku is None:
        return
    free = supply.available_of(merchant_id, [sku]).get(sku_id)
    minute = (now or utc_now()).strftime("%Y%m%d%H%M")
    data = {"sku_id": sku.uid, "available": free}
    _tell(merchant_id, events.STOCK_ARRIVED, f"{sku.uid}/{minute}", data)


def tell_low(*, merchant_id: int, alarm: Alarm) -> None:
    """Tell that a SKU fell below its warning level: once for each time (L20)."""
    data = {"sku_id": alarm.sku.uid, "available": alarm.available, "warning_level": alarm.line}
    _tell(merchant_id, events.STOCK_LOW, f"{alarm.sku.uid}/{alarm.crossing}", data)


def tell_case(*, merchant_id: int, case_uid: str, event: str, occasion: str) -> None:
    """Tell what happened to an after-sales case. What was said in it is never part of that."""
    row = cases.case(merchant_id=merchant_id, uid=case_uid).row
    numbers = order_queries.numbers_of(merchant_id=merchant_id, order_ids=[row.order_id])
    data = {
        "id": row.uid,
        "order": numbers[row.order_id],
        "kind": row.kind.name.lower(),
        "state": row.state.name.lower(),
        "decision": row.decision.name.lower() if row.decision else None,
        "amount_minor": row.amount.minor if row.amount else None,
        "currency": row.amount.currency if row.amount else None,
        "refunds": list(row.outcome.get("refunds", ())),
        "opened_at": _utc(row.opened_at),
        "decided_at": _utc(row.decided_at),
    }
    _tell(merchant_id, event, f"{row.uid}/{occasion}", data)


def order_data(order: OrderView) -> dict[str, Any]:
    """Return what other systems are told of an order."""
    return {
        "number": order.number,
        "external_number": order.external_number,
        "state": order.state.name.lower(),
        "hold_reason": order.hold_reason or None,
        "payable_minor": order.payable.minor,
        "refunded_minor": order.refunded.minor,
        "currency": order.payable.currency,
        "created_at": _utc(order.created_at),
        "paid_at": _utc(order.paid_at),
        "lines": [{"sku_id": line.sku_uid, "quantity": line.quantity} for line in order.lines],
    }


def _tell_paid(merchant_id: int, order_id: int, event: str) -> None:
    """Tell of a payment, unless that was told, and then of what came of it."""
    order = order_queries.order_by_id(merchant_id=merchant_id, order_id=order_id)
    for one in (events.ORDER_PAID, event):
        _tell(merchant_id, one, order.number, order_data(order))


def _tell(merchant_id: int, event: str, occasion: str, data: dict[str, Any]) -> None:
    webhooks.tell(merchant_id=merchant_id, event=event, once=occasion, data=data)


def _utc(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
