"""Taking in uploads without a temporary file that could be read (rule 27).

Django would spool an upload to disk as it is. Here, what does not fit into a small buffer is
spooled too, but each piece is encrypted first, under a key that exists in this process's memory
only and ends with the request.
"""

import os
import tempfile
import weakref
from collections.abc import Iterator
from typing import IO, Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from kacang.outbox.files import PIECE_BYTES, SIZE_MAX

NONCE_BYTES = 12


class SealedUpload(UploadedFile):  # type: ignore[type-arg]
    """An upload that is read by `chunks()`, again and again if need be, never as a whole."""

    def __init__(self, spool: "Spool", name: str, size: int, **kinds: Any) -> None:
        super().__init__(file=None, name=name, size=size, **kinds)
        self._spool = spool

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:  # noqa: ARG002 - Django's
        """Return the content, decrypted piece by piece."""
        return self._spool.pieces()

    def multiple_chunks(self, chunk_size: int | None = None) -> bool:  # noqa: ARG002 - Django's
        """Whether it should be read by `chunks()`. Always."""
        return True

    def read(self, num_bytes: int = -1) -> bytes:
        """Return the content as a whole, for small files: pictures, not imports."""
        assert num_bytes == -1, "a sealed upload has no position"
        return b"".join(self.chunks())

    def close(self) -> None:
        """Forget the content."""
        self._spool.close()


class Spool:
    """A growing file of encrypted pieces, without a name on disk."""

    def __init__(self) -> None:
        self.size = 0
        self._cipher = AESGCM(AESGCM.generate_key(256))
        self._file: IO[bytes] | None = None
        self._held = bytearray()

    def add(self, part: bytes) -> None:
        """Take in more. What is beyond the largest size is counted, not kept."""
        self.size += len(part)
        if self.size > SIZE_MAX:
            self.close()
            return
        self._held += part
        while len(self._held) >= PIECE_BYTES:
            self._write(bytes(self._held[:PIECE_BYTES]))
            del self._held[:PIECE_BYTES]

    def pieces(self) -> Iterator[bytes]:
        """Return what was taken in, from the beginning."""
        if self._file:
            self._file.seek(0)
            while header := self._file.read(NONCE_BYTES + 4):
                nonce, length = header[:NONCE_BYTES], int.from_bytes(header[NONCE_BYTES:], "big")
                yield self._cipher.decrypt(nonce, self._file.read(length), None)
        if self._held:
            yield bytes(self._held)

    def close(self) -> None:
        """Forget everything."""
        self._held.clear()
        if self._file:
            self._file.close()
            self._file = None

    def _write(self, piece: bytes) -> None:
        if self._file is None:
            # Kept open for the life of the upload; it has no name, so it ends with the process.
            self._file = tempfile.TemporaryFile()  # noqa: SIM115
            # A request that nobody closes must not leave the file open.
            weakref.finalize(self, self._file.close)
        self._file.seek(0, os.SEEK_END)
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, piece, None)
        self._file.write(nonce + len(sealed).to_bytes(4, "big") + sealed)


class SealedUploadHandler(FileUploadHandler):
    """Django's upload handler for every file that comes in (`FILE_UPLOAD_HANDLERS`)."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin a file."""
        super().new_file(*args, **kwargs)
        self.spool = Spool()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:  # noqa: ARG002 - Django's
        """Take in a part. None: no later handler gets it."""
        self.spool.add(raw_data)

    def file_complete(self, file_size: int) -> SealedUpload:
        """Hand over the upload. One that is too large says so by its size."""
        return SealedUpload(
            self.spool,
            self.file_name or "",
            file_size,
            content_type=self.content_type,
            charset=self.charset,
            content_type_extra=self.content_type_extra,
        )

    def upload_interrupted(self) -> None:
        """Forget what came in."""
        self.spool.close()
