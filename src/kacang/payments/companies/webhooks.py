"""Standard Webhooks as payment companies and our sandbox use them: checking who sent a message."""

import base64
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime

from kacang.payments.ports import BadSecrets, BadSignature
from kacang.shared import signed_messages
from kacang.shared.signed_messages import KEY_BYTES_MAX, KEY_BYTES_MIN, PREFIX, new_secret

__all__ = ["KEY_BYTES_MAX", "KEY_BYTES_MIN", "PREFIX", "check", "key_of", "new_secret", "sign"]
TOLERANCE_SECONDS = 300
ID_MAX = 64
STAMP_DIGITS_MAX = 12


def key_of(secret: str) -> bytes:
    """Return the key inside a secret.

    Raises:
        BadSecrets: No `whsec_`, no base64, or not between 24 and 64 bytes (L9).
    """
    try:
        return signed_messages.key_of(secret)
    except signed_messages.NoSecret:
        raise BadSecrets from None


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the value of `webhook-signature` for a message that we send."""
    key_of(secret)
    return signed_messages.signature(secret, message_id, timestamp, body)


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
        right = base64.b64encode(signed_messages.digest(key, *signed))
        if any(hmac.compare_digest(right, one) for one in offered):
            return
    raise BadSignature
