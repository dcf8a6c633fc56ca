"""How risky an order looks: a sum of points, each for something that can be named (O9).

Plain on purpose: whoever looks at a held order sees every point and where it comes from. What a
risk service says is asked before an order is placed (Z1), and refuses there.
"""

from dataclasses import dataclass

from kacang.orders.reviewing.types import Factor

# How often it is so, from so many on, and what that is worth; the highest step counts.
STEPS: dict[str, tuple[tuple[int, int], ...]] = {
    "no_contact": ((1, 20),),
    "first_order": ((1, 10),),
    # Other orders of this contact in the hour before.
    "many_orders": ((2, 15), (5, 25), (10, 40)),
    # Other contacts that ordered from this device or network address in the hour before.
    "many_contacts": ((2, 20), (5, 40)),
    # Earlier orders of this contact of which money went back.
    "refunds": ((1, 15), (3, 30)),
    # Attempts to pay this order that failed.
    "failed_payments": ((2, 15), (5, 30)),
    # How many times what an order of the shop costs in the middle.
    "large_amount": ((5, 20), (10, 35)),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What was counted of an order and its buyer. `median` 0: the shop has sold too little yet."""

    has_contact: bool
    paid_orders: int
    recent: int
    contacts: int
    refunds: int
    failed: int
    amount: int
    median: int


def factors_of(seen: Seen) -> tuple[Factor, ...]:
    """Return what makes an order look risky, with its points."""
    counted = {
        "no_contact": 0 if seen.has_contact else 1,
        "first_order": 1 if seen.has_contact and not seen.paid_orders else 0,
        "many_orders": seen.recent,
        "many_contacts": seen.contacts,
        "refunds": seen.refunds,
        "failed_payments": seen.failed,
        "large_amount": seen.amount // seen.median if seen.median else 0,
    }
    found = []
    for name, value in counted.items():
        points = max((worth for least, worth in STEPS[name] if value >= least), default=0)
        if points:
            found.append(Factor(name, value, points))
    return tuple(found)
