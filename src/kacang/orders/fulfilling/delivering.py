"""Delivering what is paid: one statement, whoever asks for it (D1, L5)."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import asdict, dataclass

from kacang.merchants import audit
from kacang.merchants.audit import SYSTEM, Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders import sql
from kacang.orders.counters import Taken
from kacang.orders.deposits.crediting import credit, deposits_among, fulfil
from kacang.orders.errors import NotNow, UnderReview, UnknownOrder
from kacang.orders.exceptions.syncing import sync_order
from kacang.orders.exceptions.types import RISK_REVIEW
from kacang.orders.fulfilling.giving import Owing, give_goods
from kacang.orders.models import Event, Order, OrderState
from kacang.orders.statements import Statement, rows, table
from kacang.shared.money import Money

NOTHING = Owing()
WAITING = """
select o.number from sale_order o
join order_line l on l.merchant_id = o.merchant_id and l.order_id = o.id
join order_unit u on u.merchant_id = l.merchant_id and u.line_id = l.id
where o.merchant_id = %(merchant)s::bigint and o.state = 9 and l.sku_id = %(sku)s::bigint
  and u.state = 1 and o.hold_reason <> 'risk_review'
group by o.id, o.number, o.priority order by o.priority desc, o.id limit %(most)s::int
"""


@dataclass(frozen=True, slots=True)
class Due:
    """An order that is to be delivered now. Locked by the caller's transaction.

    `has_goods`: it asks more than the vault, pieces of goods or a wallet. `event` is what the
    timeline says of it (0: nothing but the delivery itself); `hold_reason` is kept when something
    is missing.
    """

    order_id: int
    payment_id: int | None = None
    event: int = 0
    hold_reason: str = "out_of_stock"
    actor: Actor = SYSTEM
    has_goods: bool = False


@dataclass(frozen=True, slots=True)
class Booked:
    """A receipt whose money now belongs to an order.

    `is_old`: it was stored by an earlier transaction; `waited`: and put on the suspense account;
    `is_part`: other receipts of the same payment wait there, which it makes whole.
    """

    receipt_id: int
    payment_id: int
    amount: Money
    is_old: bool = False
    waited: bool = False
    is_part: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """Counters that an order holds no longer once it is paid."""

    order_id: int
    counters: Sequence[Taken]


def deliver(
    merchant_id: int, due: Sequence[Due], booked: Sequence[Booked] = (), taken: Sequence[Held] = ()
) -> dict[int, OrderState]:
    """Give each order what it waits for, and say in which state that leaves it.

    Args:
        merchant_id: Whose orders, in the caller's transaction.
        due: The orders, each once.
        booked: Receipts to post, provider → advance.
        taken: Counters that the orders hold no longer.
    """
    todo = [order for order in due if not order.has_goods]
    states: dict[int, OrderState] = {}
    # Nearly always every card is still reserved; what comes out of the quick statement is done.
    is_plain = not any(receipt.is_old or receipt.is_part for receipt in booked)
    for text in (sql.DELIVER_QUICK, sql.DELIVER)[0 if is_plain else 1 :]:
        if todo:
            states |= deliver_by(text, merchant_id, todo, booked, taken)
            todo = [order for order in todo if order.order_id not in states]
    assert not todo
    more = [order for order in due if order.has_goods]
    deposits = deposits_among(merchant_id, [order.order_id for order in more]) if more else ()
    if deposits:
        paid = [order for order in more if order.order_id in deposits]
        fulfil(merchant_id, list(deposits))
        states |= deliver_by(sql.DELIVER_DEPOSITS, merchant_id, paid, booked, taken)
        credit(merchant_id, list(deposits))
    goods = [order for order in more if order.order_id not in deposits]
    if goods:
        owing = give_goods(merchant_id, [order.order_id for order in goods])
        states |= deliver_by(sql.DELIVER_GOODS, merchant_id, goods, booked, taken, owing)
    return states


def deliver_by(
    text: Statement,
    merchant_id: int,
    due: Sequence[Due],
    booked: Sequence[Booked],
    taken: Sequence[Held],
    owing: Mapping[int, Owing] | None = None,
) -> dict[int, OrderState]:
    """Run one form of the statement that delivers; return the states of those that it did."""
    owing = owing or {}
    found = rows(
        text,
        {
            "merchant": merchant_id,
            "due": table(
                {
                    "order_id": order.order_id,
                    "payment_id": order.payment_id,
                    "event": order.event,
                    "hold_reason": order.hold_reason,
                    "actor_kind": order.actor.kind,
                    "actor_label": order.actor.label,
                    **(asdict(owing[order.order_id]) if owing else {}),
                }
                for order in due
            ),
            "money": table(
                {
                    "receipt_id": receipt.receipt_id,
                    "payment_id": receipt.payment_id,
                    "amount_minor": receipt.amount.minor,
                    "currency": receipt.amount.currency,
                    "is_old": receipt.is_old,
                    "waited": receipt.waited,
                }
                for receipt in booked
            ),
            "counters": table(
                {"order_id": held.order_id, "key": key, "times": amount}
                for held in taken
                for key, amount in held.counters
            ),
        },
    )
    return {
        order_id: _state(units == delivered, owing.get(order_id, NOTHING))
        for order_id, units, delivered in found
    }


def _state(is_whole: bool, owing: Owing) -> OrderState:  # noqa: FBT001 - of this module alone
    if not is_whole:
        return OrderState.ON_HOLD
    return OrderState.PAID if owing.owed else OrderState.DELIVERED


def deliver_free(
    merchant_id: int,
    order_ids: Sequence[int],
    *,
    with_goods: Container[int] = (),
    event: int = Event.PAID,
) -> dict[int, OrderState]:
    """Deliver orders that cost nothing, in the transaction that placed them."""
    due = [Due(order_id, event=event, has_goods=order_id in with_goods) for order_id in order_ids]
    return deliver(merchant_id, due)


@retry_conflicts
def replenish(*, merchant_id: int, number: str, actor: Actor) -> OrderState:
    """Deliver what a paid order still waits for, now that there may be stock.

    Raises:
        UnknownOrder: There is no such order.
        NotNow: It does not wait for stock.
        UnderReview: A rule holds it until somebody has looked at it.
    """
    with acting_as(merchant_id):
        order = locked(merchant_id, number)
        if order.state != OrderState.ON_HOLD:
            raise NotNow
        if order.hold_reason == RISK_REVIEW:
            raise UnderReview
        due = Due(
            order.pk,
            event=Event.REPLENISHED,
            hold_reason=order.hold_reason,
            actor=actor,
            has_goods=order.has_goods,
        )
        note_staff(merchant_id, number, actor, "orders.replenish")
        state = deliver(merchant_id, [due])[order.pk]
        sync_order(merchant_id=merchant_id, order_id=order.pk, actor=actor)
        return state


def continue_waiting(*, merchant_id: int, sku_id: int, most: int = 200) -> int:
    """Deliver orders that wait for this SKU, now that stock came (O6).

    Those of the highest priority first (O9), then the oldest.

    Returns how many could be delivered whole. Ends when stock does.
    """
    with acting_as(merchant_id):
        waiting = rows(WAITING, {"merchant": merchant_id, "sku": sku_id, "most": most})
    delivered = 0
    for (number,) in waiting:
        try:
            state = replenish(merchant_id=merchant_id, number=number, actor=SYSTEM)
        except (NotNow, UnderReview):
            # Somebody else was quicker.
            continue
        if state == OrderState.ON_HOLD:
            break
        delivered += 1
    return delivered


def note_staff(merchant_id: int, number: str, actor: Actor, action: str, reason: str = "") -> None:
    """Write to the audit log what a person or a machine did to an order (I3).

    What buyers and the clock do is in the order's timeline.
    """
    if actor.kind not in ("buyer", "system"):
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action=action,
            object_kind="order",
            object_uid=number,
            reason=reason,
        )


def locked(merchant_id: int, number: str) -> Order:
    """Return an order locked for the rest of the transaction, or raise UnknownOrder."""
    order = (
        Order.objects.select_for_update(no_key=True)
        .filter(merchant_id=merchant_id, number=number)
        .first()
    )
    if order is None:
        raise UnknownOrder
    return order
