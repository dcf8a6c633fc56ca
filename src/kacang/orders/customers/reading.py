"""What customers bought: their orders, sums over them, and their cards (H1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from kacang.customers import queries as customers
from kacang.logistics import queries as logistics
from kacang.logistics.queries import RecipientView
from kacang.merchants.tenancy import acting_as
from kacang.orders.finding.listing import rows_of
from kacang.orders.models import Line, OrderCustomer
from kacang.orders.types import OrderRow
from kacang.shared.contacts import Contact
from kacang.shared.money import Money

# Paid for, less what was given back; also orders that were never paid say when somebody came.
_FIGURES = """
select c.customer_id, o.currency, count(*) filter (where o.paid_at is not null)::int,
       coalesce(sum(o.payable_minor - o.refund_minor) filter (where o.paid_at is not null),
                0)::bigint,
       max(o.created_at)
from order_customer c
join sale_order o on o.merchant_id = c.merchant_id and o.id = c.order_id
where c.merchant_id = %(merchant)s::bigint and c.customer_id = any(%(ids)s::bigint[])
group by 1, 2
"""


@dataclass(frozen=True, slots=True)
class Bought:
    """What a customer bought: how many paid orders, for how much after refunds, and when last."""

    orders: int
    amounts: tuple[Money, ...]
    last_at: datetime | None


NOTHING = Bought(0, (), None)


@dataclass(frozen=True, slots=True)
class CustomerOrders:
    """A page of a customer's orders, the newest first. `next_before` is 0 on the last."""

    rows: tuple[OrderRow, ...]
    next_before: int


def bought(*, merchant_id: int, customer_ids: Sequence[int]) -> dict[int, Bought]:
    """Return what each of these customers bought; those without orders are left out."""
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(_FIGURES, {"merchant": merchant_id, "ids": list(customer_ids)})
        found: dict[int, tuple[int, datetime | None, dict[str, int]]] = {}
        for customer_id, currency, paid, minor, last_at in cursor.fetchall():
            count, newest, sums = found.get(customer_id, (0, None, {}))
            sums = {**sums, currency: minor} if minor else sums
            newest = max(filter(None, (newest, last_at)), default=None)
            found[customer_id] = (count + paid, newest, sums)
    return {
        customer_id: Bought(
            count, tuple(Money(minor, name) for name, minor in sorted(sums.items())), newest
        )
        for customer_id, (count, newest, sums) in found.items()
    }


def orders_of(
    *, merchant_id: int, customer_id: int, before: int = 0, limit: int = 50
) -> CustomerOrders:
    """Return a page of a customer's orders. `before` is the `next_before` of the page before."""
    with acting_as(merchant_id):
        links = OrderCustomer.objects.filter(merchant_id=merchant_id, customer_id=customer_id)
        if before:
            links = links.filter(order_id__lt=before)
        found = list(
            links.order_by("-order_id").values_list("order_id", "order__number")[: limit + 1]
        )
        shown = found[:limit]
        rows = {
            row.number: row
            for row in rows_of(merchant_id=merchant_id, numbers=[number for _id, number in shown])
        }
    ordered = tuple(rows[number] for _id, number in shown if number in rows)
    return CustomerOrders(ordered, shown[-1][0] if len(found) > limit else 0)


def count_orders(*, merchant_id: int, customer_id: int) -> int:
    """Return how many orders a customer has, paid or not."""
    with acting_as(merchant_id):
        links = OrderCustomer.objects.filter(merchant_id=merchant_id, customer_id=customer_id)
        return links.count()


def lines_of(*, merchant_id: int, customer_id: int, most: int = 200) -> list[int]:
    """Return the newest order lines of a customer, by row: what their cards hang on."""
    with acting_as(merchant_id):
        links = OrderCustomer.objects.filter(merchant_id=merchant_id, customer_id=customer_id)
        orders = list(links.order_by("-order_id").values_list("order_id", flat=True)[:most])
        lines = Line.objects.filter(merchant_id=merchant_id, order_id__in=orders)
        return list(lines.order_by("-id").values_list("id", flat=True)[:most])


def recipient_of_customer(*, merchant_id: int, proved: str) -> RecipientView | None:
    """Return where the owner of an address that was proved had goods sent last, if they agreed."""
    contact = Contact(email=proved) if "@" in proved else Contact(phone=proved)
    with acting_as(merchant_id):
        customer_id = customers.customer_of(merchant_id=merchant_id, contact=contact)
        if not customer_id:
            return None
        return logistics.remembered_recipient(merchant_id=merchant_id, customer_id=customer_id)


def newest_orders(*, merchant_id: int, customer_id: int, most: int = 200) -> list[int]:
    """Return the newest orders of a customer, by row: what cases and reviews hang on."""
    with acting_as(merchant_id):
        links = OrderCustomer.objects.filter(merchant_id=merchant_id, customer_id=customer_id)
        return list(links.order_by("-order_id").values_list("order_id", flat=True)[:most])


def customer_of_order(*, merchant_id: int, number: str) -> int:
    """Return the customer of an order, by row; 0: it is nobody's."""
    with acting_as(merchant_id):
        links = OrderCustomer.objects.filter(merchant_id=merchant_id, order__number=number)
        return links.values_list("customer_id", flat=True).first() or 0
