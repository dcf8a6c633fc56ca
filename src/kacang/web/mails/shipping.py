"""What mails say of parcels. Each function is one job's one call."""

from kacang.logistics import queries as logistics
from kacang.messages import operations as messages
from kacang.messages.events import Event
from kacang.orders import queries as order_queries
from kacang.web.mails.telling import buyer_message


def tell_shipped(*, merchant_id: int, order_id: int, shipment: str) -> None:
    """Mail the buyer that goods were sent, with whom and under which number (L1).

    A corrected number is told again; one that was called back meanwhile is not.
    """
    parcel = logistics.shipment(merchant_id=merchant_id, uid=shipment)
    if not parcel.is_under_way:
        return
    order = order_queries.order_by_id(merchant_id=merchant_id, order_id=order_id)
    message = buyer_message(
        merchant_id,
        Event.ORDER_SHIPPED,
        order,
        f"{shipment}/{parcel.tracking_number}",
        courier=parcel.courier_name,
        number=parcel.tracking_number,
    )
    messages.tell(merchant_id=merchant_id, message=message)
