"""Giving a buyer another card for a faulty one (V3)."""

from dataclasses import dataclass
from typing import Any

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders import sql
from kacang.orders.errors import CardInUse, NoReplacement, NothingToReplace, NotNow
from kacang.orders.fulfilling.delivering import locked
from kacang.orders.models import Event, Line, Order, OrderState
from kacang.orders.statements import rows
from kacang.queue import enqueue
from kacang.vault import operations as vault
from kacang.vault import queries as cards
from kacang.vault.queries import CardState, UnitCard

# The buyer has paid, and is not getting the money back.
_STATES = frozenset(
    {
        OrderState.PAID,
        OrderState.FULFILLING,
        OrderState.SHIPPED,
        OrderState.DELIVERED,
        OrderState.COMPLETED,
        OrderState.ON_HOLD,
    }
)
# What a card may be that its buyer has no use of. Void: the supplier has called it back.
BROKEN = frozenset({CardState.FAULTY, CardState.VOID, CardState.EXPIRED})


@dataclass(frozen=True, slots=True)
class Replaced:
    """Whose card was replaced, and what the new one is called."""

    number: str
    unit_no: int
    card_uid: str
    order_id: int


@retry_conflicts
def replace_card(
    *, merchant_id: int, card_uid: str, actor: Actor, reason: str, number: str = ""
) -> Replaced:
    """Mark a delivered card as faulty and give its unit another one, in one transaction.

    The other one is claimed as a sale claims. What the faulty one cost was booked when it was
    sold and stays a cost; what the other one costs is booked as well. The buyer is told by mail
    and finds the new code where the old one was. A card that is faulty or void already is
    replaced too. Repeating it is refused: the card is the unit's no longer. With a `number` the
    card must be one of that order.

    Raises:
        UnknownCard: The name was made up.
        ReasonMissing: There is no reason.
        NothingToReplace: No unit has this card for itself now.
        CardInUse: It is activated or redeemed.
        NotNow: The order is unpaid, cancelled or refunded.
        NoReplacement: There is no other card. Nothing was changed.
    """
    with acting_as(merchant_id, hot=True):
        done = replace_here(
            merchant_id=merchant_id, card_uid=card_uid, actor=actor, reason=reason, number=number
        )
        tell_replaced(merchant_id, done.order_id, done.card_uid)
    return done


def replace_here(
    *, merchant_id: int, card_uid: str, actor: Actor, reason: str, number: str = ""
) -> Replaced:
    """Replace a card as `replace_card` does, in the caller's hot transaction; nobody is told.

    Raises:
        As `replace_card`. After NoReplacement the caller undoes what was done since.
    """
    order, line, held = taken_away(
        merchant_id=merchant_id, card_uid=card_uid, actor=actor, reason=reason, number=number
    )
    card_id = _give(order, line, held, actor, reason.strip())
    if line.claim:
        vault.hand_owed_on(
            merchant_id=merchant_id,
            card_uid=card_uid,
            line_id=line.pk,
            unit_no=held.unit_no,
        )
    new_uid = cards.uid_of(merchant_id=merchant_id, card_id=card_id)
    audit.record(
        merchant_id=merchant_id,
        actor=actor,
        action="orders.replace_card",
        object_kind="order",
        object_uid=order.number,
        before={"card": card_uid},
        after={"card": new_uid},
        reason=reason.strip(),
    )
    return Replaced(order.number, held.unit_no, new_uid, order.pk)


def taken_away(
    *, merchant_id: int, card_uid: str, actor: Actor, reason: str, number: str
) -> tuple[Order, Line, UnitCard]:
    """Mark as faulty the card that a unit has; return the unit, with the order locked.

    Must run inside the caller's transaction, which gives the unit another card.

    Raises:
        As `replace_card`, but for NoReplacement.
    """
    order, line, held = _locked_unit(merchant_id, card_uid)
    if number not in ("", order.number):
        raise NothingToReplace
    if order.state not in _STATES:
        raise NotNow
    (result,) = vault.mark_faulty(
        merchant_id=merchant_id, card_uids=[card_uid], actor=actor, reason=reason
    )
    if result.state not in BROKEN:
        raise CardInUse
    return order, line, held


def about_unit(
    order: Order, line: Line, held: UnitCard, event: Event, actor: Actor, reason: str
) -> dict[str, Any]:
    """Return what statements are told that give a unit another card."""
    return {
        "merchant": order.merchant_id,
        "order": order.pk,
        "line": line.pk,
        "line_no": line.line_no,
        "unit": held.unit_no,
        "event": int(event),
        "actor_kind": actor.kind,
        "actor": actor.label,
        "address": actor.address,
        "reason": reason,
    }


def tell_replaced(merchant_id: int, order_id: int, occasion: str) -> None:
    """Queue the mail to the buyer, in the caller's transaction; one for each occasion."""
    enqueue(
        "orders.tell_replaced",
        queue="mail",
        merchant_id=merchant_id,
        order_id=order_id,
        occasion=occasion,
    )


def _locked_unit(merchant_id: int, card_uid: str) -> tuple[Order, Line, UnitCard]:
    """Return who has the card, with the order locked."""
    seen = cards.unit_of_card(merchant_id=merchant_id, card_uid=card_uid)
    if seen is None:
        raise NothingToReplace
    line = Line.objects.select_related("order").get(merchant_id=merchant_id, id=seen.line_id)
    order = locked(merchant_id, line.order.number)
    # Of two who ask at once the second finds that the unit has got another card.
    held = cards.unit_of_card(merchant_id=merchant_id, card_uid=card_uid)
    if held is None:
        raise NothingToReplace
    return order, line, held


def _give(order: Order, line: Line, held: UnitCard, actor: Actor, reason: str) -> int:
    """Claim another card for the unit; return its id."""
    asked = about_unit(order, line, held, Event.REPLACED, actor, reason)
    found = rows(sql.REPLACE, asked)
    if not found and vault.outlast_writing(order.merchant_id):
        # The last cards may just have been under a new seal, and so been passed over.
        found = rows(sql.REPLACE, asked)
    if not found:
        raise NoReplacement
    card_id: int = found[0][0]
    return card_id
