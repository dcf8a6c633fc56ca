"""Whom to write to about lines of orders."""

from collections.abc import Iterable
from dataclasses import dataclass

from kacang.merchants.tenancy import acting_as
from kacang.orders.models import Line


@dataclass(frozen=True, slots=True)
class OrderBuyer:
    """An order with all its lines, and how its buyer is reached; no e-mail: not by mail."""

    number: str
    email: str
    phone: str
    language: str
    line_ids: tuple[int, ...]


def buyers_of_lines(*, merchant_id: int, line_ids: Iterable[int]) -> list[OrderBuyer]:
    """Return the orders that these lines are of, each with all its lines."""
    with acting_as(merchant_id):
        lines = Line.objects.filter(merchant_id=merchant_id)
        orders = lines.filter(id__in=list(line_ids)).values_list("order_id", flat=True)
        rows = lines.filter(order_id__in=set(orders)).order_by("order_id", "line_no")
        found: dict[int, OrderBuyer] = {}
        for row in rows.select_related("order"):
            known = found.get(row.order_id)
            ids = (*known.line_ids, row.pk) if known else (row.pk,)
            found[row.order_id] = OrderBuyer(
                row.order.number, row.order.email, row.order.phone, row.order.language, ids
            )
    return list(found.values())
