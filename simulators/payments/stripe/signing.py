"""How Stripe signs its messages, and reads nested forms. Shares no code with the shop."""

import hashlib
import hmac
from typing import Any
from urllib.parse import parse_qsl


def signature(secret: str, stamp: int, body: str) -> str:
    """Return one `v1` of `Stripe-Signature`: HMAC-SHA256 with the secret as text, in hex."""
    said = f"{stamp}.{body}"
    return hmac.new(secret.encode(), said.encode(), hashlib.sha256).hexdigest()


def header(secrets: list[str], stamp: int, body: str) -> str:
    """Return the header; with two secrets while one is being changed for the other."""
    ones = [f"v1={signature(secret, stamp, body)}" for secret in secrets]
    return ",".join([f"t={stamp}", *ones])


def nested(form: str) -> dict[str, Any]:
    """Read `a[b][0][c]=1` as nested objects; lists stay objects with "0", "1" as names."""
    read: dict[str, Any] = {}
    for name, value in parse_qsl(form, keep_blank_values=True):
        *path, last = name.replace("]", "").split("[")
        place = read
        for step in path:
            place = place.setdefault(step, {})
        place[last] = value
    return read
