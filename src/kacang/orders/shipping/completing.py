"""The end of an order of goods: its buyer says so, or long nobody said anything else (O1).

What is earned and what may be claimed follows from when the goods were there, not from this: a
completed order can be refunded and looked after as a delivered one can.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from kacang.logistics import operations as logistics
from kacang.merchants import queries as merchants
from kacang.merchants.audit import Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.messages.webhooks.queries import listening_merchants
from kacang.orders.errors import NotNow
from kacang.orders.fulfilling.delivering import locked, note_staff
from kacang.orders.models import ORDER_STEPS, Event, Order, OrderState
from kacang.orders.shipping.sending import arrive_here
from kacang.orders.shipping.telling import tell
from kacang.orders.statements import rows
from kacang.queue import enqueue_each
from kacang.shared import states

CHUNK = 500
CHUNKS_MAX = 20
# By the index `sale_order_ending`, which holds nothing but what still ends.
_COMPLETE = """
with due as materialized (
    select id from sale_order
    where merchant_id = %(merchant)s::bigint and state = 4 and has_goods
      and delivered_at <= %(before)s::timestamptz
    order by delivered_at limit %(most)s::int for no key update skip locked
),
done as (
    update sale_order o set state = 5 from due
    where o.merchant_id = %(merchant)s::bigint and o.id = due.id
    returning o.id
),
story as (
    insert into timeline (merchant_id, order_id, event, actor_kind, actor_label)
    select %(merchant)s::bigint, id, %(event)s::int, 'system', '' from done
)
select id from done
"""


@retry_conflicts
def complete_order(*, merchant_id: int, number: str, actor: Actor) -> OrderState:
    """Say that all of an order's goods were received: parcels arrive, and the order is over.

    Raises:
        UnknownOrder: There is no such order.
        NotNow: It has no goods, or they are neither on their way nor there.
    """
    with acting_as(merchant_id):
        order = locked(merchant_id, number)
        if not order.has_goods:
            raise NotNow
        if order.state == OrderState.SHIPPED:
            arrive_here(order, actor)
        if order.state != OrderState.DELIVERED:
            raise NotNow
        # A parcel that replaces another one may still be on its way.
        logistics.end_parcels(merchant_id=merchant_id, order_id=order.pk)
        states.check(ORDER_STEPS, now=OrderState.DELIVERED, to=OrderState.COMPLETED)
        order.state = OrderState.COMPLETED
        Order.objects.filter(merchant_id=merchant_id, id=order.pk).update(state=order.state)
        tell(order, Event.COMPLETED, actor, {})
        note_staff(merchant_id, number, actor, "orders.complete")
        _tell_others(merchant_id, [order.pk])
    return OrderState.COMPLETED


def complete_overdue(*, merchant_id: int, now: datetime) -> int:
    """Complete orders whose goods were there long enough ago; return how many.

    How long that is, the merchant says; it may be never. Safe to repeat, at any time, in parallel.
    """
    days = merchants.setting(merchant_id=merchant_id, name="completion_days")
    assert isinstance(days, int)
    if not days:
        return 0
    done = 0
    for _ in range(CHUNKS_MAX):
        found = _complete(merchant_id, now - timedelta(days=days))
        done += found
        if found < CHUNK:
            break
    return done


@retry_conflicts
def _complete(merchant_id: int, before: datetime) -> int:
    asked = {
        "merchant": merchant_id,
        "before": before,
        "most": CHUNK,
        "event": int(Event.COMPLETED),
    }
    with acting_as(merchant_id):
        found = rows(_COMPLETE, asked)
        _tell_others(merchant_id, [order_id for (order_id,) in found])
    return len(found)


def _tell_others(merchant_id: int, order_ids: Sequence[int]) -> None:
    """Tell other systems, where any of them listens."""
    if order_ids and merchant_id in listening_merchants():
        enqueue_each(
            "webhooks.order_completed",
            queue="mail",
            arguments=[
                {"merchant_id": merchant_id, "order_id": order_id} for order_id in order_ids
            ],
        )
