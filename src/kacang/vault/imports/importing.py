"""Taking in card secrets from a file: look first, then load (V2).

Both are jobs, which know the file by its sealed copy. A file is read in chunks. With good lines
kept, each chunk is a transaction that also saves how far the job is: a job that died is run
again, looks at what it had loaded, and goes on. With all or nothing, the whole file is looked at
first and then loaded in one transaction, so that no card of it can be sold before all are there.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.outbox import files, work
from kacang.outbox.files import Upload
from kacang.queue import enqueue
from kacang.shared.errors import Invalid
from kacang.shared.zips import packed
from kacang.vault.imports.intake import Purchase, card_sku
from kacang.vault.reading.layouts import Wishes
from kacang.vault.reading.rows import LINES_MAX, BadFile
from kacang.vault.reading.sources import LINES_NAME

IMPORT = "vault.import"
CHECK = "vault.check"
PURPOSE = "import"
FILES_NAME = "files.zip"
UPLOADS_MAX = 100


class NothingToImport(Invalid):
    """No line was sent, or more than a million."""

    code = "vault.nothing_to_import"


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What somebody wants done with a file.

    `keep_good`: load the good lines and report the others; else load all or nothing.
    `language` is that of the error workbook.
    """

    sku_uid: str
    purchase: Purchase = field(default_factory=Purchase)
    wishes: Wishes = field(default_factory=Wishes)
    keep_good: bool = True
    language: str = "zh-hans"


def seal_lines(*, merchant_id: int, lines: Sequence[str]) -> str:
    """Seal lines that were pasted or sent, one card each, and return the file's uid.

    A line may hold anything, line breaks too.

    Raises:
        NothingToImport: There are none, or more than a million.
        BadFile: A line holds half a surrogate pair, which no encoding can write.
    """
    if not 0 < len(lines) <= LINES_MAX:
        raise NothingToImport(limit=LINES_MAX)
    try:
        content = json.dumps(list(lines), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise BadFile(problem="encoding") from None
    return files.store(merchant_id=merchant_id, purpose=PURPOSE, name=LINES_NAME, content=content)


def seal_files(*, merchant_id: int, uploads: Sequence[Upload]) -> str:
    """Seal small files that are secrets each, sent together, and return the file's uid.

    Raises:
        NothingToImport: There are none, or more than a hundred.
        FileTooLarge: Together they have more than 64 MB. Nothing is kept.
    """
    if not 0 < len(uploads) <= UPLOADS_MAX:
        raise NothingToImport(limit=UPLOADS_MAX)
    if sum(upload.size or 0 for upload in uploads) > files.SIZE_MAX:
        raise files.FileTooLarge(limit_mb=files.SIZE_MAX // 2**20)
    content: Iterable[bytes] = packed(
        (upload.name or "file", b"".join(upload.chunks())) for upload in uploads
    )
    return files.store(merchant_id=merchant_id, purpose=PURPOSE, name=FILES_NAME, content=content)


def check_import(*, merchant_id: int, actor: Actor, file_uid: str, request: ImportRequest) -> str:
    """Start the job that looks at a sealed file without loading it; return the job's uid.

    Raises:
        UnknownFile, UnknownSku, NotCards: There is none of cards.
        BadPurchase: What was said about the purchase cannot be.
    """
    return _start(CHECK, merchant_id, actor, file_uid, request)


def import_cards(*, merchant_id: int, actor: Actor, file_uid: str, request: ImportRequest) -> str:
    """Start the job that loads a sealed file into the vault; return the job's uid.

    Its result names the batch, counts by reason what was not taken, and has the uid of an error
    workbook as `error_file`. Imports of one merchant run one after the other.

    Raises:
        UnknownFile, UnknownSku: There is none.
        BadPurchase: What was said about the purchase cannot be.
    """
    return _start(IMPORT, merchant_id, actor, file_uid, request)


def _start(kind: str, merchant_id: int, actor: Actor, file_uid: str, request: ImportRequest) -> str:
    with acting_as(merchant_id):
        file = files.info(merchant_id=merchant_id, uid=file_uid)
        sku = card_sku(merchant_id, request.sku_uid)
        uid = work.start(
            merchant_id=merchant_id,
            kind=kind,
            actor=actor,
            arguments={
                "sku": sku.uid,
                "file": file.uid,
                "purchase": request.purchase.checked().stored(),
                **request.wishes.stored(),
                "keep_good": request.keep_good,
                "language": request.language,
            },
        )
        if kind == IMPORT:
            audit.record(
                merchant_id=merchant_id,
                actor=actor,
                action="cards.import",
                object_kind="sku",
                object_uid=sku.uid,
                after={"job": uid, "file": file.name, "supplier": request.purchase.supplier},
            )
        enqueue(
            "vault.run_import" if kind == IMPORT else "vault.run_check",
            queue="bulk",
            lock=f"bulk:{merchant_id}",
            merchant_id=merchant_id,
            work_uid=uid,
        )
    return uid
