"""Money that goes back into the buyer's wallet instead of to where it came from (P4, F3)."""

from kacang.ledger import queries as books
from kacang.ledger.accounts import Account, DocumentKind, TransferKind
from kacang.ledger.operations import Document, Side
from kacang.ledger.queries import EntryFilter
from kacang.orders.models import Order
from kacang.orders.refunding.types import RefundInfo, WayNotOffered
from kacang.wallets import operations as wallets
from kacang.wallets import queries as wallet_queries
from kacang.wallets.operations import Owner, OwnerKind

# An order's own entries: a few for each time that it was delivered.
ENTRIES_MAX = 200


def wallet_owner(order: Order) -> str:
    """Return whose wallet takes an order's money: who paid from one, else its contact, or ""."""
    uid = payer_of(order)
    if uid is not None:
        return wallet_queries.wallet(merchant_id=order.merchant_id, uid=uid).owner_ref
    return _contact(order)


def has_wallet(order: Order) -> bool:
    """Whether an order's money can go to a wallet."""
    return bool(_contact(order)) or payer_of(order) is not None


def open_wallet_of(order: Order) -> str | None:
    """Return the wallet that there is for an order's money: its payer's, or its contact's."""
    payer = payer_of(order)
    if payer is not None or not _contact(order):
        return payer
    found = wallet_queries.find_wallet(
        merchant_id=order.merchant_id,
        kind=OwnerKind.CUSTOMER,
        ref=_contact(order),
        currency=order.currency,
    )
    return None if found is None else found.uid


def put_back(order: Order, refund: RefundInfo) -> None:
    """Move what is due into the wallet that paid the order, or into that of its contact.

    Must run in the transaction that approves the refund, after it was booked as due.

    Raises:
        WayNotOffered: Nobody's wallet takes it.
    """
    uid = payer_of(order) or _of_contact(order)
    wallets.credit(
        merchant_id=order.merchant_id,
        uid=uid,
        amount=refund.amount,
        source=Side(Account.REFUNDS_DUE),
        kind=TransferKind.REFUNDED_TO_WALLET,
        document=Document(DocumentKind.REFUND, refund.id),
    )


def payer_of(order: Order) -> str | None:
    """Return the wallet that an order was paid from, if it was."""
    wanted = EntryFilter(document=(DocumentKind.ORDER, [order.pk]))
    found = books.entries(merchant_id=order.merchant_id, wanted=wanted, limit=ENTRIES_MAX).entries
    ids = [entry.debit_owner for entry in found if entry.kind is TransferKind.PAID_FROM_WALLET]
    uids = wallet_queries.wallet_uids(merchant_id=order.merchant_id, ids=ids[:1])
    return next(iter(uids.values()), None)


def _contact(order: Order) -> str:
    return str(order.email or order.phone)


def _of_contact(order: Order) -> str:
    if not _contact(order):
        raise WayNotOffered
    owner = Owner(OwnerKind.CUSTOMER, _contact(order))
    return wallets.open_wallet(merchant_id=order.merchant_id, owner=owner, currency=order.currency)
