"""Pictures and videos that people show: judged by their bytes, kept sealed until they expire.

A picture is decoded and written anew, without what it carried besides; a video is kept as it is
and only ever given as a file to be saved. Whoever calls one thing the other is refused.
"""

from collections.abc import Sequence
from datetime import datetime

from kacang.aftersales.errors import BadEvidence, NotWhatItSays, TooMuchEvidence, UnknownEvidence
from kacang.aftersales.models import Case, CaseFile, CaseMessage, FileKind
from kacang.aftersales.rules import FILES_PER_CASE, FILES_PER_MESSAGE, VIDEOS_PER_MESSAGE, Rules
from kacang.aftersales.types import Evidence, FileView
from kacang.merchants.tenancy import acting_as
from kacang.outbox import files
from kacang.shared import pictures, videos
from kacang.shared.clock import utc_now
from kacang.shared.ids import new_uid

MB = 2**20
PICTURE_BYTES_MAX = 10 * MB
VIDEO_BYTES_MAX = 40 * MB
SIDE_MAX = 2000
WEBP = "image/webp"
_PICTURE_NAMES = frozenset(("jpg", "jpeg", "png", "webp", "gif"))
_VIDEO_NAMES = frozenset(videos.SUFFIXES.values()) | {"m4v", "3gp"}


def judge(*, name: str, content_type: str, body: bytes) -> Evidence:
    """Say what a file is by its bytes, and return what of it is kept.

    Raises:
        BadEvidence: It is neither a picture nor a video that is taken, or is too large.
        NotWhatItSays: It is one of them, and is called the other.
    """
    said = _said(name, content_type)
    try:
        kind = videos.container_of(body)
    except videos.NotAVideo:
        return _picture(body, said)
    if len(body) > VIDEO_BYTES_MAX:
        raise BadEvidence(picture_mb=PICTURE_BYTES_MAX // MB, video_mb=VIDEO_BYTES_MAX // MB)
    if said is FileKind.PICTURE:
        raise NotWhatItSays
    return Evidence(FileKind.VIDEO, kind, body)


def check_count(found: Sequence[Evidence]) -> None:
    """Refuse more files than one message may bring.

    Raises:
        TooMuchEvidence: There are more than six, or more than one video.
    """
    films = sum(one.kind is FileKind.VIDEO for one in found)
    if len(found) > FILES_PER_MESSAGE or films > VIDEOS_PER_MESSAGE:
        raise TooMuchEvidence(limit=FILES_PER_MESSAGE, videos=VIDEOS_PER_MESSAGE)


def keep(case: Case, message: CaseMessage, found: Sequence[Evidence], rules: Rules) -> None:
    """Seal the files of a message, in the caller's transaction.

    Raises:
        TooMuchEvidence: The case has as many as may be.
    """
    held = CaseFile.objects.filter(merchant_id=case.merchant_id, case_id=case.pk).count()
    if held + len(found) > FILES_PER_CASE:
        raise TooMuchEvidence(limit=FILES_PER_CASE, videos=VIDEOS_PER_MESSAGE)
    for one in found:
        uid = new_uid("evd")
        CaseFile.objects.create(
            merchant_id=case.merchant_id,
            uid=uid,
            case=case,
            message=message,
            file_uid=files.store(
                merchant_id=case.merchant_id,
                purpose="case_evidence",
                name=f"{uid}.{suffix_of(one.content_type)}",
                content=one.body,
                lifetime=rules.keep_files,
            ),
            kind=one.kind,
            content_type=one.content_type,
            size=len(one.body),
            expires_at=utc_now() + rules.keep_files,
        )


def read(*, merchant_id: int, case_uid: str, uid: str) -> tuple[FileView, bytes]:
    """Return a file of a case, opened. Who may see the case is the caller's to judge.

    Raises:
        UnknownEvidence: The case has none of that uid, or its time is over.
    """
    with acting_as(merchant_id):
        row = CaseFile.objects.filter(
            merchant_id=merchant_id,
            uid=uid[:32],
            case__merchant_id=merchant_id,
            case__uid=case_uid[:32],
        ).first()
    if row is None:
        raise UnknownEvidence
    try:
        body = files.read(merchant_id=merchant_id, uid=row.file_uid)
    except files.UnknownFile:
        raise UnknownEvidence from None
    return view_of(row, utc_now()), body


def view_of(row: CaseFile, now: datetime) -> FileView:
    """Return what is shown of a file without opening it."""
    return FileView(row.uid, FileKind(row.kind), row.content_type, row.size, row.expires_at > now)


def suffix_of(content_type: str) -> str:
    """Return how a kept file's name ends."""
    return videos.SUFFIXES.get(content_type, "webp")


def _picture(body: bytes, said: FileKind | None) -> Evidence:
    if not 0 < len(body) <= PICTURE_BYTES_MAX:
        raise BadEvidence(picture_mb=PICTURE_BYTES_MAX // MB, video_mb=VIDEO_BYTES_MAX // MB)
    try:
        drawn = pictures.redraw(body, side_max=SIDE_MAX)
    except pictures.NotAPicture:
        raise BadEvidence(
            picture_mb=PICTURE_BYTES_MAX // MB, video_mb=VIDEO_BYTES_MAX // MB
        ) from None
    if said is FileKind.VIDEO:
        raise NotWhatItSays
    return Evidence(FileKind.PICTURE, WEBP, drawn.body)


def _said(name: str, content_type: str) -> FileKind | None:
    """Return what the sender calls a file; None: nothing that we know."""
    suffix = name.rpartition(".")[2].lower()
    if suffix in _PICTURE_NAMES or content_type.startswith("image/"):
        return FileKind.PICTURE
    if suffix in _VIDEO_NAMES or content_type.startswith("video/"):
        return FileKind.VIDEO
    return None
