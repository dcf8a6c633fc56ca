"""Opening the cards that order lines have got. Whoever calls has written the audit row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from kacang.merchants.keys import cipher_for
from kacang.merchants.tenancy import acting_as
from kacang.shared.ciphers import MerchantCipher

_CODES = """
select a.line_id, a.unit_no, c.number, c.number_sealed, c.secret, c.fingerprint, c.expires_at,
       a.delivered_at
from allocation a
join card c on c.merchant_id = a.merchant_id and c.id = a.card_id
where a.merchant_id = %s::bigint and a.line_id = any(%s::bigint[])
  and a.delivered_at is not null and a.released_at is null
order by a.line_id, a.unit_no offset %s::int limit %s::int
"""


@dataclass(frozen=True, slots=True)
class Code:
    """One card in the open: `number` may be empty. Never log it."""

    line_id: int
    unit_no: int
    number: str
    secret: str
    expires_at: datetime | None
    delivered_at: datetime


def open_secret(cipher: MerchantCipher, sealed: bytes, fingerprint: bytes) -> str:
    """Open a card's secret."""
    return cipher.open("card", "secret", bytes(sealed), bytes(fingerprint)).decode()


def open_number(cipher: MerchantCipher, sealed: bytes, fingerprint: bytes) -> str:
    """Open a card's number, where that is itself a secret."""
    return cipher.open("card", "number", bytes(sealed), bytes(fingerprint)).decode()


def codes_of_lines(
    *, merchant_id: int, line_ids: Sequence[int], offset: int, limit: int
) -> list[Code]:
    """Open what was delivered for these lines, in order of line and unit."""
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(_CODES, [merchant_id, list(line_ids), offset, limit])
        found = cursor.fetchall()
    cipher = cipher_for(merchant_id)
    return [
        Code(
            line_id,
            unit_no,
            open_number(cipher, sealed, fingerprint) if sealed is not None else number or "",
            open_secret(cipher, secret, fingerprint),
            expires_at,
            delivered_at,
        )
        for line_id, unit_no, number, sealed, secret, fingerprint, expires_at, delivered_at in found
    ]
