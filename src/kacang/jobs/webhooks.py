"""Jobs of webhooks: other systems are told what happens (J2)."""

from kacang.jobs.running import task
from kacang.messages.webhooks import sending
from kacang.shared.clock import utc_now
from kacang.web import webhook_news


@task("webhooks.send", "mail")
def send(*, merchant_id: int, uid: str) -> None:
    """Call the address of a message that waits."""
    sending.send(merchant_id=merchant_id, uid=uid, now=utc_now())


@task("webhooks.order_delivered", "mail")
def order_delivered(*, merchant_id: int, order_id: int) -> None:
    """Tell that an order was paid and delivered."""
    webhook_news.tell_delivered(merchant_id=merchant_id, order_id=order_id)


@task("webhooks.order_ready", "mail")
def order_ready(*, merchant_id: int, order_id: int) -> None:
    """Tell that goods were paid for."""
    webhook_news.tell_ready(merchant_id=merchant_id, order_id=order_id)


@task("webhooks.order_on_hold", "mail")
def order_on_hold(*, merchant_id: int, order_id: int) -> None:
    """Tell that an order was paid and has to wait."""
    webhook_news.tell_on_hold(merchant_id=merchant_id, order_id=order_id)


@task("webhooks.order_cancelled", "mail")
def order_cancelled(*, merchant_id: int, order_id: int) -> None:
    """Tell that an order was cancelled."""
    webhook_news.tell_cancelled(merchant_id=merchant_id, order_id=order_id)


@task("webhooks.order_refunded", "mail")
def order_refunded(*, merchant_id: int, order_id: int, refund: str) -> None:
    """Tell that money of an order went back."""
    webhook_news.tell_refunded(merchant_id=merchant_id, order_id=order_id, refund=refund)


@task("webhooks.case", "mail")
def case(*, merchant_id: int, case_uid: str, event: str, occasion: str) -> None:
    """Tell what happened to an after-sales case."""
    webhook_news.tell_case(
        merchant_id=merchant_id, case_uid=case_uid, event=event, occasion=occasion
    )


@task("webhooks.order_shipped", "mail")
def order_shipped(*, merchant_id: int, order_id: int, shipment: str) -> None:
    """Tell that goods of an order were sent."""
    webhook_news.tell_shipped(merchant_id=merchant_id, order_id=order_id, shipment=shipment)


@task("webhooks.order_completed", "mail")
def order_completed(*, merchant_id: int, order_id: int) -> None:
    """Tell that an order of goods is over."""
    webhook_news.tell_completed(merchant_id=merchant_id, order_id=order_id)


@task("webhooks.stock_arrived", "mail")
def stock_arrived(*, merchant_id: int, sku_id: int) -> None:
    """Tell that stock came in."""
    webhook_news.tell_arrived(merchant_id=merchant_id, sku_id=sku_id)
