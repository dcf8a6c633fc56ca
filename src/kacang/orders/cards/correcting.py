"""Giving a buyer the right code of a card that the supplier delivered with a wrong one (X1)."""

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.orders import sql
from kacang.orders.cards.replacing import Replaced, about_unit, taken_away
from kacang.orders.models import Event
from kacang.orders.statements import rows
from kacang.vault import operations as vault
from kacang.vault import queries as cards
from kacang.vault.operations import CannotCorrect, Correction


def correct_here(
    *, merchant_id: int, correction: Correction, actor: Actor, reason: str, number: str = ""
) -> Replaced:
    """Give the unit that has a wrong card the corrected one, in the caller's transaction.

    The wrong card becomes faulty and is no longer shown to anybody as valid; the corrected one is
    a card of its own, from the same supplier, which cost nothing more. Nobody is told. Repeating
    it is refused: the wrong card is the unit's no longer.

    Raises:
        UnknownCard: The name was made up.
        ReasonMissing: There is no reason.
        NothingToReplace: No unit has this card for itself now, or it is another order's.
        CardInUse: It is activated or redeemed.
        NotNow: The order is unpaid, cancelled or refunded.
        CannotCorrect: It is a file, shared, or a code that the shop itself redeems.
        BadCode, CodeKnown: The corrected code is none, or is in the vault already.
    """
    order, line, held = taken_away(
        merchant_id=merchant_id,
        card_uid=correction.card_uid,
        actor=actor,
        reason=reason,
        number=number,
    )
    if line.claim:
        raise CannotCorrect
    card_id = vault.load_correction(merchant_id=merchant_id, correction=correction, actor=actor)
    given = rows(
        sql.CORRECT,
        {
            **about_unit(order, line, held, Event.CORRECTED, actor, reason.strip()),
            "card": card_id,
        },
    )
    assert given, "the unit is locked and the card is new"
    new_uid = cards.uid_of(merchant_id=merchant_id, card_id=card_id)
    audit.record(
        merchant_id=merchant_id,
        actor=actor,
        action="orders.correct_card",
        object_kind="order",
        object_uid=order.number,
        before={"card": correction.card_uid},
        after={"card": new_uid},
        reason=reason.strip(),
    )
    return Replaced(order.number, held.unit_no, new_uid, order.pk)
