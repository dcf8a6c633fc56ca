"""A BTCPay Server as a server of its own, written from the pages of its protocol."""

import secrets
from collections.abc import Mapping
from typing import Any

from simulators.payments.btcpay.books import new_id
from simulators.payments.btcpay.server import Server
from simulators.payments.company import Deed

__all__ = ["Deed", "Server", "account", "new_keys"]


def new_keys() -> dict[str, Any]:
    """Make a store with a key for its API and a secret of its webhook."""
    return {
        "store_id": new_id(44),
        "api_key": secrets.token_hex(20),
        "webhook_secret": secrets.token_urlsafe(20),
    }


def account(keys: Mapping[str, Any], url: str) -> dict[str, Any]:
    """Say what is filled in for an account at a server that runs at `url`."""
    return {
        "provider": "btcpay",
        "currency": "CNY",
        "secrets": {name: keys[name] for name in ("api_key", "webhook_secret")},
        "options": {"gateway": url, "store_id": keys["store_id"]},
    }
