"""What the shop decides about a case: one transaction, once, whoever is quicker (X1)."""

from collections.abc import Callable, Sequence
from typing import Any

from kacang.aftersales.errors import DecidedAlready, NothingToDecide, TextMissing
from kacang.aftersales.models import OPEN, Case, CaseEvent, CaseState, CaseUnit, Decision
from kacang.aftersales.rules import rules_of
from kacang.aftersales.talking import own
from kacang.aftersales.turning import locked, note, shut_units, tell, turn
from kacang.aftersales.types import Place, Verdict
from kacang.merchants.audit import Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders import operations as orders
from kacang.orders import queries as order_queries
from kacang.orders.cards.correcting import correct_here
from kacang.orders.cards.replacing import replace_here
from kacang.orders.refunding.queries import refundable_order
from kacang.orders.refunding.types import Cards, RefundStatus, RefundWay, RefundWish
from kacang.orders.shipping import operations as shipping
from kacang.shared.clock import utc_now
from kacang.shared.money import Money
from kacang.vault import queries as vault
from kacang.vault.queries import UnitCard

REASON_MAX = 300
# A role that gives nothing back alone: somebody else has to approve.
NOBODY = ""
# More delivered units than this no order has.
CARDS_MAX = 10_000


@retry_conflicts
def decide(
    *, merchant_id: int, uid: str, verdict: Verdict, actor: Actor, role: str, owner_uid: str
) -> CaseState:
    """Decide a case and do what is decided, all or nothing; the buyer is told by itself.

    A refund obeys the limits of `role`: what is more waits for somebody else's approval, and the
    case comes back to the desk when it is not given. To a buyer with many refunds the merchant may
    have every one approved by a second person.

    Raises:
        UnknownCase: There is no such case.
        TextMissing: There is no reason for the buyer, or a very long one.
        DecidedAlready: Somebody was quicker. Nothing was changed.
        NothingToDecide: No unit of it has what the decision is about.
        NoReplacement, CardInUse, NotNow: A card cannot be replaced. Nothing was changed.
        BadCode, CodeKnown, CannotCorrect: A code cannot be corrected so. Nothing was changed.
        NothingLeft, BadRefund, BadUnits, WayNotOffered: The money cannot go back so.
        NoGoodsLeft: There is not as much in stock as is to be sent again.
        UnknownCourier, BadTrackingNumber: With this number nothing can be sent.
    """
    reason = " ".join(verdict.reason.split())
    if not 0 < len(reason) <= REASON_MAX:
        raise TextMissing(limit=REASON_MAX)
    if verdict.parcel is not None and verdict.decision is not Decision.RESHIP:
        raise NothingToDecide
    rules = rules_of(merchant_id)
    # Another card is claimed as a sale claims.
    with acting_as(merchant_id, hot=verdict.decision is Decision.REPLACE):
        now = utc_now()
        case = locked(merchant_id, uid)
        if case.state not in OPEN:
            raise DecidedAlready(by=case.decided_by)
        case.decision = verdict.decision
        case.decided_at = now
        case.decided_by = actor.label[:120]
        case.reason = reason
        if case.answered_at is None:
            case.answered_at = now
        if not case.owner_uid:
            own(case, actor, owner_uid)
        if case.is_repeater and rules.repeats_by_two:
            role = NOBODY
        case.outcome = _DEEDS[verdict.decision](case, verdict, actor, role)
        turn(case, CaseState.DECIDED, rules, now)
        case.save()
        shut_units(case, is_open=False)
        note(
            case,
            CaseEvent.DECIDED,
            actor,
            now,
            decision=verdict.decision.name.lower(),
            reason=reason,
            **case.outcome,
        )
        tell(case, "tell_decided", now)
        return CaseState(case.state)


def _refund(case: Case, verdict: Verdict, actor: Actor, role: str) -> dict[str, Any]:
    number = _number(case)
    places = places_of_case(case)
    way = RefundWay.BY_HAND if verdict.by_hand else RefundWay.ORIGIN
    wish = RefundWish(
        amount=verdict.amount or _worth(case, number, places),
        reason=verdict.reason,
        units=tuple(places),
        cards=Cards.RETURN if verdict.take_back else Cards.KEEP,
        way=RefundWay.WALLET if verdict.to_wallet else way,
        request_uid=f"{case.uid}/{case.reopened}",
    )
    asked = orders.request_refund(
        merchant_id=case.merchant_id, number=number, wish=wish, actor=actor, role=role
    )
    case.amount_minor, case.currency = asked.amount.minor, asked.amount.currency
    waits = asked.state is RefundStatus.REQUESTED
    return {"refunds": list(asked.numbers), **({"waits": True} if waits else {})}


def _replace(case: Case, verdict: Verdict, actor: Actor, _role: str) -> dict[str, Any]:
    cards = cards_of_case(case)
    if not cards or any(card.is_loop for card in cards):
        raise NothingToDecide
    number = _number(case)
    done = [
        replace_here(
            merchant_id=case.merchant_id,
            card_uid=card.card_uid,
            actor=actor,
            reason=verdict.reason,
            number=number,
        )
        for card in cards
    ]
    return {"before": [card.card_uid for card in cards], "cards": [one.card_uid for one in done]}


def _repair(case: Case, verdict: Verdict, actor: Actor, _role: str) -> dict[str, Any]:
    meant = {one.card_uid: one for one in verdict.corrections}
    wrong = [card for card in cards_of_case(case) if card.card_uid in meant]
    if not wrong or len(wrong) != len(verdict.corrections):
        raise NothingToDecide
    number = _number(case)
    done = [
        correct_here(
            merchant_id=case.merchant_id,
            correction=meant[card.card_uid],
            actor=actor,
            reason=verdict.reason,
            number=number,
        )
        for card in wrong
    ]
    return {"before": [card.card_uid for card in wrong], "cards": [one.card_uid for one in done]}


def _reship(case: Case, verdict: Verdict, actor: Actor, _role: str) -> dict[str, Any]:
    what: dict[str, Any] = {
        "merchant_id": case.merchant_id,
        "number": _number(case),
        "places": places_of_case(case),
        "actor": actor,
        "reason": verdict.reason,
    }
    if verdict.parcel is None:
        return {"pieces": orders.hand_over_again(**what)}
    parcel = shipping.send_again(**what, wish=verdict.parcel)
    return {"pieces": len(parcel.places), "parcel": parcel.uid}


def _reject(_case: Case, _verdict: Verdict, _actor: Actor, _role: str) -> dict[str, Any]:
    return {}


_DEEDS: dict[Decision, Callable[[Case, Verdict, Actor, str], dict[str, Any]]] = {
    Decision.REFUND: _refund,
    Decision.REPLACE: _replace,
    Decision.RESHIP: _reship,
    Decision.REJECT: _reject,
    Decision.REPAIR: _repair,
}


def places_of_case(case: Case) -> list[Place]:
    """Return the units of a case, by line and unit."""
    rows = CaseUnit.objects.filter(merchant_id=case.merchant_id, case_id=case.pk)
    return list(rows.order_by("line_id", "unit_no").values_list("line_id", "unit_no"))


def cards_of_case(case: Case) -> list[UnitCard]:
    """Return the cards that the units of a case have got now, in order of line and unit."""
    places = set(places_of_case(case))
    found = vault.cards_of_units(
        merchant_id=case.merchant_id,
        line_ids=sorted({line_id for line_id, _ in places}),
        offset=0,
        limit=CARDS_MAX,
    )
    return [card for card in found if (card.line_id, card.unit_no) in places]


def _number(case: Case) -> str:
    found = order_queries.numbers_of(merchant_id=case.merchant_id, order_ids=[case.order_id])
    return found[case.order_id]


def _worth(case: Case, number: str, places: Sequence[Place]) -> Money:
    """Return what the units have cost; of very large orders somebody has to say how much."""
    can = refundable_order(merchant_id=case.merchant_id, number=number)
    worth = {(unit.line_id, unit.unit_no): unit.worth.minor for unit in can.units}
    if any(place not in worth for place in places):
        raise NothingToDecide
    minor = min(sum(worth[place] for place in places), can.left.minor)
    return Money(minor, can.left.currency)
