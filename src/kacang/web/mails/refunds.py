"""What mails and notices say of refunds. Each function is one job's one call."""

from kacang.merchants import queries as merchants
from kacang.messages import operations as messages
from kacang.messages.events import Event
from kacang.orders import queries as order_queries
from kacang.payments.refunding import refund_lists
from kacang.payments.refunding.refund_rows import RefundInfo, RefundWay
from kacang.web.mails.telling import buyer_message, tell_staff


def tell_refunded(*, merchant_id: int, order_id: int, refund: str) -> None:
    """Mail the buyer that money went back, how much and which way (P4)."""
    order = order_queries.order_by_id(merchant_id=merchant_id, order_id=order_id)
    row = refund_lists.refund(merchant_id=merchant_id, number=refund)
    message = buyer_message(
        merchant_id,
        Event.ORDER_REFUNDED,
        order,
        refund,
        amount=str(row.amount),
        by_hand=row.way is RefundWay.BY_HAND,
        to_wallet=row.way is RefundWay.WALLET,
        paid_twice=not row.fits,
    )
    messages.tell(merchant_id=merchant_id, message=message)


def tell_asked(*, merchant_id: int, refund: str) -> None:
    """Tell the staff that somebody has to approve a refund."""
    _tell(merchant_id, refund, Event.STAFF_REFUND_ASKED)


def tell_failed(*, merchant_id: int, refund: str) -> None:
    """Tell the staff that a company did not give money back, and why."""
    _tell(merchant_id, refund, Event.STAFF_REFUND_FAILED)


def tell_outside(*, merchant_id: int, refund: str) -> None:
    """Tell the staff of money that went back without them."""
    _tell(merchant_id, refund, Event.STAFF_REFUND_OUTSIDE)


def _tell(merchant_id: int, number: str, event: Event) -> None:
    row = refund_lists.refund(merchant_id=merchant_id, number=number)
    tell_staff(merchant_id, event, number, _of_refund(merchant_id, row))


def _of_refund(merchant_id: int, row: RefundInfo) -> dict[str, object]:
    numbers = order_queries.numbers_of(
        merchant_id=merchant_id, order_ids=[row.order_id] if row.order_id else []
    )
    name = merchants.merchant(merchant_id=merchant_id).name
    return {
        "refund": row.number,
        "order": numbers.get(row.order_id or 0, ""),
        "amount": str(row.amount),
        "by": row.asked_by or name,
        "reason": row.reason,
        "why": row.said or "—",
    }
