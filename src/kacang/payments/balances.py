"""What a wallet pays, told as any company tells of money (F3)."""

from kacang.merchants.tenancy import acting_as
from kacang.payments.accounts import account_secrets
from kacang.payments.adapters import bank_transfer
from kacang.payments.adapters.balance import NAME, paid
from kacang.payments.companies import registry
from kacang.payments.models import Payment, PaymentState
from kacang.payments.ports import AccountInfo, VerifiedNotice
from kacang.shared.clock import utc_now
from kacang.shared.errors import Conflict
from kacang.shared.money import Money

__all__ = ["NAME", "OWN_COMPANIES", "NoBalancePayment", "open_payment"]
# Where the merchant is the company: there is nobody to ask, and nobody who could fail.
OWN_COMPANIES = (NAME, bank_transfer.NAME)


class NoBalancePayment(Conflict):
    """The order has no open payment from a balance for what it costs now."""

    code = "payments.no_balance_payment"


def open_payment(
    *, merchant_id: int, order_id: int, payable: Money
) -> tuple[AccountInfo, VerifiedNotice]:
    """Return the account of an order's open payment from a balance, and the notice that pays it.

    Runs inside the transaction that takes the money; the notice says nothing before.

    Raises:
        NoBalancePayment: There is none, or for another amount.
    """
    with acting_as(merchant_id):
        row = (
            Payment.objects.filter(
                merchant_id=merchant_id,
                order_id=order_id,
                state=PaymentState.OPEN,
                amount_minor=payable.minor,
                currency=payable.currency,
                account__merchant_id=merchant_id,
                account__provider=NAME,
            )
            .select_related("account")
            .order_by("-id")
            .first()
        )
        if row is None:
            raise NoBalancePayment
        account = account_secrets.info_of(row.account)
    now = utc_now()
    message = paid(account, number=row.number, amount=payable, now=now)
    notice = registry.provider(NAME).read_notice(account, message, now)
    assert isinstance(notice, VerifiedNotice)
    return account, notice
