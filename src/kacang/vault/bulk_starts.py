"""Starting a bulk change: what is meant is looked up and checked, and a job takes it (V3, V6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.keys import cipher_for
from kacang.merchants.tenancy import acting_as
from kacang.outbox import work
from kacang.outbox.queries import WorkView
from kacang.queue import enqueue
from kacang.shared.clock import utc_now
from kacang.shared.errors import Conflict, Invalid
from kacang.vault.card_ids import open_card_id
from kacang.vault.changing import CARDS_MAX, TooManyCards, check_reason
from kacang.vault.intake import card_sku
from kacang.vault.listing import find_batch
from kacang.vault.models import Batch, BatchState
from kacang.vault.planning import CHANGEABLE, BadTerms, BatchesDiffer, Change, Terms
from kacang.vault.pools import pool_id_of
from kacang.vault.results import LIFETIME
from kacang.vault.selecting import (
    CardFilter,
    Matching,
    Selection,
    about,
    count_cards,
    count_named,
    in_states,
    select_cards,
)
from kacang.vault.steps import HOLDING

CHANGE = "vault.change"
BATCHES_MAX = 50


class NothingToChange(Invalid):
    """A change is of batches, of cards or of a filter: of one of them, and of at least one card."""

    code = "vault.nothing_to_change"


class CannotUndo(Conflict):
    """Only a finished change of the last seven days can be undone, and once."""

    code = "vault.cannot_undo"


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """What to do, why, and to which cards: a batch, those named, those that fit, or batches.

    `batch_uids` is for MERGE: the batches that become part of another one.
    """

    change: Change
    reason: str
    batch_uid: str = ""
    card_uids: Sequence[str] = ()
    matching: CardFilter | None = None
    batch_uids: Sequence[str] = ()
    terms: Terms = Terms()  # noqa: RUF009 - frozen
    language: str = "zh-hans"


@dataclass(frozen=True, slots=True)
class _Meant:
    """The cards that a request means."""

    cards: Sequence[int]
    selection: Selection
    total: int
    batch_uid: str = ""
    valid_until: str = ""


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
        meant = _meant(merchant_id, request)
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
        meant = _meant(merchant_id, request)
        arguments: dict[str, Any] = {
            **_named(merchant_id, request, terms, meant),
            "change": request.change.value,
            "reason": reason,
            "of_batch": meant.batch_uid,
            "cards": list(meant.cards),
            "selection": meant.selection.stored(),
            "language": request.language,
            "valid_until": meant.valid_until,
            "undo": [],
            "undo_of": "",
        }
        return _start(merchant_id, actor, arguments, meant.total)


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
            "change": Change.UNDO.value,
            "reason": reason,
            "of_batch": done.arguments["of_batch"],
            "cards": [],
            "selection": Selection([]).stored(),
            "language": language,
            "valid_until": done.arguments["valid_until"],
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
    enqueue(
        "vault.run_change",
        queue="bulk",
        lock=f"bulk:{merchant_id}",
        merchant_id=merchant_id,
        work_uid=uid,
    )
    return uid


def _meant(merchant_id: int, request: ChangeRequest) -> _Meant:
    uids = list(dict.fromkeys(request.card_uids))
    ways = [bool(uids), bool(request.batch_uid), request.matching is not None]
    if sum([*ways, bool(request.batch_uids)]) != 1:
        raise NothingToChange
    if (request.change == Change.MERGE) != bool(request.batch_uids):
        raise NothingToChange
    if len(uids) > CARDS_MAX:
        raise TooManyCards(limit=CARDS_MAX)
    if uids:
        cipher = cipher_for(merchant_id)
        ids = sorted(open_card_id(cipher, uid) for uid in uids)
        return _Meant(ids, Selection([]), len(ids))
    if request.batch_uids:
        return _meant_batches(merchant_id, request)
    if request.matching is not None:
        selection = select_cards(merchant_id, request.matching)
        return _some(_Meant([], selection, count_cards(merchant_id, selection)[0]))
    batch = find_batch(merchant_id, request.batch_uid)
    states = HOLDING if request.change == Change.SPLIT else ()
    selection = select_cards(merchant_id, CardFilter(batch_uid=batch.uid, states=states))
    total = min(batch.card_count, request.terms.most or batch.card_count)
    until = batch.valid_until.isoformat() if batch.valid_until else ""
    return _Meant([], selection, total, batch.uid, until)


def _some(meant: _Meant) -> _Meant:
    if not meant.total:
        raise NothingToChange
    return meant


def _meant_batches(merchant_id: int, request: ChangeRequest) -> _Meant:
    uids = list(dict.fromkeys(request.batch_uids))
    if len(uids) > BATCHES_MAX:
        raise BadTerms(field="batches", limit=BATCHES_MAX)
    target = find_batch(merchant_id, request.terms.batch_uid)
    sources = [find_batch(merchant_id, uid) for uid in uids]
    for batch in (target, *sources):
        if batch.state != BatchState.STOCKED or _kind_of(batch) != _kind_of(target):
            raise BatchesDiffer
    if target.pk in {source.pk for source in sources}:
        raise BatchesDiffer
    total = sum(source.card_count for source in sources)
    return _Meant([], Selection(sorted(source.pk for source in sources)), total)


def _kind_of(batch: Batch) -> tuple[object, ...]:
    # What is printed on a card is kept by its batch alone.
    return batch.sku_id, batch.currency, batch.face_minor, batch.face_currency


_NO_TERMS: Mapping[str, Any] = {
    "until": "",
    "days": 0,
    "pool": None,
    "sku": 0,
    "batch": 0,
    "purchase": {},
    "most": 0,
}


def _named(merchant_id: int, request: ChangeRequest, terms: Terms, meant: _Meant) -> dict[str, Any]:
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
