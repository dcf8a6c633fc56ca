"""Names that leave the house: opaque, random, impossible to guess or to count (rule 21)."""

import secrets
import string
from datetime import datetime

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ALNUM = string.digits + string.ascii_letters


def _random_text(alphabet: str, length: int) -> str:
    # One call into the system's generator per name, not one per character.
    bits = secrets.randbits(8 * length + 32)
    base = len(alphabet)
    letters = []
    for _ in range(length):
        bits, index = divmod(bits, base)
        letters.append(alphabet[index])
    return "".join(letters)


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
