"""Pieces that were paid for leave the house: what they cost goes with them."""

from collections.abc import Mapping, Sequence

from django.db import connection

from kacang.ledger.accounts import DocumentKind, TransferKind
from kacang.ledger.operations import Document
from kacang.shared.clock import utc_now
from kacang.stock.models import GoodsMovement, Hold, HoldState, PieceState
from kacang.stock.worth import Booking, go_out, locked_worth


def hand_over(
    *,
    merchant_id: int,
    order_id: int,
    line_ids: Sequence[int],
    currency: str,
    most: Mapping[int, int] | None = None,
) -> dict[int, int]:
    """Let what these lines of one order have sold go; return how many pieces each had.

    All of it, or by line at most so many pieces as `most` says. Books what the pieces cost. Must
    run inside the caller's transaction, with the order locked; asked for again it finds nothing
    and does nothing.
    """
    assert connection.in_atomic_block
    holds = list(
        Hold.objects.select_for_update(no_key=True)
        .filter(merchant_id=merchant_id, line_id__in=list(line_ids), state=HoldState.SOLD)
        .order_by("sku_id", "id")
    )
    if most is not None:
        holds = _part_of(holds, most)
    booking = Booking(TransferKind.COST, Document(DocumentKind.ORDER, order_id))
    gone: dict[int, int] = {}
    for hold in holds:
        worth = locked_worth(merchant_id, hold.sku_id)
        cost = go_out(worth, hold.pieces, currency, booking)
        GoodsMovement.objects.create(
            merchant_id=merchant_id,
            sku_id=hold.sku_id,
            warehouse_id=hold.warehouse_id,
            from_state=PieceState.SOLD,
            pieces=hold.pieces,
            cost_minor=cost.minor,
            line_id=hold.line_id,
            at=utc_now(),
        )
        gone[hold.line_id] = gone.get(hold.line_id, 0) + hold.pieces
    Hold.objects.filter(merchant_id=merchant_id, id__in=[hold.pk for hold in holds]).update(
        state=HoldState.HANDED_OVER, changed_at=utc_now()
    )
    return gone


def _part_of(holds: Sequence[Hold], most: Mapping[int, int]) -> list[Hold]:
    """Return holds of as many pieces as are wanted of each line; what is over stays sold."""
    left = dict(most)
    parts = []
    for hold in holds:
        part = min(hold.pieces, left.get(hold.line_id, 0))
        if not part:
            continue
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
