"""What companies keep of the money, booked from their bills (F1, F2)."""

from kacang.ledger import operations as ledger
from kacang.ledger.accounts import Account, DocumentKind, TransferKind
from kacang.ledger.operations import Document, Move, Side
from kacang.reconciliation.models import Bill
from kacang.shared.money import Money


def book(bill: Bill) -> None:
    """Book a bill's fees in place of those that an earlier reading of it had booked.

    Must run in the transaction that holds the bill's lock; the caller saves the bill. A company
    that gives more fees back than it takes on a day moves money the other way.
    """
    told = {currency: int(sums["fee"]) for currency, sums in bill.totals.items()}
    booked: dict[str, list[int]] = {}
    for currency in sorted({*told, *bill.fee_transfers}):
        minor = told.get(currency, 0)
        transfer_id, before = bill.fee_transfers.get(currency, (0, 0))
        if before != minor and transfer_id:
            ledger.reverse(merchant_id=bill.merchant_id, transfer_id=transfer_id)
        if before != minor and minor:
            transfer_id = _transfer(bill, Money(minor, currency))
        if minor:
            booked[currency] = [transfer_id, minor]
    bill.fee_transfers = booked


def _transfer(bill: Bill, fee: Money) -> int:
    cost, cash = Side(Account.PROVIDER_FEE), Side(Account.CASH_AT_PROVIDER)
    debit, credit = (cost, cash) if fee.minor > 0 else (cash, cost)
    move = Move(
        debit=debit,
        credit=credit,
        amount=Money(abs(fee.minor), fee.currency),
        kind=TransferKind.FEE,
        document=Document(DocumentKind.BILL, bill.pk),
    )
    return ledger.transfer(merchant_id=bill.merchant_id, move=move, at=bill.ends_at)
