"""Waiting longer for an order's money: the order, and all that it keeps for its buyer (P1)."""

from datetime import datetime, timedelta

from kacang.orders import sql
from kacang.orders.errors import NotPayable
from kacang.orders.models import Order, OrderState
from kacang.orders.statements import rows
from kacang.stock import operations as stock


def wait_longer(
    merchant_id: int, order: Order, patience: timedelta, *, since_now: bool
) -> datetime:
    """Let an order wait for `patience` from when it was placed, or from now; return until when.

    Never shorter than it waits already. Inside the transaction in which the caller has locked
    the order.

    Raises:
        NotPayable: It waits no more: it is paid, or its time is over. Its cards may be gone.
    """
    found = rows(
        sql.WAIT_LONGER,
        {
            "merchant": merchant_id,
            "order": order.pk,
            "seconds": patience.total_seconds(),
            "since_now": since_now,
        },
    )
    if order.state != OrderState.PENDING or not found:
        raise NotPayable
    pay_by: datetime = found[0][0]
    if order.has_goods:
        lines = [line_id for _, line_id in found if line_id is not None]
        stock.hold_longer(merchant_id=merchant_id, line_ids=lines, until=pay_by)
    return pay_by
