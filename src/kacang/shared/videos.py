"""Short videos from outside: told apart by their own bytes, never by what they are called.

They are kept as they are, so what may pass is narrow: a container of one of two families whose
parts add up to the whole file. Nobody plays them here; they are sent as files to be saved.
"""

from collections.abc import Iterator

MP4, MOV, WEBM = "video/mp4", "video/quicktime", "video/webm"
SUFFIXES = {MP4: "mp4", MOV: "mov", WEBM: "webm"}
_EBML = b"\x1a\x45\xdf\xa3"
_WEBM_HEAD = 64
_DOC_TYPE = b"\x42\x82"
_SIZE, _HEAD, _LARGE_HEAD = 4, 8, 16
_BOXES_MAX = 10_000
_MP4_BRANDS = frozenset(
    (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV",
     b"dash", b"3gp4", b"3gp5", b"3gp6")
)  # fmt: skip


class NotAVideo(ValueError):
    """The bytes are no MP4, MOV or WebM, or are broken."""


def container_of(body: bytes) -> str:
    """Return which kind of video this is: MP4, MOV or WEBM, as a content type.

    Raises:
        NotAVideo: It is none of these, or its parts do not add up.
    """
    if body.startswith(_EBML):
        return _webm(body)
    boxes = dict(_boxes(body))
    if not {b"ftyp", b"moov", b"mdat"} <= boxes.keys():
        raise NotAVideo
    at = boxes[b"ftyp"]
    brand = body[at + _HEAD : at + _HEAD + 4]
    if at == 0 and brand == b"qt  ":
        return MOV
    if at == 0 and brand in _MP4_BRANDS:
        return MP4
    raise NotAVideo


def _webm(body: bytes) -> str:
    head = body[:_WEBM_HEAD]
    at = head.find(_DOC_TYPE)
    # 0x84: four bytes follow.
    if at < 0 or head[at + 2 : at + 7] != b"\x84webm":
        raise NotAVideo
    return WEBM


def _boxes(body: bytes) -> Iterator[tuple[bytes, int]]:
    """Return the name and place of each part; together they must be the whole file."""
    at = 0
    for _ in range(_BOXES_MAX):
        if at == len(body):
            return
        size = int.from_bytes(body[at : at + _SIZE], "big")
        name = body[at + _SIZE : at + _HEAD]
        least = _HEAD
        if size == 1:
            size = int.from_bytes(body[at + _HEAD : at + _LARGE_HEAD], "big")
            least = _LARGE_HEAD
        elif size == 0:
            size = len(body) - at
        if size < least or at + size > len(body):
            raise NotAVideo
        yield name, at
        at += size
    raise NotAVideo
