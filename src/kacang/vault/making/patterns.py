r"""What generated codes look like (V1).

A pattern is a row of places: `X` a letter or digit without look-alikes, `#` a digit, `A` a letter
without look-alikes, `@` the check digit (once, last), `\` before a character that stands for
itself, and every other character stands for itself. `{n}` behind a place repeats it:
"KC-X{4}-X{4}-#{4}" is "KC-XXXX-XXXX-####".

The check digit is that of securities numbers (ISIN): letters count as 10 to 35, then Luhn. It
tells a typing mistake from a wrong code without a look into the vault.
"""

import math
import os
import re
from dataclasses import dataclass
from functools import lru_cache

from kacang.shared.errors import Invalid

DIGITS = "0123456789"
# Without 0 O 1 I L, and without U that reads as V: nobody mistypes one for another.
LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ"
MIXED = LETTERS + "23456789"
ALPHABETS = {"X": MIXED, "#": DIGITS, "A": LETTERS}
LENGTH_MAX = 64
PLACES_MAX = 64
# One guess in a million may hit when all codes of a job are out.
ODDS = 1_000_000
_PLACE = re.compile(r"(\\.|[^\\{}])(?:\{(\d{1,2})\})?")
_BYTES = 256


class BadPattern(Invalid):
    """A pattern cannot be read; `problem` says why."""

    code = "vault.bad_pattern"


class WeakPattern(Invalid):
    """Codes of this pattern could be guessed: make it longer. `needed` places would do."""

    code = "vault.weak_pattern"


@dataclass(frozen=True, slots=True)
class Pattern:
    """Places in order: an alphabet each, or a fixed text. `has_check` adds a check digit."""

    places: tuple[str, ...]
    fixed: tuple[bool, ...]
    has_check: bool

    @property
    def room(self) -> int:
        """How many different codes there are."""
        return math.prod(
            len(place) for place, fixed in zip(self.places, self.fixed, strict=True) if not fixed
        )

    @property
    def bits(self) -> float:
        """How hard a code is to guess, in bits."""
        return math.log2(self.room)

    @property
    def length(self) -> int:
        """How many characters a code has."""
        return len(self.places) + self.has_check


@lru_cache(maxsize=64)
def read_pattern(text: str) -> Pattern:
    """Return the places of a pattern.

    Raises:
        BadPattern: It is empty, too long, has a brace without a pair or a check digit that is
            not the last place.
    """
    places: list[str] = []
    fixed: list[bool] = []
    has_check, at = False, 0
    if len(text) > LENGTH_MAX:
        raise BadPattern(problem="long")
    while at < len(text):
        found = _PLACE.match(text, at)
        if not found or has_check:
            raise BadPattern(problem="check" if has_check else "braces")
        letter, times = found[1], int(found[2] or 1)
        if letter == "@":
            has_check = True
        else:
            _check_letter(letter)
            alphabet = ALPHABETS.get(letter)
            places += [alphabet or letter[-1]] * times
            fixed += [alphabet is None] * times
        at = found.end()
    if not places or all(fixed) or len(places) > PLACES_MAX:
        raise BadPattern(problem="long" if places and not all(fixed) else "nothing_random")
    return Pattern(tuple(places), tuple(fixed), has_check)


def _check_letter(letter: str) -> None:
    if not letter[-1].isascii() or not letter[-1].isprintable() or letter[-1] == " ":
        raise BadPattern(problem="characters")


def check_strength(pattern: Pattern, count: int, *, beside_number: bool = False) -> None:
    """Refuse a pattern of which `count` codes could be found by guessing.

    Args:
        pattern: What the codes look like.
        count: How many there will be.
        beside_number: They are passwords beside numbers: each is guessed for itself.

    Raises:
        WeakPattern: More than one guess in a million would hit.
    """
    needed = ODDS * (1 if beside_number else count)
    if pattern.room < needed:
        raise WeakPattern(room=pattern.room, needed=needed)


def make_codes(pattern: Pattern, count: int) -> list[str]:
    """Return `count` random codes, from the system's generator. Two may be equal by chance."""
    columns = [
        place * count if fixed else _letters(place, count)
        for place, fixed in zip(pattern.places, pattern.fixed, strict=True)
    ]
    codes = ["".join(letters) for letters in zip(*columns, strict=True)]
    return [code + check_digit(code) for code in codes] if pattern.has_check else codes


def check_digit(code: str) -> str:
    """Return the check digit of a code. Characters that are no letters or digits do not count."""
    digits = "".join(
        str(int(letter, 36)) for letter in code.upper() if letter.isascii() and letter.isalnum()
    )
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value // 10 + value % 10
    return str(-total % 10)


def has_right_check(code: str) -> bool:
    """Whether the last character is the check digit of what stands before it."""
    return len(code) > 1 and code[-1] == check_digit(code[:-1])


def _letters(alphabet: str, count: int) -> str:
    # Bytes beyond the largest multiple of the alphabet are dropped: each letter is as likely.
    fair = _BYTES - _BYTES % len(alphabet)
    dropped = bytes(range(fair, _BYTES))
    table = "".join(alphabet[value % len(alphabet)] for value in range(_BYTES)).encode()
    letters = b""
    while len(letters) < count:
        missing = count - len(letters)
        raw = os.urandom(missing + missing // 4 + 16)
        letters += raw.translate(table, dropped)[:missing]
    return letters.decode()
