"""Many cards changed by one job: frozen, put back on sale, void, faulty (V3, V6).

The job goes through the cards in chunks. What one chunk changes, its counts, its part of the
result and the place to go on from are one transaction: after a crash the next run goes on there.
Cards that are reserved or were ever sold stay as they are: an order that is being paid is
delivered, and what a buyer has is never taken away by a job.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.db import connection
from django.utils.translation import gettext, gettext_noop, override

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.keys import cipher_for
from kacang.merchants.tenancy import acting_as
from kacang.outbox import files, work
from kacang.outbox.work import Task
from kacang.queue import enqueue
from kacang.shared.errors import Invalid
from kacang.vault.card_ids import open_card_id, seal_card_id
from kacang.vault.changing import CARDS_MAX, TooManyCards, check_reason, move_cards
from kacang.vault.import_jobs import JOB, guarded
from kacang.vault.listing import find_batch
from kacang.vault.models import Batch, CardState

CHANGE = "vault.change"
# Few enough that buyers, who pass by locked cards, do not find a batch wholly locked for long.
CHUNK = 2_000
LIFETIME = timedelta(days=7)
_OF_BATCH = """
select id from card where merchant_id = %(merchant)s::bigint and batch_id = %(batch)s::bigint
  and id > %(after)s::bigint and id <= %(last)s::bigint order by id limit %(most)s::int
"""
_LOCK = """
select id, state from card
where merchant_id = %(merchant)s::bigint and id = any(%(ids)s::bigint[])
  and state = any(%(from)s::smallint[]) and line_id is null and sold_at is null
order by id for no key update
"""
_LOOK = """
select id, state, coalesce(number, number_mask, '') from card
where merchant_id = %(merchant)s::bigint and id = any(%(ids)s::bigint[]) order by id
"""
STATE_TEXTS = {
    CardState.AVAILABLE: gettext_noop("Available"),
    CardState.RESERVED: gettext_noop("Reserved"),
    CardState.SOLD: gettext_noop("Sold"),
    CardState.ACTIVATED: gettext_noop("Activated"),
    CardState.REDEEMED: gettext_noop("Redeemed"),
    CardState.EXPIRED: gettext_noop("Expired"),
    CardState.VOID: gettext_noop("Void"),
    CardState.FAULTY: gettext_noop("Faulty"),
    CardState.FROZEN: gettext_noop("Frozen"),
}


class NothingToChange(Invalid):
    """A change is of a batch or of cards: of one of them, and of at least one card."""

    code = "vault.nothing_to_change"


class Change(StrEnum):
    """What can be done to many cards."""

    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    VOID = "void"
    FAULTY = "faulty"
    RESTORE = "restore"


# change → (from which states, to which)
_STEPS: dict[Change, tuple[tuple[CardState, ...], CardState]] = {
    Change.FREEZE: ((CardState.AVAILABLE,), CardState.FROZEN),
    Change.UNFREEZE: ((CardState.FROZEN,), CardState.AVAILABLE),
    Change.VOID: ((CardState.AVAILABLE, CardState.FROZEN, CardState.FAULTY), CardState.VOID),
    Change.FAULTY: ((CardState.AVAILABLE, CardState.FROZEN), CardState.FAULTY),
    Change.RESTORE: ((CardState.FAULTY,), CardState.AVAILABLE),
}


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """What to do, why, and to which cards: a whole batch, or those named."""

    change: Change
    reason: str
    batch_uid: str = ""
    card_uids: Sequence[str] = ()
    language: str = "zh-hans"


def change_cards(*, merchant_id: int, actor: Actor, request: ChangeRequest) -> str:
    """Start the job that changes cards; return the job's uid.

    Raises:
        NothingToChange, ReasonMissing, TooManyCards: As they say.
        UnknownBatch, UnknownCard: A name was made up. Nothing was started.
    """
    reason = check_reason(request.reason)
    uids = list(dict.fromkeys(request.card_uids))
    if bool(uids) == bool(request.batch_uid):
        raise NothingToChange
    if len(uids) > CARDS_MAX:
        raise TooManyCards(limit=CARDS_MAX)
    cipher = cipher_for(merchant_id)
    ids = sorted(open_card_id(cipher, uid) for uid in uids)
    with acting_as(merchant_id):
        batch = find_batch(merchant_id, request.batch_uid) if request.batch_uid else None
        total = batch.card_count if batch else len(ids)
        arguments: Mapping[str, Any] = {
            "change": request.change.value,
            "reason": reason,
            "of_batch": batch.uid if batch else "",
            "cards": ids,
            "language": request.language,
        }
        uid = work.start(
            merchant_id=merchant_id, kind=CHANGE, arguments=arguments, actor=actor, total=total
        )
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action=f"cards.bulk_{request.change.value}",
            object_kind="batch" if batch else "job",
            object_uid=batch.uid if batch else uid,
            after={"job": uid, "count": total},
            reason=reason,
        )
        enqueue(
            "vault.run_change",
            queue="bulk",
            lock=f"bulk:{merchant_id}",
            merchant_id=merchant_id,
            work_uid=uid,
        )
    return uid


def run_change(*, merchant_id: int, work_uid: str) -> None:
    """Change the cards of a job, or the rest of them after a crash.

    A job that is asked to stop leaves what it has changed, and says how many.
    """
    guarded(merchant_id, work_uid, _change)


def _change(merchant_id: int, task: Task) -> None:
    checkpoint: Mapping[str, Any] = task.checkpoint or {
        "after": 0, "seen": 0, "changed": 0, "parts": [],
    }  # fmt: skip
    expected = task.checkpoint
    stop = False
    while not stop:
        with acting_as(merchant_id):
            ids = _next_ids(merchant_id, task, checkpoint["after"])
            if not ids:
                break
            changed, part = _change_some(merchant_id, task, ids)
            checkpoint = {
                "after": ids[-1],
                "seen": checkpoint["seen"] + len(ids),
                "changed": checkpoint["changed"] + changed,
                "parts": [*checkpoint["parts"], part],
            }
            stop = work.progress(
                merchant_id=merchant_id,
                uid=task.uid,
                done=checkpoint["seen"],
                checkpoint=checkpoint,
                expected=expected,
            )
        expected = checkpoint
    _end(merchant_id, task, checkpoint, stopped=stop)


def _end(merchant_id: int, task: Task, reached: Mapping[str, Any], *, stopped: bool) -> None:
    with acting_as(merchant_id):
        result: dict[str, Any] = {
            "changed": reached["changed"],
            "stayed": reached["seen"] - reached["changed"],
            "change_file": _whole(merchant_id, task, reached["parts"]),
        }
        if task.arguments["of_batch"]:
            result["batch"] = task.arguments["of_batch"]
        end = work.stop if stopped else work.finish
        end(merchant_id=merchant_id, uid=task.uid, result=result)


def _next_ids(merchant_id: int, task: Task, after: int) -> list[int]:
    if not task.arguments["of_batch"]:
        return [card_id for card_id in task.arguments["cards"] if card_id > after][:CHUNK]
    batch: Batch = find_batch(merchant_id, task.arguments["of_batch"])
    values = {
        "merchant": merchant_id,
        "batch": batch.pk,
        "after": max(after, (batch.first_card_id or 1) - 1),
        "last": batch.last_card_id or 0,
        "most": CHUNK,
    }
    return [row[0] for row in _rows(_OF_BATCH, values)]


def _change_some(merchant_id: int, task: Task, ids: list[int]) -> tuple[int, str]:
    """Change what may be changed of these cards; return how many, and the sealed part."""
    before, to = _STEPS[Change(task.arguments["change"])]
    values = {"merchant": merchant_id, "ids": ids, "from": [int(state) for state in before]}
    by_state: dict[CardState, list[int]] = {}
    for card_id, state in _rows(_LOCK, values):
        by_state.setdefault(CardState(state), []).append(card_id)
    for state in sorted(by_state):
        move_cards(merchant_id, by_state[state], state, to)
    changed = {card_id for found in by_state.values() for card_id in found}
    if changed:
        _record(merchant_id, task, to, changed)
    part = files.store(
        merchant_id=merchant_id,
        purpose="report",
        name=f"{task.uid}.csv",
        content=_lines(merchant_id, task, _rows(_LOOK, values), changed),
        lifetime=LIFETIME,
    )
    return len(changed), part


def _record(merchant_id: int, task: Task, to: CardState, changed: set[int]) -> None:
    """Cards that somebody named are in the log one by one, a batch's as a count."""
    actor = Actor(JOB, None, task.actor_label)
    reason = task.arguments["reason"]
    if batch_uid := task.arguments["of_batch"]:
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action=f"batches.{to.name.lower()}",
            object_kind="batch",
            object_uid=batch_uid,
            after={"cards": len(changed), "job": task.uid},
            reason=reason,
        )
        return
    cipher = cipher_for(merchant_id)
    for card_id in sorted(changed):
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action=f"cards.{to.name.lower()}",
            object_kind="card",
            object_uid=seal_card_id(cipher, card_id),
            reason=reason,
        )


def _lines(merchant_id: int, task: Task, rows: list[tuple[Any, ...]], changed: set[int]) -> bytes:
    """Return one line per card: its name, its number as it may be shown, what became of it."""
    cipher = cipher_for(merchant_id)
    body = io.StringIO()
    writer = csv.writer(body)
    with override(task.arguments["language"]):
        yes, no = gettext("Changed"), gettext("Stays as it is")
        words = {state: gettext(text) for state, text in STATE_TEXTS.items()}
        for card_id, state, number in rows:
            outcome = yes if card_id in changed else no
            uid = seal_card_id(cipher, card_id)
            writer.writerow([uid, _harmless(number), outcome, words[CardState(state)]])
    return body.getvalue().encode()


def _harmless(text: str) -> str:
    """A number that a spreadsheet would take for a formula becomes a text."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text


def _whole(merchant_id: int, task: Task, parts: Sequence[str]) -> str:
    """Seal the parts as one file, without ever holding it as a whole; return its uid."""

    def content() -> Iterator[bytes]:
        with override(task.arguments["language"]):
            heads = [gettext("Card"), gettext("Card number"), gettext("Result"), gettext("State")]
        yield ("\ufeff" + ",".join(heads) + "\r\n").encode()
        for part in parts:
            yield from files.stream(merchant_id=merchant_id, uid=part)

    with override(task.arguments["language"]):
        name = gettext("Result per card") + ".csv"
    uid = files.store(
        merchant_id=merchant_id, purpose="report", name=name, content=content(), lifetime=LIFETIME
    )
    for part in parts:
        files.delete(merchant_id=merchant_id, uid=part)
    return uid


def _rows(sql: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)  # type: ignore[arg-type] # ids and numbers
        return list(cursor.fetchall())
