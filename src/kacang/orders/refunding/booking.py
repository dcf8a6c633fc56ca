"""How refunds stand in the books: due when approved, gone when the company says so (F1, P4)."""

from kacang.ledger import operations as ledger
from kacang.ledger import queries as entries
from kacang.ledger.accounts import Account, DocumentKind, TransferKind
from kacang.ledger.operations import Document, Move, Side
from kacang.ledger.queries import EntryFilter
from kacang.orders.deposits.crediting import wallet_of
from kacang.orders.fulfilling.deferring import earned_by
from kacang.orders.models import Order
from kacang.orders.refunding.types import RefundInfo, RefundWay
from kacang.shared.money import Money
from kacang.wallets import operations as wallets

# Only a handful of transfers name one refund.
ENTRIES_MAX = 100


def book_due(merchant_id: int, order: Order | None, refund: RefundInfo) -> None:
    """Book that money is to go back: from what was earned, was paid in advance, or fits nothing.

    What was paid into a wallet is taken out of it: nothing goes back that was spent meanwhile.

    Raises:
        NotEnough, WalletBlocked: The wallet cannot give it.
    """
    wallet = wallet_of(order) if order is not None and refund.fits else None
    if wallet is not None:
        wallets.take(
            merchant_id=merchant_id,
            uid=wallet,
            amount=refund.amount,
            target=Side(Account.REFUNDS_DUE),
            kind=TransferKind.REFUND_DUE,
            document=Document(DocumentKind.REFUND, refund.id),
        )
        return
    if not refund.fits:
        source = Account.SUSPENSE
    else:
        is_earned = order is not None and order.delivered_at is not None
        source = Account.REVENUE if is_earned else Account.ADVANCE_FROM_BUYER
    _move(merchant_id, refund, (source, Account.REFUNDS_DUE), TransferKind.REFUND_DUE)


def can_be_due(order: Order, amount: Money) -> bool:
    """Whether money of an order can go back: of a deposit, what is still in its wallet."""
    uid = wallet_of(order)
    if uid is None:
        return True
    wallet = wallets.locked(order.merchant_id, uid)
    try:
        wallets.check_spendable(wallet, amount)
    except (wallets.NotEnough, wallets.WalletBlocked):
        return False
    return True


def book_gone(merchant_id: int, refund: RefundInfo) -> None:
    """Book that money has gone back: from the company's account, or from the bank.

    What went into a wallet is booked by the wallet.
    """
    if refund.way is RefundWay.WALLET:
        return
    by_hand = refund.way is RefundWay.BY_HAND
    source = Account.CASH_AT_BANK if by_hand else Account.CASH_AT_PROVIDER
    _move(merchant_id, refund, (Account.REFUNDS_DUE, source), TransferKind.REFUNDED)


def unbook_due(merchant_id: int, order: Order | None, refund: RefundInfo) -> None:
    """Take back that money is to go back, which it will not."""
    wanted = EntryFilter(document=(DocumentKind.REFUND, [refund.id]))
    found = entries.entries(merchant_id=merchant_id, wanted=wanted, limit=ENTRIES_MAX).entries
    undone = {entry.reverses_id for entry in found}
    (due,) = [
        entry for entry in found if entry.kind is TransferKind.REFUND_DUE and entry.id not in undone
    ]
    ledger.reverse(merchant_id=merchant_id, transfer_id=due.id)
    if order is not None and order.delivered_at and due.debit is Account.ADVANCE_FROM_BUYER:
        # Delivered meanwhile, without what was to go back: that is earned now as well.
        sides = (Account.ADVANCE_FROM_BUYER, Account.REVENUE)
        _of_order(order, sides, refund.amount, TransferKind.DELIVERED)


def unearn(order: Order) -> None:
    """Take back that an order is delivered: a part of it is due again."""
    earned = earned_by(order)
    if earned.minor:
        sides = (Account.REVENUE, Account.ADVANCE_FROM_BUYER)
        _of_order(order, sides, earned, TransferKind.UNEARNED)


def _move(
    merchant_id: int, refund: RefundInfo, sides: tuple[Account, Account], kind: TransferKind
) -> None:
    move = Move(
        debit=Side(sides[0]),
        credit=Side(sides[1]),
        amount=refund.amount,
        kind=kind,
        document=Document(DocumentKind.REFUND, refund.id),
    )
    ledger.transfer(merchant_id=merchant_id, move=move)


def _of_order(
    order: Order, sides: tuple[Account, Account], amount: Money, kind: TransferKind
) -> None:
    move = Move(
        debit=Side(sides[0]),
        credit=Side(sides[1]),
        amount=amount,
        kind=kind,
        document=Document(DocumentKind.ORDER, order.pk),
    )
    ledger.transfer(merchant_id=order.merchant_id, move=move)
