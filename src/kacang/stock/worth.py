"""What a merchant's goods cost: by moving average, to the minor unit.

A SKU has one row with all the pieces that are owned and what they cost together. What goes out
takes its share of that with it; the last piece takes the rest, so nothing is ever left over.
"""

from dataclasses import dataclass

from django.db import connection

from kacang.ledger.accounts import Account, DocumentKind, TransferKind
from kacang.ledger.operations import Document, Move, Side, transfer
from kacang.shared.money import Money
from kacang.stock.models import Worth

_SIDES = {
    TransferKind.STOCKED: (Account.INVENTORY, Account.PAYABLE_SUPPLIER),
    TransferKind.FOUND: (Account.INVENTORY, Account.COST_OF_SALES),
    TransferKind.WRITTEN_OFF: (Account.COST_OF_SALES, Account.INVENTORY),
    TransferKind.COST: (Account.COST_OF_SALES, Account.INVENTORY),
    TransferKind.RETURNED: (Account.INVENTORY, Account.COST_OF_SALES),
}


@dataclass(frozen=True, slots=True)
class Booking:
    """Why what goods cost is booked, and about which document."""

    kind: TransferKind
    document: Document


def entry_booking(kind: TransferKind, entry_id: int) -> Booking:
    """Return the booking of an entry."""
    return Booking(kind, Document(DocumentKind.GOODS_ENTRY, entry_id))


def share_of(value_minor: int, pieces: int, part: int) -> int:
    """Return what `part` of `pieces` cost when all cost `value_minor`, rounded half up."""
    assert 0 < part <= pieces
    return value_minor if part == pieces else (2 * value_minor * part + pieces) // (2 * pieces)


def locked_worth(merchant_id: int, sku_id: int) -> Worth:
    """Return a SKU's row, locked; made when there is none. Comes before any lock on slots."""
    assert connection.in_atomic_block
    Worth.objects.bulk_create(
        [Worth(merchant_id=merchant_id, sku_id=sku_id)], ignore_conflicts=True
    )
    return Worth.objects.select_for_update(no_key=True).get(merchant_id=merchant_id, sku_id=sku_id)


def come_in(row: Worth, pieces: int, cost: Money, booking: Booking) -> None:
    """Add pieces and what they cost, and book it."""
    row.pieces += pieces
    row.value_minor += cost.minor
    row.save(update_fields=["pieces", "value_minor"])
    _book(row.merchant_id, cost, booking)


def go_out(row: Worth, pieces: int, currency: str, booking: Booking) -> Money:
    """Take pieces and their share of the cost away, book it, and return the share."""
    cost = take_share(row, pieces, currency)
    row.save(update_fields=["pieces", "value_minor"])
    _book(row.merchant_id, cost, booking)
    return cost


def take_share(row: Worth, pieces: int, currency: str) -> Money:
    """Take pieces and their share of the cost off a row that the caller saves and books."""
    cost = Money(share_of(row.value_minor, row.pieces, pieces), currency)
    row.pieces -= pieces
    row.value_minor -= cost.minor
    return cost


def move_of(cost: Money, booking: Booking) -> Move:
    """Return how a cost is booked."""
    debit, credit = _SIDES[booking.kind]
    return Move(Side(debit), Side(credit), cost, booking.kind, booking.document)


def _book(merchant_id: int, cost: Money, booking: Booking) -> None:
    if cost.minor:
        transfer(merchant_id=merchant_id, move=move_of(cost, booking))
