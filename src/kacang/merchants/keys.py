"""A merchant's data keys: made once, wrapped under the master key, cached while in use (V4).

Two ciphers of one merchant differ in one thing only: which key seals. `cipher_for` is for opening
and for names that are made of keys; it may be a minute old. `sealing_cipher` is for writing: a
transaction that sealed under a key has ended before a rotation looks for what that key sealed.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from django.db import connection

from kacang.merchants.master import master_key, master_keys
from kacang.merchants.models import DataKey, KeyPurpose
from kacang.merchants.tenancy import acting_as
from kacang.shared import ciphers
from kacang.shared.ciphers import CannotOpen, MerchantCipher
from kacang.shared.clock import utc_now

CACHE_SECONDS = 60
# Transaction-level locks of this kind: shared by who seals, alone by who changes the key.
LOCK_CLASS = 0x6B6579 << 36
RESEALING = 0x736561 << 36
_NEWEST = """
select max(number) from data_key
where merchant_id = %s::bigint and purpose = %s::smallint
"""
_IN_USE = """
select count(*) from data_key
where merchant_id = %s::bigint and purpose = %s::smallint and retired_at is null
"""


@dataclass(frozen=True, slots=True)
class KeyView:
    """A data key as people see it: never the key itself."""

    number: int
    created_at: datetime
    retired_at: datetime | None
    is_newest: bool


class KeyRing(Mapping[int, bytes]):
    """A merchant's unwrapped keys by number. One that was made meanwhile is fetched when asked."""

    def __init__(self, merchant_id: int, keys: Mapping[int, bytes]) -> None:
        self._merchant_id = merchant_id
        self._keys = dict(keys)

    def __getitem__(self, number: int) -> bytes:
        if number not in self._keys:
            self._keys.update(_unwrapped(self._merchant_id, KeyPurpose.CIPHER))
        return self._keys[number]

    def __iter__(self) -> Iterator[int]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


_cache: dict[int, tuple[float, MerchantCipher]] = {}
_lock = Lock()


def make_keys(*, merchant_id: int) -> None:
    """Give a new merchant its first two data keys. Must run inside the caller's transaction."""
    assert connection.in_atomic_block
    for number, purpose in enumerate((KeyPurpose.FINGERPRINT, KeyPurpose.CIPHER), start=1):
        _make(merchant_id, number, purpose)


def cipher_for(merchant_id: int) -> MerchantCipher:
    """Return what opens for this merchant.

    Unwrapped keys stay in this process for a minute, so that a page costs no look-up; what a
    newer key sealed meanwhile opens all the same.

    Raises:
        NoMasterKey: There is no master key.
        CannotOpen: The master key is not the one that the keys were wrapped under.
    """
    kept = _cache.get(merchant_id)
    if kept and kept[0] > time.monotonic():
        return kept[1]
    return _loaded(merchant_id)


def sealing_cipher(merchant_id: int) -> MerchantCipher:
    """Return what seals for this merchant, with its newest key. Must run inside a transaction.

    The key stays the newest until the transaction ends: who would make another waits.

    Raises:
        NoMasterKey, CannotOpen: As `cipher_for`.
    """
    assert connection.in_atomic_block
    with connection.cursor() as cursor:
        # Two statements: the second one's snapshot must be taken after the lock.
        cursor.execute(
            "select pg_advisory_xact_lock_shared(%s::bigint)", [LOCK_CLASS | merchant_id]
        )
        cursor.execute(_NEWEST, [merchant_id, int(KeyPurpose.CIPHER)])
        (newest,) = cursor.fetchone()
    cipher = cipher_for(merchant_id)
    return cipher if cipher.newest == newest else _loaded(merchant_id)


def add_key(*, merchant_id: int) -> int:
    """Make a new data key, which seals from now on, and return its number.

    Must run inside the caller's transaction. Waits a second for those that are sealing.

    Raises:
        OperationalError: Somebody seals for longer than that, such as an import as a whole.
    """
    _lock_alone(merchant_id)
    last = DataKey.objects.filter(merchant_id=merchant_id).order_by("-number").first()
    number = (last.number if last else 0) + 1
    _make(merchant_id, number, KeyPurpose.CIPHER)
    return number


def lock_resealing(merchant_id: int) -> None:
    """Say that rows are sealed again until this transaction ends; they cannot be sold so long."""
    assert connection.in_atomic_block
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s::bigint)", [RESEALING | merchant_id])


def outlast_resealing(merchant_id: int, *, anyway: bool = False) -> bool:
    """Let rows that are just sealed again be done, and keep others from it until we are.

    Returns False, at the price of one look-up, when no change of the key is under way. `anyway`:
    another job writes rows again under the same lock.
    """
    assert connection.in_atomic_block
    with connection.cursor() as cursor:
        cursor.execute(_IN_USE, [merchant_id, int(KeyPurpose.CIPHER)])
        if cursor.fetchone()[0] < 2 and not anyway:  # noqa: PLR2004 - the newest and one before it
            return False
        cursor.execute("select pg_advisory_xact_lock_shared(%s::bigint)", [RESEALING | merchant_id])
    return True


def retire_keys(*, merchant_id: int, newest: int) -> int:
    """Mark the keys before `newest` as unused and return how many were. In a transaction."""
    assert connection.in_atomic_block
    return DataKey.objects.filter(
        merchant_id=merchant_id, purpose=KeyPurpose.CIPHER, number__lt=newest, retired_at=None
    ).update(retired_at=utc_now())


def data_keys(*, merchant_id: int) -> list[KeyView]:
    """Return the keys that seal or sealed, the newest first."""
    with acting_as(merchant_id):
        rows = list(
            DataKey.objects.filter(merchant_id=merchant_id, purpose=KeyPurpose.CIPHER).order_by(
                "-number"
            )
        )
    return [
        KeyView(row.number, row.created_at, row.retired_at, place == 0)
        for place, row in enumerate(rows)
    ]


def rewrap_keys(*, merchant_id: int) -> int:
    """Wrap a merchant's keys under the present master key; return how many were not.

    One transaction a merchant: killed at any point, what was done is done, and the rest opens
    under the previous master key until the next run.

    Raises:
        NoMasterKey, CannotOpen: A key opens under neither. Nothing was changed.
    """
    masters = master_keys()
    changed = 0
    with acting_as(merchant_id):
        rows = DataKey.objects.select_for_update(no_key=True).filter(merchant_id=merchant_id)
        for row in rows.order_by("number"):
            key, is_present = _unwrap(masters, bytes(row.wrapped))
            if not is_present:
                row.wrapped = ciphers.wrap(masters[0], key)
                row.save(update_fields=["wrapped"])
                changed += 1
    return changed


def keys_under_previous(*, merchant_id: int) -> int:
    """Return how many keys of a merchant are not under the present master key."""
    masters = master_keys()
    with acting_as(merchant_id):
        wrapped = list(
            DataKey.objects.filter(merchant_id=merchant_id).values_list("wrapped", flat=True)
        )
    return sum(not _unwrap(masters, bytes(one))[1] for one in wrapped)


def forget_keys() -> None:
    """Drop the unwrapped keys that this process holds."""
    with _lock:
        _cache.clear()


def _lock_alone(merchant_id: int) -> None:
    assert connection.in_atomic_block
    with connection.cursor() as cursor:
        # Who seals comes after us in the queue: wait shortly, then let them go first.
        cursor.execute("set local lock_timeout = '1s'")
        cursor.execute("select pg_advisory_xact_lock(%s::bigint)", [LOCK_CLASS | merchant_id])


def _make(merchant_id: int, number: int, purpose: KeyPurpose) -> None:
    DataKey.objects.create(
        merchant_id=merchant_id,
        number=number,
        purpose=purpose,
        wrapped=ciphers.wrap(master_key(), ciphers.new_key()),
    )


def _loaded(merchant_id: int) -> MerchantCipher:
    sealing = _unwrapped(merchant_id, KeyPurpose.CIPHER)
    printing = _unwrapped(merchant_id, KeyPurpose.FINGERPRINT)
    cipher = MerchantCipher(
        merchant_id=merchant_id,
        keys=KeyRing(merchant_id, sealing),
        newest=max(sealing),
        fingerprint_key=printing[max(printing)],
    )
    with _lock:
        _cache[merchant_id] = (time.monotonic() + CACHE_SECONDS, cipher)
    return cipher


def _unwrapped(merchant_id: int, purpose: KeyPurpose) -> dict[int, bytes]:
    masters = master_keys()
    with acting_as(merchant_id):
        rows = list(DataKey.objects.filter(merchant_id=merchant_id, purpose=purpose))
    return {row.number: _unwrap(masters, bytes(row.wrapped))[0] for row in rows}


def _unwrap(masters: tuple[bytes, ...], wrapped: bytes) -> tuple[bytes, bool]:
    """Return a key, and whether the first of the master keys opened it."""
    for place, master in enumerate(masters):
        try:
            return ciphers.unwrap(master, wrapped), place == 0
        except CannotOpen:
            continue
    raise CannotOpen
