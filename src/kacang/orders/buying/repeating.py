"""Orders that are placed under an idempotency key, together with others (rule 15).

The keys are claimed first and kept with their answers, all in the transaction of the orders.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kacang.orders.types import PlacedOrder
from kacang.outbox import idempotency
from kacang.outbox.idempotency import Answer, Slot
from kacang.shared.errors import Conflict, DomainError


class KeyTaken(Conflict):
    """Not to be decided beside others: the key is somebody's already, or the order was refused."""

    code = "orders.key_taken"


@dataclass(frozen=True, slots=True)
class Repeat:
    """The place of a key, and what will be answered under it when the order is placed.

    `answer_of` must not ask anything outside of the database: it runs in the transaction.
    """

    slot: Slot
    answer_of: Callable[[PlacedOrder], Answer]


def claim(merchant_id: int, repeats: Sequence[Repeat | None]) -> set[int]:
    """Claim the keys; return the positions whose key was taken already."""
    keyed = [(at, repeat.slot) for at, repeat in enumerate(repeats) if repeat is not None]
    if not keyed:
        return set()
    claimed = idempotency.claim_many(merchant_id, [slot for _, slot in keyed])
    return {at for number, (at, _) in enumerate(keyed) if number not in claimed}


def keep(
    merchant_id: int,
    repeats: Sequence[Repeat | None],
    outcomes: Sequence[PlacedOrder | DomainError],
) -> None:
    """Store the answers of placed orders; keys of refused ones are free again."""
    answers, idle = [], []
    for repeat, outcome in zip(repeats, outcomes, strict=False):
        if repeat is None or isinstance(outcome, KeyTaken):
            continue
        if isinstance(outcome, PlacedOrder):
            answers.append((repeat.slot, repeat.answer_of(outcome)))
        else:
            idle.append(repeat.slot)
    idempotency.store_many(merchant_id, answers)
    idempotency.forget_many(merchant_id, idle)
