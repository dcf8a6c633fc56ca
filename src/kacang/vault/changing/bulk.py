"""Many cards changed by one job: state, validity, pool, SKU, batch; and the way back (V3, V6, S3).

The job goes through the cards in chunks. What one chunk changes, its counts, its part of the
result and the place to go on from are one transaction: after a crash the next run goes on there.
What becomes of a card is said in `planning`, how it is done in `steps`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from kacang.catalog import queries as catalog
from kacang.merchants import audit
from kacang.merchants import queries as merchants
from kacang.merchants.audit import Actor
from kacang.merchants.keys import cipher_for
from kacang.merchants.tenancy import acting_as
from kacang.outbox import work
from kacang.outbox.work import Task
from kacang.vault.card_ids import seal_card_id
from kacang.vault.changing.planning import (
    DONE,
    REGROUPING,
    STATE_STEPS,
    Change,
    Plan,
    plan_batch,
    plan_extend,
    plan_pool,
    plan_sku,
    plan_state,
    plan_undo,
)
from kacang.vault.changing.results import read_undo, store_lines, store_undo, store_whole
from kacang.vault.changing.steps import Condition, lock_batches, lock_cards, take
from kacang.vault.finding.listing import face_value, find_batch
from kacang.vault.finding.selecting import next_cards, stored_selection
from kacang.vault.imports.import_jobs import JOB, guarded
from kacang.vault.imports.intake import Arrival, Purchase, close_batch, open_batch, stored_purchase
from kacang.vault.models import Batch
from kacang.vault.selling.pools import UnknownPool, keep_pools

# Few enough that buyers, who pass by locked cards, do not find a batch wholly locked for long.
CHUNK = 2_000
_REMEMBER = """
insert into card_change
    (merchant_id, first_card_id, last_card_id, card_ids, job, verb, reason, actor_label)
values (%s::bigint, %s::bigint, %s::bigint, %s::bigint[], %s::text, %s::text, %s::text, %s::text)
"""
Undoable = Mapping[int, tuple[Condition, Condition]]


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a job is.

    Args:
        after: The batch and the card to go on behind; of cards by name the batch is 0.
        seen: How many cards were looked at.
        changed: How many were changed.
        parts: The sealed parts of the result.
        undo: The sealed parts of what undoing it needs.
        made: Which batches were opened for the cards, by the batch that those come from.
    """

    after: tuple[int, int] = (0, 0)
    seen: int = 0
    changed: int = 0
    parts: tuple[str, ...] = ()
    undo: tuple[str, ...] = ()
    made: Mapping[str, int] | None = None

    def stored(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "after": list(self.after),
            "seen": self.seen,
            "changed": self.changed,
            "parts": list(self.parts),
            "undo": list(self.undo),
            "made": dict(self.made or {}),
        }


def stored_reached(raw: Mapping[str, Any]) -> Reached:
    """Undo `Reached.stored`; what is empty is the start."""
    if not raw:
        return Reached()
    return Reached(
        after=(raw["after"][0], raw["after"][1]),
        seen=raw["seen"],
        changed=raw["changed"],
        parts=tuple(raw["parts"]),
        undo=tuple(raw["undo"]),
        made=raw["made"],
    )


@dataclass(frozen=True, slots=True)
class Chunk:
    """The next cards of a job, where to go on, and, for an undoing, what they were."""

    ids: tuple[int, ...]
    after: tuple[int, int]
    done: Undoable | None = None


def run_change(*, merchant_id: int, work_uid: str) -> None:
    """Change the cards of a job, or the rest of them after a crash.

    A job that is asked to stop leaves what it has changed, and says how many.
    """
    guarded(merchant_id, work_uid, _change)


def _change(merchant_id: int, task: Task) -> None:
    reached, saved = stored_reached(task.checkpoint), task.checkpoint
    change = Change(task.arguments["change"])
    stop = False
    while not stop:
        with acting_as(merchant_id):
            chunk = _next(merchant_id, task, reached)
        if chunk is None:
            break
        if change in (Change.SPLIT, Change.OTHER_SKU):
            # Committed before any card is put there: a sale that reads a card's batch finds it.
            opened = _open_batches(merchant_id, task, reached, chunk, saved)
            if opened is not reached:
                reached, saved = opened, opened.stored()
        with acting_as(merchant_id):
            reached = _change_some(merchant_id, task, reached, chunk)
            stop = _save(merchant_id, task, reached, saved)
        saved = reached.stored()
    _end(merchant_id, task, reached, stopped=stop)


def _save(merchant_id: int, task: Task, reached: Reached, saved: Mapping[str, Any]) -> bool:
    return work.progress(
        merchant_id=merchant_id,
        uid=task.uid,
        done=reached.seen,
        checkpoint=reached.stored(),
        expected=saved,
    )


def _next(merchant_id: int, task: Task, reached: Reached) -> Chunk | None:
    arguments = task.arguments
    if arguments["undo"]:
        return _next_undone(merchant_id, arguments["undo"], reached.after[0])
    most = CHUNK
    if arguments["most"]:
        most = min(most, arguments["most"] - reached.changed)
    if arguments["cards"]:
        ids = [card_id for card_id in arguments["cards"] if card_id > reached.after[1]][:most]
        return Chunk(tuple(ids), (0, ids[-1])) if ids else None
    selection = stored_selection(arguments["selection"])
    found = next_cards(merchant_id, selection, reached.after, most) if most else []
    return Chunk(tuple(card for _batch, card in found), found[-1]) if found else None


def _next_undone(merchant_id: int, parts: list[str], at: int) -> Chunk | None:
    if at >= len(parts):
        return None
    done = read_undo(merchant_id, parts[at])
    return Chunk(tuple(sorted(done)), (at + 1, 0), done)


def _open_batches(
    merchant_id: int, task: Task, reached: Reached, chunk: Chunk, saved: Mapping[str, Any]
) -> Reached:
    """Open the batches that these cards go to, in a transaction of their own."""
    made = dict(reached.made or {})
    with acting_as(merchant_id):
        for source_id, source in sorted(lock_batches(merchant_id, chunk.ids).items()):
            key = "" if task.arguments["change"] == Change.SPLIT else str(source_id)
            if key not in made:
                made[key] = _open_batch(merchant_id, task, source).pk
        if made == (reached.made or {}):
            return reached
        reached = replace(reached, made=made)
        _save(merchant_id, task, reached, saved)
    return reached


def _open_batch(merchant_id: int, task: Task, source: Batch) -> Batch:
    """Open a batch beside another one: of the same cost, thus of the same currency."""
    is_split = task.arguments["change"] == Change.SPLIT
    own = stored_purchase(task.arguments["purchase"])
    sku_id = source.sku_id if is_split else task.arguments["sku"]
    sku = catalog.skus_by_id(merchant_id=merchant_id, ids=[sku_id])[sku_id]
    batch = open_batch(
        merchant=merchants.merchant(merchant_id=merchant_id),
        sku=sku,
        purchase=Purchase(
            supplier=own.supplier if is_split else source.supplier,
            purchase_number=own.purchase_number if is_split else source.purchase_number,
            unit_cost_minor=source.unit_cost_minor,
            valid_until=source.valid_until,
            note=own.note if is_split else source.note,
            # They are printed on the cards, wherever these go.
            face_value=face_value(source),
            facts=tuple((label, text) for label, text in source.facts),
        ),
        arrival=Arrival("split" if is_split else "other_sku", task.id, task.actor_label),
    )
    batch.currency = source.currency
    batch.save(update_fields=["currency"])
    return batch


def _plan(merchant_id: int, task: Task, made: Mapping[str, int], done: Undoable | None) -> Plan:
    arguments = task.arguments
    change = Change(arguments["change"])
    if change in STATE_STEPS:
        return plan_state(change)
    if change == Change.EXTEND:
        until = arguments["until"]
        return plan_extend(datetime.fromisoformat(until) if until else None, arguments["days"])
    if change == Change.POOL:
        return plan_pool(arguments["pool"])
    if change == Change.UNDO:
        return plan_undo(done or {})
    if change == Change.OTHER_SKU:
        sku = catalog.skus_by_id(merchant_id=merchant_id, ids=[arguments["sku"]])[arguments["sku"]]
        return plan_sku(sku, {int(source): batch_id for source, batch_id in made.items()})
    batch_id = made[""] if change == Change.SPLIT else arguments["batch"]
    sku_id = Batch.objects.get(merchant_id=merchant_id, id=batch_id).sku_id
    return plan_batch(batch_id, sku_id, unsold=change == Change.SPLIT)


def _possible(merchant_id: int, task: Task, done: Undoable | None) -> Undoable | None:
    """Keep the pools that cards go to; what came from one that was deleted stays where it is."""
    wanted = task.arguments["pool"]
    if wanted and wanted not in keep_pools(merchant_id, [wanted]):
        raise UnknownPool
    if done is None:
        return None
    there = keep_pools(merchant_id, {before.pool_id for before, _after in done.values()})
    return {card: pair for card, pair in done.items() if pair[0].pool_id in there}


def _change_some(merchant_id: int, task: Task, reached: Reached, chunk: Chunk) -> Reached:
    """Change what may be changed of these cards."""
    change = Change(task.arguments["change"])
    made = dict(reached.made or {})
    possible = _possible(merchant_id, task, chunk.done)
    if change in REGROUPING:
        others = {*made.values(), task.arguments["batch"] or 0}
        for before, after in (chunk.done or {}).values():
            others |= {before.batch_id, after.batch_id}
        lock_batches(merchant_id, chunk.ids, others)
    plan = _plan(merchant_id, task, made, possible)
    locked = lock_cards(merchant_id, chunk.ids, states=plan.states, unsold=plan.unsold)
    steps = [(card, new) for card in locked if (new := plan.new(card))]
    take(merchant_id, steps)
    changed = {card.id for card, _new in steps}
    if changed:
        _record(merchant_id, task, changed)
    part = store_lines(merchant_id, chunk.ids, changed, task.arguments["language"])
    undo = (store_undo(merchant_id, steps),) if steps else ()
    return replace(
        reached,
        after=chunk.after,
        seen=reached.seen + len(chunk.ids),
        changed=reached.changed + len(changed),
        parts=(*reached.parts, part),
        undo=(*reached.undo, *undo),
    )


def _record(merchant_id: int, task: Task, changed: set[int]) -> None:
    """Cards that somebody named are in the log one by one, others as a count.

    Which ones a filter meant is kept beside it, for the history of each.
    """
    actor = Actor(JOB, None, task.actor_label)
    reason, verb = task.arguments["reason"], DONE[Change(task.arguments["change"])]
    if not task.arguments["cards"]:
        batch_uid = task.arguments["of_batch"]
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action=f"{'batches' if batch_uid else 'cards'}.{verb}",
            object_kind="batch" if batch_uid else "job",
            object_uid=batch_uid or task.uid,
            after={"cards": len(changed), "job": task.uid},
            reason=reason,
        )
        if not batch_uid:
            _remember(merchant_id, task, changed)
        return
    cipher = cipher_for(merchant_id)
    for card_id in sorted(changed):
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action=f"cards.{verb}",
            object_kind="card",
            object_uid=seal_card_id(cipher, card_id),
            reason=reason,
        )


def _remember(merchant_id: int, task: Task, changed: set[int]) -> None:
    verb = DONE[Change(task.arguments["change"])]
    ids = sorted(changed)
    with connection.cursor() as cursor:
        cursor.execute(
            _REMEMBER,
            [
                merchant_id, ids[0], ids[-1], ids, task.uid, verb, task.arguments["reason"],
                task.actor_label,
            ],
        )  # fmt: skip


def _end(merchant_id: int, task: Task, reached: Reached, *, stopped: bool) -> None:
    arguments = task.arguments
    with acting_as(merchant_id):
        made = _close_batches(merchant_id, reached)
        result: dict[str, Any] = {
            "changed": reached.changed,
            "stayed": reached.seen - reached.changed,
            "change_file": store_whole(merchant_id, reached.parts, arguments["language"]),
        }
        if arguments["of_batch"]:
            result["batch"] = arguments["of_batch"]
            if reached.changed and not stopped:
                _note_validity(merchant_id, arguments)
        if made:
            result["new_batches"] = made
        end = work.stop if stopped else work.finish
        end(merchant_id=merchant_id, uid=task.uid, result=result)


def _close_batches(merchant_id: int, reached: Reached) -> list[str]:
    """Close what was opened; what no card went to was never there. Return the batches' uids."""
    ids = sorted((reached.made or {}).values())
    rows = Batch.objects.filter(merchant_id=merchant_id, id__in=ids)
    rows.filter(card_count=0).delete()
    for row in rows.order_by("id"):
        close_batch(merchant_id, row.pk)
    return list(rows.order_by("id").values_list("uid", flat=True))


def _note_validity(merchant_id: int, arguments: Mapping[str, Any]) -> None:
    """Keep what a whole batch says of its validity in step with its cards."""
    batch = find_batch(merchant_id, arguments["of_batch"])
    change, was = arguments["change"], arguments["valid_until"]
    if change == Change.UNDO and was:
        batch.valid_until = datetime.fromisoformat(was)
    elif change == Change.EXTEND and batch.valid_until:
        until = arguments["until"]
        longer = batch.valid_until + timedelta(days=arguments["days"])
        new = datetime.fromisoformat(until) if until else longer
        batch.valid_until = max(new, batch.valid_until)
    batch.save(update_fields=["valid_until"])
