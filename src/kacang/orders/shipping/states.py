"""What the state of an order is by its units once parcels are in play (rule 6)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from kacang.catalog.queries import StockMode
from kacang.orders.fulfilling.handing import earn
from kacang.orders.models import ORDER_STEPS, Line, Order, OrderState, Unit, UnitState
from kacang.orders.statements import rows
from kacang.shared import states
from kacang.shared.clock import utc_now

Place = tuple[int, int]
_SET = """
update order_unit u set state = %(state)s::smallint,
    delivered_at = case when %(state)s::smallint = 2 then clock_timestamp() end
from unnest(%(lines)s::bigint[], %(numbers)s::int[]) as p(line_id, unit_no)
where u.merchant_id = %(merchant)s::bigint and u.line_id = p.line_id and u.unit_no = p.unit_no
"""


@dataclass(slots=True)
class Goods:
    """The goods of one locked order: its lines, id by number, and the state of each unit."""

    order: Order
    lines: dict[int, int] = field(default_factory=dict)
    units: dict[Place, UnitState] = field(default_factory=dict)

    def places(self, state: UnitState) -> list[Place]:
        """Return the units that are in a state, by line and number."""
        return [place for place, now in self.units.items() if now is state]


def goods_of(merchant_id: int, orders: Sequence[Order]) -> list[Goods]:
    """Return the goods of orders that the caller has locked."""
    found = {order.pk: Goods(order) for order in orders}
    lines = Line.objects.filter(
        merchant_id=merchant_id, order_id__in=list(found), stock_mode=StockMode.GOODS
    )
    owners: dict[int, Goods] = {}
    for line_id, line_no, order_id in lines.order_by("line_no").values_list(
        "id", "line_no", "order_id"
    ):
        found[order_id].lines[line_no] = line_id
        owners[line_id] = found[order_id]
    units = Unit.objects.filter(merchant_id=merchant_id, line_id__in=list(owners))
    for line_id, unit_no, state in units.order_by("line_id", "unit_no").values_list(
        "line_id", "unit_no", "state"
    ):
        owners[line_id].units[line_id, unit_no] = UnitState(state)
    return list(found.values())


def set_units(
    merchant_id: int, goods: Iterable[tuple[Goods, Sequence[Place]]], to: UnitState
) -> None:
    """Bring units into a state, in the table and in what the caller holds of them."""
    places: list[Place] = []
    for one, its in goods:
        one.units.update(dict.fromkeys(its, to))
        places += its
    if places:
        rows(
            _SET,
            {
                "merchant": merchant_id,
                "state": int(to),
                "lines": [line_id for line_id, _ in places],
                "numbers": [unit_no for _, unit_no in places],
            },
        )


def restate(merchant_id: int, goods: Iterable[Goods]) -> None:
    """Bring paid orders that lack nothing into the states that their goods have come to.

    What an order costs is earned when all of it is with the buyer. Locked by the caller.
    """
    changed: dict[OrderState, list[int]] = defaultdict(list)
    for one in goods:
        order = one.order
        now, to = OrderState(order.state), _state_of(one)
        if now is not to:
            states.check(ORDER_STEPS, now=now, to=to)
            order.state = to
            changed[to].append(order.pk)
        if to is OrderState.DELIVERED and order.delivered_at is None:
            order.delivered_at = utc_now()
            Order.objects.filter(merchant_id=merchant_id, id=order.pk).update(
                delivered_at=order.delivered_at
            )
            earn(order)
    for state, ids in changed.items():
        Order.objects.filter(merchant_id=merchant_id, id__in=ids).update(state=state)


def _state_of(goods: Goods) -> OrderState:
    count = Counter(goods.units.values())
    if count[UnitState.OWED]:
        begun = count[UnitState.SHIPPED] or count[UnitState.DELIVERED]
        return OrderState.FULFILLING if begun else OrderState.PAID
    return OrderState.SHIPPED if count[UnitState.SHIPPED] else OrderState.DELIVERED
