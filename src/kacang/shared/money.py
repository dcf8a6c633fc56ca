"""Money as a whole number of minor units. There is no float and no Decimal anywhere else."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from kacang.shared.errors import Invalid

# Digits behind the point. Every currency that a payment, price or ledger row may name (rule 13).
EXPONENTS = {
    "CNY": 2,
    "HKD": 2,
    "TWD": 2,
    "USD": 2,
    "EUR": 2,
    "GBP": 2,
    "SGD": 2,
    "MYR": 2,
    "JPY": 0,
    "KRW": 0,
    "USDT": 6,
    "USDC": 6,
    "BTC": 8,
}
SYMBOLS = {
    "CNY": "¥",
    "USD": "$",
    "EUR": "€",
    "GBP": "£",
    "HKD": "HK$",
    "TWD": "NT$",
    "JPY": "JP¥",
    "KRW": "₩",
    "SGD": "S$",
    "MYR": "RM",
    "USDT": "USDT ",
    "USDC": "USDC ",
    "BTC": "₿",
}
MINOR_MAX = 10**15


class BadAmount(Invalid):
    """The text is not an amount of this currency."""

    code = "money.bad_amount"


class UnknownCurrency(Invalid):
    """No exponent is known for this currency."""

    code = "money.unknown_currency"


def exponent(currency: str) -> int:
    """Return the number of digits behind the point, or raise UnknownCurrency."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise UnknownCurrency(currency=currency[:8]) from None


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in the minor unit of one currency: Money(1999) is CNY 19.99."""

    minor: int
    currency: str = "CNY"

    @classmethod
    def parse(cls, text: str, currency: str = "CNY") -> "Money":
        """Read what a person types: "1,299.5" is Money(129950).

        Raises:
            BadAmount: Not a number, negative, too many digits, or too large.
        """
        try:
            value = Decimal(text.strip().replace(",", "").lstrip("¥￥$"))
            minor = value.scaleb(exponent(currency))
            whole = int(minor)
        except (InvalidOperation, ValueError, OverflowError):
            raise BadAmount(text=text[:32]) from None
        if whole != minor or not 0 <= whole <= MINOR_MAX:
            raise BadAmount(text=text[:32])
        return cls(whole, currency)

    @property
    def plain(self) -> str:
        """The amount as digits with a point and no symbol: "19.99"."""
        digits = exponent(self.currency)
        sign = "-" if self.minor < 0 else ""
        whole, rest = divmod(abs(self.minor), 10**digits)
        return f"{sign}{whole}.{rest:0{digits}d}" if digits else f"{sign}{whole}"

    def __str__(self) -> str:
        """The amount as people read it: "¥1,234.50", with U+2212 for minus."""
        digits = exponent(self.currency)
        sign = "−" if self.minor < 0 else ""
        whole, rest = divmod(abs(self.minor), 10**digits)
        tail = f".{rest:0{digits}d}" if digits else ""
        return f"{sign}{SYMBOLS[self.currency]}{whole:,}{tail}"

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other), self.currency)

    def __mul__(self, count: int) -> "Money":
        return Money(self.minor * count, self.currency)

    def split(self, shares: Sequence[int]) -> list["Money"]:
        """Divide by `shares` without gaining or losing a unit.

        Units left over go to the largest remainders, the earliest first among equals, so every
        part is within one unit of exact and the same input always gives the same output.
        """
        total = sum(shares)
        if total <= 0 or min(shares) < 0:
            raise ValueError("shares must be non-negative and not all zero")
        parts = [self.minor * share // total for share in shares]
        remainders = [self.minor * share % total for share in shares]
        by_remainder = sorted(range(len(shares)), key=lambda index: -remainders[index])
        for index in by_remainder[: self.minor - sum(parts)]:
            parts[index] += 1
        return [Money(part, self.currency) for part in parts]

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise ValueError(f"cannot mix {self.currency} and {other.currency}")
        return other.minor
