"""What somebody may do, to whose orders, and what they never see: of a role, or of several (I1)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kacang.merchants.permissions import (
    CUSTOM,
    PERMISSIONS,
    WITHIN_REACH,
    Reach,
    permissions_of,
    preset_reach,
)


@dataclass(frozen=True, slots=True)
class Powers:
    """What a role gives to a member.

    `reach` None: to every order. Else the orders that one of these words names: `m12`, those
    given to the member with this id; `s3`, those of the store with this id; or a channel. `hidden`
    are details of buyers that stay masked.
    """

    permissions: frozenset[str]
    reach: frozenset[str] | None = None
    hidden: frozenset[str] = frozenset()

    def covers(self, wanted: "Powers") -> bool:
        """Whether somebody with these powers may give those: nobody gives what they lack."""
        return (
            self.reach is None
            and wanted.permissions <= self.permissions
            and self.hidden <= wanted.hidden
        )

    def __or__(self, other: "Powers") -> "Powers":
        """Return the powers of somebody who has both."""
        both = None if self.reach is None or other.reach is None else self.reach | other.reach
        return Powers(self.permissions | other.permissions, both, self.hidden & other.hidden)


ALL_POWERS = Powers(frozenset(PERMISSIONS))


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose own orders, and of which stores, a role means: a member, and where they work."""

    member_id: int = 0
    stores: Collection[int] = ()

    def words(self, reach: str, channels: Collection[str]) -> frozenset[str] | None:
        """Return the words of `Powers.reach` for one of `Reach`."""
        if reach == Reach.ALL:
            return None
        if reach == Reach.STORES:
            return frozenset(f"s{store}" for store in self.stores)
        return frozenset(channels if reach == Reach.CHANNELS else [f"m{self.member_id}"])


# A role by itself, whoever will have it.
ANYBODY = Holder()


def powers(*, role: str, custom: Mapping[str, Any] | None, holder: Holder = ANYBODY) -> Powers:
    """Return what a role gives to a member.

    Args:
        role: One of `Role`, or CUSTOM.
        custom: The custom role: `permissions`, `reach`, `channels`, `hidden`.
        holder: Whose own orders and stores a reach means.
    """
    if role != CUSTOM:
        words = holder.words(preset_reach(role), ())
        held = permissions_of(role)
        return Powers(held if words is None else held & WITHIN_REACH, words)
    assert custom is not None
    # A permission that a later version took away is nobody's.
    held = frozenset(custom["permissions"]) & frozenset(PERMISSIONS)
    hidden = frozenset(custom["hidden"])
    words = holder.words(custom["reach"], custom["channels"])
    return Powers(held if words is None else held & WITHIN_REACH, words, hidden)


def with_grants(own: Powers, grants: Iterable[Mapping[str, Any]], holder: Holder) -> Powers:
    """Add what somebody was given for a while: whole roles, or permissions within their reach."""
    singles: set[str] = set()
    total = own
    for one in grants:
        if one["permission"]:
            singles.add(one["permission"])
        elif one["preset"]:
            total |= powers(role=one["preset"], custom=None, holder=holder)
        else:
            total |= powers(role=CUSTOM, custom=one["custom"], holder=holder)
    singles &= set(PERMISSIONS)
    if total.reach is not None:
        singles &= WITHIN_REACH
    return total | Powers(frozenset(singles), total.reach, total.hidden)
