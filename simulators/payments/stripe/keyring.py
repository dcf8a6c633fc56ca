"""What a merchant gets from Stripe, and fills in."""

import secrets
from collections.abc import Mapping
from typing import Any


def new_keys() -> dict[str, str]:
    """Make the key for calls and the secret for messages of one merchant, for trials."""
    return {
        "secret_key": f"sk_test_{secrets.token_hex(24)}",
        "webhook_secret": f"whsec_{secrets.token_hex(20)}",
    }


def account(keys: Mapping[str, Any], url: str) -> dict[str, Any]:
    """Return what is filled in for an account here; `url` is where the company listens.

    The company is told where the shop's messages go, as at the real one's website:
    `BASE/callbacks/payments/stripe/ACCOUNT`.
    """
    return {
        "provider": "stripe",
        "currency": "CNY",
        "secrets": {name: keys[name] for name in ("secret_key", "webhook_secret")},
        "options": {"url": url},
    }
