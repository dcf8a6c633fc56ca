"""Card numbers that count up: a prefix, from, to, step, zeros in front, a check digit (V1).

They are no secret, since whoever knows one knows the next: what guards such a card is its code.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.db import connection
from django.db.models import Max, Min

from kacang.merchants.keys import cipher_for
from kacang.shared.errors import Conflict, Invalid
from kacang.vault.codes import open_number
from kacang.vault.making.patterns import check_digit, has_right_check
from kacang.vault.models import Batch, BatchState, Card

PREFIX_MAX = 40
WIDTH_MAX = 18
LAST_MAX = 10**WIDTH_MAX - 1
# Ids a statement looks at: far below the time that one may take.
WINDOW = 500_000
_MASKED_LEAST = 8
_CANDIDATES = """
select number, number_sealed, fingerprint from card
where merchant_id = %(merchant)s::bigint and id between %(from)s::bigint and %(to)s::bigint
  and (left(number, %(long)s::int) = %(prefix)s::text
       or (number_sealed is not null and left(number_mask, %(seen)s::int) = %(begin)s::text))
"""


class BadSerial(Invalid):
    """Numbers cannot count like this; `field` says what is wrong."""

    code = "vault.bad_serial"


class SecretNumbers(Conflict):
    """The SKU's numbers are secret: numbers that count up are none."""

    code = "vault.secret_numbers"


class NumbersTaken(Conflict):
    """`count` of the numbers are in the vault already. Nothing was made."""

    code = "vault.numbers_taken"


@dataclass(frozen=True, slots=True)
class SerialRange:
    """Numbers from `first` to `last`, each `step` more; `width` digits, or as many as it takes."""

    first: int
    last: int
    prefix: str = ""
    step: int = 1
    width: int = 0
    has_check: bool = False

    def checked(self, most: int) -> "SerialRange":
        """Return it, or raise BadSerial. `most`: how many numbers it may have."""
        prefix = self.prefix
        if len(prefix) > PREFIX_MAX or not prefix.isascii() or not prefix.isprintable():
            raise BadSerial(field="prefix")
        if " " in prefix:
            raise BadSerial(field="prefix")
        if not 0 <= self.first <= LAST_MAX:
            raise BadSerial(field="first")
        if not self.first <= self.last <= LAST_MAX:
            raise BadSerial(field="last")
        if not 1 <= self.step <= LAST_MAX:
            raise BadSerial(field="step")
        if not 0 <= self.width <= WIDTH_MAX or 0 < self.width < len(str(self.last)):
            raise BadSerial(field="width")
        if self.count > most:
            raise BadSerial(field="last", limit=most)
        return self

    @property
    def count(self) -> int:
        """How many numbers there are."""
        return (self.last - self.first) // self.step + 1

    def number(self, place: int) -> str:
        """Return the number at a place, the first one at 0."""
        body = f"{self.prefix}{self.first + place * self.step:0{self.width}d}"
        return body + check_digit(body) if self.has_check else body

    def numbers(self, start: int, count: int) -> list[str]:
        """Return so many numbers from a place on."""
        return [self.number(place) for place in range(start, start + count)]

    def has(self, number: str) -> bool:
        """Whether a number is one of these, written the same."""
        if self.has_check:
            if not has_right_check(number):
                return False
            number = number[:-1]
        digits = number.removeprefix(self.prefix)
        if not number.startswith(self.prefix) or not (digits.isascii() and digits.isdecimal()):
            return False
        if len(digits) > WIDTH_MAX or f"{int(digits):0{self.width}d}" != digits:
            return False
        return self.first <= int(digits) <= self.last and not (int(digits) - self.first) % self.step

    def stored(self) -> dict[str, Any]:
        """Return it as JSON, for the job and the batch."""
        return asdict(self)


def stored_range(raw: Mapping[str, Any]) -> SerialRange | None:
    """Undo `SerialRange.stored`; an empty one is none."""
    return SerialRange(**raw) if raw else None


def refuse_taken(merchant_id: int, wanted: SerialRange) -> None:
    """Refuse numbers that a card has, or that another job is making at the moment.

    Must run inside the caller's transaction, which holds the lock of bulk loads.

    Raises:
        NumbersTaken: As it says.
    """
    assert connection.in_atomic_block
    taken = sum(1 for number in _numbers_alike(merchant_id, wanted) if wanted.has(number))
    for other in _under_way(merchant_id):
        fewer, more = sorted((wanted, other), key=lambda one: one.count)
        taken += sum(1 for number in fewer.numbers(0, fewer.count) if more.has(number))
    if taken:
        raise NumbersTaken(count=min(taken, wanted.count))


def _under_way(merchant_id: int) -> list[SerialRange]:
    rows = Batch.objects.filter(
        merchant_id=merchant_id, state=BatchState.LOADING, source="generate"
    ).values_list("serial", flat=True)
    return [found for raw in rows if (found := stored_range(raw))]


def _numbers_alike(merchant_id: int, wanted: SerialRange) -> Iterator[str]:
    """Return the vault's numbers that begin as these do, secret ones opened."""
    cards = Card.objects.filter(merchant_id=merchant_id)
    ends = cards.aggregate(first=Min("id"), last=Max("id"))
    if ends["first"] is None:
        return
    cipher = cipher_for(merchant_id)
    begin = _shown(wanted)
    values: dict[str, Any] = {
        "merchant": merchant_id, "prefix": wanted.prefix, "long": len(wanted.prefix),
        "begin": begin, "seen": len(begin),
    }  # fmt: skip
    for start in range(ends["first"], ends["last"] + 1, WINDOW):
        with connection.cursor() as cursor:
            cursor.execute(_CANDIDATES, {**values, "from": start, "to": start + WINDOW - 1})
            for number, sealed, fingerprint in cursor.fetchall():
                if sealed is None:
                    yield number
                else:
                    yield open_number(cipher, sealed, bytes(fingerprint))


def _shown(wanted: SerialRange) -> str:
    """Return how the mask of every one of these begins: "88" of "88****88", as far as is sure."""
    shortest = len(wanted.number(0))
    return wanted.prefix[: 2 if shortest >= _MASKED_LEAST else 1 if shortest > 2 else 0]  # noqa: PLR2004 - see `loading.mask`
