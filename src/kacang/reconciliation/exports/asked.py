"""What is asked of an export of money (F1, F2)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from kacang.outbox.exporting import Contents
from kacang.shared.money import Money
from kacang.shared.periods import clock_text
from kacang.shared.sheets import Cell, Digits

# Words of states and kinds by number, as the faces say them.
Words = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Asked:
    """One export: of whom, what narrows it (as its list stores it), and how it is written.

    `mask` hides most of a customer's address: an export shows no more of it than its page.
    """

    merchant_id: int
    where: Mapping[str, Any]
    words: Words
    zone: ZoneInfo
    language: str
    mask: Callable[[str], str]

    def word(self, name: str, number: int) -> str:
        """Return what a state or kind is called."""
        return self.words.get(name, {}).get(str(int(number)), str(int(number)))

    def time(self, at: datetime | None) -> Cell:
        """Return an instant by the merchant's clock; "" for none."""
        return "" if at is None else clock_text(at, self.zone)


@dataclass(frozen=True, slots=True)
class Listing:
    """What can be exported.

    Args:
        formats: What kinds of file there are of it.
        contents: What is written.
        count: How many rows there are, for the progress; counted up to a limit.
        fixed: What narrows it, as it is now: days that move are put in as instants.
    """

    formats: tuple[str, ...]
    contents: Callable[[Asked], Contents]
    count: Callable[[Asked], int]
    fixed: Callable[[Asked], Mapping[str, Any]]


def amount(money: Money) -> Cell:
    """Return an amount with which a spreadsheet can reckon; its currency stands beside it."""
    return Digits(money.plain)
