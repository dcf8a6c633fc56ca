"""Sending goods once more: the buyer's were lost, broken or wrong (X1)."""

from collections import Counter
from collections.abc import Sequence

from kacang.catalog.queries import StockMode
from kacang.merchants.audit import Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders.errors import NoGoodsLeft, NotNow
from kacang.orders.fulfilling.delivering import locked, note_staff
from kacang.orders.models import Event, Line, Order, OrderState, TimelineEntry, Unit, UnitState
from kacang.shared.clock import utc_now
from kacang.stock import operations as stock
from kacang.stock.operations import Back, Holding, Leaving

_GIVEN = frozenset(
    {OrderState.FULFILLING, OrderState.SHIPPED, OrderState.DELIVERED, OrderState.COMPLETED}
)


@retry_conflicts
def hand_over_again(
    *, merchant_id: int, number: str, places: Sequence[tuple[int, int]], actor: Actor, reason: str
) -> int:
    """Let other pieces leave the house for units that were handed over; return how many.

    The first pieces do not come back: what they cost stays a cost, and so does what the others
    cost. The order and what was paid for it stay as they are.

    Raises:
        UnknownOrder: There is no such order.
        NotNow: A unit is not of goods that are with the buyer.
        NoGoodsLeft: There are not as many free pieces. Nothing was changed.
    """
    with acting_as(merchant_id):
        order = locked(merchant_id, number)
        lines = _lines(order, places)
        for line, pieces in lines:
            _swap(order, line, pieces)
        count = sum(pieces for _, pieces in lines)
        TimelineEntry.objects.create(
            merchant_id=merchant_id,
            order_id=order.pk,
            event=Event.HANDED_OVER,
            actor_kind=actor.kind,
            actor_label=actor.label[:120],
            detail={"units": count, "again": True, "text": reason[:300]},
            address=actor.address[:50],
            at=utc_now(),
        )
        note_staff(merchant_id, number, actor, "orders.hand_over_again", reason)
    return count


def _lines(order: Order, places: Sequence[tuple[int, int]]) -> list[tuple[Line, int]]:
    """Return which lines the units are of, and how many of each."""
    if order.state not in _GIVEN or not places:
        raise NotNow
    counted = Counter(line_id for line_id, _ in places)
    lines = Line.objects.filter(
        merchant_id=order.merchant_id,
        order_id=order.pk,
        id__in=counted,
        stock_mode=StockMode.GOODS,
    )
    found = {line.pk: line for line in lines.order_by("id")}
    units = Unit.objects.filter(merchant_id=order.merchant_id, line_id__in=found)
    given = {(unit.line_id, unit.unit_no) for unit in units if unit.state == UnitState.DELIVERED}
    if not set(places) <= given:
        raise NotNow
    return [(line, counted[line_id]) for line_id, line in found.items()]


def _swap(order: Order, line: Line, pieces: int) -> None:
    merchant_id = order.merchant_id
    (parcels,) = stock.take_pieces(merchant_id=merchant_id, baskets=[{line.sku_id: pieces}])
    if parcels is None:
        raise NoGoodsLeft
    back = Back(order.pk, line.pk, pieces, order.currency)
    # The line holds as many pieces as it has units: the first ones are its no longer.
    stock.come_back(merchant_id=merchant_id, back=back, to_stock=False)
    stock.hold_pieces(merchant_id=merchant_id, holdings=[Holding(line.pk, parcels, None)])
    leaving = Leaving(order.pk, [line.pk], order.currency, most={line.pk: pieces})
    stock.hand_over(merchant_id=merchant_id, leaving=leaving)
