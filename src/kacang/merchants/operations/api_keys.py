"""API keys: made once, shown once, kept as hashes (J1)."""

import hashlib
import secrets
import string
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from threading import Lock

from django.db import connection, transaction
from django.db.models import Q

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.models import ApiKey, Merchant, MerchantKind
from kacang.merchants.permissions import SCOPES
from kacang.merchants.tenancy import acting_as
from kacang.shared.clock import utc_now
from kacang.shared.errors import Invalid, NotFound, Refused
from kacang.shared.ids import new_uid

LETTERS = string.ascii_letters + string.digits
KEY_LENGTH = 40
HINT_LETTERS = 4
NAME_LENGTH_MAX = 80
# A key that was revoked in another process works here for at most this long.
CACHE_SECONDS = 3
# Within so long of the end, one caller looks it up anew, and the others need not wait for that.
RENEW_SECONDS = 1
CACHE_ENTRIES = 10_000
SEEN_EVERY = timedelta(minutes=1)


class KeyRefused(Refused):
    """The key does not open anything here. Whether it exists is not told."""

    code = "keys.refused"


class KeyScope(Refused):
    """The key lacks a scope."""

    code = "keys.scope"


class UnknownKey(NotFound):
    """This merchant has no key with this id."""

    code = "keys.unknown"


class BadScope(Invalid):
    """There is no such scope, or none was named."""

    code = "keys.bad_scope"


class BadAddress(Invalid):
    """This is not an address or network."""

    code = "keys.bad_address"


class BadName(Invalid):
    """A key needs a name by which people tell it apart."""

    code = "keys.bad_name"


class BadExpiry(Invalid):
    """The expiry is not in the future."""

    code = "keys.bad_expiry"


@dataclass(frozen=True, slots=True)
class KeyDraft:
    """What a new key shall be. `scopes` may be ("all",); no `addresses` means everywhere."""

    name: str
    scopes: tuple[str, ...]
    addresses: tuple[str, ...] = ()
    expires_at: datetime | None = None
    rate_per_minute: int = 0


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made. `key` is shown now and never again."""

    uid: str
    hint: str
    key: str


@dataclass(frozen=True, slots=True)
class KeyIdentity:
    """Whose key a request carries. `rate_per_minute` 0 means the installation's own limit."""

    id: int
    merchant_id: int
    merchant_kind: str
    uid: str
    name: str
    scopes: frozenset[str]
    rate_per_minute: int

    def demand(self, scope: str) -> None:
        """Pass if the key has the scope.

        Raises:
            KeyScope: It has not.
        """
        if scope not in self.scopes:
            raise KeyScope(scope=scope)

    @property
    def actor_label(self) -> str:
        """What the logs call this key."""
        return f"key {self.name}"


@dataclass(slots=True)
class _Kept:
    until: float
    identity: KeyIdentity
    addresses: tuple[str, ...]
    expires_at: datetime | None
    seen_at: datetime | None
    # Somebody was sent to look it up anew.
    is_renewed: bool = False


_cache: dict[bytes, _Kept] = {}
_lock = Lock()


def create_key(*, merchant_id: int, draft: KeyDraft, actor: Actor) -> NewKey:
    """Make a key. Only its hash is kept: who loses it makes another.

    Keys of live merchants begin with `kc_live_`, of test and demo ones with `kc_test_`.

    Raises:
        BadName, BadScope, BadAddress, BadExpiry: What the draft has wrong.
    """
    _check(draft)
    scopes = tuple(SCOPES) if draft.scopes == ("all",) else tuple(dict.fromkeys(draft.scopes))
    with acting_as(merchant_id):
        kind = Merchant.objects.values_list("kind", flat=True).get(id=merchant_id)
        prefix = "kc_live_" if kind == MerchantKind.LIVE else "kc_test_"
        key = prefix + "".join(secrets.choice(LETTERS) for _ in range(KEY_LENGTH))
        row = ApiKey.objects.create(
            merchant_id=merchant_id,
            uid=new_uid("key"),
            name=draft.name.strip(),
            hint=f"{key[: len(prefix) + HINT_LETTERS]}…",
            key_hash=_hash(key),
            scopes=list(scopes),
            addresses=[str(ip_network(one, strict=False)) for one in draft.addresses],
            rate_per_minute=draft.rate_per_minute,
            expires_at=draft.expires_at,
        )
        audit.record(
            merchant_id=merchant_id, actor=actor, action="keys.create",
            object_kind="key", object_uid=row.uid,
            after={
                "hint": row.hint, "scopes": row.scopes, "addresses": row.addresses,
                "expires_at": draft.expires_at.isoformat() if draft.expires_at else None,
            },
        )  # fmt: skip
    return NewKey(row.uid, row.hint, key)


def _check(draft: KeyDraft) -> None:
    if not 0 < len(draft.name.strip()) <= NAME_LENGTH_MAX:
        raise BadName
    unknown = set(draft.scopes) - set(SCOPES) if draft.scopes != ("all",) else set()
    if unknown or not draft.scopes:
        raise BadScope(scope=min(unknown, default=""))
    for address in draft.addresses:
        try:
            ip_network(address, strict=False)
        except ValueError:
            raise BadAddress(value=address[:50]) from None
    if draft.expires_at is not None and draft.expires_at <= utc_now():
        raise BadExpiry


def revoke_key(*, merchant_id: int, uid: str, actor: Actor) -> None:
    """End a key, here at once and in other processes within three seconds. Repeatable.

    Raises:
        UnknownKey: This merchant has none with this id.
    """
    with acting_as(merchant_id):
        row = ApiKey.objects.select_for_update().filter(merchant_id=merchant_id, uid=uid).first()
        if row is None:
            raise UnknownKey
        if row.revoked_at is not None:
            return
        ApiKey.objects.filter(merchant_id=merchant_id, id=row.pk).update(revoked_at=utc_now())
        audit.record(
            merchant_id=merchant_id, actor=actor, action="keys.revoke",
            object_kind="key", object_uid=uid, before={"hint": row.hint},
        )  # fmt: skip
        transaction.on_commit(forget_cached_keys)


def authenticate(*, key: str, address: str, now: datetime | None = None) -> KeyIdentity:
    """Return whose key this is. Must not run inside a transaction.

    Raises:
        KeyRefused: Unknown, revoked, expired, or not for this address. Which, is not told.
    """
    now = now or datetime.now(UTC)
    kept = _kept(_hash(key))
    if kept is None:
        raise KeyRefused
    if kept.expires_at is not None and kept.expires_at <= now:
        raise KeyRefused
    if kept.addresses and not _allows(kept.addresses, address):
        raise KeyRefused
    if kept.seen_at is None or now - kept.seen_at >= SEEN_EVERY:
        kept.seen_at = now
        _write_seen(kept.identity, now)
    return kept.identity


def recognise(*, key: str, address: str) -> KeyIdentity | None:
    """Return whose key this is, as far as this process remembers: without the database.

    None: ask `authenticate`. Before it forgets a key, one caller is told so.
    """
    kept = _cache.get(_hash(key))
    now = datetime.now(UTC)
    left = kept.until - time.monotonic() if kept is not None else 0
    if kept is None or left <= 0:
        return None
    if left <= RENEW_SECONDS and not kept.is_renewed:
        kept.is_renewed = True
        return None
    if kept.expires_at is not None and kept.expires_at <= now:
        return None
    if kept.addresses and not _allows(kept.addresses, address):
        return None
    if kept.seen_at is None or now - kept.seen_at >= SEEN_EVERY:
        return None
    return kept.identity


def forget_cached_keys() -> None:
    """Drop what this process remembers of keys."""
    with _lock:
        _cache.clear()


def _hash(key: str) -> bytes:
    # A key has 238 random bits: a plain hash cannot be turned back, and is fast.
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def _kept(digest: bytes) -> _Kept | None:
    kept = _cache.get(digest)
    if kept is not None and kept.until - RENEW_SECONDS > time.monotonic():
        return kept
    # Counted from before the look-up: a revocation meanwhile must not live longer than promised.
    until = time.monotonic() + CACHE_SECONDS
    kept = _look_up(digest, until)
    with _lock:
        if kept is None:
            _cache.pop(digest, None)
        else:
            if len(_cache) >= CACHE_ENTRIES:
                _cache.clear()
            _cache[digest] = kept
    return kept


def _look_up(digest: bytes, until: float) -> _Kept | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "select id, merchant_id, merchant_kind, uid, name, scopes, rate_per_minute,"
            " addresses, expires_at, used_at from api_key_of_hash(%s::bytea)"
            " where revoked_at is null",
            [digest],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    identity = KeyIdentity(
        id=row[0], merchant_id=row[1], merchant_kind=row[2], uid=row[3], name=row[4],
        scopes=frozenset(row[5]), rate_per_minute=row[6],
    )  # fmt: skip
    return _Kept(until, identity, tuple(row[7]), row[8], row[9])


def _allows(networks: tuple[str, ...], address: str) -> bool:
    try:
        caller = ip_address(address)
    except ValueError:
        return False
    return any(caller in ip_network(network) for network in networks)


def _write_seen(identity: KeyIdentity, now: datetime) -> None:
    """Note that a key was used; who finds its row held by somebody else leaves it to the next."""
    with acting_as(identity.merchant_id):
        rows = ApiKey.objects.filter(merchant_id=identity.merchant_id)
        stale = rows.filter(Q(used_at=None) | Q(used_at__lte=now - SEEN_EVERY), id=identity.id)
        free = stale.select_for_update(skip_locked=True, no_key=True)
        rows.filter(id__in=list(free.values_list("id", flat=True))).update(used_at=now)
