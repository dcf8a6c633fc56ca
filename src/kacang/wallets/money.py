"""Money into and out of wallets: whoever moves it holds the wallet's row, then adds it up (F3).

A balance is a sum, and no constraint can hold a sum. So each move locks the wallet first and sums
in a statement of its own, which sees all that was committed before the lock was got (rule 2).
"""

from django.db import connection

from kacang.ledger import operations as ledger
from kacang.ledger import queries as books
from kacang.ledger.accounts import Account, TransferKind
from kacang.ledger.operations import Document, Move, Side
from kacang.merchants.tenancy import acting_as
from kacang.shared.errors import Conflict, NotFound
from kacang.shared.money import Money
from kacang.wallets.models import Frozen, FrozenState, Wallet, WalletState


class UnknownWallet(NotFound):
    """The merchant has no such wallet."""

    code = "wallets.unknown"


class NotEnough(Conflict):
    """The wallet has less than that to spend. Nothing was moved."""

    code = "wallets.not_enough"


class WalletBlocked(Conflict):
    """Nothing may be paid from the wallet at the moment."""

    code = "wallets.blocked"


class OtherCurrency(Conflict):
    """The wallet holds another currency."""

    code = "wallets.other_currency"


def locked(merchant_id: int, uid: str) -> Wallet:
    """Return a wallet, locked for the rest of the transaction, or raise UnknownWallet.

    Whoever locks an order too locks it before.
    """
    assert connection.in_atomic_block
    row = (
        Wallet.objects.select_for_update(no_key=True)
        .filter(merchant_id=merchant_id, uid=uid)
        .first()
    )
    if row is None:
        raise UnknownWallet
    return row


def balance_of(wallet: Wallet) -> Money:
    """Return what a wallet holds, frozen or not."""
    found = books.owner_balances(
        merchant_id=wallet.merchant_id, account=Account.WALLET, owners=[wallet.pk]
    )
    # What the merchant owes stands on the credit side.
    return Money(-sum(line.amount.minor for line in found), wallet.currency)


def frozen_in(wallet: Wallet) -> Money:
    """Return how much of it is frozen."""
    held = Frozen.objects.filter(
        merchant_id=wallet.merchant_id, wallet_id=wallet.pk, state=FrozenState.HELD
    )
    return Money(sum(held.values_list("amount_minor", flat=True)), wallet.currency)


def check_spendable(wallet: Wallet, amount: Money) -> None:
    """Refuse what a locked wallet cannot spend.

    Raises:
        OtherCurrency, WalletBlocked, NotEnough.
    """
    assert amount.minor > 0
    if amount.currency != wallet.currency:
        raise OtherCurrency(currency=wallet.currency)
    if wallet.state == WalletState.BLOCKED:
        raise WalletBlocked
    free = balance_of(wallet) - frozen_in(wallet)
    if free.minor < amount.minor:
        raise NotEnough(has=str(free))


def credit(
    *,
    merchant_id: int,
    uid: str,
    amount: Money,
    source: Side,
    kind: TransferKind,
    document: Document,
) -> int:
    """Put money into a wallet, from wherever it stands in the books; return the transfer's id.

    Must run inside the caller's transaction, with the deed that gives it: a refund that goes to
    the wallet takes it from where the order's money is, and names its own document. That it
    happens once is the caller's to see to. A blocked wallet takes money all the same.

    Raises:
        UnknownWallet: There is none.
        OtherCurrency: It holds another currency.
    """
    assert connection.in_atomic_block
    with acting_as(merchant_id):
        wallet = locked(merchant_id, uid)
        if amount.currency != wallet.currency:
            raise OtherCurrency(currency=wallet.currency)
        side = Side(Account.WALLET, wallet.pk)
        return ledger.transfer(
            merchant_id=merchant_id, move=Move(source, side, amount, kind, document)
        )


def take(
    *,
    merchant_id: int,
    uid: str,
    amount: Money,
    target: Side,
    kind: TransferKind,
    document: Document,
) -> int:
    """Take money out of a wallet, to where it stands from now on; return the transfer's id.

    Must run inside the caller's transaction. Of many at once, as many succeed as the balance
    allows, and no more.

    Raises:
        UnknownWallet: There is none.
        NotEnough: It has less than that which is not frozen.
        WalletBlocked, OtherCurrency: It may not pay, or not in this.
    """
    assert connection.in_atomic_block
    with acting_as(merchant_id):
        wallet = locked(merchant_id, uid)
        check_spendable(wallet, amount)
        side = Side(Account.WALLET, wallet.pk)
        return ledger.transfer(
            merchant_id=merchant_id, move=Move(side, target, amount, kind, document)
        )
