"""What other systems can be told of (J2). Names never change and are never reused."""

from kacang.messages.events import Event
from kacang.shared.errors import Invalid
from kacang.shared.texts import Text, both

ORDER_PAID = "order.paid"
ORDER_DELIVERED = "order.delivered"
ORDER_READY = "order.ready"
ORDER_SHIPPED = "order.shipped"
ORDER_COMPLETED = "order.completed"
ORDER_ON_HOLD = "order.on_hold"
ORDER_CANCELLED = "order.cancelled"
ORDER_REFUNDED = "order.refunded"
CASE_OPENED = "case.opened"
CASE_UPDATED = "case.updated"
CASE_DECIDED = "case.decided"
STOCK_ARRIVED = "stock.arrived"
STOCK_LOW = "stock.low"
TEST = "webhook.test"

EVENTS: dict[str, Text] = {
    ORDER_PAID: both("订单已付款", "An order was paid"),
    ORDER_DELIVERED: both("订单已发货", "An order was delivered"),
    ORDER_READY: both("订单已付款，实物待交付", "Goods were paid for and are to be handed over"),
    ORDER_SHIPPED: both("订单包裹已寄出", "A parcel of an order was sent"),
    ORDER_COMPLETED: both("实物订单已完成", "An order of goods is completed"),
    ORDER_ON_HOLD: both("已付款订单需等待", "A paid order has to wait"),
    ORDER_CANCELLED: both("订单已取消", "An order was cancelled"),
    ORDER_REFUNDED: both("订单有退款到账", "Money of an order went back"),
    CASE_OPENED: both("买家提交了售后", "A buyer opened an after-sales case"),
    CASE_UPDATED: both("售后有新留言或重新处理", "Something was said in a case, or it came back"),
    CASE_DECIDED: both("售后已处理", "A case was decided"),
    STOCK_ARRIVED: both("有新库存入库", "Stock came in"),
    STOCK_LOW: both("库存低于预警线", "Stock fell below its warning level"),
}


# Under which name other systems are told of what people are told of.
OF_MESSAGE: dict[Event, str] = {
    Event.ORDER_DELIVERED: ORDER_DELIVERED,
    Event.ORDER_READY: ORDER_READY,
    Event.ORDER_WAITING: ORDER_ON_HOLD,
    Event.ORDER_CANCELLED: ORDER_CANCELLED,
    Event.ORDER_REFUNDED: ORDER_REFUNDED,
    Event.CASE_DECIDED: CASE_DECIDED,
    Event.STAFF_CASE: CASE_OPENED,
    Event.STAFF_LOW_STOCK: STOCK_LOW,
}


class UnknownEvent(Invalid):
    """There is no event of this name to be told of."""

    code = "webhooks.unknown_event"


def checked(names: list[str]) -> list[str]:
    """Return the events without repeats, in the order of the list.

    Raises:
        UnknownEvent: One of them does not exist.
    """
    for name in names:
        if name not in EVENTS:
            raise UnknownEvent(event=name[:40])
    return [name for name in EVENTS if name in names]
