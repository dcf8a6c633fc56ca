"""What a deed of the random month is, and the list of them.

A deed is registered with the kinds of transfers that it is there for, and with what it is called.
A new kind of transfer is one more deed; `test_month` says which kinds no deed is there for.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import hypothesis.strategies as st

from kacang.ledger.accounts import TransferKind

T = TypeVar("T")


@dataclass(frozen=True)
class Deed:
    """Something that happens, the kinds of transfers that it is there for, and its arguments."""

    name: str
    do: Callable[..., None]
    books: frozenset[TransferKind]
    arguments: Mapping[str, st.SearchStrategy[Any]]


DEEDS: dict[str, Deed] = {}
draws = st.integers(0, 10_000)
counts = st.integers(1, 3)
providers = st.sampled_from(["sandbox", "bank_transfer", "wallet", "mypay"])


def deed(
    books: Collection[TransferKind] = (), **arguments: st.SearchStrategy[Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function as a deed, which is called with the shop and what is drawn."""

    def register(do: Callable[..., None]) -> Callable[..., None]:
        DEEDS[do.__name__] = Deed(do.__name__, do, frozenset(books), arguments)
        return do

    return register


def of(found: list[T], draw: int) -> T | None:
    """Return one of what there is, or None."""
    return found[draw % len(found)] if found else None
