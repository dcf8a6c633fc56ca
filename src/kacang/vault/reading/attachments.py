"""Small files that are themselves the secrets: pictures and texts, several in a zip, or one."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath

from kacang.vault.reading.rows import Attachment, BadFile, Cell, Odd, Row
from kacang.vault.reading.texts import encoding_of

SIZE_MAX = 65_536
FILES_MAX = 50_000
NAME_MAX = 200
_AT_ONCE = 200
# The second is an archive with nothing in it.
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_TYPES = (
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"GIF87a", 0, "image/gif"),
    (b"GIF89a", 0, "image/gif"),
    (b"WEBP", 8, "image/webp"),
)
_TEXT = "text/plain"
_UTF8_NAMES = 0x800
_LOCKED = 0x1
# What programs put into archives beside the files.
_LITTER = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")


class Attachments:
    """A zip of small files, or one of them: each is a card."""

    def __init__(self, body: bytes, name: str) -> None:
        self._body = body
        self._name = name
        self.kind, self.unit, self.separator, self.block_end = "files", "file", "", ""
        self.names: tuple[str, ...] = ()
        self.rows_at_once = _AT_ONCE
        self._entries: list[zipfile.ZipInfo] = []
        if body.startswith(_ZIP):
            self._entries = _entries(body)
        self.line_count = len(self._entries) or 1

    def rows(self) -> Iterator[Row]:
        """Return the files, each with its place in the archive as its line."""
        if not self._body.startswith(_ZIP):
            yield Row(1, (judged(self._name, self._body),))
            return
        with zipfile.ZipFile(io.BytesIO(self._body)) as archive:
            for number, entry in enumerate(self._entries, start=1):
                yield Row(number, (_read(archive, entry),))

    def place(self, line: int, column: int) -> str:  # noqa: ARG002 - a file has no columns
        """Return the name of the file."""
        return _name_of(self._entries[line - 1]) if self._entries else self._name


def judged(name: str, content: bytes) -> Cell:
    """Return a file as a cell: an attachment, or why it cannot be one.

    What it is, is told by its content; what it is called is the sender's claim.
    """
    if not content.strip():
        return Odd(name, "file_empty")
    if len(content) > SIZE_MAX:
        return Odd(name, "file_too_large")
    for mark, at, content_type in _TYPES:
        if content[at : at + len(mark)] == mark:
            return Attachment(_clean(name), content_type, content)
    try:
        encoding_of(content)
    except BadFile:
        return Odd(name, "file_kind")
    return Attachment(_clean(name), _TEXT, content)


def _entries(body: bytes) -> list[zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            found = [entry for entry in archive.infolist() if not _is_litter(entry)]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise BadFile(problem="not_zip") from None
    if not found:
        raise BadFile(problem="empty")
    if len(found) > FILES_MAX:
        raise BadFile(problem="too_many_files", limit=FILES_MAX)
    return found


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Cell:
    name = _name_of(entry)
    if entry.flag_bits & _LOCKED:
        return Odd(name, "file_locked")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return Odd(name, "file_broken")
    try:
        with archive.open(entry) as file:
            # One more than may be: the size that an archive states is the sender's claim.
            content = file.read(SIZE_MAX + 1)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError):
        return Odd(name, "file_broken")
    return judged(name, content)


def _is_litter(entry: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(entry.filename).parts
    return entry.is_dir() or not parts or any(part in _LITTER for part in parts)


def _name_of(entry: zipfile.ZipInfo) -> str:
    name = entry.filename
    if not entry.flag_bits & _UTF8_NAMES:
        # Chinese Windows writes names in its own encoding and says nothing about it.
        raw = name.encode("cp437", "replace")
        for encoding in ("utf-8", "gb18030"):
            try:
                name = raw.decode(encoding)
                break
            except UnicodeDecodeError:
                continue
    return name


def _clean(name: str) -> str:
    bare = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(letter for letter in bare if letter.isprintable())
    return kept[-NAME_MAX:] or "file"
