"""What rules came to for one order, as its page shows it (O9)."""

from collections.abc import Sequence
from dataclasses import dataclass

from kacang.customers import queries as customers
from kacang.orders.reviewing import queries
from kacang.orders.reviewing.queries import HitView, ReviewState, ReviewView, Verdict
from kacang.orders.types import OrderState, OrderView
from kacang.payments import queries as payments
from kacang.web.console.desk import Desk
from kacang.web.console.reviewing.words import (
    DEED_TONES,
    DEEDS,
    SHORT,
    STATE_TONES,
    STATES,
    TONES,
    Called,
    factors_of,
    facts_of,
    reasons_of,
)
from kacang.web.design.companies import company_name

HELD = "risk_review"
_BACK = frozenset({OrderState.REFUNDING, OrderState.REFUNDED})


@dataclass(frozen=True, slots=True)
class Shown:
    """A decision in words, and what this person may do about it."""

    review: ReviewView
    tone: str
    verdict: str
    state_tone: str
    state: str
    facts: Sequence[tuple[str, str]]
    factors: Sequence[tuple[str, int | None, int]]
    # Each rule that had a part, with what it looked at and what the order had of it.
    hits: Sequence[tuple[HitView, Sequence[tuple[str, str]]]]
    # What becomes of it where nobody decides; "": it waits.
    deed: str
    deed_tone: str
    is_mine: bool
    is_held: bool
    can_approve: bool
    can_reject: bool
    can_see_rules: bool


def shown(desk: Desk, order: OrderView) -> Shown | None:
    """Return what rules came to for an order; None: none fitted it."""
    found = queries.reviews_of(merchant_id=desk.merchant_id, order_ids=[order.id])
    if order.id not in found:
        return None
    review = found[order.id]
    called = called_of(desk)
    is_held = order.state is OrderState.ON_HOLD and order.hold_reason == HELD
    may = "orders.review" in desk.permissions and _is_open(review, order, is_held=is_held)
    return Shown(
        review=review,
        tone=TONES[review.verdict],
        verdict=str(SHORT[review.verdict]),
        state_tone=STATE_TONES[review.state],
        state=str(STATES[review.state]),
        facts=facts_of(review.facts, called),
        factors=factors_of(review.facts),
        hits=[(hit, reasons_of(hit.conditions, review.facts, called)) for hit in review.hits],
        deed=str(DEEDS[review.deed]) if review.limit_at else "",
        deed_tone=DEED_TONES.get(review.deed, "grey"),
        is_mine=review.first_id is not None and review.first_id == desk.actor.id,
        is_held=is_held,
        can_approve=may,
        can_reject=may and "refunds.request" in desk.permissions,
        can_see_rules="orders.rules" in desk.permissions,
    )


def called_of(desk: Desk) -> Called:
    """Return what levels and payment accounts are called."""
    levels = {one.rank: one.name for one in customers.levels(merchant_id=desk.merchant_id)}
    accounts = {
        one.uid: f"{one.name} · {company_name(one.provider)}"
        for one in payments.accounts(merchant_id=desk.merchant_id)
    }
    return Called(desk.currency, levels, accounts)


def _is_open(review: ReviewView, order: OrderView, *, is_held: bool) -> bool:
    if review.state is ReviewState.OPEN:
        return order.state not in _BACK and (is_held or review.verdict is Verdict.DUAL)
    # One whose refund was refused is decided again; the operation looks at that.
    return review.state is ReviewState.REJECTED and is_held
