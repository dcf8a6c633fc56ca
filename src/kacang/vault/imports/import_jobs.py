"""The jobs of an import: looking and loading. Started by `importing`."""

from collections.abc import Mapping
from typing import Any

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.outbox import files, guarding, work
from kacang.outbox.guarding import Run
from kacang.outbox.work import Task
from kacang.shared.errors import Conflict
from kacang.vault.imports.intake import Arrival, close_batch, open_batch
from kacang.vault.imports.loading import Known, known_cards, load_cards
from kacang.vault.imports.opening import Reading, count_chunk, open_reading
from kacang.vault.imports.preview import Preview
from kacang.vault.imports.report import Tally
from kacang.vault.imports.undoing import take_back
from kacang.vault.models import Batch
from kacang.vault.reading.sources import LINES_NAME

JOB = "job"


class ImportRefused(Conflict):
    """All or nothing was wanted, and not all lines are good. Nothing was loaded."""

    code = "vault.import_refused"


class Stopped(Exception):
    """The job was asked to stop."""


def run_import(*, merchant_id: int, work_uid: str) -> None:
    """Load the file of a job, or go on where an earlier run of the job was cut off.

    What is wrong with the file ends the job with an error code; what is wrong with the database
    is raised, for the queue to run the job again.
    """
    guarded(merchant_id, work_uid, _import)


def run_check(*, merchant_id: int, work_uid: str) -> None:
    """Look at the file of a job: counts, a preview, an error workbook. Loads nothing."""
    guarded(merchant_id, work_uid, _check)


def guarded(merchant_id: int, work_uid: str, run: Run) -> None:
    """Run a job of the vault; one that fails leaves no batch open."""
    guarding.guarded(merchant_id, work_uid, run, clear_up=_close)


def _close(merchant_id: int, task: Task) -> None:
    for batch_id in _batches_of(merchant_id, task):
        close_batch(merchant_id, batch_id)


def _batches_of(merchant_id: int, task: Task) -> list[int]:
    found = Batch.objects.filter(merchant_id=merchant_id, work_id=task.id)
    return list(found.values_list("id", flat=True))


def _check(merchant_id: int, task: Task) -> None:
    reading = open_reading(merchant_id, task)
    tally, preview = Tally(), Preview(reading)
    try:
        _look_through(reading, tally, preview)
    except Stopped:
        work.stop(merchant_id=merchant_id, uid=task.uid, result={})
        return
    result = {**reading.result(tally), "preview": preview.store()}
    work.finish(merchant_id=merchant_id, uid=task.uid, result=result)


def _look_through(reading: Reading, tally: Tally, preview: Preview | None = None) -> None:
    merchant_id = reading.merchant.id
    for chunk in reading.chunks():
        with acting_as(merchant_id):
            known = known_cards(merchant_id, chunk.prints)
            stop = work.progress(
                merchant_id=merchant_id,
                uid=reading.task.uid,
                done=chunk.last_line,
                total=reading.source.line_count,
            )
        if preview:
            preview.add(chunk, known)
        count_chunk(tally, chunk, known)
        if stop:
            raise Stopped


def _import(merchant_id: int, task: Task) -> None:
    reading = open_reading(merchant_id, task)
    if task.arguments["keep_good"]:
        _load_in_chunks(reading)
    else:
        _load_at_once(reading)


def _load_at_once(reading: Reading) -> None:
    merchant_id, task = reading.merchant.id, reading.task
    seen = Tally()
    try:
        _look_through(reading, seen)
    except Stopped:
        work.stop(merchant_id=merchant_id, uid=task.uid, result={})
        return
    if seen.bad:
        result = {**reading.result(seen), "stocked": 0}
        work.fail(merchant_id=merchant_id, uid=task.uid, error=ImportRefused.code, result=result)
        return
    tally = Tally()
    with acting_as(merchant_id):
        batch = _batch(reading, {})
        for chunk in reading.chunks(to_load=True):
            known = load_cards(batch, reading.sku, chunk.entries, chunk.prints, chunk.sealed)
            if known:
                # Somebody else brought one in after the look: none of ours stays.
                raise ImportRefused
            count_chunk(tally, chunk, known)
        _finish(reading, batch, tally)


def _load_in_chunks(reading: Reading) -> None:
    merchant_id, task = reading.merchant.id, reading.task
    tally = Tally()
    checkpoint = dict(task.checkpoint)
    with acting_as(merchant_id):
        batch = _batch(reading, checkpoint)
        if not checkpoint:
            checkpoint = {"batch": batch.pk, "chunks": 0}
            work.progress(
                merchant_id=merchant_id,
                uid=task.uid,
                done=0,
                total=reading.source.line_count,
                checkpoint=checkpoint,
                expected={},
            )
    for index, chunk in enumerate(reading.chunks(to_load=True)):
        stop = False
        with acting_as(merchant_id):
            known: Mapping[bytes, Known]
            if index < checkpoint["chunks"]:
                # Loaded by the run before this one: only what it found there is not ours.
                found = known_cards(merchant_id, chunk.prints)
                known = {key: card for key, card in found.items() if card.batch_id != batch.pk}
            else:
                known = load_cards(batch, reading.sku, chunk.entries, chunk.prints, chunk.sealed)
                reached = {**checkpoint, "chunks": index + 1}
                stop = work.progress(
                    merchant_id=merchant_id,
                    uid=task.uid,
                    done=chunk.last_line,
                    checkpoint=reached,
                    expected=checkpoint,
                )
                checkpoint = reached
        count_chunk(tally, chunk, known)
        if stop:
            take_back(merchant_id=merchant_id, batch_id=batch.pk)
            work.stop(merchant_id=merchant_id, uid=task.uid, result={"batch": batch.uid})
            return
    with acting_as(merchant_id):
        _finish(reading, batch, tally)


def _batch(reading: Reading, checkpoint: Mapping[str, Any]) -> Batch:
    merchant_id, task = reading.merchant.id, reading.task
    if checkpoint:
        return Batch.objects.get(merchant_id=merchant_id, id=checkpoint["batch"])
    batch = open_batch(
        merchant=reading.merchant,
        sku=reading.sku,
        purchase=reading.purchase,
        arrival=Arrival("import", task.id, task.actor_label),
    )
    batch.layout = reading.layout.stored()
    batch.save(update_fields=["layout"])
    return batch


def _finish(reading: Reading, batch: Batch, tally: Tally) -> None:
    """Close batch and job, in the caller's transaction, and let go of the uploaded file."""
    merchant_id, task = reading.merchant.id, reading.task
    close_batch(merchant_id, batch.pk)
    batch.refresh_from_db()
    file = files.info(merchant_id=merchant_id, uid=task.arguments["file"])
    result = {
        **reading.result(tally),
        "stocked": batch.card_count,
        "batch": batch.uid,
        "batch_number": batch.number,
    }
    audit.record(
        merchant_id=merchant_id,
        actor=Actor(JOB, None, task.actor_label),
        action="cards.stocked",
        object_kind="batch",
        object_uid=batch.uid,
        after={
            "number": batch.number,
            "cards": batch.card_count,
            "job": task.uid,
            # Pasted lines came from no file.
            "file": "" if file.name == LINES_NAME else file.name,
        },
    )
    work.finish(merchant_id=merchant_id, uid=task.uid, result=result)
    files.delete(merchant_id=merchant_id, uid=task.arguments["file"])
