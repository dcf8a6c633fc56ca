"""Orders of customers who let the shop know them again (H1).

An order is linked once its buyer agrees; without that the shop keeps nobody beyond the order.
"""

from django.db import connection

from kacang.customers import operations as customers
from kacang.customers.operations import ConsentWay
from kacang.logistics import operations as logistics
from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.orders.customers.openids import forget_openids
from kacang.orders.errors import UnknownOrder
from kacang.orders.models import Order, OrderCustomer
from kacang.shared.contacts import Contact

_LINK = """
insert into order_customer (merchant_id, order_id, customer_id) values (%s, %s, %s)
on conflict (merchant_id, order_id) do nothing
"""


def remember_buyer(*, merchant_id: int, number: str, way: ConsentWay, proved: str = "") -> bool:
    """Link an order to the customer of its contact, who has agreed; say whether it has a contact.

    May be repeated.

    Args:
        merchant_id: Whose order.
        number: Its number.
        way: Where the buyer agreed.
        proved: An address that the buyer has proved to have in this browser. It is theirs, also
            when the order names another.

    Raises:
        UnknownOrder: There is no such order.
    """
    with acting_as(merchant_id):
        order = Order.objects.filter(merchant_id=merchant_id, number=number).first()
        if order is None:
            raise UnknownOrder
        email, phone = order.email, order.phone
        contact = Contact(proved, phone) if "@" in proved else Contact(email, proved or phone)
        if contact.is_empty:
            return False
        customer_id = customers.gather(
            merchant_id=merchant_id, contact=contact, way=way, verified=[proved] if proved else ()
        )
        with connection.cursor() as cursor:
            cursor.execute(_LINK, [merchant_id, order.pk, customer_id])
        if proved:
            # Only what the customer did, and nobody who knows their address, is offered again.
            logistics.remember_recipient(
                merchant_id=merchant_id, customer_id=customer_id, order_id=order.pk
            )
    return True


def merge_customers(*, merchant_id: int, source: str, target: str, actor: Actor) -> int:
    """Make two customers one: what the first has is the second's; return how many orders moved.

    Raises:
        UnknownCustomer: One of them does not exist, or is forgotten.
        BadCustomer: They are the same.
    """
    with acting_as(merchant_id):
        moved = customers.move_into(merchant_id=merchant_id, source=source, target=target)
        logistics.forget_remembered(merchant_id=merchant_id, customer_id=moved.source_id)
        rows = OrderCustomer.objects.filter(merchant_id=merchant_id, customer_id=moved.source_id)
        count = rows.update(customer_id=moved.target_id)
        audit.record(
            merchant_id=merchant_id, actor=actor, action="customers.merge",
            object_kind="customer", object_uid=target,
            before={"from": source}, after={"orders": count, **moved.counts},
        )  # fmt: skip
    return count


def forget_customer(*, merchant_id: int, uid: str, way: ConsentWay, actor: Actor) -> int:
    """Take back a customer's consent: addresses, notes and links go; return how many orders.

    The orders themselves stay, with what they need to be delivered and looked after; as whom the
    buyer reads in the mini-program goes from each.

    Raises:
        UnknownCustomer: There is none, or it is forgotten already.
    """
    with acting_as(merchant_id):
        customer_id = customers.empty(merchant_id=merchant_id, uid=uid, way=way, actor=actor)
        logistics.forget_remembered(merchant_id=merchant_id, customer_id=customer_id)
        rows = OrderCustomer.objects.filter(merchant_id=merchant_id, customer_id=customer_id)
        order_ids = list(rows.values_list("order_id", flat=True))
        forget_openids(merchant_id=merchant_id, order_ids=order_ids)
        return rows.delete()[0]
