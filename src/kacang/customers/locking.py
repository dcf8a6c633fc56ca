"""A customer's row, held while something is done to them."""

from kacang.customers.models import Customer
from kacang.customers.types import UnknownCustomer


def locked(merchant_id: int, uid: str) -> Customer:
    """Return a customer's row, locked, in the caller's transaction.

    Raises:
        UnknownCustomer: There is none, or it is forgotten or merged into another.
    """
    row: Customer | None = (
        Customer.objects.select_for_update(no_key=True)
        .filter(merchant_id=merchant_id, uid=uid, forgotten_at=None, merged_into=None)
        .first()
    )
    if row is None:
        raise UnknownCustomer
    return row
