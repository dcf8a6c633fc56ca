"""What an order's timeline says of parcels and addresses."""

from collections.abc import Mapping

from kacang.merchants.audit import Actor
from kacang.orders.models import Event, Order, TimelineEntry
from kacang.shared.clock import utc_now


def tell(order: Order, event: Event, actor: Actor, detail: Mapping[str, object]) -> None:
    """Write into an order's timeline, in the caller's transaction."""
    entry(order, event, actor, detail).save(force_insert=True)


def entry(order: Order, event: Event, actor: Actor, detail: Mapping[str, object]) -> TimelineEntry:
    """Return what is to be written into an order's timeline."""
    return TimelineEntry(
        merchant_id=order.merchant_id,
        order_id=order.pk,
        event=event,
        actor_kind=actor.kind,
        actor_label=actor.label[:120],
        detail=dict(detail),
        address=actor.address[:50],
        at=utc_now(),
    )
