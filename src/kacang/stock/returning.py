"""Goods that buyers give back, or never get: the stock's part of a refund (P4).

All of it runs inside the transaction of the order, whose row the caller has locked.
"""

from dataclasses import dataclass

from django.db import connection

from kacang.ledger.accounts import DocumentKind, TransferKind
from kacang.ledger.operations import Document
from kacang.queue import enqueue
from kacang.shared.clock import utc_now
from kacang.shared.money import Money
from kacang.stock import slots
from kacang.stock.models import GoodsMovement, Hold, HoldState, PieceState
from kacang.stock.slots import Parcel
from kacang.stock.worth import Booking, come_in, locked_worth, share_of

_COST = """
select coalesce(sum(case when to_state is null then pieces else -pieces end), 0)::bigint,
       coalesce(sum(case when to_state is null then cost_minor else -cost_minor end), 0)::bigint
from goods_movement
where merchant_id = %s::bigint and line_id = %s::bigint
  and ((from_state = 2 and to_state is null) or (from_state is null and to_state in (0, 2)))
"""


@dataclass(frozen=True, slots=True)
class Back:
    """So many pieces of one line of one order that its buyer is not to have."""

    order_id: int
    line_id: int
    pieces: int
    currency: str


def let_go(*, merchant_id: int, back: Back) -> None:
    """Give pieces that were paid for and not handed over back to the stock."""
    for hold, pieces in _split(merchant_id, back, HoldState.SOLD):
        _move(hold, PieceState.SOLD, PieceState.AVAILABLE, pieces)
        slots.give_back(merchant_id, [Parcel(hold.sku_id, hold.warehouse_id, pieces)])
        _let_orders_go_on(merchant_id, hold.sku_id)


def come_back(*, merchant_id: int, back: Back, to_stock: bool) -> None:
    """Take pieces back that were handed over; `to_stock`: they can be sold again.

    They come in with what they went out with. Those that cannot be sold stay a cost.
    """
    for hold, pieces in _split(merchant_id, back, HoldState.HANDED_OVER):
        if not to_stock:
            continue
        worth = locked_worth(merchant_id, hold.sku_id)
        cost = Money(_cost(merchant_id, back.line_id, pieces), back.currency)
        booking = Booking(TransferKind.RETURNED, Document(DocumentKind.ORDER, back.order_id))
        come_in(worth, pieces, cost, booking)
        _move(hold, None, PieceState.AVAILABLE, pieces, cost.minor)
        slots.give_back(merchant_id, [Parcel(hold.sku_id, hold.warehouse_id, pieces)])
        _let_orders_go_on(merchant_id, hold.sku_id)


def take_back(*, merchant_id: int, back: Back) -> None:
    """Take pieces back that had left the house and did not arrive: they are still sold.

    They come in with what they went out with.
    """
    for hold, pieces in _split(merchant_id, back, HoldState.HANDED_OVER, to=HoldState.SOLD):
        worth = locked_worth(merchant_id, hold.sku_id)
        cost = Money(_cost(merchant_id, back.line_id, pieces), back.currency)
        booking = Booking(TransferKind.RETURNED, Document(DocumentKind.ORDER, back.order_id))
        come_in(worth, pieces, cost, booking)
        _move(hold, None, PieceState.SOLD, pieces, cost.minor)


def _split(
    merchant_id: int, back: Back, state: HoldState, *, to: HoldState = HoldState.RELEASED
) -> list[tuple[Hold, int]]:
    """Bring so many pieces that the line holds into another state; the rest of a hold goes on."""
    assert connection.in_atomic_block
    found = []
    left = back.pieces
    holds = Hold.objects.select_for_update(no_key=True).filter(
        merchant_id=merchant_id, line_id=back.line_id, state=state
    )
    for hold in holds.order_by("id"):
        part = min(hold.pieces, left)
        if not part:
            break
        left -= part
        now = utc_now()
        if part == hold.pieces:
            hold.state, hold.changed_at = to, now
            hold.save(update_fields=["state", "changed_at"])
        else:
            hold.pieces -= part
            hold.save(update_fields=["pieces"])
            Hold.objects.create(
                merchant_id=merchant_id,
                line_id=hold.line_id,
                sku_id=hold.sku_id,
                warehouse_id=hold.warehouse_id,
                pieces=part,
                state=to,
                changed_at=now,
            )
        found.append((hold, part))
    assert not left, "as many pieces are held as units are owed or delivered"
    return found


def _cost(merchant_id: int, line_id: int, pieces: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_COST, [merchant_id, line_id])
        gone, cost_minor = cursor.fetchone()
    return share_of(cost_minor, gone, pieces)


def _move(
    hold: Hold, was: PieceState | None, now: PieceState, pieces: int, cost_minor: int = 0
) -> None:
    GoodsMovement.objects.create(
        merchant_id=hold.merchant_id,
        sku_id=hold.sku_id,
        warehouse_id=hold.warehouse_id,
        from_state=was,
        to_state=now,
        pieces=pieces,
        cost_minor=cost_minor,
        line_id=hold.line_id,
        at=utc_now(),
    )


def _let_orders_go_on(merchant_id: int, sku_id: int) -> None:
    enqueue("orders.continue_waiting", queue="delivery", merchant_id=merchant_id, sku_id=sku_id)
    enqueue("supply.tell_waiting", queue="mail", merchant_id=merchant_id, sku_id=sku_id)
