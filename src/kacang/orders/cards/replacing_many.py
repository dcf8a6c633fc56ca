"""Replacing many faulty cards for their buyers: a job with a result per card (V3, V6).

What is unsold of the cards is marked as faulty first, by a job of the vault that this one runs:
no buyer gets one of them in place of another. Then the cards that buyers have are replaced, a few
in one transaction with their part of the result and the place to go on from: after a crash the
next run goes on there, and replaces none twice.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext, gettext_noop, override

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.retrying import retry_conflicts
from kacang.merchants.tenancy import acting_as
from kacang.orders.cards.replacing import BROKEN, replace_here, tell_replaced
from kacang.orders.errors import CardInUse, NoReplacement, NothingToReplace, NotNow
from kacang.orders.models import Line, Order
from kacang.orders.statements import rows
from kacang.outbox import work
from kacang.outbox.guarding import guarded
from kacang.outbox.work import Task, WorkState
from kacang.queue import enqueue
from kacang.shared.states import WrongState
from kacang.vault import operations as vault
from kacang.vault import queries as cards
from kacang.vault.operations import ChangeRequest, Chosen
from kacang.vault.queries import CardState, Tallied

KIND = "orders.replace"
JOB = "job"
# Few enough that no order of theirs is locked for long.
AT_ONCE = 50
_NOW = "select clock_timestamp() + make_interval(secs => %(shift)s::float8)"
_REPLACEABLE = BROKEN | {CardState.SOLD}
_IN_USE = frozenset({CardState.ACTIVATED, CardState.REDEEMED})
_MARKED = frozenset({CardState.AVAILABLE, CardState.FROZEN})
_DONE = gettext_noop("Replaced")
# By the code of the error that says why a card stays.
_STAYS = {
    NothingToReplace.code: gettext_noop("Stays: no buyer has it alone, or it was replaced before"),
    CardInUse.code: gettext_noop("Stays: activated or redeemed"),
    NotNow.code: gettext_noop("Stays: the order is unpaid, cancelled or refunded"),
    NoReplacement.code: gettext_noop("Stays with the buyer: no other card is in stock"),
}
_REFUSED = (NothingToReplace, CardInUse, NotNow, NoReplacement)
_MORE_HEADS = (gettext_noop("Order number"), gettext_noop("New card"))


@dataclass(frozen=True, slots=True)
class SkuNeed:
    """How many cards of a SKU are to be replaced, and how many are there to replace them."""

    sku_id: int
    count: int
    in_stock: int

    @property
    def missing(self) -> int:
        """How many buyers get none."""
        return max(0, self.count - self.in_stock)


@dataclass(frozen=True, slots=True)
class ReplaceWeight:
    """What replacing some cards is about, counted now.

    Args:
        count: Cards that buyers have, to be replaced. Those of refunded orders are among them:
            they stay.
        unsold: Cards that are free or frozen: they are marked as faulty.
        in_use: Cards that buyers have activated or redeemed: they stay.
        reserved: Cards that somebody is paying for: they stay.
        others: Cards that stay: replaced before, void, expired, everybody's.
        needs: What is needed of each SKU of which a card is to be replaced.
    """

    count: int
    unsold: int
    in_use: int
    reserved: int
    others: int
    needs: Sequence[SkuNeed]

    @property
    def missing(self) -> int:
        """How many buyers get no other card, as the stock is now."""
        return sum(need.missing for need in self.needs)


@dataclass(frozen=True, slots=True)
class _Reached:
    """How far a job is; `marking` is the job that marks what is unsold."""

    after: tuple[int, int] = (0, 0)
    seen: int = 0
    replaced: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    parts: tuple[str, ...] = ()
    marking: str = ""

    def stored(self) -> dict[str, Any]:
        return {
            "after": list(self.after),
            "seen": self.seen,
            "replaced": self.replaced,
            "reasons": dict(self.reasons),
            "parts": list(self.parts),
            "marking": self.marking,
        }


def weigh_replacing(*, merchant_id: int, request: ChangeRequest) -> ReplaceWeight:
    """Say what `replace_cards` would be about. Changes nothing.

    Raises:
        NothingToChange, TooManyCards, BadFilter: As they say.
        UnknownBatch, UnknownCard, UnknownPool: A name was made up.
    """
    with acting_as(merchant_id):
        chosen = vault.choose_cards(merchant_id=merchant_id, request=request)
        return _weigh(merchant_id, vault.tally_chosen(merchant_id=merchant_id, chosen=chosen))


def replace_cards(*, merchant_id: int, actor: Actor, request: ChangeRequest) -> str:
    """Start the job that gives the buyers of faulty cards other ones; return the job's uid.

    The request is one to mark cards as faulty: those that buyers have now are replaced, those
    that are unsold are marked. What is sold later than now stays, so that no new card is taken
    for one of the old ones.

    Raises:
        ReasonMissing, NothingToChange, TooManyCards, BadFilter: As they say.
        NothingToReplace: No buyer has any of the cards for itself.
        UnknownBatch, UnknownCard, UnknownPool: A name was made up. Nothing was started.
    """
    reason = vault.check_reason(request.reason)
    with acting_as(merchant_id):
        chosen = vault.choose_cards(merchant_id=merchant_id, request=request)
        tallied = vault.tally_chosen(merchant_id=merchant_id, chosen=chosen)
        weight = _weigh(merchant_id, tallied)
        if not weight.count:
            raise NothingToReplace
        ((now,),) = rows(_NOW, {})
        arguments = {
            **chosen.stored(),
            "reason": reason,
            "language": request.language,
            "until": now.isoformat(),
            "marks": weight.unsold > 0,
        }
        total = sum(alike.count for alike in tallied if alike.is_taken)
        uid = work.start(
            merchant_id=merchant_id, kind=KIND, arguments=arguments, actor=actor, total=total
        )
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action="orders.replace_cards",
            object_kind="batch" if chosen.batch_uid else "job",
            object_uid=chosen.batch_uid or uid,
            after={"job": uid, "count": weight.count},
            reason=reason,
        )
        enqueue(
            "orders.run_replace",
            queue="bulk",
            lock=f"bulk:{merchant_id}",
            merchant_id=merchant_id,
            work_uid=uid,
        )
    return uid


def run_replace(*, merchant_id: int, work_uid: str) -> None:
    """Replace the cards of a job, or the rest of them after a crash.

    A card that cannot be replaced stays and stops no other. A job that is asked to stop leaves
    what it has done, and says how much that is.
    """
    guarded(merchant_id, work_uid, _replace)


def _weigh(merchant_id: int, tallied: Sequence[Tallied]) -> ReplaceWeight:
    counts: Counter[str] = Counter()
    wanted: Counter[int] = Counter()
    # What is in stock of them now is no replacement: it is marked as faulty first.
    marked: Counter[int] = Counter()
    for alike in tallied:
        counts[_becomes(alike)] += alike.count
        if _becomes(alike) == "count":
            wanted[alike.sku_id] += alike.count
        elif alike.state == CardState.AVAILABLE and alike.is_common:
            marked[alike.sku_id] += alike.count
    there = cards.availability(merchant_id=merchant_id, sku_ids=sorted(wanted))
    needs = [
        SkuNeed(sku_id, count, max(0, there.get(sku_id, 0) - marked[sku_id]))
        for sku_id, count in sorted(wanted.items())
    ]
    return ReplaceWeight(
        count=counts["count"],
        unsold=counts["unsold"],
        in_use=counts["in_use"],
        reserved=counts["reserved"],
        others=counts["others"],
        needs=needs,
    )


def _becomes(alike: Tallied) -> str:
    if alike.is_held and alike.state in _REPLACEABLE:
        return "count"
    if alike.is_held and alike.state in _IN_USE:
        return "in_use"
    if not alike.is_taken and alike.state in _MARKED:
        return "unsold"
    return "reserved" if alike.state == CardState.RESERVED else "others"


def _replace(merchant_id: int, task: Task) -> None:
    raw = task.checkpoint
    reached = _Reached(**{**raw, "after": tuple(raw["after"])}) if raw else _Reached()
    chosen = vault.stored_chosen(task.arguments)
    until = datetime.fromisoformat(task.arguments["until"])
    reached, stop = _mark(merchant_id, task, reached, chosen)
    while not stop:
        with acting_as(merchant_id):
            found = vault.next_taken(
                merchant_id=merchant_id,
                chosen=chosen,
                until=until,
                after=reached.after,
                most=AT_ONCE,
            )
        if not found:
            break
        reached, stop = _replace_some(merchant_id, task, reached, found)
    _end(merchant_id, task, reached, stopped=stop)


def _mark(merchant_id: int, task: Task, reached: _Reached, chosen: Chosen) -> tuple[_Reached, bool]:
    """See to it that what is unsold is marked as faulty; say whether the job is to stop.

    Raises:
        WrongState: Another run of this job is doing it.
    """
    begun = reached
    with acting_as(merchant_id):
        if task.arguments["marks"] and not reached.marking:
            uid = vault.begin_marking(
                merchant_id=merchant_id,
                actor=Actor(JOB, None, task.actor_label),
                chosen=chosen,
                reason=task.arguments["reason"],
                language=task.arguments["language"],
            )
            begun = replace(reached, marking=uid)
        stop = _save(merchant_id, task, begun, task.checkpoint)
    if stop or not begun.marking:
        return begun, stop
    vault.run_change(merchant_id=merchant_id, work_uid=begun.marking)
    marked = work.work(merchant_id=merchant_id, uid=begun.marking)
    if not marked.has_ended:
        raise WrongState(now="overtaken", to="running")
    # Whoever stopped it left some on sale: buyers would get them in place of others.
    return begun, marked.state != WorkState.DONE


@retry_conflicts
def _replace_some(
    merchant_id: int, task: Task, reached: _Reached, found: Sequence[tuple[int, int]]
) -> tuple[_Reached, bool]:
    """Replace what may be replaced of these cards; say whether the job is to stop."""
    ids = sorted(card_id for _batch, card_id in found)
    reasons = Counter(reached.reasons)
    outcomes: dict[int, Sequence[str]] = {}
    given: Counter[int] = Counter()
    with acting_as(merchant_id, hot=True), override(task.arguments["language"]):
        _lock_orders(merchant_id, ids)
        for card_id in ids:
            try:
                with transaction.atomic():
                    done = replace_here(
                        merchant_id=merchant_id,
                        card_uid=cards.uid_of(merchant_id=merchant_id, card_id=card_id),
                        actor=Actor(JOB, None, task.actor_label),
                        reason=task.arguments["reason"],
                    )
            except _REFUSED as error:
                reasons[error.code] += 1
                outcomes[card_id] = (gettext(_STAYS[error.code]), "", "")
            else:
                given[done.order_id] += 1
                outcomes[card_id] = (gettext(_DONE), done.number, done.card_uid)
        for order_id in given:
            # Of all that the job replaces in an order its buyer is told once.
            tell_replaced(merchant_id, order_id, task.uid)
        part = vault.store_outcomes(
            merchant_id=merchant_id, outcomes=outcomes, language=task.arguments["language"]
        )
        further = replace(
            reached,
            after=found[-1],
            seen=reached.seen + len(ids),
            replaced=reached.replaced + given.total(),
            reasons=reasons,
            parts=(*reached.parts, part),
        )
        stop = _save(merchant_id, task, further, reached.stored())
    return further, stop


def _lock_orders(merchant_id: int, card_ids: Sequence[int]) -> None:
    """Lock the orders that have these cards, each by id: before the cards, as one by one."""
    line_ids = cards.lines_of_cards(merchant_id=merchant_id, card_ids=card_ids)
    lines = Line.objects.filter(merchant_id=merchant_id, id__in=line_ids)
    order_ids = set(lines.values_list("order_id", flat=True))
    locked = Order.objects.filter(merchant_id=merchant_id, id__in=order_ids)
    list(locked.order_by("id").select_for_update(no_key=True).values_list("id"))


def _save(merchant_id: int, task: Task, reached: _Reached, saved: Mapping[str, Any]) -> bool:
    return work.progress(
        merchant_id=merchant_id,
        uid=task.uid,
        done=reached.seen,
        checkpoint=reached.stored(),
        expected=saved,
    )


def _end(merchant_id: int, task: Task, reached: _Reached, *, stopped: bool) -> None:
    with acting_as(merchant_id):
        result: dict[str, Any] = {
            "replaced": reached.replaced,
            "stayed": reached.seen - reached.replaced,
            "reasons": dict(reached.reasons),
            "change_file": vault.store_whole(
                merchant_id, reached.parts, task.arguments["language"], _MORE_HEADS
            ),
        }
        if reached.marking:
            marked = work.work(merchant_id=merchant_id, uid=reached.marking)
            result |= {"marking": marked.uid, "marked": marked.result.get("changed", 0)}
        if task.arguments["of_batch"]:
            result["batch"] = task.arguments["of_batch"]
        end = work.stop if stopped else work.finish
        end(merchant_id=merchant_id, uid=task.uid, result=result)
