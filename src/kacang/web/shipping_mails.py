"""What mails say of parcels. Each function is one job's one call."""

from kacang.logistics import queries as logistics
from kacang.messages import operations as messages
from kacang.messages.events import Event
from kacang.messages.operations import Tell
from kacang.orders import queries as order_queries
from kacang.web.mails import is_on


def tell_shipped(*, merchant_id: int, order_id: int, shipment: str) -> None:
    """Mail the buyer that goods were sent, with whom and under which number (L1).

    A corrected number is told again; one that was called back meanwhile is not.
    """
    if not is_on(merchant_id, "mail_order_shipped"):
        return
    parcel = logistics.shipment(merchant_id=merchant_id, uid=shipment)
    if not parcel.is_under_way:
        return
    order = order_queries.order_by_id(merchant_id=merchant_id, order_id=order_id)
    messages.tell(
        merchant_id=merchant_id,
        message=Tell(
            event=Event.ORDER_SHIPPED,
            once=f"{shipment}/{parcel.tracking_number}",
            context={
                "order": order.number,
                "title": order.lines[0].title,
                "courier": parcel.courier_name,
                "number": parcel.tracking_number,
            },
            emails=[order.contact.email],
            language=order.language,
        ),
    )
