"""Standard Webhooks, the symmetric kind: who sent this body, and when.

    signature = base64(HMAC-SHA256(key, id . timestamp . body))

Written out rather than taken from the package of that name because every payment waits for it;
the tests hold it to that package and to the published vector.
"""

import base64
import binascii
import hmac
import secrets

PREFIX = "whsec_"
KEY_BYTES_MIN = 24
KEY_BYTES_MAX = 64


class NoSecret(ValueError):
    """A text that is no secret of this kind."""


def new_secret() -> str:
    """Return a random secret of 32 bytes."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def key_of(secret: str) -> bytes:
    """Return the key inside a secret.

    Raises:
        NoSecret: No `whsec_`, no base64, or not between 24 and 64 bytes (L9).
    """
    if not secret.startswith(PREFIX):
        raise NoSecret
    try:
        key = base64.b64decode(secret[len(PREFIX) :], validate=True)
    except (binascii.Error, ValueError):
        raise NoSecret from None
    if not KEY_BYTES_MIN <= len(key) <= KEY_BYTES_MAX:
        raise NoSecret
    return key


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return one signature of `webhook-signature`, for a message that we send."""
    return "v1," + base64.b64encode(digest(key_of(secret), message_id, timestamp, body)).decode()


def digest(key: bytes, message_id: str, timestamp: int, body: bytes) -> bytes:
    """Return the HMAC over what is signed."""
    return hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, "sha256")
