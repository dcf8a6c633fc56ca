"""Standard Webhooks, the symmetric kind: who sent this body, and when.

    signature = base64(HMAC-SHA256(key, id . timestamp . body))

Written out rather than taken from the package of that name because every payment waits for it;
the tests hold it to that package and to the published vector.
"""

import base64
import binascii
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime

from kacang.payments.ports import BadSecrets, BadSignature

PREFIX = "whsec_"
TOLERANCE_SECONDS = 300
KEY_BYTES_MIN = 24
KEY_BYTES_MAX = 64
ID_MAX = 64
STAMP_DIGITS_MAX = 12


def new_secret() -> str:
    """Return a random secret of 32 bytes."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def key_of(secret: str) -> bytes:
    """Return the key inside a secret.

    Raises:
        BadSecrets: No `whsec_`, no base64, or not between 24 and 64 bytes (L9).
    """
    if not secret.startswith(PREFIX):
        raise BadSecrets
    try:
        key = base64.b64decode(secret[len(PREFIX) :], validate=True)
    except (binascii.Error, ValueError):
        raise BadSecrets from None
    if not KEY_BYTES_MIN <= len(key) <= KEY_BYTES_MAX:
        raise BadSecrets
    return key


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the value of `webhook-signature` for a message that we send."""
    return "v1," + base64.b64encode(_digest(key_of(secret), message_id, timestamp, body)).decode()


def check(active: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """Return the id of a message that was signed with one of the `active` secrets.

    Raises:
        BadSignature: A header is missing or malformed, the time is more than five minutes off,
            or no signature fits; which of these is not told.
    """
    message_id = headers.get("webhook-id") or ""
    stamp = headers.get("webhook-timestamp") or ""
    given = headers.get("webhook-signature") or ""
    if not 0 < len(message_id) <= ID_MAX or not message_id.isascii():
        raise BadSignature
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= STAMP_DIGITS_MAX):
        raise BadSignature
    if abs(now.timestamp() - int(stamp)) > TOLERANCE_SECONDS:
        raise BadSignature
    _check_any(active, given, (message_id, int(stamp), body))
    return message_id


def _check_any(active: Sequence[str], given: str, signed: tuple[str, int, bytes]) -> None:
    offered = [part[3:].encode() for part in given.split(" ")[:8] if part.startswith("v1,")]
    for secret in active:
        try:
            key = key_of(secret)
        except BadSecrets:
            continue
        right = base64.b64encode(_digest(key, *signed))
        if any(hmac.compare_digest(right, one) for one in offered):
            return
    raise BadSignature


def _digest(key: bytes, message_id: str, timestamp: int, body: bytes) -> bytes:
    return hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, "sha256")
