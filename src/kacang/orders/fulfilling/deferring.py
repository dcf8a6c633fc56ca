"""What orders have paid for cards that are not redeemed yet, in the books (F1).

The statement that delivers puts it on the account of deferred revenue (`sql/deliver_claims.sql`);
what becomes of it later is booked here. How much each card is owed stands at the card. Inside the
caller's transaction.
"""

from kacang.ledger import queries as books
from kacang.ledger.accounts import Account, DocumentKind, TransferKind
from kacang.ledger.operations import Document, Move, Side, transfer
from kacang.ledger.queries import EntryFilter
from kacang.orders.models import Line, Order
from kacang.shared.money import Money
from kacang.vault import operations as vault

# Only a handful of transfers name one order.
ENTRIES_MAX = 1_000
_DEFERRED = Account.DEFERRED_REVENUE


def earned_by(order: Order) -> Money:
    """Return what of an order is earned by its delivery: its price less what goes back.

    What its gift cards and redeem codes are owed is earned when they are redeemed.
    """
    left = order.payable_minor - order.refund_minor
    lines = Line.objects.filter(merchant_id=order.merchant_id, order_id=order.pk, claim__gt=0)
    if lines.exists():
        left -= _deferred(order)
    return Money(left, order.currency)


def take_back(order: Order, owed: Money | None) -> None:
    """Book that cards of an order are owed nothing any more, for their money goes back.

    It stands from now on where the refund takes it from.
    """
    if owed is None or not owed.minor:
        return
    to = Account.REVENUE if order.delivered_at is not None else Account.ADVANCE_FROM_BUYER
    _move(order.merchant_id, owed, (_DEFERRED, to), TransferKind.UNDEFERRED, order.pk)


def earn_code(merchant_id: int, card_id: int, order_id: int) -> None:
    """Book what was paid for a redeem code as earned: the goods of this order were given for it."""
    owed = vault.release_owed(merchant_id=merchant_id, card_ids=[card_id])
    if owed is not None and owed.minor:
        sides = (_DEFERRED, Account.REVENUE)
        _move(merchant_id, owed, sides, TransferKind.REDEEMED, order_id)


def _deferred(order: Order) -> int:
    """Return what went to an order's cards and did not come back with a refund."""
    signs = {TransferKind.DEFERRED: 1, TransferKind.UNDEFERRED: -1}
    wanted = EntryFilter(kinds=tuple(signs), document=(DocumentKind.ORDER, [order.pk]))
    found = books.entries(merchant_id=order.merchant_id, wanted=wanted, limit=ENTRIES_MAX).entries
    return sum(signs[one.kind] * one.amount.minor for one in found)


def _move(
    merchant_id: int,
    amount: Money,
    sides: tuple[Account, Account],
    kind: TransferKind,
    order_id: int,
) -> None:
    move = Move(
        debit=Side(sides[0]),
        credit=Side(sides[1]),
        amount=amount,
        kind=kind,
        document=Document(DocumentKind.ORDER, order_id),
    )
    transfer(merchant_id=merchant_id, move=move)
