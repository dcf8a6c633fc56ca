"""Money that came after its order was closed, and finds no stock: given back by rule (L4).

To where it came from, or into the buyer's wallet.
"""

from kacang.merchants import queries as merchants
from kacang.merchants.audit import SYSTEM
from kacang.merchants.tenancy import acting_as
from kacang.orders.models import Line, Order, OrderState, Unit, UnitState
from kacang.orders.refunding.asking import RULE, gives_back, request_refund
from kacang.orders.refunding.to_wallets import has_wallet
from kacang.orders.refunding.types import Asked, NothingLeft, RefundWay, RefundWish
from kacang.payments.refunding import refund_rows
from kacang.shared.money import Money

LATE = "late_payment"
REASON = "订单关闭后到账，已无库存"


def refund_late(*, merchant_id: int, order_id: int) -> Asked | None:
    """Give back what a late payment cannot buy any more, if the merchant has it so.

    What could be delivered is kept and paid for. Repeating it changes nothing. Returns None when
    there is nothing to do.
    """
    rule = merchants.setting(merchant_id=merchant_id, name="refund_late")
    if rule not in {"refund", "wallet"}:
        return None
    with acting_as(merchant_id):
        order = Order.objects.get(merchant_id=merchant_id, id=order_id)
        if order.state != OrderState.ON_HOLD or order.hold_reason != LATE:
            return None
        short = list(
            Unit.objects.filter(
                merchant_id=merchant_id,
                line__merchant_id=merchant_id,
                line__order_id=order_id,
                state=UnitState.SHORT,
            ).order_by("line_id", "unit_no")
        )
        amount = worth_of(order, [(unit.line_id, unit.unit_no) for unit in short])
        money = refund_rows.refundable(merchant_id=merchant_id, order_id=order_id)
    by_company = all(gives_back(part.provider) for part in money)
    wish = RefundWish(
        amount=amount,
        reason=REASON,
        units=tuple((unit.line_id, unit.unit_no) for unit in short),
        way=_way(order, by_company=by_company, to_wallet=rule == "wallet"),
        request_uid=f"late-{order.number}",
    )
    try:
        return request_refund(
            merchant_id=merchant_id, number=order.number, wish=wish, actor=SYSTEM, role=RULE
        )
    except NothingLeft:
        return None


def _way(order: Order, *, by_company: bool, to_wallet: bool) -> RefundWay:
    if to_wallet and has_wallet(order):
        return RefundWay.WALLET
    return RefundWay.ORIGIN if by_company else RefundWay.BY_HAND


def worth_of(order: Order, places: list[tuple[int, int]]) -> Money:
    """Return what units have cost their buyer: their share of what the whole order cost.

    In the caller's transaction. The units of an order together are worth exactly its price.
    """
    lines = Line.objects.filter(merchant_id=order.merchant_id, order_id=order.pk)
    totals = {
        line.pk: (line.unit_price_minor * line.quantity - line.discount_minor, line.quantity)
        for line in lines.order_by("line_no")
    }
    every = [(line, unit) for line, (_, count) in totals.items() for unit in range(1, count + 1)]
    of_lines = {line: Money(total, order.currency) for line, (total, _) in totals.items()}
    weights = [
        share.minor
        for line, (_, count) in totals.items()
        for share in of_lines[line].split([1] * count)
    ]
    if not sum(weights):
        return Money(0, order.currency)
    shares = Money(order.payable_minor, order.currency).split(weights)
    wanted = set(places)
    minor = sum(share.minor for place, share in zip(every, shares, strict=True) if place in wanted)
    return Money(minor, order.currency)
