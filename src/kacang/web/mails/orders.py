"""What mails and notices say of orders. Each function is one job's one call."""

from dataclasses import replace

from kacang.merchants import queries as merchants
from kacang.messages import operations as messages
from kacang.messages.events import Event
from kacang.messages.operations import Tell
from kacang.orders import operations as orders
from kacang.orders import queries as order_queries
from kacang.shared.ids import new_uid
from kacang.web.mails.telling import buyer_message, of_order, tell_buyer, tell_staff


def tell_delivered(*, merchant_id: int, order_id: int, again: int = 0) -> None:
    """Mail the buyer the way to the codes; `again` when somebody asked for it once more."""
    order = order_queries.order_by_id(merchant_id=merchant_id, order_id=order_id)
    occasion = f"{order.number}/{new_uid('again')}" if again else order.number
    message = buyer_message(merchant_id, Event.ORDER_DELIVERED, order, occasion)
    if again:
        message = replace(message, phones=(), openids=(), is_asked_for=True)
    messages.tell(merchant_id=merchant_id, message=message)


def tell_ready(*, merchant_id: int, order_id: int) -> None:
    """Mail the buyer that goods are paid for, and where to read how they are handed over (S1)."""
    order = order_queries.order_by_id(merchant_id=merchant_id, order_id=order_id)
    contact = merchants.setting(merchant_id=merchant_id, name="support_contact")
    tell_buyer(merchant_id, Event.ORDER_READY, order, order.number, contact=contact)


def tell_replaced(*, merchant_id: int, order_id: int, occasion: str) -> None:
    """Mail the buyer that cards were replaced, and where the new ones are (V3)."""
    order = order_queries.order_by_id(merchant_id=merchant_id, order_id=order_id)
    tell_buyer(merchant_id, Event.ORDER_REPLACED, order, f"{order.number}/{occasion}")


def tell_on_hold(*, merchant_id: int, order_id: int) -> None:
    """Tell buyer and staff that a paid order waits, and why (L4)."""
    order = order_queries.order_by_id(merchant_id=merchant_id, order_id=order_id)
    tell_buyer(merchant_id, Event.ORDER_WAITING, order, order.number)
    tell_staff(merchant_id, Event.STAFF_ORDER_WAITING, order.number, of_order(order))


def tell_cancelled(*, merchant_id: int, order_id: int) -> None:
    """Tell the buyer that an unpaid order was cancelled, where the merchant wants that."""
    order = order_queries.order_by_id(merchant_id=merchant_id, order_id=order_id)
    tell_buyer(merchant_id, Event.ORDER_CANCELLED, order, order.number)


def send_code(*, merchant_id: int, code_id: int) -> None:
    """Mail a buyer the one-time code to an order."""
    found = orders.code_to_send(merchant_id=merchant_id, code_id=code_id)
    if found is None:
        return
    order, _ = found
    messages.tell(
        merchant_id=merchant_id,
        message=Tell(
            event=Event.ORDER_CODE,
            once=str(code_id),
            context={"order": order.number, "code_id": code_id},
            emails=[order.email],
            language=order.language,
        ),
    )
