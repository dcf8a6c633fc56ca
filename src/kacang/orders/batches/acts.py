"""What may be done with many orders at once, and with which of them (O4)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kacang.merchants.audit import Actor
from kacang.orders.buying.cancelling import cancel_order
from kacang.orders.changing import add_note, resend
from kacang.orders.errors import StillShort
from kacang.orders.fulfilling.delivering import replenish
from kacang.orders.fulfilling.handing import hand_over
from kacang.orders.models import OrderState
from kacang.orders.shipping.sending import confirm_arrival

_S = OrderState
_ALL = frozenset(OrderState)


class Act(StrEnum):
    """One thing that is done with each order of a batch."""

    DELIVER = "deliver"
    HAND_OVER = "hand_over"
    ARRIVE = "arrive"
    RESEND = "resend"
    NOTE = "note"
    CANCEL = "cancel"
    TAG = "tag"
    UNTAG = "untag"
    SHIP = "ship"
    UNSHIP = "unship"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is done with one order: `text` is the note, or the reason."""

    merchant_id: int
    number: str
    actor: Actor
    text: str


@dataclass(frozen=True, slots=True)
class Rule:
    """Which orders an act is for, as far as their rows tell, and who may do it.

    `text_max` is how long its text may be; 0: it takes none.
    """

    permission: str
    states: frozenset[OrderState]
    needs_goods: bool = False
    needs_email: bool = False
    text_max: int = 0
    needs_text: bool = False
    needs_tag: bool = False

    def fits(self, state: OrderState, *, has_goods: bool, has_email: bool) -> bool:
        """Whether an order of this kind can be done; what only its lines tell comes up later."""
        return (
            state in self.states
            and (has_goods or not self.needs_goods)
            and (has_email or not self.needs_email)
        )


RULES: Mapping[Act, Rule] = {
    Act.DELIVER: Rule("orders.deliver", frozenset({_S.ON_HOLD})),
    Act.HAND_OVER: Rule("orders.hand_over", frozenset({_S.PAID, _S.FULFILLING}), needs_goods=True),
    Act.ARRIVE: Rule("orders.ship", frozenset({_S.SHIPPED}), needs_goods=True),
    Act.RESEND: Rule("orders.deliver", frozenset({_S.DELIVERED, _S.COMPLETED}), needs_email=True),
    Act.NOTE: Rule("orders.note", _ALL, text_max=500, needs_text=True),
    Act.CANCEL: Rule("orders.cancel", frozenset({_S.PENDING}), text_max=200),
    Act.TAG: Rule("orders.note", _ALL, needs_tag=True),
    Act.UNTAG: Rule("orders.note", _ALL, needs_tag=True),
    Act.SHIP: Rule("orders.ship", frozenset({_S.PAID, _S.FULFILLING}), needs_goods=True),
    Act.UNSHIP: Rule("orders.ship", frozenset({_S.SHIPPED, _S.FULFILLING}), needs_goods=True),
}


def _deliver(wish: Wish) -> None:
    state = replenish(merchant_id=wish.merchant_id, number=wish.number, actor=wish.actor)
    if state is OrderState.ON_HOLD:
        raise StillShort


def _hand_over(wish: Wish) -> None:
    hand_over(merchant_id=wish.merchant_id, number=wish.number, actor=wish.actor)


def _arrive(wish: Wish) -> None:
    confirm_arrival(merchant_id=wish.merchant_id, number=wish.number, actor=wish.actor)


def _resend(wish: Wish) -> None:
    resend(merchant_id=wish.merchant_id, number=wish.number, actor=wish.actor)


def _note(wish: Wish) -> None:
    add_note(merchant_id=wish.merchant_id, number=wish.number, text=wish.text, actor=wish.actor)


def _cancel(wish: Wish) -> None:
    cancel_order(
        merchant_id=wish.merchant_id, number=wish.number, actor=wish.actor, reason=wish.text
    )


# What is done order by order; tags are put on and parcels sent many at once.
DEEDS: Mapping[Act, Callable[[Wish], Any]] = {
    Act.DELIVER: _deliver,
    Act.HAND_OVER: _hand_over,
    Act.ARRIVE: _arrive,
    Act.RESEND: _resend,
    Act.NOTE: _note,
    Act.CANCEL: _cancel,
}
