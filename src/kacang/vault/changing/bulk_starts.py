"""Starting a bulk change: what is meant is looked up and checked, and a job takes it (V3, V6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.outbox import work
from kacang.outbox.queries import WorkView
from kacang.queue import enqueue
from kacang.shared.clock import utc_now
from kacang.shared.errors import Conflict
from kacang.vault.changing.choosing import ChangeRequest, Chosen, NothingToChange, choose_cards
from kacang.vault.changing.ending import check_reason
from kacang.vault.changing.planning import CHANGEABLE, Change, Terms
from kacang.vault.changing.results import LIFETIME
from kacang.vault.finding.listing import find_batch
from kacang.vault.finding.selecting import (
    CardFilter,
    Matching,
    Selection,
    about,
    count_cards,
    count_named,
    in_states,
    select_cards,
)
from kacang.vault.imports.intake import card_sku
from kacang.vault.selling.pools import pool_id_of

CHANGE = "vault.change"


class CannotUndo(Conflict):
    """Only a finished change of the last seven days can be undone, and once."""

    code = "vault.cannot_undo"


@dataclass(frozen=True, slots=True)
class Weight:
    """How many cards a request means now, how many of them may be changed, and their cost."""

    meant: int
    changeable: int
    cost_minor: int


def weigh_change(*, merchant_id: int, request: ChangeRequest) -> Weight:
    """Say what a change is about before it is asked for. Changes nothing.

    Raises:
        NothingToChange, TooManyCards, BadFilter, BatchesDiffer: As they say.
        UnknownBatch, UnknownCard, UnknownPool: A name was made up.
    """
    states, unsold = CHANGEABLE[request.change]
    with acting_as(merchant_id):
        meant = choose_cards(merchant_id=merchant_id, request=request)
        if meant.cards:
            count, minor = count_named(merchant_id, meant.cards, states, unsold=unsold)
        else:
            count, minor = count_cards(merchant_id, in_states(meant.selection, states))
    return Weight(meant.total, count, minor)


def change_cards(*, merchant_id: int, actor: Actor, request: ChangeRequest) -> str:
    """Start the job that changes cards; return the job's uid.

    Raises:
        NothingToChange, ReasonMissing, TooManyCards, BadTerms, BadPurchase, BadFilter: As they say.
        BatchesDiffer: Batches of several SKUs, or not wholly in stock, cannot become one.
        UnknownBatch, UnknownCard, UnknownPool, UnknownSku: A name was made up. Nothing was started.
    """
    reason = check_reason(request.reason)
    if request.change == Change.UNDO:
        raise NothingToChange
    terms = request.terms.checked(request.change)
    with acting_as(merchant_id):
        meant = choose_cards(merchant_id=merchant_id, request=request)
        arguments: dict[str, Any] = {
            **_named(merchant_id, request, terms, meant),
            **meant.stored(),
            "change": request.change.value,
            "reason": reason,
            "language": request.language,
            "undo": [],
            "undo_of": "",
        }
        return _start(merchant_id, actor, arguments, meant.total)


def begin_marking(
    *, merchant_id: int, actor: Actor, chosen: Chosen, reason: str, language: str
) -> str:
    """Note the job that marks as faulty what is unsold of some cards; return the job's uid.

    Nobody runs it but the caller, by `run_change`. In the caller's transaction.
    """
    arguments = {
        **_NO_TERMS,
        **chosen.stored(),
        "change": Change.FAULTY.value,
        "reason": reason,
        "language": language,
        "undo": [],
        "undo_of": "",
    }
    return _note(merchant_id, actor, arguments, chosen.total)


def undo_change(
    *, merchant_id: int, actor: Actor, work_uid: str, reason: str, language: str = "zh-hans"
) -> str:
    """Start the job that makes of each card what it was before a change; return the job's uid.

    Cards that are no longer as the change had left them stay: sold, changed by somebody else.

    Raises:
        ReasonMissing, CannotUndo: As they say.
        UnknownWork: There is no such job.
    """
    reason = check_reason(reason)
    with acting_as(merchant_id):
        done = work.work(merchant_id=merchant_id, uid=work_uid)
        if not can_undo(merchant_id=merchant_id, done=done):
            raise CannotUndo
        arguments = {
            **_NO_TERMS,
            **Chosen(
                [],
                Selection([]),
                done.result["changed"],
                done.arguments["of_batch"],
                done.arguments["valid_until"],
            ).stored(),
            "change": Change.UNDO.value,
            "reason": reason,
            "language": language,
            "undo": done.arguments[work.CHECKPOINT]["undo"],
            "undo_of": work_uid,
        }
        return _start(merchant_id, actor, arguments, done.result["changed"])


def can_undo(*, merchant_id: int, done: WorkView) -> bool:
    """Whether a job is a change that did something and was not undone, less than 7 days ago."""
    if done.kind != CHANGE or done.finished_at is None or not done.result.get("changed"):
        return False
    # What came before this was kept has nothing to undo with.
    kept = done.arguments.get(work.CHECKPOINT, {}).get("undo")
    if not kept or done.finished_at + LIFETIME <= utc_now():
        return False
    return not work.is_followed(merchant_id=merchant_id, kind=CHANGE, key="undo_of", uid=done.uid)


def count_matching(*, merchant_id: int, wanted: CardFilter) -> tuple[int, int]:
    """Return how many cards fit, and what they cost together in minor units.

    Raises:
        BadFilter, UnknownBatch, UnknownPool: As they say.
    """
    with acting_as(merchant_id):
        return count_cards(merchant_id, select_cards(merchant_id, wanted))


def about_matching(*, merchant_id: int, wanted: CardFilter) -> Matching:
    """Return about how many cards fit, quickly: exactly so, or that there are more than so many.

    Raises:
        BadFilter, UnknownBatch, UnknownPool: As they say.
    """
    with acting_as(merchant_id):
        return about(merchant_id, select_cards(merchant_id, wanted))


def _start(merchant_id: int, actor: Actor, arguments: Mapping[str, Any], total: int) -> str:
    uid = _note(merchant_id, actor, arguments, total)
    enqueue(
        "vault.run_change",
        queue="bulk",
        lock=f"bulk:{merchant_id}",
        merchant_id=merchant_id,
        work_uid=uid,
    )
    return uid


def _note(merchant_id: int, actor: Actor, arguments: Mapping[str, Any], total: int) -> str:
    uid = work.start(
        merchant_id=merchant_id, kind=CHANGE, arguments=arguments, actor=actor, total=total
    )
    batch_uid = arguments["of_batch"]
    audit.record(
        merchant_id=merchant_id,
        actor=actor,
        action=f"cards.bulk_{arguments['change']}",
        object_kind="batch" if batch_uid else "job",
        object_uid=batch_uid or uid,
        after={"job": uid, "count": total},
        reason=arguments["reason"],
    )
    return uid


_NO_TERMS: Mapping[str, Any] = {
    "until": "",
    "days": 0,
    "pool": None,
    "sku": 0,
    "batch": 0,
    "purchase": {},
    "most": 0,
}


def _named(merchant_id: int, request: ChangeRequest, terms: Terms, meant: Chosen) -> dict[str, Any]:
    """Return what a change needs to know, its names found."""
    found = dict(_NO_TERMS)
    match request.change:
        case Change.EXTEND:
            found["until"] = terms.until.isoformat() if terms.until else ""
            found["days"] = terms.days
        case Change.POOL:
            found["pool"] = pool_id_of(merchant_id, terms.pool_uid)
        case Change.OTHER_SKU:
            found["sku"] = card_sku(merchant_id, terms.sku_uid).id
            found["purchase"] = terms.purchase.stored()
        case Change.SPLIT:
            found["purchase"] = terms.purchase.stored()
            found["most"] = 0 if meant.cards else terms.most
        case Change.MERGE:
            found["batch"] = find_batch(merchant_id, terms.batch_uid).pk
        case _:
            # Freeze, void and the like need nothing else.
            pass
    return found
