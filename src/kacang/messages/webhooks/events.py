"""What other systems can be told of (J2). Names never change and are never reused."""

from kacang.shared.errors import Invalid
from kacang.shared.texts import Text, both

ORDER_PAID = "order.paid"
ORDER_DELIVERED = "order.delivered"
ORDER_READY = "order.ready"
ORDER_ON_HOLD = "order.on_hold"
ORDER_CANCELLED = "order.cancelled"
ORDER_REFUNDED = "order.refunded"
STOCK_ARRIVED = "stock.arrived"
STOCK_LOW = "stock.low"
TEST = "webhook.test"

EVENTS: dict[str, Text] = {
    ORDER_PAID: both("订单已付款", "An order was paid"),
    ORDER_DELIVERED: both("订单已发货", "An order was delivered"),
    ORDER_READY: both("订单已付款，实物待交付", "Goods were paid for and are to be handed over"),
    ORDER_ON_HOLD: both("已付款订单需等待", "A paid order has to wait"),
    ORDER_CANCELLED: both("订单已取消", "An order was cancelled"),
    ORDER_REFUNDED: both("订单有退款到账", "Money of an order went back"),
    STOCK_ARRIVED: both("有新库存入库", "Stock came in"),
    STOCK_LOW: both("库存低于预警线", "Stock fell below its warning level"),
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
