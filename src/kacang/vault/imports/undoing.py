"""Taking back a batch that nobody has bought from (V6)."""

from django.db import connection

from kacang.ledger.accounts import TransferKind
from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.shared.clock import utc_now
from kacang.shared.errors import Conflict
from kacang.vault.finding.listing import UnknownBatch, undo_deadline
from kacang.vault.imports.intake import Lot, book
from kacang.vault.models import Batch, BatchState, CardState

CHUNK = 50_000
_LOCK = """
select state, count(*) from (
    select state from card where merchant_id = %(merchant)s::bigint and batch_id = %(batch)s::bigint
        and id between %(first)s::bigint and %(last)s::bigint
    order by id for no key update
) c group by state
"""
# The rows stay, for old allocations name them; what makes them cards is gone for good. The
# fingerprint is free again, so that the same codes can be imported anew.
_BLANK = """
with gone as (
    update card set state = 6, secret = '', number = null, number_mask = null,
        number_sealed = null, remark = '', content_type = null, file_name = null, tail_print = null,
        fingerprint = decode(replace(gen_random_uuid()::text, '-', ''), 'hex')
    where merchant_id = %(merchant)s::bigint and batch_id = %(batch)s::bigint
      and id between %(from)s::bigint and %(to)s::bigint and state = 0
    returning sku_id, pool_id, cost_minor
),
moved as (
    insert into card_movement (merchant_id, sku_id, pool_id, batch_id, from_state, cards)
    select %(merchant)s::bigint, sku_id, pool_id, %(batch)s::bigint, 0, count(*)
    from gone group by sku_id, pool_id
)
select count(*), count(cost_minor), coalesce(sum(cost_minor), 0) from gone
"""


class TooLateToUndo(Conflict):
    """A batch can be undone for ten minutes after it was stocked."""

    code = "vault.too_late_to_undo"


class BatchTouched(Conflict):
    """Cards of the batch were sold, reserved or changed. `detail` counts them by state."""

    code = "vault.batch_touched"


def undo_batch(*, merchant_id: int, batch_uid: str, actor: Actor) -> int:
    """Take back a whole batch within ten minutes; return how many cards it had.

    Raises:
        UnknownBatch: There is none.
        TooLateToUndo: The ten minutes are over, or it was undone.
        BatchTouched: Not every card of it is available. Nothing was changed.
    """
    with acting_as(merchant_id):
        batch = (
            Batch.objects.select_for_update(of=("self",))
            .filter(merchant_id=merchant_id, uid=batch_uid)
            .first()
        )
        if batch is None:
            raise UnknownBatch
        if undo_deadline(batch) is None:
            raise TooLateToUndo
        touched = _lock_cards(batch)
        free = touched.pop(CardState.AVAILABLE, 0)
        # Cards of other batches that joined it are not its own to take back.
        if touched or free != batch.card_count:
            raise BatchTouched(**{state.name.lower(): count for state, count in touched.items()})
        cards = _blank(batch)
        _close(batch)
        audit.record(
            merchant_id=merchant_id,
            actor=actor,
            action="batches.undo",
            object_kind="batch",
            object_uid=batch.uid,
            before={"number": batch.number, "cards": cards},
        )
    return cards


def take_back(*, merchant_id: int, batch_id: int) -> int:
    """Take back what a stopped job has loaded and nobody has bought; return how many cards.

    Cards that were sold or reserved meanwhile stay, in a batch of their own size.
    """
    with acting_as(merchant_id):
        batch = Batch.objects.select_for_update(of=("self",)).get(
            merchant_id=merchant_id, id=batch_id
        )
        _lock_cards(batch)
        cards = _blank(batch)
        if cards == batch.card_count:
            _close(batch)
        else:
            batch.card_count -= cards
            batch.state = BatchState.STOCKED
            batch.stocked_at = utc_now()
            batch.save(update_fields=["card_count", "state", "stocked_at"])
    return cards


def _lock_cards(batch: Batch) -> dict[CardState, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            _LOCK,
            {
                "merchant": batch.merchant_id,
                "batch": batch.pk,
                "first": batch.first_card_id or 0,
                "last": batch.last_card_id or 0,
            },
        )
        return {CardState(state): count for state, count in cursor.fetchall()}


def _blank(batch: Batch) -> int:
    cards = priced = priced_minor = 0
    first, last = batch.first_card_id or 0, batch.last_card_id or -1
    with connection.cursor() as cursor:
        for start in range(first, last + 1, CHUNK):
            cursor.execute(
                _BLANK,
                {
                    "merchant": batch.merchant_id,
                    "batch": batch.pk,
                    "from": start,
                    "to": min(start + CHUNK - 1, last),
                },
            )
            found = cursor.fetchone()
            cards, priced = cards + found[0], priced + found[1]
            priced_minor += int(found[2])
    if cards:
        lot = Lot(cards, priced, priced_minor)
        book(batch.merchant_id, batch, lot, TransferKind.UNSTOCKED)
    return cards


def _close(batch: Batch) -> None:
    batch.state = BatchState.UNDONE
    batch.undone_at = utc_now()
    batch.save(update_fields=["state", "undone_at"])
