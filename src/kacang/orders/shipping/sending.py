"""Sending goods by courier: an order's pieces leave in parcels, arrive, or come back (L1, O1)."""

from collections import Counter
from collections.abc import Mapping, Sequence
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
from kacang.messages.webhooks.queries import listening_merchants
from kacang.orders.errors import AlreadyShipped, BadParcel, NotNow
from kacang.orders.fulfilling.delivering import locked, note_staff
from kacang.orders.models import Event, Order, OrderState, TimelineEntry, UnitState
from kacang.orders.shipping.states import Goods, Place, goods_of, restate, set_units
from kacang.orders.shipping.telling import entry, tell
from kacang.queue import enqueue_each
from kacang.stock import operations as stock
from kacang.stock.operations import Back

OVERDUE_MOST = 2_000
# Paid, and some of its goods may be in the house.
SENDABLE = frozenset({OrderState.PAID, OrderState.FULFILLING})
GONE = frozenset({OrderState.SHIPPED, OrderState.DELIVERED, OrderState.COMPLETED})


@dataclass(frozen=True, slots=True)
class ParcelWish:
    """A parcel that is to go.

    `pieces` says how many of which line (by its number in the order) are in it; left out: all
    that is still in the house.
    """

    courier: str
    tracking_number: str
    pieces: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Leaving:
    """What of a locked order goes with whom under which number."""

    goods: Goods
    courier: str
    number: str
    places: Sequence[Place]

    def of_stock(self) -> stock.Leaving:
        """Return it as the stock knows it."""
        order = self.goods.order
        pieces = Counter(line_id for line_id, _ in self.places)
        return stock.Leaving(order.pk, list(pieces), order.currency, pieces)

    def draft(self, actor: Actor) -> ParcelDraft:
        """Return it as logistics knows it."""
        return ParcelDraft(self.goods.order.pk, self.courier, self.number, self.places, actor.label)


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
    (goods,) = goods_of(order.merchant_id, [order])
    leaving = check_parcel(goods, wish)
    (parcel,) = send_many(order.merchant_id, [leaving], actor)
    return parcel


def check_parcel(goods: Goods, wish: ParcelWish) -> Leaving:
    """Say what of a locked order goes in a parcel. Raises as `ship_order`; changes nothing."""
    number = read_number(wish.courier, wish.tracking_number)
    order = goods.order
    if order.has_goods and order.state in GONE:
        raise AlreadyShipped
    if order.state not in SENDABLE or not order.has_goods:
        raise NotNow
    return Leaving(goods, wish.courier, number, _chosen(goods, wish.pieces))


def send_many(
    merchant_id: int, leaving: Sequence[Leaving], actor: Actor, *, quiet_seconds: int = 0
) -> list[ShipmentView]:
    """Send parcels of locked orders, in the caller's transaction: so many statements for all.

    Buyers are told after `quiet_seconds`, unless the parcel was called back until then.
    """
    if not leaving:
        return []
    gone = stock.hand_over_many(
        merchant_id=merchant_id, leaving=[one.of_stock() for one in leaving]
    )
    pieces = sum(len(one.places) for one in leaving)
    assert sum(gone.values()) == pieces, "as many units are owed as pieces are held"
    parcels = logistics.make_parcels(
        merchant_id=merchant_id, drafts=[one.draft(actor) for one in leaving]
    )
    set_units(merchant_id, [(one.goods, one.places) for one in leaving], UnitState.SHIPPED)
    restate(merchant_id, [one.goods for one in leaving])
    TimelineEntry.objects.bulk_create(
        entry(
            one.goods.order,
            Event.SHIPPED,
            actor,
            {"courier": one.courier, "number": one.number, "units": len(one.places)},
        )
        for one in leaving
    )
    if actor.kind not in ("buyer", "system"):
        audit.record_each(
            merchant_id=merchant_id,
            actor=actor,
            action="orders.ship",
            object_kind="order",
            object_uids=[one.goods.order.number for one in leaving],
        )
    sent = [(one.goods.order, parcel) for one, parcel in zip(leaving, parcels, strict=True)]
    tell_buyers(sent, after_seconds=quiet_seconds)
    return parcels


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
        tell(order, Event.TRACKING_CHANGED, actor, {"before": was, "after": now, "text": reason})
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
        tell_buyers([(order, after)])
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
        (goods,) = goods_of(merchant_id, [order])
        back = [place for place in parcel.places if goods.units.get(place) is UnitState.SHIPPED]
        if any(goods.units.get(place) is UnitState.DELIVERED for place in parcel.places):
            # Sent once more: what it holds was given before, and is not owed.
            raise NotNow
        for line_id, pieces in Counter(line_id for line_id, _ in back).items():
            stock.take_back(
                merchant_id=merchant_id, back=Back(order.pk, line_id, pieces, order.currency)
            )
        set_units(merchant_id, [(goods, back)], UnitState.OWED)
        restate(merchant_id, [goods])
        told = {"number": parcel.tracking_number, "text": parcel.void_reason}
        tell(order, Event.PARCEL_VOIDED, actor, told)
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
    (goods,) = goods_of(order.merchant_id, [order])
    places = goods.places(UnitState.SHIPPED)
    if not ended and not places:
        raise NotNow
    set_units(order.merchant_id, [(goods, places)], UnitState.DELIVERED)
    if order.state in (*SENDABLE, OrderState.SHIPPED):
        restate(order.merchant_id, [goods])
    tell(order, Event.ARRIVED, actor, {"units": len(places)})
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


def _chosen(goods: Goods, pieces: Mapping[int, int]) -> list[Place]:
    """Return the units that go: of the lines that are named, else all that are in the house."""
    owed = goods.places(UnitState.OWED)
    if not owed:
        raise AlreadyShipped
    if not pieces:
        return owed
    chosen: list[Place] = []
    for line_no, count in pieces.items():
        of_line = [place for place in owed if place[0] == goods.lines.get(line_no)]
        if not 0 < count <= len(of_line):
            raise BadParcel(line=line_no, most=len(of_line))
        chosen += of_line[:count]
    return chosen


def _check_own(order: Order, uid: str) -> None:
    found = shipment_of(merchant_id=order.merchant_id, uid=uid)
    if found.order_id != order.pk:
        raise logistics.UnknownShipment


def _named(parcel: ShipmentView) -> str:
    return f"{parcel.courier} {parcel.tracking_number}"


def tell_buyers(sent: Sequence[tuple[Order, ShipmentView]], *, after_seconds: int = 0) -> None:
    """Tell buyers by mail, and other systems that listen, once a parcel is not called back."""
    if sent and sent[0][0].merchant_id in listening_merchants():
        enqueue_each(
            "webhooks.order_shipped",
            queue="mail",
            after_seconds=after_seconds,
            arguments=[
                {"merchant_id": order.merchant_id, "order_id": order.pk, "shipment": parcel.uid}
                for order, parcel in sent
            ],
        )
    enqueue_each(
        "orders.tell_shipped",
        queue="mail",
        after_seconds=after_seconds,
        arguments=[
            {"merchant_id": order.merchant_id, "order_id": order.pk, "shipment": parcel.uid}
            for order, parcel in sent
            if order.email
        ],
    )
