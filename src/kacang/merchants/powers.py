"""What somebody may do, to whose orders, and what they never see: of a role, or of several (I1)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kacang.merchants.permissions import CUSTOM, PERMISSIONS, WITHIN_REACH, Reach, permissions_of


@dataclass(frozen=True, slots=True)
class Powers:
    """What a role gives to a member.

    `reach` None: to every order. Else the orders that one of these words names: `m12`, those
    given to the member with this id, or a channel. `hidden` are details of buyers that stay
    masked.
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


def powers(*, role: str, custom: Mapping[str, Any] | None, member_id: int) -> Powers:
    """Return what a role gives to a member.

    Args:
        role: One of `Role`, or CUSTOM.
        custom: The custom role: `permissions`, `reach`, `channels`, `hidden`.
        member_id: Whose own orders a reach of OWN means.
    """
    if role != CUSTOM:
        return Powers(permissions_of(role))
    assert custom is not None
    # A permission that a later version took away is nobody's.
    held = frozenset(custom["permissions"]) & frozenset(PERMISSIONS)
    hidden = frozenset(custom["hidden"])
    if custom["reach"] == Reach.ALL:
        return Powers(held, None, hidden)
    words = custom["channels"] if custom["reach"] == Reach.CHANNELS else [f"m{member_id}"]
    return Powers(held & WITHIN_REACH, frozenset(words), hidden)


def with_grants(own: Powers, grants: Iterable[Mapping[str, Any]], member_id: int) -> Powers:
    """Add what somebody was given for a while: whole roles, or permissions within their reach."""
    singles: set[str] = set()
    total = own
    for one in grants:
        if one["permission"]:
            singles.add(one["permission"])
        elif one["preset"]:
            total |= powers(role=one["preset"], custom=None, member_id=member_id)
        else:
            total |= powers(role=CUSTOM, custom=one["custom"], member_id=member_id)
    singles &= set(PERMISSIONS)
    if total.reach is not None:
        singles &= WITHIN_REACH
    return total | Powers(frozenset(singles), total.reach, total.hidden)
