"""A merchant's data keys: made once, wrapped under the master key, cached while in use (V4)."""

import time
from threading import Lock

from django.conf import settings
from django.db import connection

from kacang.merchants.models import DataKey, KeyPurpose
from kacang.merchants.tenancy import acting_as
from kacang.shared import ciphers
from kacang.shared.ciphers import MerchantCipher
from kacang.shared.errors import Unavailable

CACHE_SECONDS = 60


class NoMasterKey(Unavailable):
    """The installation was started without its master key."""

    code = "secrets.no_master_key"


_cache: dict[int, tuple[float, MerchantCipher]] = {}
_lock = Lock()


def master_key() -> bytes:
    """Return the installation's master key, 32 bytes.

    Raises:
        NoMasterKey: It is missing, or not 64 hexadecimal digits.
    """
    try:
        key = bytes.fromhex(settings.MASTER_KEY)
    except ValueError:
        raise NoMasterKey from None
    if len(key) != ciphers.KEY_BYTES:
        raise NoMasterKey
    return key


def make_keys(*, merchant_id: int) -> None:
    """Give a new merchant its first two data keys. Must run inside the caller's transaction."""
    assert connection.in_atomic_block
    master = master_key()
    for number, purpose in enumerate((KeyPurpose.FINGERPRINT, KeyPurpose.CIPHER), start=1):
        DataKey.objects.create(
            merchant_id=merchant_id,
            number=number,
            purpose=purpose,
            wrapped=ciphers.wrap(master, ciphers.new_key()),
        )


def cipher_for(merchant_id: int) -> MerchantCipher:
    """Return what seals and opens for this merchant.

    Unwrapped keys stay in this process for a minute, so that a page costs no look-up; a rotated
    key is used for new secrets within that time, and old ones open for ever.

    Raises:
        NoMasterKey: There is no master key.
        CannotOpen: The master key is not the one that the keys were wrapped under.
    """
    kept = _cache.get(merchant_id)
    if kept and kept[0] > time.monotonic():
        return kept[1]
    cipher = _load(merchant_id)
    with _lock:
        _cache[merchant_id] = (time.monotonic() + CACHE_SECONDS, cipher)
    return cipher


def forget_keys() -> None:
    """Drop the unwrapped keys that this process holds."""
    with _lock:
        _cache.clear()


def _load(merchant_id: int) -> MerchantCipher:
    master = master_key()
    with acting_as(merchant_id):
        rows = list(DataKey.objects.filter(merchant_id=merchant_id).order_by("number"))
    keys = {row.number: ciphers.unwrap(master, bytes(row.wrapped)) for row in rows}
    sealing = [row.number for row in rows if row.purpose == KeyPurpose.CIPHER]
    printing = [row.number for row in rows if row.purpose == KeyPurpose.FINGERPRINT]
    return MerchantCipher(
        merchant_id=merchant_id,
        keys={number: keys[number] for number in sealing},
        newest=sealing[-1],
        fingerprint_key=keys[printing[-1]],
    )
