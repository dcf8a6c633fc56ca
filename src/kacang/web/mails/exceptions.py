"""What mails and notices say of exceptions (O6). Each function is one job's one call."""

from kacang.merchants import queries as merchants
from kacang.messages import operations as messages
from kacang.messages.events import Event
from kacang.messages.operations import Tell
from kacang.messages.senders.queries import can_text
from kacang.orders import queries as order_queries
from kacang.orders.exceptions import queries as exceptions
from kacang.orders.exceptions.queries import ChangeState, Kind
from kacang.orders.types import OrderState
from kacang.shared.texts import Text, both
from kacang.web.mails.telling import openids_of, phones_of, tell_staff, within

KINDS: dict[Kind, Text] = {
    Kind.PAYMENT: both("待付款", "not paid"),
    Kind.STOCK: both("缺货", "out of stock"),
    Kind.ADDRESS: both("信息变更待审核", "a change waits for approval"),
    Kind.SUPPLIER: both("发货失败", "delivery failed"),
    Kind.RISK: both("风控审核", "held for review"),
    Kind.REFUND: both("退款待处理", "a refund waits"),
}


def remind_to_pay(*, merchant_id: int, order_id: int) -> None:
    """Mail the buyer the way back to the payment, once for an order that can still be paid."""
    order = order_queries.order_by_id(merchant_id=merchant_id, order_id=order_id)
    if order.state is not OrderState.PENDING:
        return
    messages.tell(
        merchant_id=merchant_id,
        message=Tell(
            event=Event.ORDER_UNPAID,
            once=order.number,
            context={
                "order": order.number,
                "title": order.lines[0].title,
                "amount": str(order.payable),
            },
            emails=[order.contact.email],
            phones=phones_of(merchant_id, order),
            openids=openids_of(merchant_id, order),
            language=order.language,
        ),
    )


def tell_escalated(*, merchant_id: int, uid: str, level: int) -> None:
    """Tell whom a level names that something is late: in the console, and by mail."""
    row = exceptions.exception(merchant_id=merchant_id, uid=uid)
    steps = exceptions.escalation_steps(merchant_id=merchant_id)
    if row.closed_at is not None or level > len(steps):
        return
    messages.tell(
        merchant_id=merchant_id,
        message=Tell(
            event=Event.STAFF_ESCALATED,
            once=f"{uid}/{level}/{row.due_at:%y%m%d%H%M}",
            context={
                "order": row.number,
                "kind": KINDS[row.kind],
                "title": row.title,
                "amount": str(row.payable),
                "level": level,
            },
            emails=exceptions.emails_of(merchant_id=merchant_id, step=steps[level - 1]),
            in_app=True,
            language=str(merchants.setting(merchant_id=merchant_id, name="default_language")),
            is_within=within(merchant_id, row.number),
        ),
    )


def tell_deadlines(*, merchant_id: int, near: int, late: int, occasion: str) -> None:
    """Tell the staff how much is due soon and how much is late: once in ten minutes."""
    context = {"near": near, "late": late}
    tell_staff(merchant_id, Event.STAFF_DEADLINES, occasion, context)


def tell_change(*, merchant_id: int, uid: str) -> None:
    """Mail the buyer what became of a change; to the address before, too, where it changed.

    Whoever loses an address by it is to know.
    """
    change = exceptions.change(merchant_id=merchant_id, uid=uid)
    order = order_queries.order(merchant_id=merchant_id, number=change.number)
    is_made = change.state is ChangeState.APPROVED
    before, _new = change.changes.get("email", ("", ""))
    number_before, _new = change.changes.get("phone", ("", ""))
    context = {
        "order": order.number,
        "title": order.lines[0].title,
        "is_made": "yes" if is_made else "",
        "why": change.decision or "—",
    }
    told = [
        Tell(
            Event.ORDER_CHANGED,
            f"{uid}",
            context,
            [order.contact.email],
            phones_of(merchant_id, order),
            openids_of(merchant_id, order),
            language=order.language,
        )
    ]
    if is_made and (before or number_before):
        told.append(
            Tell(
                Event.ORDER_CONTACT_CHANGED,
                f"{uid}",
                {"order": order.number},
                [before],
                [number_before] if can_text(merchant_id) else [],
                language=order.language,
            )
        )
    messages.tell_all(merchant_id=merchant_id, told=told)
