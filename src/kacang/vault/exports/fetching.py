"""Fetching an export: a zip under the person's passphrase, made while it is sent (V4).

The passphrase lives as long as the request. It is nowhere else: not in the job, the log or on
disk. The zip exists only on the way to the browser.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.outbox import files, work
from kacang.outbox.work import WorkState, WorkView
from kacang.shared.errors import Invalid, NotFound
from kacang.shared.zips import Member, locked
from kacang.vault.exports.export_parts import heading, unpacked
from kacang.vault.exports.exporting import EXPORT
from kacang.vault.making.patterns import make_codes, read_pattern

# 25 of 31 letters: 123 bits.
_MADE = "X{5}-X{5}-X{5}-X{5}-X{5}"
PASSPHRASE_LEAST = 14
PASSPHRASE_MOST = 128
_LETTERS_LEAST = 7
LIST = "cards.csv"


class UnknownExport(NotFound):
    """There is no such export, it is somebody else's, or its time is over."""

    code = "vault.unknown_export"


class WeakPassphrase(Invalid):
    """A passphrase has 14 to 128 visible ASCII characters, at least seven different ones."""

    code = "vault.weak_passphrase"


@dataclass(frozen=True, slots=True)
class ExportView:
    """An export as its owner sees it. `expires_at` is None when nothing can be fetched."""

    work: WorkView
    cards: int
    files: int
    expires_at: datetime | None


def new_passphrase() -> str:
    """Make a passphrase that nobody guesses. It is stored nowhere."""
    return make_codes(read_pattern(_MADE), 1)[0]


def check_passphrase(passphrase: str) -> str:
    """Return a passphrase that may guard an export.

    Programs differ in how they turn letters beyond ASCII into bytes: those are refused. What the
    format does to slow guessing down is little, so the passphrase itself has to be long.

    Raises:
        WeakPassphrase: It is too short, too simple, or has other letters.
    """
    passphrase = passphrase.strip()
    is_long = PASSPHRASE_LEAST <= len(passphrase) <= PASSPHRASE_MOST
    if not is_long or not passphrase.isascii() or not passphrase.isprintable():
        raise WeakPassphrase
    if len(set(passphrase)) < _LETTERS_LEAST:
        raise WeakPassphrase
    return passphrase


def export(*, merchant_id: int, actor: Actor, uid: str) -> ExportView:
    """Return an export of this person.

    Raises:
        UnknownExport: There is none, or somebody else asked for it.
    """
    try:
        item = work.work(merchant_id=merchant_id, uid=uid)
    except work.UnknownWork:
        raise UnknownExport from None
    if item.kind != EXPORT or list(item.arguments["actor"]) != [actor.kind, actor.id]:
        raise UnknownExport
    result = item.result
    return ExportView(
        work=item,
        cards=int(result.get("exported", 0)),
        files=int(result.get("files", 0)),
        expires_at=_expiry(merchant_id, item),
    )


def fetch_export(*, merchant_id: int, actor: Actor, uid: str, passphrase: str) -> Iterator[bytes]:
    """Return the pieces of the zip. That it is fetched is committed before the first is opened.

    Whoever calls has asked for a fresh second factor. Must not run inside a transaction.

    Raises:
        UnknownExport: There is none, it is somebody else's, or its time is over.
        WeakPassphrase: As it says.
    """
    assert not connection.in_atomic_block, "the trace must be committed before anything is opened"
    passphrase = check_passphrase(passphrase)
    found = export(merchant_id=merchant_id, actor=actor, uid=uid)
    if found.expires_at is None:
        raise UnknownExport
    with acting_as(merchant_id):
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action="cards.export_fetch",
            object_kind="job",
            object_uid=uid,
            after={"count": found.cards},
        )
    return locked(_members(merchant_id, found.work), passphrase)


def _members(merchant_id: int, item: WorkView) -> Iterator[Member]:
    lines, packs = item.result["parts"]["lines"], item.result["parts"]["packs"]
    head = heading(item.arguments["language"])
    size = sum(files.info(merchant_id=merchant_id, uid=uid).size for uid in lines)
    yield Member(LIST, len(head) + size, _joined(merchant_id, head, lines))
    for uid in packs:
        for name, content in unpacked(files.stream(merchant_id=merchant_id, uid=uid)):
            yield Member(name, len(content), [content])


def _joined(merchant_id: int, head: bytes, uids: list[str]) -> Iterator[bytes]:
    yield head
    for uid in uids:
        yield from files.stream(merchant_id=merchant_id, uid=uid)


def _expiry(merchant_id: int, item: WorkView) -> datetime | None:
    """Return until when everything of an export is there; the oldest part goes first."""
    if item.state is not WorkState.DONE:
        return None
    parts = item.result["parts"]
    oldest = [uids[0] for uids in (parts["lines"], parts["packs"]) if uids]
    try:
        known = [files.info(merchant_id=merchant_id, uid=uid).expires_at for uid in oldest]
    except files.UnknownFile:
        return None
    return min(known, default=None)
