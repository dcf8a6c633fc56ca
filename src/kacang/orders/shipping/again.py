"""Goods sent once more by courier: another parcel for units that the buyer has got already (X1)."""

from collections.abc import Sequence

from kacang.logistics import operations as logistics
from kacang.logistics.operations import ParcelDraft
from kacang.logistics.queries import ShipmentView, read_number
from kacang.merchants.audit import Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders.fulfilling.delivering import locked
from kacang.orders.fulfilling.handing_again import hand_over_again
from kacang.orders.models import Event
from kacang.orders.shipping.sending import ParcelWish, tell_buyers
from kacang.orders.shipping.states import Place
from kacang.orders.shipping.telling import tell


@retry_conflicts
def send_again(
    *,
    merchant_id: int,
    number: str,
    places: Sequence[Place],
    wish: ParcelWish,
    actor: Actor,
    reason: str,
) -> ShipmentView:
    """Send other pieces for units that are with the buyer, and mail the buyer where they are.

    Nothing is charged: the units, the order's state and what was earned stay as they are; the
    pieces leave the stock and are a cost, as `hand_over_again` says. The units lie in the new
    parcel from then on.

    Raises:
        UnknownOrder: There is no such order.
        NotNow: A unit is not of goods that are with the buyer.
        NoGoodsLeft: There are not as many free pieces.
        UnknownCourier, BadTrackingNumber: As they say. Nothing was changed.
    """
    tracking = read_number(wish.courier, wish.tracking_number)
    with acting_as(merchant_id):
        order = locked(merchant_id, number)
        hand_over_again(
            merchant_id=merchant_id, number=number, places=places, actor=actor, reason=reason
        )
        logistics.leave_parcels(merchant_id=merchant_id, places=places)
        draft = ParcelDraft(order.pk, wish.courier, tracking, list(places), actor.label)
        (parcel,) = logistics.make_parcels(merchant_id=merchant_id, drafts=[draft])
        sent = {"courier": wish.courier, "number": tracking, "units": len(places), "again": True}
        tell(order, Event.SHIPPED, actor, sent)
        tell_buyers([(order, parcel)])
    return parcel
