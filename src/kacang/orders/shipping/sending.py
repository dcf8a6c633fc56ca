"""Sending goods by courier: an order's pieces leave in parcels, arrive, or come back (L1, O1)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from kacang.logistics import operations as logistics
from kacang.logistics.operations import ParcelDraft
from kacang.logistics.queries import ShipmentView, overdue_orders, read_number
from kacang.logistics.queries import shipment as shipment_of
from kacang.merchants import audit
from kacang.merchants import queries as merchants
from kacang.merchants.audit import SYSTEM, Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders.errors import AlreadyShipped, BadParcel, NotNow
from kacang.orders.fulfilling.delivering import locked, note_staff
from kacang.orders.models import Event, Order, OrderState, TimelineEntry, Unit, UnitState
from kacang.orders.shipping.states import lines_of_goods, restate, units_of_goods
from kacang.queue import enqueue
from kacang.shared.clock import utc_now
from kacang.stock import operations as stock
from kacang.stock.operations import Back

OVERDUE_MOST = 2_000
# Paid, and some of its goods may be in the house.
SENDABLE = frozenset({OrderState.PAID, OrderState.FULFILLING})
_GONE = frozenset({OrderState.SHIPPED, OrderState.DELIVERED, OrderState.COMPLETED})


@dataclass(frozen=True, slots=True)
class ParcelWish:
    """A parcel that is to go.

    `pieces` says how many of which line (by its number in the order) are in it; left out: all
    that is still in the house.
    """

    courier: str
    tracking_number: str
    pieces: Mapping[int, int] = field(default_factory=dict)


@retry_conflicts
def ship_order(*, merchant_id: int, number: str, wish: ParcelWish, actor: Actor) -> ShipmentView:
    """Send an order's goods, or a part of them, and mail the buyer where they are.

    The pieces are no longer on hand. The order is shipped once all its goods are on their way.

    Raises:
        UnknownOrder: There is no such order.
        AlreadyShipped: All of it is on its way, or with the buyer.
        NotNow: It is unpaid, on hold, cancelled or given back, or has no goods.
        BadParcel: More is named than is in the house, or nothing.
        UnknownCourier, BadTrackingNumber: As they say. Nothing was changed.
    """
    with acting_as(merchant_id):
        return ship_here(locked(merchant_id, number), wish, actor)


def ship_here(order: Order, wish: ParcelWish, actor: Actor) -> ShipmentView:
    """Send a locked order's goods, in the caller's transaction. Raises as `ship_order`."""
    read_number(wish.courier, wish.tracking_number)
    if order.has_goods and order.state in _GONE:
        raise AlreadyShipped
    if order.state not in SENDABLE or not order.has_goods:
        raise NotNow
    units = _chosen(order, wish.pieces)
    gone = stock.hand_over(
        merchant_id=order.merchant_id,
        order_id=order.pk,
        line_ids=sorted({unit.line_id for unit in units}),
        currency=order.currency,
        most=Counter(unit.line_id for unit in units),
    )
    assert sum(gone.values()) == len(units), "as many units are owed as pieces are held"
    parcel = logistics.make_parcel(
        merchant_id=order.merchant_id,
        draft=ParcelDraft(
            order.pk,
            wish.courier,
            wish.tracking_number,
            [(unit.line_id, unit.unit_no) for unit in units],
            actor.label,
        ),
    )
    _set_units(order, parcel.places, UnitState.SHIPPED)
    restate(order)
    told = {"courier": parcel.courier, "number": parcel.tracking_number, "units": len(units)}
    _tell(order, Event.SHIPPED, actor, told)
    note_staff(order.merchant_id, order.number, actor, "orders.ship")
    _tell_buyer(order, parcel.uid)
    return parcel


@retry_conflicts
def change_tracking(
    *, merchant_id: int, number: str, uid: str, wish: ParcelWish, actor: Actor, reason: str
) -> ShipmentView:
    """Correct the courier or number of an order's parcel, and mail the buyer the right one.

    Raises:
        UnknownOrder, UnknownShipment: There is none.
        ShipmentEnded: It was called back.
        ReasonMissing: No reason was given.
        UnknownCourier, BadTrackingNumber: As they say.
    """
    reason = reason.strip()[:200]
    if not reason:
        raise logistics.ReasonMissing
    with acting_as(merchant_id):
        order = locked(merchant_id, number)
        _check_own(order, uid)
        before, after = logistics.correct_parcel(
            merchant_id=merchant_id,
            uid=uid,
            courier_code=wish.courier,
            tracking_number=wish.tracking_number,
        )
        was, now = _named(before), _named(after)
        if was == now:
            return after
        _tell(order, Event.TRACKING_CHANGED, actor, {"before": was, "after": now, "text": reason})
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action="orders.change_tracking",
            object_kind="order",
            object_uid=number,
            before={"parcel": was},
            after={"parcel": now},
            reason=reason,
        )
        _tell_buyer(order, uid)
    return after


@retry_conflicts
def void_shipment(
    *, merchant_id: int, number: str, uid: str, actor: Actor, reason: str
) -> ShipmentView:
    """Call a parcel back that has not arrived: its pieces are in the house again, and owed.

    Raises:
        UnknownOrder, UnknownShipment: There is none.
        ShipmentEnded: It has arrived, or was called back before.
        ReasonMissing: No reason was given.
        NotNow: The order's money is on its way back.
    """
    with acting_as(merchant_id):
        order = locked(merchant_id, number)
        _check_own(order, uid)
        if order.state not in (OrderState.FULFILLING, OrderState.SHIPPED, OrderState.PAID):
            raise NotNow
        parcel = logistics.void_parcel(merchant_id=merchant_id, uid=uid, reason=reason)
        under_way = {
            (unit.line_id, unit.unit_no) for unit in units_of_goods(order, state=UnitState.SHIPPED)
        }
        back = [place for place in parcel.places if place in under_way]
        for line_id, pieces in Counter(line_id for line_id, _ in back).items():
            stock.take_back(
                merchant_id=merchant_id, back=Back(order.pk, line_id, pieces, order.currency)
            )
        _set_units(order, back, UnitState.OWED)
        restate(order)
        told = {"number": parcel.tracking_number, "text": parcel.void_reason}
        _tell(order, Event.PARCEL_VOIDED, actor, told)
        note_staff(merchant_id, number, actor, "orders.void_shipment", parcel.void_reason)
    return parcel


@retry_conflicts
def confirm_arrival(*, merchant_id: int, number: str, actor: Actor) -> OrderState:
    """Say that all parcels of an order are with the buyer; what it costs is then earned.

    Raises:
        UnknownOrder: There is no such order.
        NotNow: Nothing of it is on its way.
    """
    with acting_as(merchant_id):
        return arrive_here(locked(merchant_id, number), actor)


def arrive_here(order: Order, actor: Actor) -> OrderState:
    """End the parcels of a locked order, in the caller's transaction.

    Raises:
        NotNow: Nothing of it is on its way.
    """
    ended = logistics.end_parcels(merchant_id=order.merchant_id, order_id=order.pk)
    units = units_of_goods(order, state=UnitState.SHIPPED)
    if not ended and not units:
        raise NotNow
    places = [(unit.line_id, unit.unit_no) for unit in units]
    _set_units(order, places, UnitState.DELIVERED)
    if order.state in (*SENDABLE, OrderState.SHIPPED):
        restate(order)
    _tell(order, Event.ARRIVED, actor, {"units": len(units)})
    note_staff(order.merchant_id, order.number, actor, "orders.confirm_arrival")
    return OrderState(order.state)


def arrive_overdue(*, merchant_id: int, now: datetime) -> int:
    """Take orders for arrived whose parcels were sent long enough ago; return how many.

    How long that is, the merchant says; it may be never.
    """
    days = merchants.setting(merchant_id=merchant_id, name="arrival_days")
    assert isinstance(days, int)
    if not days:
        return 0
    arrived = 0
    order_ids = overdue_orders(
        merchant_id=merchant_id, before=now - timedelta(days=days), most=OVERDUE_MOST
    )
    for order_id in dict.fromkeys(order_ids):
        with acting_as(merchant_id):
            order = Order.objects.select_for_update(no_key=True).get(
                merchant_id=merchant_id, id=order_id
            )
            try:
                arrive_here(order, SYSTEM)
            except NotNow:
                # Somebody else was quicker.
                continue
        arrived += 1
    return arrived


def _chosen(order: Order, pieces: Mapping[int, int]) -> list[Unit]:
    """Return the units that go: of the lines that are named, else all that are in the house."""
    owed = units_of_goods(order, state=UnitState.OWED)
    if not owed:
        raise AlreadyShipped
    if not pieces:
        return owed
    lines = lines_of_goods(order)
    chosen: list[Unit] = []
    for line_no, count in pieces.items():
        of_line = [unit for unit in owed if unit.line_id == lines.get(line_no)]
        if not 0 < count <= len(of_line):
            raise BadParcel(line=line_no, most=len(of_line))
        chosen += of_line[:count]
    return chosen


def _check_own(order: Order, uid: str) -> None:
    found = shipment_of(merchant_id=order.merchant_id, uid=uid)
    if found.order_id != order.pk:
        raise logistics.UnknownShipment


def _set_units(order: Order, places: Iterable[tuple[int, int]], state: UnitState) -> None:
    by_line: dict[int, list[int]] = {}
    for line_id, unit_no in places:
        by_line.setdefault(line_id, []).append(unit_no)
    for line_id, numbers in by_line.items():
        Unit.objects.filter(
            merchant_id=order.merchant_id, line_id=line_id, unit_no__in=numbers
        ).update(state=state, delivered_at=utc_now() if state is UnitState.DELIVERED else None)


def _named(parcel: ShipmentView) -> str:
    return f"{parcel.courier} {parcel.tracking_number}"


def _tell_buyer(order: Order, uid: str) -> None:
    if order.email:
        enqueue(
            "orders.tell_shipped",
            queue="mail",
            merchant_id=order.merchant_id,
            order_id=order.pk,
            shipment=uid,
        )


def _tell(order: Order, event: Event, actor: Actor, detail: Mapping[str, object]) -> None:
    TimelineEntry.objects.create(
        merchant_id=order.merchant_id,
        order_id=order.pk,
        event=event,
        actor_kind=actor.kind,
        actor_label=actor.label[:120],
        detail=dict(detail),
        address=actor.address[:50],
        at=utc_now(),
    )
