"""What others may ask before a refund is made: what is left, and what each unit has cost."""

from collections.abc import Sequence
from dataclasses import dataclass

from kacang.merchants.tenancy import acting_as
from kacang.orders.errors import UnknownOrder
from kacang.orders.models import Channel, Line, Order, Unit, UnitState
from kacang.orders.refunding.asking import gives_back
from kacang.orders.refunding.late import worth_of
from kacang.orders.refunding.to_wallets import wallet_owner
from kacang.orders.refunding.types import RefundInfo
from kacang.payments.queries import ReceiptFit
from kacang.payments.refunding import refund_lists, refund_rows
from kacang.shared.money import Money
from kacang.shared.texts import Text
from kacang.vault import operations as vault

# Of larger orders units are not shown one by one.
UNITS_MAX = 50


@dataclass(frozen=True, slots=True)
class RefundableUnit:
    """A unit that a refund can be for. `is_shown`: whether its code was ever looked at."""

    line_id: int
    unit_no: int
    title: Text
    sku_title: Text
    state: UnitState
    is_shown: bool
    worth: Money

    @property
    def place(self) -> str:
        """How a form names it."""
        return f"{self.line_id}:{self.unit_no}"


@dataclass(frozen=True, slots=True)
class Refundable:
    """What of an order can be given back. `units` is empty where there are more than fifty."""

    left: Money
    by_company: bool
    # Whose wallet may take it; "": nobody's.
    wallet: str
    units: Sequence[RefundableUnit]
    unit_count: int
    refunds: Sequence[RefundInfo]


def refundable_order(*, merchant_id: int, number: str) -> Refundable:
    """Return what of an order is left to give back.

    Raises:
        UnknownOrder: There is no such order.
    """
    with acting_as(merchant_id, snapshot=True):
        order = Order.objects.filter(merchant_id=merchant_id, number=number[:20]).first()
        if order is None:
            raise UnknownOrder
        money = [
            part
            for part in refund_rows.refundable(merchant_id=merchant_id, order_id=order.pk)
            if part.fit is ReceiptFit.FITS
        ]
        units = Unit.objects.filter(
            merchant_id=merchant_id, line__merchant_id=merchant_id, line__order_id=order.pk
        ).exclude(state__in=(UnitState.REFUNDED, UnitState.RELEASED))
        count = units.count()
        shown = _units(order, list(units)) if count <= UNITS_MAX else ()
        wallet = "" if order.channel == Channel.DEPOSIT else wallet_owner(order)
        refunds = refund_lists.refunds_of_order(merchant_id=merchant_id, order_id=order.pk)
    left = Money(sum(part.left.minor for part in money), order.currency)
    by_company = all(gives_back(part.provider) for part in money if part.left.minor)
    return Refundable(left, by_company, wallet, shown, count, refunds)


def places_of(*, merchant_id: int, number: str) -> tuple[tuple[int, int], ...]:
    """Return all units of an order that were not given back, by line and unit."""
    with acting_as(merchant_id):
        units = Unit.objects.filter(
            merchant_id=merchant_id,
            line__merchant_id=merchant_id,
            line__order__merchant_id=merchant_id,
            line__order__number=number[:20],
        ).exclude(state__in=(UnitState.REFUNDED, UnitState.RELEASED))
        places = units.order_by("line_id", "unit_no").values_list("line_id", "unit_no")
        return tuple((line_id, unit_no) for line_id, unit_no in places)


def _units(order: Order, units: Sequence[Unit]) -> list[RefundableUnit]:
    lines = {
        line.pk: line
        for line in Line.objects.filter(merchant_id=order.merchant_id, order_id=order.pk)
    }
    shown = vault.shown_of_lines(merchant_id=order.merchant_id, line_ids=list(lines))
    return [
        RefundableUnit(
            line_id=unit.line_id,
            unit_no=unit.unit_no,
            title=lines[unit.line_id].title,
            sku_title=lines[unit.line_id].sku_title,
            state=UnitState(unit.state),
            is_shown=shown.get((unit.line_id, unit.unit_no), False),
            worth=worth_of(order, [(unit.line_id, unit.unit_no)]),
        )
        for unit in sorted(units, key=lambda unit: (lines[unit.line_id].line_no, unit.unit_no))
    ]
