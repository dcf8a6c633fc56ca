"""Customers to test with."""

from django.db import connection

from kacang.customers import operations, queries
from kacang.customers.operations import ConsentWay
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.shared.clock import utc_now
from kacang.shared.contacts import Contact

STAFF = Actor(kind="person", id=1, label="lu@example.com")
OTHER = Actor(kind="person", id=2, label="zhao@example.com")
# As a job keeps them of orders.
_FIGURES = """
update customer set paid_orders = %s, spent_minor = %s, figures_due = false,
    last_order_at = coalesce(%s::timestamptz, 'epoch')
where merchant_id = %s and id = %s
"""


def a_customer(
    merchant, name: str, *, way=ConsentWay.CHECKOUT, orders: int = 0, spent: int = 0, days=None
) -> str:
    """A customer of this name, whose figures are these; return the uid. `days`: ago, the last."""
    row = operations.gather(
        merchant_id=merchant, contact=Contact(email=f"{name}@example.com"), way=way
    )
    uid = queries.uids_of(merchant_id=merchant, ids=[row])[row][0]
    operations.change(merchant_id=merchant, uid=uid, name=name, actor=STAFF)
    at = None if days is None else utc_now() - days
    with acting_as(merchant), connection.cursor() as cursor:
        cursor.execute(_FIGURES, [orders, spent, at, merchant, row])
    return uid


def found(merchant, where, sort=queries.Sort.JOINED, limit: int = 50) -> list[str]:
    """The names of all who fit, read page by page."""
    names, cursor = [], ""
    while True:
        page = queries.find_customers(
            merchant_id=merchant, where=where, sort=sort, cursor=cursor, limit=limit
        )
        names += [row.name for row in page.rows]
        cursor = page.next_cursor
        if not cursor:
            return names
