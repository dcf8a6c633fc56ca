"""Order numbers by what other rooms know of an order: its id, or one of its lines."""

from collections.abc import Iterable

from kacang.merchants.tenancy import acting_as
from kacang.orders.models import Line, Order


def numbers_of_orders(*, merchant_id: int, ids: Iterable[int]) -> dict[int, str]:
    """Return the numbers of the orders that exist, by id."""
    with acting_as(merchant_id):
        rows = Order.objects.filter(merchant_id=merchant_id, id__in=list(ids))
        return dict(rows.values_list("id", "number"))


def numbers_of_lines(*, merchant_id: int, line_ids: Iterable[int]) -> dict[int, str]:
    """Return the numbers of the orders that these lines belong to, by line id."""
    with acting_as(merchant_id):
        rows = Line.objects.filter(merchant_id=merchant_id, id__in=list(line_ids))
        return dict(rows.values_list("id", "order__number"))
