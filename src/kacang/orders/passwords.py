"""The password of an order: slow to try, whoever has the table (rule 22).

What was brought over from another system is hashed fast at first, under a key of the merchant's:
without the key nobody can try passwords at all, and hashing a hundred thousand of them slowly
would keep a machine busy for a day. The first time that such a password opens its order it gets
a slow hash as all others have.
"""

from django.contrib.auth.hashers import Argon2PasswordHasher

from kacang.merchants.keys import cipher_for
from kacang.orders.models import Order
from kacang.shared.ciphers import MerchantCipher, same

LENGTH_MAX = 64
_MOVED = "moved$"


class OrderHasher(Argon2PasswordHasher):
    """Argon2id at the least that OWASP's cheat sheet on storing passwords asks for.

    An account's hash costs a quarter of a second of the processor: in a flash sale, with a
    password for each order, that would be all that a machine does. This one costs a tenth.
    """

    time_cost = 2
    memory_cost = 19_456  # KiB
    parallelism = 1


_HASHER = OrderHasher()


def hash_password(password: str) -> str:
    """Return the slow hash of a password."""
    return _HASHER.encode(password[:LENGTH_MAX], _HASHER.salt())


def moved_hash(cipher: MerchantCipher, number: str, password: str) -> str:
    """Return the keyed hash of a password that came with an order of another system."""
    exact = password[:LENGTH_MAX].encode("utf-8", "surrogatepass")
    return _MOVED + cipher.fingerprint(b"order password", number.encode(), exact).hex()


def password_fits(order: Order, password: str) -> bool:
    """Say whether a password is the order's; as slowly for a wrong one as for the right one.

    Must run inside the caller's transaction: a moved order's hash is changed when it fits.
    """
    if not password:
        return False
    if not order.password_hash:
        hash_password(password)
        return False
    if not order.password_hash.startswith(_MOVED):
        return _HASHER.verify(password[:LENGTH_MAX], order.password_hash)
    slow = hash_password(password)
    expected = moved_hash(cipher_for(order.merchant_id), order.number, password)
    if not same(expected.encode(), order.password_hash.encode()):
        return False
    Order.objects.filter(merchant_id=order.merchant_id, id=order.pk).update(password_hash=slow)
    return True
