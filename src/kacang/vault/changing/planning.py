"""What each bulk change makes of a card, and which cards it leaves as they are (V3, V6, S3).

Reserved cards always stay: somebody is paying for them. What a buyer has is never taken away,
and what was ever sold never comes back on sale.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from kacang.catalog.queries import SkuView, StockMode
from kacang.shared.clock import utc_now
from kacang.shared.errors import Conflict, Invalid
from kacang.vault.changing.steps import HOLDING, Condition, LockedCard, may_become
from kacang.vault.imports.intake import YEAR_MAX, Purchase
from kacang.vault.models import CardState

DAYS_MAX = 3_650


class BadTerms(Invalid):
    """What a change needs to know is missing or impossible; `field` says what."""

    code = "vault.bad_terms"


class BatchesDiffer(Conflict):
    """Batches of one SKU can be merged, when they are wholly in stock."""

    code = "vault.batches_differ"


class Change(StrEnum):
    """What can be done to many cards."""

    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    VOID = "void"
    FAULTY = "faulty"
    RESTORE = "restore"
    EXTEND = "extend"
    POOL = "pool"
    OTHER_SKU = "sku"
    SPLIT = "split"
    MERGE = "merge"
    UNDO = "undo"


# What the audit log calls it when it is done: "cards.frozen", "batches.extended".
DONE = {
    Change.FREEZE: "frozen",
    Change.UNFREEZE: "available",
    Change.VOID: "void",
    Change.FAULTY: "faulty",
    Change.RESTORE: "available",
    Change.EXTEND: "extended",
    Change.POOL: "pooled",
    Change.OTHER_SKU: "moved",
    Change.SPLIT: "split",
    Change.MERGE: "merged",
    Change.UNDO: "undone",
}
# Their cards go from batch to batch.
REGROUPING = (Change.OTHER_SKU, Change.SPLIT, Change.MERGE, Change.UNDO)
# change → (from which states, to which)
STATE_STEPS: dict[Change, tuple[tuple[CardState, ...], CardState]] = {
    Change.FREEZE: ((CardState.AVAILABLE,), CardState.FROZEN),
    Change.UNFREEZE: ((CardState.FROZEN,), CardState.AVAILABLE),
    Change.VOID: ((CardState.AVAILABLE, CardState.FROZEN, CardState.FAULTY), CardState.VOID),
    Change.FAULTY: ((CardState.AVAILABLE, CardState.FROZEN), CardState.FAULTY),
    Change.RESTORE: ((CardState.FAULTY,), CardState.AVAILABLE),
}
_NOT_RESERVED = tuple(state for state in CardState if state != CardState.RESERVED)
EXTENDABLE = (*HOLDING, CardState.EXPIRED, CardState.SOLD, CardState.ACTIVATED)
# In which states a card may be changed at all, and whether only if it was never sold.
CHANGEABLE: dict[Change, tuple[tuple[CardState, ...], bool]] = {
    **{change: (states, True) for change, (states, _to) in STATE_STEPS.items()},
    Change.EXTEND: (EXTENDABLE, False),
    Change.POOL: (HOLDING, True),
    Change.OTHER_SKU: (HOLDING, True),
    Change.SPLIT: (HOLDING, True),
    Change.MERGE: (_NOT_RESERVED, False),
}


@dataclass(frozen=True, slots=True)
class Terms:
    """What a change needs to know beyond the cards.

    Args:
        until: EXTEND: the new last instant of validity.
        days: EXTEND, instead: by how many days each card is valid longer.
        pool_uid: POOL: where to; "common" is the pool that the shop sells from.
        sku_uid: OTHER_SKU: where to.
        batch_uid: MERGE: into which batch.
        purchase: SPLIT: supplier, purchase number and note of the new batch.
        most: SPLIT: how many cards, the first ones that are unsold; 0 takes all that are meant.
    """

    until: datetime | None = None
    days: int = 0
    pool_uid: str = ""
    sku_uid: str = ""
    batch_uid: str = ""
    purchase: Purchase = Purchase()  # noqa: RUF009 - frozen
    most: int = 0

    def checked(self, change: Change) -> "Terms":
        """Return them, or raise BadTerms or BadPurchase."""
        if change == Change.EXTEND:
            if (self.until is None) == (self.days == 0):
                raise BadTerms(field="until")
            if self.until is not None and not _is_to_come(self.until):
                raise BadTerms(field="until")
            if self.until is None and not 0 < self.days <= DAYS_MAX:
                raise BadTerms(field="days", limit=DAYS_MAX)
        if self.most < 0:
            raise BadTerms(field="most")
        self.purchase.checked()
        return self


def _is_to_come(when: datetime) -> bool:
    return when.tzinfo is not None and when.year < YEAR_MAX and when > utc_now()


@dataclass(frozen=True, slots=True)
class Plan:
    """Which cards to lock, and what becomes of each; None: it stays as it is."""

    states: tuple[CardState, ...]
    unsold: bool
    new: Callable[[LockedCard], Condition | None]


def plan_state(change: Change) -> Plan:
    """Freeze, put back, void, mark as faulty."""
    states, to = STATE_STEPS[change]
    return Plan(states, unsold=True, new=lambda card: replace(card.now, state=to))


def plan_extend(until: datetime | None, days: int) -> Plan:
    """Give cards more time, never less. One without an end stays without.

    An unsold card that has expired is on sale again when its new time is still to come.
    """
    now = utc_now()

    def new(card: LockedCard) -> Condition | None:
        old = card.now.expires_at
        later = until or (old + timedelta(days=days) if old else None)
        if old is None or later is None or later <= old or later.year >= YEAR_MAX:
            return None
        if card.now.state != CardState.EXPIRED:
            return replace(card.now, expires_at=later)
        if later <= now or not may_become(card, CardState.AVAILABLE):
            return None
        return replace(card.now, expires_at=later, state=CardState.AVAILABLE)

    return Plan(EXTENDABLE, unsold=False, new=new)


def plan_pool(pool_id: int) -> Plan:
    """Put unsold cards into another pool."""

    def new(card: LockedCard) -> Condition | None:
        return replace(card.now, pool_id=pool_id) if card.now.pool_id != pool_id else None

    return Plan(HOLDING, unsold=True, new=new)


def plan_sku(sku: SkuView, counterparts: Mapping[int, int]) -> Plan:
    """Put unsold cards under another SKU, in the batch that stands there for theirs."""

    def new(card: LockedCard) -> Condition | None:
        batch_id = counterparts.get(card.now.batch_id)
        # A number that is open here may be a secret there.
        fits = (
            card.is_loop == (sku.stock_mode == StockMode.LOOP)
            and not (card.has_open_number and sku.number_is_secret)
            and card.now.sku_id != sku.id
        )
        return replace(card.now, sku_id=sku.id, batch_id=batch_id) if fits and batch_id else None

    return Plan(HOLDING, unsold=True, new=new)


def plan_batch(batch_id: int, sku_id: int, *, unsold: bool) -> Plan:
    """Put cards of one SKU into another batch; sold ones too, where batches become one."""

    def new(card: LockedCard) -> Condition | None:
        fits = card.now.sku_id == sku_id and card.now.batch_id != batch_id
        return replace(card.now, batch_id=batch_id) if fits else None

    return Plan(HOLDING if unsold else _NOT_RESERVED, unsold=unsold, new=new)


def plan_undo(done: Mapping[int, tuple[Condition, Condition]]) -> Plan:
    """Make of each card what it was, if it still is what the job had made of it."""

    def new(card: LockedCard) -> Condition | None:
        if card.id not in done:
            return None
        before, after = done[card.id]
        fits = card.now == after and may_become(card, before.state, undoing=True)
        return before if fits else None

    return Plan(_NOT_RESERVED, unsold=False, new=new)


def condition_stored(condition: Condition) -> list[Any]:
    """Return a condition as JSON."""
    until = condition.expires_at
    return [
        int(condition.state), condition.sku_id, condition.pool_id, condition.batch_id,
        until.isoformat() if until else None,
    ]  # fmt: skip


def stored_condition(raw: list[Any]) -> Condition:
    """Undo `condition_stored`."""
    until = datetime.fromisoformat(raw[4]) if raw[4] else None
    return Condition(CardState(raw[0]), raw[1], raw[2], raw[3], until)
