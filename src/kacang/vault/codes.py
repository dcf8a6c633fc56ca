"""Opening the cards that order lines have got. Whoever calls has written the audit row."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection

from kacang.merchants.keys import cipher_for
from kacang.merchants.tenancy import acting_as
from kacang.shared.ciphers import MerchantCipher
from kacang.vault.reading.texts import encoding_of
from kacang.vault.sold.holding import WAS_REPLACED

_CODES = f"""
select a.line_id, a.unit_no, c.number, c.number_sealed, c.secret, c.fingerprint, c.expires_at,
       a.delivered_at, c.content_type, c.file_name,
       {WAS_REPLACED}
from allocation a
join card c on c.merchant_id = a.merchant_id and c.id = a.card_id
where a.merchant_id = %s::bigint and a.line_id = any(%s::bigint[])
  and a.delivered_at is not null and a.released_at is null
  -- What came since the trace was written waits for the next look: it counts as never shown.
  and a.is_shown
order by a.line_id, a.unit_no offset %s::int limit %s::int
"""  # noqa: S608 - our own text


@dataclass(frozen=True, slots=True)
class CardFile:
    """A card that is a small file, in the open. Never log it."""

    name: str
    content_type: str
    content: bytes = field(repr=False)

    @property
    def is_picture(self) -> bool:
        """Whether a browser can show it."""
        return self.content_type.startswith("image/")

    @property
    def text(self) -> str:
        """What a text says; of a picture nothing."""
        return "" if self.is_picture else self.content.decode(encoding_of(self.content))


@dataclass(frozen=True, slots=True)
class Code:
    """One card in the open: `number` may be empty, `secret` is where it is a file. Never log it."""

    line_id: int
    unit_no: int
    number: str
    secret: str
    expires_at: datetime | None
    delivered_at: datetime
    file: CardFile | None = None
    # Whether the unit had another card before.
    was_replaced: bool = False


def open_secret(cipher: MerchantCipher, sealed: bytes, fingerprint: bytes) -> str:
    """Open a card's secret, where it is a code."""
    return cipher.open("card", "secret", bytes(sealed), bytes(fingerprint)).decode()


@dataclass(frozen=True, slots=True)
class SealedFile:
    """A card's file as it lies in the table."""

    content_type: str
    name: bytes
    content: bytes

    def opened(self, cipher: MerchantCipher, fingerprint: bytes) -> CardFile:
        """Open it."""
        return CardFile(
            name=cipher.open("card", "file_name", bytes(self.name), fingerprint).decode(),
            content_type=self.content_type,
            content=cipher.open("card", "secret", bytes(self.content), fingerprint),
        )


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
    codes: list[Code] = []
    for row in found:
        line_id, unit_no, number, sealed, secret, fingerprint, expires_at, delivered_at = row[:8]
        content_type, file_name, was_replaced = row[8:]
        mark = bytes(fingerprint)
        code = Code(
            line_id=line_id,
            unit_no=unit_no,
            number=open_number(cipher, sealed, mark) if sealed is not None else number or "",
            secret="" if content_type else open_secret(cipher, secret, mark),
            expires_at=expires_at,
            delivered_at=delivered_at,
            file=SealedFile(content_type, file_name, secret).opened(cipher, mark)
            if content_type
            else None,
            was_replaced=was_replaced,
        )
        codes.append(code)
    return codes
