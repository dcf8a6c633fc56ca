r"""Masks: what a buyer's answer must look like, in a language that cannot be made slow.

A mask is a row of places: `#` a digit, `A` a letter, `X` a letter or digit, `?` any character,
`\` before a character that stands for itself, and every other character stands for itself.
`{n}` or `{n,m}` behind a place repeats it. "#{5,12}" is a QQ number, "1#{10}" a mobile phone.

Matching walks a set of positions, so its time grows with mask × text, whatever they hold.
Regular expressions are not offered: a merchant's could stop the shop.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from kacang.shared.errors import Invalid

LENGTH_MAX = 100
REPEAT_MAX = 200
_PLACE = re.compile(r"(\\.|[^\\{}])(?:\{(\d{1,3})(?:,(\d{1,3}))?\})?", re.DOTALL)
_CLASSES = {"#": "[0-9]", "A": "[A-Za-z]", "X": "[A-Za-z0-9]", "?": "."}
# ASCII only: a digit of another script is not what a game server takes.
_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
_SYNTAX = frozenset("^$\\.*+?()[]{}|/")
_DIGITS = frozenset("0123456789")


class BadMask(Invalid):
    """A mask cannot be read."""

    code = "catalog.bad_mask"


@dataclass(frozen=True, slots=True)
class Place:
    """One place of a mask: a class (`#AX?`) or a character of its own, so many times."""

    kind: str
    literal: bool
    low: int
    high: int

    def takes(self, letter: str) -> bool:
        """Whether `letter` may stand here."""
        if self.literal:
            return letter == self.kind
        if self.kind == "?":
            return True
        return letter in _DIGITS if self.kind == "#" else self._takes_letter(letter)

    def _takes_letter(self, letter: str) -> bool:
        return letter in _LETTERS or (self.kind == "X" and letter in _DIGITS)


@lru_cache(maxsize=256)
def read_mask(mask: str) -> tuple[Place, ...]:
    """Return the places of `mask`.

    Raises:
        BadMask: Too long, a brace without a pair, or a repetition outside of 0–200.
    """
    if len(mask) > LENGTH_MAX:
        raise BadMask
    places: list[Place] = []
    at = 0
    while at < len(mask):
        found = _PLACE.match(mask, at)
        if not found:
            raise BadMask
        places.append(_place(found))
        at = found.end()
    return tuple(places)


def _place(found: re.Match[str]) -> Place:
    letter, low, high = found.groups()
    least = int(low) if low else 1
    most = int(high) if high else least
    if least > most or most > REPEAT_MAX:
        raise BadMask
    literal = len(letter) > 1 or letter not in _CLASSES
    return Place(letter[-1], literal, least, most)


def fits(mask: str, text: str) -> bool:
    """Whether the whole of `text` looks as `mask` says."""
    reached = {0}
    for place in read_mask(mask):
        reached = _after(place, text, reached)
    return len(text) in reached


def _after(place: Place, text: str, starts: set[int]) -> set[int]:
    reached = set(starts) if place.low == 0 else set()
    current = starts
    for count in range(1, place.high + 1):
        current = {at + 1 for at in current if at < len(text) and place.takes(text[at])}
        if count >= place.low:
            reached |= current
        if not current:
            break
    return reached


def html_pattern(mask: str) -> str:
    """Return the mask for the `pattern` attribute of a page's field."""
    parts = []
    for place in read_mask(mask):
        # Browsers refuse to read an escape that is not needed.
        escape = "\\" if place.kind in _SYNTAX else ""
        body = escape + place.kind if place.literal else _CLASSES[place.kind]
        repeat = f"{{{place.low},{place.high}}}" if (place.low, place.high) != (1, 1) else ""
        parts.append(body + repeat)
    return "".join(parts)
