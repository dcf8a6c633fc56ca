"""What staff do to an order: its price while unpaid, notes, the mail once more (O3)."""

from kacang.catalog.queries import StockMode
from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders.errors import BadPrice, NotNow
from kacang.orders.fulfilling.delivering import locked, note_staff
from kacang.orders.models import Event, Line, Order, OrderState
from kacang.orders.statements import rows
from kacang.queue import enqueue

NOTE_MAX = 1000
REPRICE = """
update sale_order
set discount_minor = total_minor - %(payable)s::bigint, payable_minor = %(payable)s::bigint
where merchant_id = %(merchant)s::bigint and id = %(order)s::bigint
"""
TELL = """
insert into timeline (merchant_id, order_id, event, actor_kind, actor_label, address, detail)
values (%(merchant)s::bigint, %(order)s::bigint, %(event)s::int, %(kind)s::text, %(label)s::text,
        %(address)s::text, jsonb_build_object('text', %(text)s::text, 'before', %(before)s::bigint,
                                              'after', %(after)s::bigint))
"""


@retry_conflicts
def change_price(
    *, merchant_id: int, number: str, payable_minor: int, reason: str, actor: Actor
) -> None:
    """Lower what a pending order costs. Payments that were opened for the old price fit no more.

    Raises:
        UnknownOrder: There is no such order.
        NotNow: It is not pending.
        BadPrice: Not between nothing and what the lines cost. A price of nothing is a gift: then
            cancel the order and place a free one.
    """
    with acting_as(merchant_id):
        order = locked(merchant_id, number)
        if order.state != OrderState.PENDING:
            raise NotNow
        if not 0 < payable_minor <= order.total_minor:
            raise BadPrice(most=order.total_minor)
        before = order.payable_minor
        if before == payable_minor:
            return
        rows(REPRICE, {"merchant": merchant_id, "order": order.pk, "payable": payable_minor})
        _tell(order, Event.PRICE_CHANGED, actor, reason, (before, payable_minor))
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action="orders.change_price",
            object_kind="order",
            object_uid=number,
            before={"payable_minor": before},
            after={"payable_minor": payable_minor},
            reason=reason,
        )


def add_note(*, merchant_id: int, number: str, text: str, actor: Actor) -> None:
    """Write a note on an order, for staff only. Empty ones are dropped.

    Raises:
        UnknownOrder: There is no such order.
    """
    text = text.strip()[:NOTE_MAX]
    with acting_as(merchant_id):
        order = locked(merchant_id, number)
        if text:
            Order.objects.filter(merchant_id=merchant_id, pk=order.pk).update(has_note=True)
            _tell(order, Event.NOTE, actor, text)
            note_staff(merchant_id, number, actor, "orders.note")


def resend(*, merchant_id: int, number: str, actor: Actor) -> None:
    """Send the mail that leads the buyer back to the codes once more.

    Raises:
        UnknownOrder: There is no such order.
        NotNow: Nothing is delivered yet, it has no codes, or no e-mail address.
    """
    with acting_as(merchant_id):
        order = locked(merchant_id, number)
        is_given = order.state in (OrderState.DELIVERED, OrderState.COMPLETED)
        if not is_given or not order.email or not _has_codes(order):
            raise NotNow
        _tell(order, Event.RESENT, actor)
        note_staff(merchant_id, number, actor, "orders.resend")
        enqueue(
            "orders.tell_delivered",
            queue="mail",
            merchant_id=merchant_id,
            order_id=order.pk,
            again=1,
        )


def _has_codes(order: Order) -> bool:
    if not order.has_goods:
        return True
    lines = Line.objects.filter(merchant_id=order.merchant_id, order_id=order.pk)
    return lines.exclude(stock_mode=StockMode.GOODS).exists()


def _tell(
    order: Order,
    event: Event,
    actor: Actor,
    text: str = "",
    change: tuple[int | None, int | None] = (None, None),
) -> None:
    rows(
        TELL,
        {
            "merchant": order.merchant_id,
            "order": order.pk,
            "event": int(event),
            "kind": actor.kind,
            "label": actor.label,
            "address": actor.address,
            "text": text,
            "before": change[0],
            "after": change[1],
        },
    )
