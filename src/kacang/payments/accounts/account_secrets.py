"""An account's secrets between the row, where they are sealed, and those who need them."""

import json
from collections.abc import Mapping
from typing import Any

from kacang.merchants.keys import cipher_for, sealing_cipher
from kacang.payments.ports import AccountInfo

TABLE, COLUMN = "account", "secrets"


def seal(merchant_id: int, uid: str, secrets: Mapping[str, tuple[str, ...]]) -> bytes:
    """Return `secrets` as they are stored, tied to the account `uid`."""
    plain = json.dumps({name: list(values) for name, values in secrets.items()})
    return sealing_cipher(merchant_id).seal(TABLE, COLUMN, plain.encode(), uid.encode())


def open_sealed(merchant_id: int, uid: str, sealed: bytes | None) -> dict[str, tuple[str, ...]]:
    """Undo `seal`; an account without secrets has none."""
    if sealed is None:
        return {}
    plain = cipher_for(merchant_id).open(TABLE, COLUMN, bytes(sealed), uid.encode())
    return {name: tuple(values) for name, values in json.loads(plain).items()}


def info_of(row: Any) -> AccountInfo:
    """Return a row of `account` with its secrets open."""
    return AccountInfo(
        id=row.pk,
        merchant_id=row.merchant_id,
        uid=row.uid,
        provider=row.provider,
        enabled=row.enabled,
        currency=row.currency,
        secrets=open_sealed(row.merchant_id, row.uid, row.secrets),
        options=row.options,
        networks=tuple(row.networks),
    )
