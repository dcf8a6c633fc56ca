"""What the state of an order is by its units once parcels are in play (rule 6)."""

from collections import Counter

from kacang.catalog.queries import StockMode
from kacang.orders.fulfilling.handing import earn
from kacang.orders.models import ORDER_STEPS, Line, Order, OrderState, Unit, UnitState
from kacang.shared import states
from kacang.shared.clock import utc_now


def lines_of_goods(order: Order) -> dict[int, int]:
    """Return the lines of goods of an order: id by number."""
    lines = Line.objects.filter(
        merchant_id=order.merchant_id, order_id=order.pk, stock_mode=StockMode.GOODS
    )
    return dict(lines.order_by("line_no").values_list("line_no", "id"))


def units_of_goods(order: Order, *, state: UnitState | None = None) -> list[Unit]:
    """Return the units of goods of an order, in one state or in any."""
    ids = list(lines_of_goods(order).values())
    rows = Unit.objects.filter(merchant_id=order.merchant_id, line_id__in=ids)
    if state is not None:
        rows = rows.filter(state=state)
    return list(rows.order_by("line_id", "unit_no"))


def restate(order: Order) -> OrderState:
    """Bring a paid order that lacks nothing into the state that its goods have come to.

    What it costs is earned when all of it is with the buyer. Locked by the caller.
    """
    count = Counter(unit.state for unit in units_of_goods(order))
    if count[UnitState.OWED]:
        begun = count[UnitState.SHIPPED] or count[UnitState.DELIVERED]
        to = OrderState.FULFILLING if begun else OrderState.PAID
    else:
        to = OrderState.SHIPPED if count[UnitState.SHIPPED] else OrderState.DELIVERED
    now = OrderState(order.state)
    if now is not to:
        states.check(ORDER_STEPS, now=now, to=to)
        order.state = to
    if to is OrderState.DELIVERED and order.delivered_at is None:
        order.delivered_at = utc_now()
        earn(order)
    Order.objects.filter(merchant_id=order.merchant_id, id=order.pk).update(
        state=order.state, delivered_at=order.delivered_at
    )
    return to
