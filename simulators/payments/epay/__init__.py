"""A gateway of 易支付 as a server of its own, written from the pages of its protocol."""

import secrets
from collections.abc import Mapping
from typing import Any

from simulators.payments.company import Deed
from simulators.payments.epay.server import Gateway
from simulators.payments.epay.signing import new_pair

__all__ = ["Deed", "Gateway", "account", "new_keys"]


def new_keys() -> dict[str, Any]:
    """Make the keys of both sides, for both versions."""
    merchant_private, merchant_public = new_pair()
    platform_private, platform_public = new_pair()
    return {
        "pid": "1001",
        "key": secrets.token_hex(16),
        "merchant_private": merchant_private,
        "merchant_public": merchant_public,
        "platform_private": platform_private,
        "platform_public": platform_public,
    }


def account(keys: Mapping[str, Any], url: str, version: str = "v1") -> dict[str, Any]:
    """Say what is filled in for an account at a gateway that runs at `url`."""
    secret = (
        {"key": keys["key"]}
        if version == "v1"
        else {"private_key": keys["merchant_private"], "platform_key": keys["platform_public"]}
    )
    kind = "cashier" if version == "v1" else "alipay"
    return {
        "provider": "epay",
        "currency": "CNY",
        "secrets": secret,
        "options": {"gateway": url, "pid": keys["pid"], "version": version, "type": kind},
    }
