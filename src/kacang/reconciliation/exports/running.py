"""Exports of money as jobs: which lists there are, starting, running, fetching (F1–F3, O10)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from kacang.merchants import queries as merchants
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.outbox import exporting, work
from kacang.outbox.exporting import Contents, ExportKind, UnknownExport
from kacang.outbox.work import Task, once_of
from kacang.reconciliation.exports.asked import Asked, Listing, Words
from kacang.reconciliation.exports.attempts import PAYMENTS, REFUNDS
from kacang.reconciliation.exports.differences import DIFFERENCES
from kacang.reconciliation.exports.figures import FIGURES
from kacang.reconciliation.exports.ledger import BOOKS, TRANSFERS
from kacang.reconciliation.exports.wallets import STATEMENT, WALLETS
from kacang.shared.errors import Invalid

__all__ = [
    "KIND",
    "LISTS",
    "BadExport",
    "ExportRequest",
    "UnknownExport",
    "fetch_export",
    "run_export",
    "start_export",
]
KIND = "finance.export"
EXPORT = ExportKind(KIND, "reconciliation.run_export", "finance.export_fetched")
LISTS: Mapping[str, Listing] = {
    "payments": PAYMENTS,
    "refunds": REFUNDS,
    "wallets": WALLETS,
    "wallet": STATEMENT,
    "transfers": TRANSFERS,
    "books": BOOKS,
    "differences": DIFFERENCES,
    "figures": FIGURES,
}


class BadExport(Invalid):
    """There is no such list, or it is not written as such a file."""

    code = "exports.bad_request"


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to write. `name` is one of LISTS, `where` what narrows it, as that list stores it.

    `token` is the form's that asks for it: sent twice, the same request is one export.
    """

    name: str
    where: Mapping[str, Any]
    format: str
    words: Words
    language: str
    token: str = ""


def start_export(*, merchant_id: int, actor: Actor, request: ExportRequest) -> str:
    """Start the job that writes a list into a file; return its uid. Who asked fetches it.

    Raises:
        BadExport: There is no such list, or not as such a file.
    """
    listing = LISTS.get(request.name)
    if listing is None or request.format not in listing.formats:
        raise BadExport
    once = once_of(request.token, request.name, request.where, request.format)
    with acting_as(merchant_id):
        if before := work.started(merchant_id=merchant_id, actor=actor, once=once):
            return before
        asked = _asked(merchant_id, request.where, request.words, request.language)
        fixed = {**listing.fixed(asked)}
        asked = _asked(merchant_id, fixed, request.words, request.language)
        count = listing.count(asked)
        uid = exporting.start(
            merchant_id=merchant_id, actor=actor, kind=EXPORT,
            arguments={
                "list": request.name,
                "where": fixed,
                "words": {name: dict(words) for name, words in request.words.items()},
                "format": request.format,
                "language": request.language,
            },
            total=count,
            once=once,
        )  # fmt: skip
        exporting.note(
            merchant_id, actor, uid, f"{request.name}.export",
            {"count": count, "format": request.format, **fixed},
        )  # fmt: skip
    return uid


def fetch_export(*, merchant_id: int, actor: Actor, uid: str) -> tuple[str, Iterator[bytes]]:
    """Return an export's name and content, to whoever asked for it; that is written down first.

    Raises:
        UnknownExport: There is none for this person, or its time is over.
    """
    return exporting.fetch(merchant_id=merchant_id, actor=actor, uid=uid, kind=EXPORT)


def run_export(*, merchant_id: int, work_uid: str, mask: Callable[[str], str]) -> None:
    """Write an export, or the rest of it after a crash. One that is stopped leaves no file."""

    def make(who: int, task: Task) -> Contents:
        given = task.arguments
        asked = _asked(who, given["where"], given["words"], str(given["language"]), mask)
        return LISTS[given["list"]].contents(asked)

    exporting.run(merchant_id=merchant_id, work_uid=work_uid, make=make)


def _asked(
    merchant_id: int,
    where: Mapping[str, Any],
    words: Words,
    language: str,
    mask: Callable[[str], str] = lambda _contact: "",
) -> Asked:
    zone = ZoneInfo(merchants.merchant(merchant_id=merchant_id).time_zone)
    return Asked(merchant_id, where, words, zone, language, mask)
