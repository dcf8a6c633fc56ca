"""Long jobs that somebody started and watches: their progress, checkpoints and end.

A job is run again after a crash. It takes its `checkpoint` from `begin` and saves the next one
with `progress`, in the transaction that did the piece of work: both are kept, or neither.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection

from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as, current_reach, reach_from_here
from kacang.outbox.models import WORK_STEPS, Work, WorkState
from kacang.outbox.queries import UnknownWork, WorkView, is_followed, work, works
from kacang.shared import states
from kacang.shared.clock import utc_now
from kacang.shared.ids import new_uid

CHECKPOINT = "checkpoint"
# Of the hash that a repeated start is known by: 112 bits.
UID_HEX = 28
# To which orders the person who started a job reaches: the job sees no others (I1).
REACH = "reach"

__all__ = [
    "CHECKPOINT",
    "Task",
    "UnknownWork",
    "WorkState",
    "WorkView",
    "ask_to_cancel",
    "begin",
    "fail",
    "finish",
    "is_followed",
    "once_of",
    "progress",
    "set_argument",
    "start",
    "started",
    "stop",
    "work",
    "works",
]


@dataclass(frozen=True, slots=True)
class Task:
    """What a job was told, and how far an earlier run of it came."""

    id: int
    uid: str
    arguments: Mapping[str, Any]
    checkpoint: Mapping[str, Any]
    actor_label: str


def once_of(token: str, *wanted: object) -> str:
    """Return by what a start is known when it is sent twice: a form's token and what it asks for.

    "" without a token: then each start is one of its own.
    """
    return json.dumps([token, *wanted], default=str, sort_keys=True) if token else ""


def started(*, merchant_id: int, actor: Actor, once: str) -> str:
    """Return the uid of the job that this person has started by `once`; "": none yet.

    Must run inside the caller's transaction, which goes on to start it: another that sends the
    same waits here until it has ended.
    """
    if not once:
        return ""
    assert connection.in_atomic_block
    uid = _uid_of(merchant_id, actor, once)
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s::text, 0))", [uid])
        return uid if Work.objects.filter(merchant_id=merchant_id, uid=uid).exists() else ""


def _uid_of(merchant_id: int, actor: Actor, once: str) -> str:
    said = json.dumps([merchant_id, actor.kind, actor.id, once])
    return f"job_{hashlib.sha256(said.encode()).hexdigest()[:UID_HEX]}"


def start(
    *,
    merchant_id: int,
    kind: str,
    arguments: Mapping[str, Any],
    actor: Actor,
    total: int = 0,
    once: str = "",
) -> str:
    """Note a job that will run, and return its uid. The caller queues it, in one transaction.

    `arguments` hold ids, names and choices; never a secret. The job reaches as far as whoever
    starts it does now. With `once`, ask `started` before.
    """
    reach = current_reach()
    narrowed = {} if reach is None else {REACH: sorted(reach)}
    with acting_as(merchant_id):
        row = Work.objects.create(
            merchant_id=merchant_id,
            uid=_uid_of(merchant_id, actor, once) if once else new_uid("job"),
            kind=kind,
            arguments={**arguments, **narrowed},
            actor_label=actor.label[:120],
            total=total,
        )
    return row.uid


def begin(*, merchant_id: int, uid: str) -> Task | None:
    """Say that a job runs now, for the first time or again. None: it has ended already.

    A job that was asked to stop before it ran is ended here. From here on its transactions see
    only the orders that whoever started it may see.

    Raises:
        UnknownWork: There is none.
    """
    with acting_as(merchant_id):
        row = _locked(merchant_id, uid)
        if row.state in (WorkState.DONE, WorkState.FAILED, WorkState.CANCELLED):
            return None
        if row.state == WorkState.WAITING:
            if row.cancel_asked:
                _end(row, WorkState.CANCELLED, {}, "")
                return None
            _step(row, WorkState.RUNNING)
            row.started_at = utc_now()
            row.save(update_fields=["state", "started_at"])
        arguments = dict(row.arguments)
        checkpoint = arguments.pop(CHECKPOINT, {})
        reach = arguments.pop(REACH, None)
    if reach is not None:
        reach_from_here(frozenset(reach))
    return Task(row.pk, row.uid, arguments, checkpoint, row.actor_label)


def progress(
    *,
    merchant_id: int,
    uid: str,
    done: int,
    total: int | None = None,
    checkpoint: Mapping[str, Any] | None = None,
    expected: Mapping[str, Any] | None = None,
) -> bool:
    """Say how far a job is, and save where to go on. Returns whether it should stop.

    Joins the caller's transaction. `expected` is the checkpoint that the caller started from:
    another one means that the job runs twice, and this run must not go on.

    Raises:
        UnknownWork: There is none.
        WrongState: It has ended, or another run of it is further: undo and stop.
    """
    with acting_as(merchant_id):
        row = _locked(merchant_id, uid)
        if row.state != WorkState.RUNNING:
            raise states.WrongState(now=WorkState(row.state).name.lower(), to="running")
        if expected is not None and row.arguments.get(CHECKPOINT, {}) != dict(expected):
            raise states.WrongState(now="overtaken", to="running")
        row.done = done
        row.total = row.total if total is None else total
        if checkpoint is not None:
            row.arguments = {**row.arguments, CHECKPOINT: dict(checkpoint)}
        row.save(update_fields=["done", "total", "arguments"])
        return row.cancel_asked


def finish(*, merchant_id: int, uid: str, result: Mapping[str, Any]) -> None:
    """End a job that did what it was told. `result` holds counts and ids; never a secret.

    Raises:
        UnknownWork: There is none.
        WrongState: It has ended already.
    """
    with acting_as(merchant_id):
        row = _locked(merchant_id, uid)
        row.done = row.total = max(row.done, row.total)
        _end(row, WorkState.DONE, result, "")


def fail(*, merchant_id: int, uid: str, error: str, result: Mapping[str, Any]) -> None:
    """End a job that could not do it. `error` is the code of a domain error.

    Raises:
        UnknownWork: There is none.
        WrongState: It has ended already.
    """
    with acting_as(merchant_id):
        _end(_locked(merchant_id, uid), WorkState.FAILED, result, error)


def stop(*, merchant_id: int, uid: str, result: Mapping[str, Any]) -> None:
    """End a job that was asked to stop, once it has put back what it did.

    Raises:
        UnknownWork: There is none.
        WrongState: It has ended already.
    """
    with acting_as(merchant_id):
        _end(_locked(merchant_id, uid), WorkState.CANCELLED, result, "")


def ask_to_cancel(*, merchant_id: int, uid: str) -> None:
    """Ask a job to stop. One that waits is ended at once; one that has ended stays as it is.

    Raises:
        UnknownWork: There is none.
    """
    with acting_as(merchant_id):
        row = _locked(merchant_id, uid)
        row.cancel_asked = True
        row.save(update_fields=["cancel_asked"])
        if row.state == WorkState.WAITING:
            _end(row, WorkState.CANCELLED, {}, "")


def set_argument(*, merchant_id: int, uid: str, name: str, value: str) -> None:
    """Note something on a job that has ended: what became of it.

    Raises:
        UnknownWork: There is none.
    """
    with acting_as(merchant_id):
        row = _locked(merchant_id, uid)
        row.arguments = {**row.arguments, name: value}
        row.save(update_fields=["arguments"])


def _locked(merchant_id: int, uid: str) -> Work:
    assert connection.in_atomic_block
    row = (
        Work.objects.select_for_update(no_key=True).filter(merchant_id=merchant_id, uid=uid).first()
    )
    if row is None:
        raise UnknownWork
    return row


def _end(row: Work, state: WorkState, result: Mapping[str, Any], error: str) -> None:
    _step(row, state)
    row.result = dict(result)
    row.error = error
    row.finished_at = utc_now()
    row.save(update_fields=["state", "result", "error", "finished_at", "done", "total"])


def _step(row: Work, state: WorkState) -> None:
    states.check(WORK_STEPS, now=WorkState(row.state), to=state)
    row.state = state
