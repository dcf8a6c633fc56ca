"""State machines as tables: which state may follow which."""

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

from kacang.shared.errors import Conflict

S = TypeVar("S", bound=Enum)


class WrongState(Conflict):
    """The step asked for does not follow from the present state."""

    code = "state.wrong"


def check(table: Mapping[S, frozenset[S]], *, now: S, to: S) -> None:
    """Raise WrongState unless `table` lets `to` follow `now`."""
    if to not in table[now]:
        raise WrongState(now=now.name.lower(), to=to.name.lower())
