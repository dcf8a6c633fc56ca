"""Files that are kept encrypted under the merchant's key until they expire (rule 27).

What people upload and download lies in pieces of at most 1 MiB, each sealed on its own and bound
to its file and place: a piece of another file, or one moved, does not open.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from django.db import connection

from kacang.merchants.keys import cipher_for, sealing_cipher
from kacang.merchants.tenancy import acting_as
from kacang.outbox.models import SealedChunk, SealedFile
from kacang.shared.ciphers import CannotOpen
from kacang.shared.clock import utc_now
from kacang.shared.errors import Invalid, NotFound
from kacang.shared.ids import new_uid

PIECE_BYTES = 2**20
SIZE_MAX = 64 * 2**20
NAME_MAX = 200
LIFETIME = timedelta(hours=24)
SWEEP_MOST = 200


class UnknownFile(NotFound):
    """There is no such file, or its time is over."""

    code = "files.unknown"


class FileTooLarge(Invalid):
    """An upload is larger than 64 MB."""

    code = "files.too_large"


class Upload(Protocol):
    """What a page or endpoint was sent: Django's `UploadedFile`, as far as we need it."""

    @property
    def name(self) -> str | None:
        """What the sender calls it."""

    @property
    def size(self) -> int | None:
        """How many bytes it has."""

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """Return the content piece by piece."""


@dataclass(frozen=True, slots=True)
class FileInfo:
    """What may be said of a file without opening it."""

    uid: str
    purpose: str
    name: str
    size: int
    created_at: datetime
    expires_at: datetime


def store(
    *,
    merchant_id: int,
    purpose: str,
    name: str,
    content: bytes | Iterable[bytes],
    lifetime: timedelta = LIFETIME,
) -> str:
    """Seal a file and return its uid. `content` may come in parts of any size.

    The whole is written in one transaction: a file is complete, or not there.
    """
    parts = [content] if isinstance(content, bytes) else content
    with acting_as(merchant_id):
        cipher = sealing_cipher(merchant_id)
        row = SealedFile.objects.create(
            merchant_id=merchant_id,
            uid=new_uid("fil"),
            purpose=purpose,
            name=_clean_name(name),
            expires_at=utc_now() + lifetime,
        )
        for number, piece in enumerate(_pieces(parts)):
            SealedChunk.objects.create(
                merchant_id=merchant_id,
                file=row,
                number=number,
                body=cipher.seal("sealed_chunk", "body", piece, _place(row.uid, number)),
            )
            row.size += len(piece)
        row.save(update_fields=["size"])
    return row.uid


def store_upload(
    *, merchant_id: int, purpose: str, upload: Upload, lifetime: timedelta = LIFETIME
) -> str:
    """Seal what somebody sent, without ever holding it as a whole, and return its uid.

    Raises:
        FileTooLarge: It has more than 64 MB. Nothing is kept.
    """
    if (upload.size or 0) > SIZE_MAX:
        raise FileTooLarge(limit_mb=SIZE_MAX // 2**20)
    return store(
        merchant_id=merchant_id,
        purpose=purpose,
        name=upload.name or "",
        content=upload.chunks(),
        lifetime=lifetime,
    )


def info(*, merchant_id: int, uid: str) -> FileInfo:
    """Return what is known of a file, or raise UnknownFile."""
    row = _find(merchant_id, uid)
    return FileInfo(row.uid, row.purpose, row.name, row.size, row.created_at, row.expires_at)


def stream(*, merchant_id: int, uid: str) -> Iterator[bytes]:
    """Return the content piece by piece, each read and opened only when it is asked for.

    Raises:
        UnknownFile: There is none. Raised at once, before the first piece.
        CannotOpen: A piece was changed, moved or is missing. Raised where it should have been.
    """
    row = _find(merchant_id, uid)
    return _stream(row)


def read(*, merchant_id: int, uid: str) -> bytes:
    """Return the whole content. Raises as `stream` does."""
    return b"".join(stream(merchant_id=merchant_id, uid=uid))


def delete(*, merchant_id: int, uid: str) -> None:
    """Remove a file. One that is not there is gone already."""
    with acting_as(merchant_id):
        row = SealedFile.objects.filter(merchant_id=merchant_id, uid=uid).first()
        if row:
            _remove(merchant_id, [row.pk])


def sweep() -> int:
    """Remove files whose time is over, of every merchant, and return how many."""
    gone = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "select merchant_id, id from sealed_files_expired(%s::int)", [SWEEP_MOST]
            )
            rows = cursor.fetchall()
        by_merchant: dict[int, list[int]] = {}
        for merchant_id, file_id in rows:
            by_merchant.setdefault(merchant_id, []).append(file_id)
        for merchant_id, ids in by_merchant.items():
            with acting_as(merchant_id):
                _remove(merchant_id, ids)
        gone += len(rows)
        if len(rows) < SWEEP_MOST:
            return gone


def _find(merchant_id: int, uid: str) -> SealedFile:
    with acting_as(merchant_id):
        row = SealedFile.objects.filter(
            merchant_id=merchant_id, uid=uid, expires_at__gt=utc_now()
        ).first()
    if row is None:
        raise UnknownFile
    return row


def _stream(row: SealedFile) -> Iterator[bytes]:
    cipher = cipher_for(row.merchant_id)
    number = 0
    left = row.size
    while left > 0:
        with acting_as(row.merchant_id):
            chunk = SealedChunk.objects.filter(
                merchant_id=row.merchant_id, file_id=row.pk, number=number
            ).first()
        if chunk is None:
            raise CannotOpen
        piece = cipher.open("sealed_chunk", "body", bytes(chunk.body), _place(row.uid, number))
        yield piece
        left -= len(piece)
        number += 1


def _remove(merchant_id: int, ids: list[int]) -> None:
    with connection.cursor() as cursor:
        # The pieces go with the file, by the reference.
        cursor.execute(
            "delete from sealed_file where merchant_id = %s::bigint and id = any(%s::bigint[])",
            [merchant_id, ids],
        )


def _pieces(parts: Iterable[bytes]) -> Iterator[bytes]:
    held = bytearray()
    for part in parts:
        held += part
        while len(held) >= PIECE_BYTES:
            yield bytes(held[:PIECE_BYTES])
            del held[:PIECE_BYTES]
    if held:
        yield bytes(held)


def _place(uid: str, number: int) -> bytes:
    return f"{uid}/{number}".encode()


def _clean_name(name: str) -> str:
    bare = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(letter for letter in bare if letter.isprintable())[-NAME_MAX:] or "file"
