"""A merchant's own account, enabled or not, with its secrets open."""

from kacang.merchants.tenancy import acting_as
from kacang.payments import account_secrets
from kacang.payments.models import Account
from kacang.payments.ports import AccountInfo
from kacang.payments.queries import UnknownAccount


def account_of_merchant(*, merchant_id: int, uid: str) -> AccountInfo:
    """Return a merchant's account.

    Raises:
        UnknownAccount: The merchant has none of that name.
    """
    with acting_as(merchant_id):
        return _opened(Account.objects.filter(merchant_id=merchant_id, uid=uid).first())


def account_of_id(*, merchant_id: int, account_id: int) -> AccountInfo:
    """As `account_of_merchant`, by its number in the house."""
    with acting_as(merchant_id):
        return _opened(Account.objects.filter(merchant_id=merchant_id, id=account_id).first())


def _opened(row: Account | None) -> AccountInfo:
    if row is None:
        raise UnknownAccount
    return account_secrets.info_of(row)
