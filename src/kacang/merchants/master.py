"""The installation's master key: from environment, file or a key service (V4).

With a key service, what is kept here is the master key wrapped by the service, which unwraps it for
each process. A process asks again each minute; while the service cannot be reached it goes on with
what it has, for MASTER_KEY_CACHE_SECONDS since the last answer, and says so. After that it
refuses.
"""

import base64
import binascii
import time
from dataclasses import dataclass, field
from functools import cache
from threading import Lock

import structlog
from django.conf import settings
from django.db import connection
from prometheus_client import Gauge

from kacang.merchants.key_services import (
    KeyService,
    KeyServiceFailed,
    NoKeyService,
    ServicePlace,
    service,
)
from kacang.shared import ciphers
from kacang.shared.errors import Unavailable

ASK_SECONDS = 60
# After a failure nobody waits for the service again so soon.
AGAIN_SECONDS = 5
log = structlog.get_logger(__name__)
_UNREACHABLE = Gauge(
    "kacang_key_service_unreachable_seconds",
    "How long the key service has not answered; 0 when the last call went well",
    multiprocess_mode="livemax",
)


class NoMasterKey(Unavailable):
    """The installation was started without its master key."""

    code = "secrets.no_master_key"


class MasterKeyUnreachable(Unavailable):
    """The key service does not answer, and what was kept of it is too old."""

    code = "secrets.master_key_unreachable"


@dataclass(frozen=True, slots=True)
class MasterState:
    """Where the master key comes from, and whether it can be used, in this process.

    `unreachable_seconds`: since when the service does not answer. `usable_seconds`: how long the
    key can still be used if that goes on; None where no service is asked.
    """

    source: str
    usable: bool
    unreachable_seconds: int = 0
    usable_seconds: int | None = None
    problem: str = ""


@dataclass(slots=True)
class _Kept:
    """What this process had from the service."""

    key: bytes = field(default=b"", repr=False)
    answered_at: float = 0.0
    asked_at: float = 0.0
    failing_since: float | None = None
    problem: str = ""


_kept = _Kept()
now = time.monotonic
_lock = Lock()


def master_key() -> bytes:
    """Return the installation's master key, 32 bytes.

    Raises:
        NoMasterKey: It is missing, or not 64 hexadecimal digits.
        NoKeyService: The key service that is set is not there.
        MasterKeyUnreachable: It has not answered for too long.
    """
    if not settings.KEY_SERVICE:
        return _key_of(settings.MASTER_KEY)
    at = now()
    if _is_due(at):
        _ask()
    if not _kept.key or now() - _kept.answered_at > settings.MASTER_KEY_CACHE_SECONDS:
        raise MasterKeyUnreachable
    return _kept.key


def master_keys() -> tuple[bytes, ...]:
    """Return the master key and, where one is set, the one before it. Raises as `master_key`."""
    if settings.MASTER_KEY_PREVIOUS:
        return (master_key(), _key_of(settings.MASTER_KEY_PREVIOUS))
    return (master_key(),)


def master_state() -> MasterState:
    """Say where the key comes from and how it stands, asking the service if that is due."""
    source = settings.KEY_SERVICE or "given"
    try:
        master_key()
        usable, problem = True, ""
    except Unavailable as error:
        usable, problem = False, error.code
    if not settings.KEY_SERVICE:
        return MasterState(source, usable, problem=problem)
    at = now()
    failing = _kept.failing_since
    left = settings.MASTER_KEY_CACHE_SECONDS - (at - _kept.answered_at) if _kept.key else 0
    return MasterState(
        source=source,
        usable=usable,
        unreachable_seconds=0 if failing is None else max(1, int(at - failing)),
        usable_seconds=max(0, int(left)),
        problem=_kept.problem or problem,
    )


def new_wrapped_key() -> str:
    """Have the service make a master key, and return it wrapped, for KACANG_MASTER_KEY_WRAPPED.

    Raises:
        NoKeyService: No key service is set.
        KeyServiceFailed: It refused or did not answer.
    """
    if not settings.KEY_SERVICE:
        raise NoKeyService(service="", problem="KACANG_KEY_SERVICE is not set")
    _, wrapped = _service().new_key()
    return base64.b64encode(wrapped).decode("ascii")


def forget_master_key() -> None:
    """Drop what this process had from the service."""
    global _kept  # noqa: PLW0603 - one for the process
    with _lock:
        _kept = _Kept()
        _service.cache_clear()


def _is_due(at: float) -> bool:
    if not _kept.key:
        return not _kept.asked_at or at - _kept.asked_at > AGAIN_SECONDS
    # Nobody's transaction waits for the service as long as there is a key (L18).
    if connection.in_atomic_block:
        return False
    wait = ASK_SECONDS if _kept.failing_since is None else AGAIN_SECONDS
    return at - _kept.asked_at > min(wait, settings.MASTER_KEY_CACHE_SECONDS)


def _ask() -> None:
    # Of many threads one asks; the others go on with the key that there is.
    if not _lock.acquire(blocking=not _kept.key):
        return
    try:
        if not _is_due(now()):
            return
        _kept.asked_at = now()
        try:
            key = _service().unwrap(_wrapped())
        except KeyServiceFailed as error:
            _failed(str(error))
        else:
            _answered(key)
    finally:
        _lock.release()


def _answered(key: bytes) -> None:
    if len(key) != ciphers.KEY_BYTES:
        _failed("the key has not 32 bytes")
        return
    if _kept.failing_since is not None:
        log.info("key_service.answers_again")
    _kept.key, _kept.answered_at = key, now()
    _kept.failing_since, _kept.problem = None, ""
    _UNREACHABLE.set(0)


def _failed(problem: str) -> None:
    at = now()
    if _kept.failing_since is None:
        _kept.failing_since = at
    _kept.problem = problem
    _UNREACHABLE.set(max(1, at - _kept.failing_since))
    log.warning("key_service.unreachable", problem=problem, has_key=bool(_kept.key))


@cache
def _service() -> KeyService:
    place = ServicePlace(settings.KEY_SERVICE_KEY, settings.KEY_SERVICE_URL)
    return service(settings.KEY_SERVICE, place)


def _wrapped() -> bytes:
    try:
        return base64.b64decode(settings.MASTER_KEY_WRAPPED, validate=True)
    except binascii.Error:
        raise NoMasterKey from None


def _key_of(text: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        raise NoMasterKey from None
    if len(key) != ciphers.KEY_BYTES:
        raise NoMasterKey
    return key
