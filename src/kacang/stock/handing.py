"""Pieces that were paid for leave the house: what they cost goes with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from django.db import connection

from kacang.ledger.accounts import DocumentKind, TransferKind
from kacang.ledger.operations import Document, Move, transfer_many
from kacang.shared.clock import utc_now
from kacang.shared.money import Money
from kacang.stock.models import GoodsMovement, Hold, HoldState, PieceState
from kacang.stock.worth import Booking, locked_worth, move_of, take_share


@dataclass(frozen=True, slots=True)
class Leaving:
    """An order whose pieces leave: of which lines, and at most how many; None: all of them."""

    order_id: int
    line_ids: Sequence[int]
    currency: str
    most: Mapping[int, int] | None = None


def hand_over(*, merchant_id: int, leaving: Leaving) -> dict[int, int]:
    """Let what these lines of one order have sold go; return how many pieces each had.

    As `hand_over_many` does for many.
    """
    return hand_over_many(merchant_id=merchant_id, leaving=[leaving])


def hand_over_many(*, merchant_id: int, leaving: Sequence[Leaving]) -> dict[int, int]:
    """Let what lines of orders have sold go; return how many pieces each line had.

    Books what the pieces cost. Must run inside the caller's transaction, with the orders locked;
    asked for again it finds nothing and does nothing.
    """
    assert connection.in_atomic_block
    orders = {line_id: order for order in leaving for line_id in order.line_ids}
    holds = list(
        Hold.objects.select_for_update(no_key=True)
        .filter(merchant_id=merchant_id, line_id__in=list(orders), state=HoldState.SOLD)
        .order_by("sku_id", "id")
    )
    most = {line_id: order.most.get(line_id, 0) for line_id, order in orders.items() if order.most}
    holds = _part_of(holds, most)
    now = utc_now()
    gone: dict[int, int] = {}
    moves: list[Move] = []
    movements: list[GoodsMovement] = []
    for sku_id, of_sku in groupby(holds, key=lambda hold: hold.sku_id):
        worth = locked_worth(merchant_id, sku_id)
        for hold in of_sku:
            order = orders[hold.line_id]
            cost = take_share(worth, hold.pieces, order.currency)
            if cost.minor:
                document = Document(DocumentKind.ORDER, order.order_id)
                moves.append(move_of(cost, Booking(TransferKind.COST, document)))
            movements.append(_movement(hold, cost, now))
            gone[hold.line_id] = gone.get(hold.line_id, 0) + hold.pieces
        worth.save(update_fields=["pieces", "value_minor"])
    transfer_many(merchant_id=merchant_id, moves=moves)
    GoodsMovement.objects.bulk_create(movements)
    Hold.objects.filter(merchant_id=merchant_id, id__in=[hold.pk for hold in holds]).update(
        state=HoldState.HANDED_OVER, changed_at=now
    )
    return gone


def _movement(hold: Hold, cost: Money, now: datetime) -> GoodsMovement:
    return GoodsMovement(
        merchant_id=hold.merchant_id,
        sku_id=hold.sku_id,
        warehouse_id=hold.warehouse_id,
        from_state=PieceState.SOLD,
        pieces=hold.pieces,
        cost_minor=cost.minor,
        line_id=hold.line_id,
        at=now,
    )


def _part_of(holds: Sequence[Hold], most: Mapping[int, int]) -> list[Hold]:
    """Return holds of as many pieces as `most` says of a line; what is over stays sold."""
    left = dict(most)
    parts = []
    for hold in holds:
        part = min(hold.pieces, left.get(hold.line_id, hold.pieces))
        if not part:
            continue
        if hold.line_id in left:
            left[hold.line_id] -= part
        if part < hold.pieces:
            Hold.objects.create(
                merchant_id=hold.merchant_id,
                line_id=hold.line_id,
                sku_id=hold.sku_id,
                warehouse_id=hold.warehouse_id,
                pieces=hold.pieces - part,
                state=HoldState.SOLD,
                changed_at=utc_now(),
            )
            hold.pieces = part
            hold.save(update_fields=["pieces"])
        parts.append(hold)
    assert not any(left.values()), "as many pieces are held as units are owed"
    return parts
