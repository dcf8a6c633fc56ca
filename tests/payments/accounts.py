"""Accounts of no database, from what a simulator says is filled in."""

from typing import Any

from kacang.payments.ports import AccountInfo


def info_of(needed: dict[str, Any], **options: Any) -> AccountInfo:
    """Return the account; `options` come on top."""
    return AccountInfo(
        id=1,
        merchant_id=1,
        uid="acc_x",
        provider=needed["provider"],
        enabled=True,
        currency=needed["currency"],
        secrets={name: (value,) for name, value in needed["secrets"].items()},
        options={**needed["options"], **options},
    )
