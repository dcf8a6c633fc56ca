"""Showing a buyer's contact to staff: the log has it before it is read (I3)."""

from kacang.aftersales.models import CaseEvent
from kacang.aftersales.turning import locked, note
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.orders import queries as orders
from kacang.shared.clock import utc_now
from kacang.shared.contacts import Contact


def show_contact(*, merchant_id: int, uid: str, actor: Actor) -> Contact:
    """Return the contact of a case's order, in full; the look is in the audit log first.

    Raises:
        UnknownCase: There is no such case.
    """
    with acting_as(merchant_id):
        case = locked(merchant_id, uid)
        note(case, CaseEvent.CONTACT_SHOWN, actor, utc_now())
        order_id = case.order_id
    return orders.order_by_id(merchant_id=merchant_id, order_id=order_id).contact
