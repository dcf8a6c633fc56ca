"""How a card's number ends, as a keyed print: cards are found by it, and it tells nobody (V4).

Beside the number, sealed or not, lies a fingerprint of its last four characters, under a key that
nothing else uses. Ten thousand ends of digits are soon tried by whoever has that key; without it,
equal ends are seen to be equal, and that is all.
"""

from kacang.shared.ciphers import MerchantCipher

TAIL_LENGTH = 4
_PURPOSE = "number tails"


def tail_of(text: str) -> str:
    """Return the last four characters of a number, white space left out; "" of a shorter one."""
    # Most numbers have no white space: they are not taken to pieces first.
    bare = text if text.isalnum() else "".join(text.split())
    return bare[-TAIL_LENGTH:] if len(bare) >= TAIL_LENGTH else ""


def tail_print(cipher: MerchantCipher, number: str | None) -> int | None:
    """Return the print of a number's end; None where there is nothing to be found by."""
    tail = tail_of(number) if number else ""
    return cipher.short_print(_PURPOSE, tail.encode()) if tail else None


def is_tail(text: str) -> bool:
    """Say whether this is as long as what cards are found by."""
    return len("".join(text.split())) == TAIL_LENGTH
