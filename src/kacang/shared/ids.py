"""Names that leave the house: opaque, random, impossible to guess or to count (rule 21)."""

import secrets
import string
from datetime import datetime
from functools import cache

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ALNUM = string.digits + string.ascii_letters


@cache
def _letters_of_bytes(alphabet: str) -> tuple[bytes, bytes]:
    """Return a letter for each byte, and the bytes that would favour the first letters."""
    base = len(alphabet)
    fair = 256 - 256 % base
    table = bytes(ord(alphabet[byte % base]) for byte in range(256))
    return table, bytes(range(fair, 256))


def _random_text(alphabet: str, length: int) -> str:
    # One call into the system's generator per name, not one per character.
    table, unfair = _letters_of_bytes(alphabet)
    letters = b""
    while len(letters) < length:
        letters += secrets.token_bytes(length + 8).translate(table, unfair)
    return letters[:length].decode()


def new_uid(prefix: str) -> str:
    """Return a public id such as "sku_8fK2…": 20 random letters and digits, 119 bits."""
    return f"{prefix}_{_random_text(_ALNUM, 20)}"


def new_order_number(local_time: datetime) -> str:
    """Return date + 10 random Crockford letters, e.g. 20261123K7Q4M2XR90. Not a secret."""
    return f"{local_time:%Y%m%d}{_random_text(CROCKFORD, 10)}"


def new_payment_number() -> str:
    """Return 26 random letters and digits, the number that a payment company is given."""
    return _random_text(_ALNUM, 26)


def new_token() -> str:
    """Return a 256-bit secret for a cookie or link. Only its hash is ever stored."""
    return secrets.token_urlsafe(32)
