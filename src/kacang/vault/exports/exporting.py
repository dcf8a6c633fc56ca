"""Card secrets that leave the house: a job opens them and seals them again, as a file (V4, V6).

Who asked, which cards and why is committed before the job exists. The job goes through the cards
in chunks; what lies on disk is sealed under the merchant's key at every moment, and expires. It
becomes a zip under somebody's passphrase only while it is fetched: see `fetching`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection

from kacang.catalog import queries as catalog
from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.outbox import files, work
from kacang.outbox.work import Task, once_of
from kacang.queue import enqueue
from kacang.shared.errors import DomainError, Invalid
from kacang.shared.states import WrongState
from kacang.vault.changing.ending import check_reason
from kacang.vault.exports.export_parts import Part, Words, part_of, words_in
from kacang.vault.finding.selecting import (
    START,
    CardFilter,
    Selection,
    count_by_levels,
    next_cards,
    select_cards,
    stored_selection,
)
from kacang.vault.imports.import_jobs import guarded
from kacang.vault.models import Card, CardState

EXPORT = "vault.export"
PURPOSE = "export"
LIFETIME = timedelta(hours=24)
CHUNK = 5_000
# Cards that are files are up to 64 KB each: a chunk ends before it grows beyond this.
CHUNK_BYTES = 16 * 2**20
_SIZES = """
select id, octet_length(secret) from card
where merchant_id = %s::bigint and id = any(%s::bigint[])
"""


class NothingToExport(Invalid):
    """An export is of a batch or of a SKU: of one of them, with at least one card."""

    code = "vault.nothing_to_export"


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """Which cards and why: of a batch or of a SKU, in these states; all when none is named.

    `token` is the form's that asks for it: sent twice, the same request is one export.
    """

    reason: str
    batch_uid: str = ""
    sku_uid: str = ""
    states: Sequence[CardState] = ()
    language: str = "zh-hans"
    token: str = ""

    @property
    def once(self) -> str:
        """By what it is known when it is sent twice."""
        states = sorted(set(self.states))
        return once_of(self.token, EXPORT, self.batch_uid, self.sku_uid, states, self.reason)


def export_begun(*, merchant_id: int, actor: Actor, request: ExportRequest) -> str:
    """Return the uid of the job that this person has started by the same form; "": none yet."""
    with acting_as(merchant_id):
        return work.started(merchant_id=merchant_id, actor=actor, once=request.once)


def export_cards(*, merchant_id: int, actor: Actor, request: ExportRequest) -> str:
    """Start the job that gathers card secrets for a person; return the job's uid.

    Whoever calls has asked the person for the permission and a fresh second factor. That they
    want it is in the audit log before anything is opened. Only they can fetch the file.

    Raises:
        NothingToExport, ReasonMissing: As they say.
        UnknownBatch, UnknownSku: A name was made up. Nothing was started.
    """
    reason = check_reason(request.reason)
    if bool(request.batch_uid) == bool(request.sku_uid):
        raise NothingToExport
    states = tuple(sorted(set(request.states)))
    with acting_as(merchant_id):
        if before := work.started(merchant_id=merchant_id, actor=actor, once=request.once):
            return before
        selection = _selected(merchant_id, request, states)
        # By the movements: opening the cards is the job's, and so is going through them.
        total = count_by_levels(merchant_id, selection)
        if not total:
            raise NothingToExport
        arguments: Mapping[str, Any] = {
            "of_batch": request.batch_uid,
            "sku": request.sku_uid,
            "select": selection.stored(),
            "language": request.language,
            "actor": [actor.kind, actor.id],
        }
        uid = work.start(
            merchant_id=merchant_id, kind=EXPORT, arguments=arguments, actor=actor, total=total,
            once=request.once,
        )  # fmt: skip
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action="cards.export",
            object_kind="batch" if request.batch_uid else "sku",
            object_uid=request.batch_uid or request.sku_uid,
            after={
                "job": uid,
                "count": total,
                "states": [state.name.lower() for state in states],
            },
            reason=reason,
        )
        enqueue(
            "vault.run_export",
            queue="bulk",
            lock=f"bulk:{merchant_id}",
            merchant_id=merchant_id,
            work_uid=uid,
        )
    return uid


def _selected(merchant_id: int, request: ExportRequest, states: tuple[CardState, ...]) -> Selection:
    sku_id = 0
    if request.sku_uid:
        sku_id = catalog.sku(merchant_id=merchant_id, uid=request.sku_uid).id
    wanted = CardFilter(sku_id=sku_id, batch_uid=request.batch_uid, states=states)
    return select_cards(merchant_id, wanted)


def run_export(*, merchant_id: int, work_uid: str) -> None:
    """Gather the cards of a job, or the rest of them after a crash.

    Nothing readable is left by a job that is stopped, fails or is killed: what it has sealed is
    removed, or expires.
    """
    guarded(merchant_id, work_uid, _export)


def _export(merchant_id: int, task: Task) -> None:
    checkpoint: Mapping[str, Any] = task.checkpoint or {
        "after": list(START), "cards": 0, "files": 0, "lines": [], "packs": [],
    }  # fmt: skip
    expected = task.checkpoint
    stop = False
    words = words_in(task.arguments["language"], merchant_id)
    try:
        while not stop:
            with acting_as(merchant_id):
                reached = _step(merchant_id, task, checkpoint, words)
                if reached is None:
                    break
                stop = work.progress(
                    merchant_id=merchant_id,
                    uid=task.uid,
                    done=reached["cards"],
                    checkpoint=reached,
                    expected=expected,
                )
            expected = checkpoint = reached
        with acting_as(merchant_id):
            _end(merchant_id, task, checkpoint, stopped=stop)
    except WrongState:
        # Another run of this job is further, with these same parts.
        raise
    except DomainError:
        _forget(merchant_id, checkpoint)
        raise


def _end(merchant_id: int, task: Task, reached: Mapping[str, Any], *, stopped: bool) -> None:
    if stopped:
        _forget(merchant_id, reached)
        work.stop(merchant_id=merchant_id, uid=task.uid, result={})
        return
    result = {
        "exported": reached["cards"],
        "files": reached["files"],
        "parts": {"lines": reached["lines"], "packs": reached["packs"]},
    }
    work.finish(merchant_id=merchant_id, uid=task.uid, result=result)


def _step(
    merchant_id: int, task: Task, reached: Mapping[str, Any], words: Words
) -> dict[str, Any] | None:
    """Seal the next cards; None when there are no more."""
    selection = stored_selection(task.arguments["select"])
    batch_id, card_id = reached["after"]
    found = next_cards(merchant_id, selection, (batch_id, card_id), CHUNK)
    found = found[: _fitting(merchant_id, [card_id for _batch, card_id in found])]
    if not found:
        return None
    by_id = Card.objects.filter(merchant_id=merchant_id).select_related("batch")
    rows = by_id.in_bulk([card_id for _batch, card_id in found])
    part = part_of(
        merchant_id,
        [rows[card_id] for _batch, card_id in found if card_id in rows],
        start=reached["cards"],
        words=words,
    )
    return {
        **reached,
        "after": list(found[-1]),
        "cards": reached["cards"] + part.cards,
        "files": reached["files"] + part.files,
        **_stored(merchant_id, task, part, reached),
    }


def _fitting(merchant_id: int, ids: list[int]) -> int:
    """Return how many of these cards a part takes: one at least, then up to its size."""
    with connection.cursor() as cursor:
        cursor.execute(_SIZES, [merchant_id, ids])
        sizes = dict(cursor.fetchall())
    total = 0
    for place, card_id in enumerate(ids):
        total += sizes.get(card_id, 0)
        if total > CHUNK_BYTES and place:
            return place
    return len(ids)


def _stored(
    merchant_id: int, task: Task, part: Part, reached: Mapping[str, Any]
) -> dict[str, list[str]]:
    """Seal a part, in the transaction that saves how far the job is."""
    kept = {"lines": list(reached["lines"]), "packs": list(reached["packs"])}
    for kind, content in (("lines", part.lines), ("packs", part.pack)):
        if content:
            kept[kind].append(
                files.store(
                    merchant_id=merchant_id,
                    purpose=PURPOSE,
                    name=f"{task.uid}.part",
                    content=content,
                    lifetime=LIFETIME,
                )
            )
    return kept


def _forget(merchant_id: int, reached: Mapping[str, Any]) -> None:
    for uid in (*reached["lines"], *reached["packs"]):
        files.delete(merchant_id=merchant_id, uid=uid)
