"""Cancelling unpaid orders, by somebody or by time (O1, L7)."""

from kacang.merchants.audit import Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders.errors import NotNow
from kacang.orders.fulfilling.delivering import locked, note_staff
from kacang.orders.fulfilling.releasing import EXPIRED, Why, release
from kacang.orders.models import ORDER_STEPS, Event, OrderState
from kacang.orders.statements import rows

OVERDUE = """
select id, held_counters, limit_counters, has_goods from sale_order
where merchant_id = %(merchant)s::bigint and state = 0
  and pay_by <= clock_timestamp() + make_interval(secs => %(shift)s::float8)
order by id limit %(most)s::int for no key update skip locked
"""


@retry_conflicts
def cancel_order(*, merchant_id: int, number: str, actor: Actor, reason: str = "") -> None:
    """Cancel an unpaid order: its cards are free again at once. Repeating it changes nothing.

    Money that arrives all the same still counts (L4).

    Raises:
        UnknownOrder: There is no such order.
        NotNow: It is paid.
    """
    with acting_as(merchant_id, hot=True):
        order = locked(merchant_id, number)
        if order.state == OrderState.CANCELLED:
            return
        if OrderState.CANCELLED not in ORDER_STEPS[OrderState(order.state)]:
            raise NotNow
        found = [(order.pk, order.held_counters, order.limit_counters, order.has_goods)]
        release(merchant_id, found, Why(Event.CANCELLED, actor, reason))
        note_staff(merchant_id, number, actor, "orders.cancel", reason)


@retry_conflicts
def expire_due(*, merchant_id: int, most: int = 500) -> int:
    """Cancel orders whose time to pay has passed; return how many.

    Only housekeeping: such orders read as cancelled, and their cards can be claimed, without it.
    """
    with acting_as(merchant_id, hot=True):
        found = rows(OVERDUE, {"merchant": merchant_id, "most": most})
        if found:
            release(merchant_id, [(row[0], row[1], row[2], row[3]) for row in found], EXPIRED)
    return len(found)
