"""Handing goods over (确认发货): the last step of an order whose pieces were paid for."""

from kacang.catalog.queries import StockMode
from kacang.ledger.accounts import Account, DocumentKind, TransferKind
from kacang.ledger.operations import Document, Move, Side, transfer
from kacang.merchants.audit import Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders.errors import NotNow
from kacang.orders.fulfilling.deferring import earned_by
from kacang.orders.fulfilling.delivering import locked, note_staff
from kacang.orders.models import Event, Line, Order, OrderState, TimelineEntry, Unit, UnitState
from kacang.shared.clock import utc_now
from kacang.stock import operations as stock
from kacang.stock.operations import Leaving

_OPEN = frozenset({OrderState.PAID, OrderState.FULFILLING})


@retry_conflicts
def hand_over(*, merchant_id: int, number: str, actor: Actor) -> int:
    """Say that an order's goods have left the house; return how many pieces.

    The pieces are no longer on hand, and what the order cost is earned.

    Raises:
        UnknownOrder: There is no such order.
        NotNow: Nothing of it is to be handed over, or a part of it is still missing.
    """
    with acting_as(merchant_id):
        order = locked(merchant_id, number)
        if order.state not in _OPEN or not order.has_goods:
            raise NotNow
        lines = Line.objects.filter(
            merchant_id=merchant_id, order_id=order.pk, stock_mode=StockMode.GOODS
        )
        line_ids = list(lines.values_list("id", flat=True))
        gone = stock.hand_over(
            merchant_id=merchant_id, leaving=Leaving(order.pk, line_ids, order.currency)
        )
        now = utc_now()
        units = Unit.objects.filter(
            merchant_id=merchant_id, line_id__in=line_ids, state=UnitState.OWED
        )
        changed = units.update(state=UnitState.DELIVERED, delivered_at=now)
        pieces = sum(gone.values())
        assert changed == pieces, "as many units are owed as pieces are held"
        shipped = Unit.objects.filter(
            merchant_id=merchant_id, line_id__in=line_ids, state=UnitState.SHIPPED
        )
        if shipped.exists():
            # The other part is on its way: the order is delivered once that arrives.
            _save(order, state=OrderState.SHIPPED)
        else:
            _save(order, state=OrderState.DELIVERED, delivered_at=now)
            earn(order)
        TimelineEntry.objects.create(
            merchant_id=merchant_id,
            order_id=order.pk,
            event=Event.HANDED_OVER,
            actor_kind=actor.kind,
            actor_label=actor.label[:120],
            detail={"units": pieces},
            address=actor.address[:50],
            at=now,
        )
        note_staff(merchant_id, number, actor, "orders.hand_over")
    return pieces


def earn(order: Order) -> None:
    """Book what is earned by an order, all of which is delivered now."""
    earned = earned_by(order)
    if not earned.minor:
        return
    move = Move(
        debit=Side(Account.ADVANCE_FROM_BUYER),
        credit=Side(Account.REVENUE),
        amount=earned,
        kind=TransferKind.DELIVERED,
        document=Document(DocumentKind.ORDER, order.pk),
    )
    transfer(merchant_id=order.merchant_id, move=move)


def _save(order: Order, **fields: object) -> None:
    Order.objects.filter(merchant_id=order.merchant_id, id=order.pk).update(**fields)
