"""To which orders the role of who asks reaches, said in a statement (I1, rule 16)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kacang.merchants.tenancy import current_reach
from kacang.orders.models import Channel

# Orders of the API have no entry in the index of channels, but one in that of keys: few for each
# merchant. Said so that the index is seen to fit.
_OF_CHANNEL = "o.channel = %({name})s::text and o.channel <> 'api'"
_OF_API = "o.channel = %({name})s::text"
_ANY_OF = """(o.assignee_id = any(%(any_members)s::bigint[])
    or o.store_id = any(%(any_stores)s::bigint[]) or o.channel = any(%(any_channels)s::text[]))"""
_OF_STORES = "o.store_id = any(%(reach_stores)s::bigint[])"


@dataclass(frozen=True, slots=True)
class Within:
    """The words of a reach by what they name: one of the three holds for an order within it."""

    members: Sequence[int]
    stores: Sequence[int]
    channels: Sequence[str]

    @property
    def is_mixed(self) -> bool:
        """Whether no single column says it."""
        return sum(map(bool, (self.members, self.stores, self.channels))) > 1


def reach_of(words: frozenset[str]) -> Within:
    """Read the words of `powers.Powers.reach`."""
    ids = {kind: sorted(_ids(words, kind)) for kind in ("m", "s")}
    channels = sorted(word for word in words if not word[1:].isdecimal())
    return Within(ids["m"], ids["s"], channels)


def _ids(words: frozenset[str], kind: str) -> list[int]:
    return [int(word[1:]) for word in words if word[:1] == kind and word[1:].isdecimal()]


def reached() -> tuple[str, dict[str, Any]]:
    """Return to which orders `o` the role of who asks reaches, "" for all, and its values.

    The policy on orders holds it anyway; said in the statement, an index finds them.
    """
    reach = current_reach()
    if reach is None:
        return "", {}
    within = reach_of(reach)
    if within.is_mixed:
        return _ANY_OF, {
            "any_members": within.members,
            "any_stores": within.stores,
            "any_channels": within.channels,
        }
    if within.members:
        return "o.assignee_id = %(reach_member)s::bigint", {"reach_member": within.members[0]}
    if len(within.channels) == 1:
        channel = within.channels[0]
        return of_channel("reach_channel", channel), {"reach_channel": channel}
    if within.channels:
        return "o.channel = any(%(reach_channels)s::text[])", {"reach_channels": within.channels}
    # Who works in no store sees no order.
    return _OF_STORES, {"reach_stores": within.stores or [0]}


def of_channel(name: str, channel: str) -> str:
    """Return the condition that an order `o` came by a channel, whose value is called `name`."""
    return (_OF_API if channel == Channel.API else _OF_CHANNEL).format(name=name)
