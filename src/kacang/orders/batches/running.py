"""Doing one thing with each of many orders: a few in a transaction, with what came of each (O4).

First the orders are written down, then they are done in that order. After a crash the next run
takes up the first that is still to be done; none is done twice, for an order and its row change
together.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import transaction

from kacang.merchants.audit import Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders.batches.acts import DEEDS, Act, Wish
from kacang.orders.batches.parcels import call_back_rows, ship_rows
from kacang.orders.batches.rows import BatchRow, Outcome, add_rows, end_rows, read_rows
from kacang.orders.batches.tagging import TAGGING, tag_rows
from kacang.orders.errors import UnknownOrder
from kacang.orders.finding.filters import NUMBERS_MAX, from_stored
from kacang.orders.finding.listing import matching
from kacang.orders.models import Order
from kacang.outbox import work
from kacang.outbox.guarding import guarded
from kacang.outbox.work import Task
from kacang.shared.errors import DomainError

JOB = "job"
GATHERED_AT_ONCE = 1_000
# Few enough that nobody at the desk waits long for one of them.
AT_ONCE = {Act.SHIP: 25, Act.TAG: NUMBERS_MAX, Act.UNTAG: NUMBERS_MAX}
FEW = 20
# Between two parts the job rests as long as the last one took: who works at the desk comes first.
REST_MAX = 0.25


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a batch is: first the orders are gathered, behind `after`; then done, up to `at`."""

    gathered: bool = False
    after: str = ""
    rows: int = 0
    at: int = 0
    done: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)

    def stored(self) -> dict[str, Any]:
        """Return it as a checkpoint."""
        return {
            "gathered": self.gathered,
            "after": self.after,
            "rows": self.rows,
            "at": self.at,
            "done": self.done,
            "reasons": dict(self.reasons),
        }


def run_batch(*, merchant_id: int, work_uid: str) -> None:
    """Do a batch, or the rest of it after a crash.

    An order that it cannot be done with stops no other. A job that is asked to stop leaves what
    it has done, and says how much that is.
    """
    guarded(merchant_id, work_uid, _run)


def _run(merchant_id: int, task: Task) -> None:
    reached = Reached(**task.checkpoint) if task.checkpoint else Reached()
    if not task.checkpoint and "where" not in task.arguments:
        # Its rows were written when it was started.
        reached = replace(reached, gathered=True, rows=int(task.arguments["rows"]))
    saved: Mapping[str, Any] = task.checkpoint
    stop = False
    while not stop and not reached.gathered:
        reached, stop = _gather(merchant_id, task, reached, saved)
        saved = reached.stored()
    while not stop and reached.at < reached.rows:
        began = time.monotonic()
        reached, stop = _do_some(merchant_id, task, reached, saved)
        saved = reached.stored()
        if not stop and reached.at < reached.rows:
            time.sleep(min(time.monotonic() - began, REST_MAX))
    result = {
        "changed_orders": reached.done,
        "refused": sum(reached.reasons.values()),
        "reasons": dict(reached.reasons),
        "rows": reached.rows,
    }
    end = work.stop if stop else work.finish
    end(merchant_id=merchant_id, uid=task.uid, result=result)


@retry_conflicts
def _gather(
    merchant_id: int, task: Task, reached: Reached, saved: Mapping[str, Any]
) -> tuple[Reached, bool]:
    where = from_stored(task.arguments["where"])
    with acting_as(merchant_id):
        found = matching(
            merchant_id=merchant_id, where=where, after=reached.after, most=GATHERED_AT_ONCE
        )
        add_rows(
            merchant_id,
            task.id,
            [
                BatchRow(number, match.id, match.number)
                for number, match in enumerate(found.orders, start=reached.rows + 1)
            ],
        )
        further = replace(
            reached,
            gathered=not found.after,
            after=found.after,
            rows=reached.rows + len(found.orders),
        )
        stop = work.progress(
            merchant_id=merchant_id,
            uid=task.uid,
            done=0,
            total=max(further.rows, 1),
            checkpoint=further.stored(),
            expected=saved,
        )
    return further, stop


@retry_conflicts
def _do_some(
    merchant_id: int, task: Task, reached: Reached, saved: Mapping[str, Any]
) -> tuple[Reached, bool]:
    act = Act(task.arguments["act"])
    actor = Actor(JOB, None, task.actor_label)
    most = AT_ONCE.get(act, FEW)
    with acting_as(merchant_id, hot=True):
        found = read_rows(merchant_id, task.id, after=reached.at, limit=most)
        ended = _all_done(merchant_id, found, act, actor, task)
        end_rows(merchant_id, task.id, ended)
        reasons = Counter(reached.reasons)
        reasons.update(row.reason for row in ended if row.outcome is Outcome.REFUSED)
        further = replace(
            reached,
            at=found[-1].row_no,
            done=reached.done + sum(row.outcome is Outcome.DONE for row in ended),
            reasons=reasons,
        )
        stop = work.progress(
            merchant_id=merchant_id,
            uid=task.uid,
            done=further.at,
            checkpoint=further.stored(),
            expected=saved,
        )
    return further, stop


def _all_done(
    merchant_id: int, found: Sequence[BatchRow], act: Act, actor: Actor, task: Task
) -> list[BatchRow]:
    if act in TAGGING:
        # An order itself does not change by it: it is not locked either.
        return tag_rows(merchant_id, found, act, str(task.arguments["tag"]), actor)
    orders = _locked(merchant_id, found)
    if act is Act.SHIP:
        return ship_rows(merchant_id, found, orders, actor)
    if act is Act.UNSHIP:
        return call_back_rows(merchant_id, found, actor, str(task.arguments["text"]))
    return [_done(merchant_id, row, act, actor, task) for row in found]


def _locked(merchant_id: int, found: Sequence[BatchRow]) -> dict[int, Order]:
    """Lock the orders of rows, each by id: two jobs meet without a deadlock."""
    ids = [row.order_id for row in found if row.order_id is not None]
    orders = Order.objects.filter(merchant_id=merchant_id, id__in=ids)
    return {order.pk: order for order in orders.order_by("id").select_for_update(no_key=True)}


def _done(merchant_id: int, row: BatchRow, act: Act, actor: Actor, task: Task) -> BatchRow:
    wish = Wish(merchant_id, row.order_number, actor, str(task.arguments.get("text", "")))
    try:
        if row.order_id is None:
            raise UnknownOrder
        with transaction.atomic():
            DEEDS[act](wish)
    except DomainError as error:
        return replace(row, outcome=Outcome.REFUSED, reason=error.code)
    return replace(row, outcome=Outcome.DONE)
