"""What becomes of an order's units when their money goes back, and when it does not after all."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from kacang.catalog.queries import StockMode
from kacang.orders.exceptions.types import RISK_REVIEW
from kacang.orders.fulfilling.deferring import take_back
from kacang.orders.fulfilling.handing import earn
from kacang.orders.fulfilling.keeping import let_go
from kacang.orders.models import ORDER_STEPS, Line, Order, OrderState, RefundUnit, Unit, UnitState
from kacang.orders.refunding.booking import unearn
from kacang.orders.refunding.types import BadUnits, Cards, Fate, RefundInfo
from kacang.orders.statements import rows
from kacang.shared import states
from kacang.shared.clock import utc_now
from kacang.stock import operations as stock
from kacang.stock.operations import Back
from kacang.vault import operations as vault

Place = tuple[int, int]
# Paid, and nothing came of it yet.
_UNDELIVERED = (UnitState.WAITING, UnitState.SHORT, UnitState.OWED)
# It has left the house.
_GONE = (UnitState.DELIVERED, UnitState.SHIPPED)
# Not all of it is with the buyer.
_OPEN = (
    OrderState.REFUNDING, OrderState.ON_HOLD, OrderState.PAID, OrderState.FULFILLING,
    OrderState.SHIPPED,
)  # fmt: skip
REFUND_FAILED = "refund_failed"
_REJECTED = """
select 1 from order_review where merchant_id = %(merchant)s::bigint and order_id = %(order)s::bigint
  and state = 3
"""


def check_places(order: Order, places: Sequence[Place]) -> None:
    """Refuse units that are not the order's, or were given back before.

    Raises:
        BadUnits: One of them is.
    """
    known = {(unit.line_id, unit.unit_no): unit for unit in _units(order)}
    for place in places:
        unit = known.get(place)
        if unit is None or unit.state in (UnitState.REFUNDED, UnitState.RELEASED):
            raise BadUnits
    if len(set(places)) < len(places):
        raise BadUnits


def name_units(merchant_id: int, refund_id: int, places: Iterable[Place]) -> None:
    """Write which units a refund is for."""
    RefundUnit.objects.bulk_create(
        RefundUnit(merchant_id=merchant_id, refund_id=refund_id, line_id=line_id, unit_no=unit_no)
        for line_id, unit_no in places
    )


def take_units(order: Order, refund: RefundInfo, *, is_last: bool) -> None:
    """Take from the buyer what is not to be kept, now that the refund is approved.

    `is_last`: all of the order's money goes back, so nothing more is to come.
    """
    named = RefundUnit.objects.filter(merchant_id=order.merchant_id, refund_id=refund.id)
    # One that follows another refund finds its units taken already.
    places = {(unit.line_id, unit.unit_no) for unit in named if unit.fate is None}
    units = _units(order)
    extra = {
        (unit.line_id, unit.unit_no) for unit in units if is_last and unit.state in _UNDELIVERED
    } - places
    name_units(order.merchant_id, refund.id, sorted(extra))
    chosen = [unit for unit in units if (unit.line_id, unit.unit_no) in places | extra]
    if not chosen:
        return
    waiting = [(unit.line_id, unit.unit_no) for unit in chosen if unit.state == UnitState.WAITING]
    if waiting:
        # Held for review: what is reserved for them is on sale again (O9).
        let_go(order.merchant_id, order.pk, waiting)
    fates = _fates(order, chosen, Cards(refund.cards))
    _write_fates(order.merchant_id, refund.id, fates)
    gone = [place for place, fate in fates.items() if fate is not Fate.KEPT]
    _set_units(order.merchant_id, gone, UnitState.REFUNDED)


def restore_units(order: Order, refund: RefundInfo) -> None:
    """Owe the buyer again what a refund took that comes to nothing."""
    taken = RefundUnit.objects.filter(
        merchant_id=order.merchant_id, refund_id=refund.id, fate__gt=Fate.KEPT
    )
    places = [(unit.line_id, unit.unit_no) for unit in taken]
    if not places:
        return
    _set_units(order.merchant_id, places, UnitState.SHORT)
    if order.state not in (OrderState.ON_HOLD, OrderState.PAID):
        # A part of a delivered order: it is not delivered any more.
        _step(order, OrderState.REFUNDING)
    if order.delivered_at is not None:
        unearn(order)
        order.delivered_at = None
        _save(order, delivered_at=None)


def hand_units_on(merchant_id: int, old_id: int, new_id: int) -> None:
    """Let a refund that follows another one stand for the same units."""
    rows = RefundUnit.objects.filter(merchant_id=merchant_id, refund_id=old_id)
    RefundUnit.objects.bulk_create(
        RefundUnit(
            merchant_id=merchant_id,
            refund_id=new_id,
            line_id=row.line_id,
            unit_no=row.unit_no,
            fate=row.fate,
        )
        for row in rows
    )


def restate(order: Order, *, all_done: bool) -> None:
    """Bring an order into the state that its money and its units have come to (rule 6).

    `all_done`: no refund of its money is still under way.
    """
    if order.payable_minor and order.refund_minor == order.payable_minor:
        if order.state != OrderState.REFUNDED:
            _step(order, OrderState.REFUNDING)
        if all_done:
            _step(order, OrderState.REFUNDED)
        return
    if order.state in _OPEN:
        _restate_by_units(order)


def _restate_by_units(order: Order) -> None:
    count = Counter(unit.state for unit in _units(order))
    if count[UnitState.SHORT] or count[UnitState.WAITING]:
        if order.state != OrderState.ON_HOLD:
            _save(order, hold_reason=_held_again(order))
            _step(order, OrderState.ON_HOLD)
    elif count[UnitState.OWED]:
        _step(order, OrderState.FULFILLING if count[UnitState.SHIPPED] else OrderState.PAID)
    elif count[UnitState.SHIPPED]:
        _step(order, OrderState.SHIPPED)
    else:
        _step(order, OrderState.DELIVERED)
        if order.delivered_at is None:
            order.delivered_at = utc_now()
            _save(order, delivered_at=order.delivered_at, hold_reason="")
            earn(order)


def _held_again(order: Order) -> str:
    """Return why an order waits whose money stays: one that was rejected waits for a person."""
    asked = {"merchant": order.merchant_id, "order": order.pk}
    return RISK_REVIEW if rows(_REJECTED, asked) else REFUND_FAILED


def _fates(order: Order, chosen: Sequence[Unit], cards: Cards) -> Mapping[Place, Fate]:
    """Take the units' cards and pieces as `cards` says; return what became of each unit."""
    fates: dict[Place, Fate] = {}
    delivered: list[Place] = []
    pieces: Counter[tuple[int, UnitState]] = Counter()
    of_goods = _lines_of_goods(order)
    for unit in chosen:
        place, state = (unit.line_id, unit.unit_no), UnitState(unit.state)
        is_delivered = state in _GONE
        if is_delivered and cards is Cards.KEEP:
            fates[place] = Fate.KEPT
        elif is_delivered and unit.line_id not in of_goods:
            delivered.append(place)
        elif is_delivered:
            fates[place] = Fate.RETURNED if cards is Cards.RETURN else Fate.VOIDED
            pieces[unit.line_id, state] += 1
        else:
            fates[place] = Fate.TAKEN
            if state is UnitState.OWED:
                pieces[unit.line_id, state] += 1
    to_stock = cards is Cards.RETURN
    _take_pieces(order, pieces, to_stock=to_stock)
    if delivered:
        back = vault.give_back(merchant_id=order.merchant_id, places=delivered, to_stock=to_stock)
        fates |= back.fates
        take_back(order, back.owed)
    return fates


def _take_pieces(
    order: Order, pieces: Mapping[tuple[int, UnitState], int], *, to_stock: bool
) -> None:
    for (line_id, state), count in pieces.items():
        back = Back(order.pk, line_id, count, order.currency)
        if state is UnitState.OWED:
            stock.let_go(merchant_id=order.merchant_id, back=back)
        else:
            stock.come_back(merchant_id=order.merchant_id, back=back, to_stock=to_stock)


def _lines_of_goods(order: Order) -> frozenset[int]:
    lines = Line.objects.filter(
        merchant_id=order.merchant_id, order_id=order.pk, stock_mode=StockMode.GOODS
    )
    return frozenset(lines.values_list("id", flat=True))


def _units(order: Order) -> list[Unit]:
    rows = Unit.objects.filter(
        merchant_id=order.merchant_id,
        line__merchant_id=order.merchant_id,
        line__order_id=order.pk,
    )
    return list(rows.order_by("line_id", "unit_no"))


def _set_units(merchant_id: int, places: Iterable[Place], state: UnitState) -> None:
    by_line: dict[int, list[int]] = defaultdict(list)
    for line_id, unit_no in places:
        by_line[line_id].append(unit_no)
    for line_id, numbers in by_line.items():
        Unit.objects.filter(merchant_id=merchant_id, line_id=line_id, unit_no__in=numbers).update(
            state=state, delivered_at=None
        )


def _write_fates(merchant_id: int, refund_id: int, fates: Mapping[Place, Fate]) -> None:
    by_fate: dict[tuple[Fate, int], list[int]] = defaultdict(list)
    for (line_id, unit_no), fate in fates.items():
        by_fate[fate, line_id].append(unit_no)
    for (fate, line_id), numbers in by_fate.items():
        RefundUnit.objects.filter(
            merchant_id=merchant_id, refund_id=refund_id, line_id=line_id, unit_no__in=numbers
        ).update(fate=fate)


def _step(order: Order, to: OrderState) -> None:
    now = OrderState(order.state)
    if now is to:
        return
    states.check(ORDER_STEPS, now=now, to=to)
    order.state = to
    _save(order, state=to)


def _save(order: Order, **fields: object) -> None:
    Order.objects.filter(merchant_id=order.merchant_id, id=order.pk).update(**fields)
