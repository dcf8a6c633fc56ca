"""epusdt and BEpusdt as servers of their own, written from the pages of their protocol."""

import secrets
from collections.abc import Mapping
from typing import Any

from simulators.payments.company import Deed
from simulators.payments.epusdt.server import Wallet

__all__ = ["Deed", "Wallet", "account", "new_keys"]


def new_keys() -> dict[str, Any]:
    """Make the token that both sides sign with."""
    return {"token": secrets.token_hex(16), "dialect": "epusdt"}


def account(keys: Mapping[str, Any], url: str) -> dict[str, Any]:
    """Say what is filled in for an account at a program that runs at `url`."""
    return {
        "provider": "epusdt",
        "currency": "CNY",
        "secrets": {"token": keys["token"]},
        "options": {"gateway": url, "dialect": keys["dialect"]},
    }
