"""As whom the buyer of an order reads in the shop's mini-program (N1).

An openid of an order is for news of that order alone: it makes nobody a customer, and goes when
it is taken back or the customer of the order is forgotten.
"""

from kacang.customers import queries as customers
from kacang.customers.operations import checked_openid
from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders.fulfilling.delivering import locked
from kacang.orders.statements import rows
from kacang.orders.types import OrderView

KEEP = """
insert into order_openid (merchant_id, order_id, openid)
values (%(merchant)s::bigint, %(order)s::bigint, %(openid)s::text)
on conflict (merchant_id, order_id) do update
set openid = excluded.openid, set_at = clock_timestamp()
where order_openid.openid <> excluded.openid
returning order_id
"""
DROP = """
delete from order_openid
where merchant_id = %(merchant)s::bigint and order_id = any(%(orders)s::bigint[])
returning order_id
"""
FIND = """
select openid from order_openid
where merchant_id = %(merchant)s::bigint and order_id = %(order)s::bigint
"""


@retry_conflicts
def set_openid(*, merchant_id: int, number: str, openid: str, actor: Actor) -> None:
    """Tell the buyer of an order as this openid, in the place of another. May be repeated.

    Raises:
        UnknownOrder: There is no such order.
        BadCustomer: It is no openid.
    """
    openid = checked_openid(openid)
    with acting_as(merchant_id):
        order = locked(merchant_id, number)
        asked = {"merchant": merchant_id, "order": order.pk, "openid": openid}
        if rows(KEEP, asked):
            _log(merchant_id, number, actor, "orders.set_openid")


@retry_conflicts
def drop_openid(*, merchant_id: int, number: str, actor: Actor) -> None:
    """Tell the buyer of an order as no openid of its own any more. May be repeated.

    Raises:
        UnknownOrder: There is no such order.
    """
    with acting_as(merchant_id):
        order = locked(merchant_id, number)
        if rows(DROP, {"merchant": merchant_id, "orders": [order.pk]}):
            _log(merchant_id, number, actor, "orders.drop_openid")


def forget_openids(*, merchant_id: int, order_ids: list[int]) -> None:
    """Take away as whom the buyers of orders read, for a customer who is forgotten (H3)."""
    with acting_as(merchant_id):
        rows(DROP, {"merchant": merchant_id, "orders": order_ids})


def openid_of(*, merchant_id: int, order: OrderView) -> str:
    """Return as whom the buyer of an order reads: the order's own openid, else the customer's."""
    with acting_as(merchant_id):
        found = rows(FIND, {"merchant": merchant_id, "order": order.id})
    if found:
        return str(found[0][0])
    return customers.openid_of(merchant_id=merchant_id, contact=order.contact)


def _log(merchant_id: int, number: str, actor: Actor, action: str) -> None:
    audit.record(
        merchant_id=merchant_id,
        actor=actor,
        action=action,
        object_kind="order",
        object_uid=number,
    )
