"""Which cards a job is about: those named, those that fit a filter, a batch, several batches.

They are looked up when the job starts, are kept with it, and are walked a part at a time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kacang.merchants.keys import cipher_for
from kacang.shared.errors import Invalid
from kacang.vault.card_ids import open_card_id
from kacang.vault.changing.ending import CARDS_MAX, TooManyCards
from kacang.vault.changing.planning import BadTerms, BatchesDiffer, Change, Terms
from kacang.vault.changing.steps import HOLDING
from kacang.vault.finding.listing import find_batch
from kacang.vault.finding.selecting import (
    CardFilter,
    Selection,
    Tallied,
    count_cards,
    next_cards,
    next_named,
    select_cards,
    stored_selection,
    taken,
    tally,
)
from kacang.vault.models import Batch, BatchState

BATCHES_MAX = 50


class NothingToChange(Invalid):
    """A change is of batches, of cards or of a filter: of one of them, and of at least one card."""

    code = "vault.nothing_to_change"


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
class Chosen:
    """The cards that a request means: by name, or else what is selected.

    `batch_uid` and `valid_until` are those of the batch that is meant as a whole.
    """

    cards: Sequence[int]
    selection: Selection
    total: int
    batch_uid: str = ""
    valid_until: str = ""

    def stored(self) -> dict[str, Any]:
        """Return them as JSON, for the arguments of a job."""
        return {
            "cards": list(self.cards),
            "selection": self.selection.stored(),
            "meant": self.total,
            "of_batch": self.batch_uid,
            "valid_until": self.valid_until,
        }


def stored_chosen(raw: Mapping[str, Any]) -> Chosen:
    """Undo `Chosen.stored`."""
    return Chosen(
        cards=raw["cards"],
        selection=stored_selection(raw["selection"]),
        total=raw["meant"],
        batch_uid=raw["of_batch"],
        valid_until=raw["valid_until"],
    )


def choose_cards(*, merchant_id: int, request: ChangeRequest) -> Chosen:
    """Find the cards that a request means, as it is now. In the caller's transaction.

    Raises:
        NothingToChange, TooManyCards, BadTerms, BadFilter, BatchesDiffer: As they say.
        UnknownBatch, UnknownCard, UnknownPool: A name was made up.
    """
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
        return Chosen(ids, Selection([]), len(ids))
    if request.batch_uids:
        return _of_batches(merchant_id, request)
    if request.matching is not None:
        selection = select_cards(merchant_id, request.matching)
        return _some(Chosen([], selection, count_cards(merchant_id, selection)[0]))
    batch = find_batch(merchant_id, request.batch_uid)
    states = HOLDING if request.change == Change.SPLIT else ()
    selection = select_cards(merchant_id, CardFilter(batch_uid=batch.uid, states=states))
    total = min(batch.card_count, request.terms.most or batch.card_count)
    until = batch.valid_until.isoformat() if batch.valid_until else ""
    return Chosen([], selection, total, batch.uid, until)


def tally_chosen(*, merchant_id: int, chosen: Chosen) -> list[Tallied]:
    """Return what the cards chosen are now, counted. In the caller's transaction."""
    return tally(merchant_id, chosen.selection, chosen.cards)


def next_taken(
    *, merchant_id: int, chosen: Chosen, until: datetime, after: tuple[int, int], most: int
) -> list[tuple[int, int]]:
    """Return the next of the cards chosen that were sold until then or are reserved.

    Each with its batch before it, by name with 0: the last is where to go on. In the caller's
    transaction.
    """
    selection = taken(chosen.selection, until)
    if chosen.cards:
        return next_named(merchant_id, chosen.cards, selection.narrow, after[1], most)
    return next_cards(merchant_id, selection, after, most)


def _some(chosen: Chosen) -> Chosen:
    if not chosen.total:
        raise NothingToChange
    return chosen


def _of_batches(merchant_id: int, request: ChangeRequest) -> Chosen:
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
    return Chosen([], Selection(sorted(source.pk for source in sources)), total)


def _kind_of(batch: Batch) -> tuple[object, ...]:
    # What is printed on a card is kept by its batch alone.
    return batch.sku_id, batch.currency, batch.face_minor, batch.face_currency
