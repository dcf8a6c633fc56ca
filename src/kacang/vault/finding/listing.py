"""Batches and cards as staff and buyers see them: never with a secret."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from kacang.merchants.keys import cipher_for
from kacang.merchants.tenancy import acting_as
from kacang.shared.ciphers import MerchantCipher
from kacang.shared.clock import utc_now
from kacang.shared.errors import NotFound
from kacang.shared.money import Money
from kacang.vault.card_ids import open_card_id, seal_card_id
from kacang.vault.making.serials import SerialRange, stored_range
from kacang.vault.models import Batch, BatchState, Card, CardState
from kacang.vault.selling.levels import StockLevel, batch_levels

UNDO_MINUTES = 10
LIMIT_MAX = 200
SEPARATORS = ("----", "\t", "|", ",", " ")


class UnknownBatch(NotFound):
    """There is no such batch."""

    code = "vault.unknown_batch"


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch with its cards by state. `can_undo_until` is None when it is too late."""

    uid: str
    number: str
    sku_id: int
    source: str
    state: BatchState
    supplier: str
    purchase_number: str
    unit_cost: Money
    valid_until: datetime | None
    note: str
    face_value: Money | None
    facts: tuple[tuple[str, str], ...]
    serial: SerialRange | None
    card_count: int
    levels: StockLevel
    work_uid: str
    actor_label: str
    created_at: datetime
    stocked_at: datetime | None
    undone_at: datetime | None
    can_undo_until: datetime | None
    # Where its cards went, when they all did.
    merged_into_uid: str = ""


@dataclass(frozen=True, slots=True)
class CardView:
    """A card in a list. `shown_number` is masked where the number is itself secret."""

    uid: str
    shown_number: str
    sku_id: int
    batch_uid: str
    batch_number: str
    state: CardState
    pool_id: int
    line_id: int | None
    remark: str
    face_value: Money | None
    reserved_until: datetime | None
    expires_at: datetime | None
    created_at: datetime
    sold_at: datetime | None


@dataclass(frozen=True, slots=True)
class Choice:
    """A card that a buyer can pick: its number masked, "88****88"."""

    uid: str
    masked: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page of batches. `next_cursor` is empty on the last one."""

    items: tuple[BatchView, ...]
    next_cursor: str


@dataclass(frozen=True, slots=True)
class CardPage:
    """A page of cards. `next_cursor` is empty on the last one."""

    items: tuple[CardView, ...]
    next_cursor: str


def batches(
    *,
    merchant_id: int,
    sku_id: int | None = None,
    supplier: str = "",
    cursor: str = "",
    limit: int = 50,
) -> Page:
    """Return batches with their counts, newest first."""
    limit = max(1, min(limit, LIMIT_MAX))
    with acting_as(merchant_id):
        rows = Batch.objects.filter(merchant_id=merchant_id)
        if sku_id is not None:
            rows = rows.filter(sku_id=sku_id)
        if supplier:
            rows = rows.filter(supplier=supplier)
        if cursor:
            last = Batch.objects.filter(merchant_id=merchant_id, uid=cursor).first()
            rows = rows.filter(id__lt=last.pk) if last else rows.none()
        found = list(rows.select_related("work").order_by("-id")[: limit + 1])
        views = _batch_views(merchant_id, found[:limit])
    return Page(views, found[limit - 1].uid if len(found) > limit else "")


def batch(*, merchant_id: int, uid: str) -> BatchView:
    """Return one batch with its counts, or raise UnknownBatch."""
    with acting_as(merchant_id):
        return _batch_views(merchant_id, [find_batch(merchant_id, uid)])[0]


def batch_id(*, merchant_id: int, uid: str) -> int:
    """Return a batch's number in the house, by which the books name it, or raise UnknownBatch."""
    with acting_as(merchant_id):
        return int(find_batch(merchant_id, uid).pk)


def batch_names(*, merchant_id: int, ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Return the names of batches, in addresses and on pages, by their numbers in the house."""
    with acting_as(merchant_id):
        rows = Batch.objects.filter(merchant_id=merchant_id, id__in=list(ids))
        return {id_: (uid, number) for id_, uid, number in rows.values_list("id", "uid", "number")}


def find_batch(merchant_id: int, uid: str) -> Batch:
    """Return the row of a batch. Must run inside the caller's transaction."""
    row = Batch.objects.select_related("work").filter(merchant_id=merchant_id, uid=uid).first()
    if row is None:
        raise UnknownBatch
    return row


def find_cards(*, merchant_id: int, code: str, number: str = "") -> list[CardView]:
    """Return the cards that have exactly this code (V4), looked for by keyed fingerprint.

    A card with a number is found by number and code, given apart or as one line
    ("number----code"). Surrounding white space does not count.
    """
    cipher = cipher_for(merchant_id)
    wanted = prints_of_code(cipher, code, number)
    with acting_as(merchant_id):
        rows = Card.objects.filter(merchant_id=merchant_id, fingerprint__in=list(wanted))
        return [card_view(cipher, row) for row in rows.select_related("batch").order_by("id")]


def prints_of_code(cipher: MerchantCipher, code: str, number: str = "") -> set[bytes]:
    """Return the fingerprints that a card may have of which somebody gives this."""
    prints = {_print(cipher, number, code), _print(cipher, "", code)}
    for separator in SEPARATORS:
        left, found, right = code.strip().partition(separator)
        if found:
            prints.add(_print(cipher, left, right))
    return prints


def cards_by_uid(*, merchant_id: int, uids: Iterable[str]) -> list[CardView]:
    """Return these cards, in order of their arrival. Names that were made up raise UnknownCard."""
    cipher = cipher_for(merchant_id)
    ids = [open_card_id(cipher, uid) for uid in uids]
    with acting_as(merchant_id):
        rows = Card.objects.filter(merchant_id=merchant_id, id__in=ids)
        return [card_view(cipher, row) for row in rows.select_related("batch").order_by("id")]


def choices(
    *, merchant_id: int, sku_id: int, cursor: str = "", limit: int = 50
) -> tuple[list[Choice], str]:
    """Return free cards that a buyer may pick by number (V5), and the cursor of the next page."""
    limit = max(1, min(limit, LIMIT_MAX))
    cipher = cipher_for(merchant_id)
    with acting_as(merchant_id):
        rows = Card.objects.filter(
            merchant_id=merchant_id,
            sku_id=sku_id,
            pool_id=0,
            state=CardState.AVAILABLE,
            is_loop=False,
            number_mask__isnull=False,
        ).exclude(expires_at__lte=utc_now())
        if cursor:
            last = (
                Card.objects.filter(merchant_id=merchant_id, id=open_card_id(cipher, cursor))
                .values_list("pick_key", flat=True)
                .first()
            )
            # Keys of one batch are all different; two cards of one key share a page's end so
            # rarely that the second one is merely not offered here.
            rows = rows.filter(pick_key__gt=last) if last is not None else rows.none()
        found = list(rows.order_by("pick_key").values_list("id", "number_mask")[: limit + 1])
    shown = [Choice(seal_card_id(cipher, card_id), mask or "") for card_id, mask in found[:limit]]
    return shown, shown[-1].uid if len(found) > limit else ""


def undo_deadline(row: Batch) -> datetime | None:
    """Until when a batch may be undone; None when it may not."""
    if row.state != BatchState.STOCKED or row.stocked_at is None or row.first_card_id is None:
        return None
    deadline = row.stocked_at + timedelta(minutes=UNDO_MINUTES)
    return deadline if deadline > utc_now() else None


def _print(cipher: MerchantCipher, number: str, code: str) -> bytes:
    return cipher.fingerprint(number.encode(), code.encode())


def batch_of(merchant_id: int, row: Batch) -> BatchView:
    """Return a batch whose job was read with it."""
    return _batch_views(merchant_id, [row])[0]


def _batch_views(merchant_id: int, rows: list[Batch]) -> tuple[BatchView, ...]:
    levels = batch_levels(merchant_id=merchant_id, batch_ids=[row.pk for row in rows])
    heirs = {row.merged_into_id for row in rows if row.merged_into_id}
    found = Batch.objects.filter(merchant_id=merchant_id, id__in=heirs)
    uids: dict[int, str] = dict(found.values_list("id", "uid")) if heirs else {}
    return tuple(
        BatchView(
            uid=row.uid,
            number=row.number,
            sku_id=row.sku_id,
            source=row.source,
            state=BatchState(row.state),
            supplier=row.supplier,
            purchase_number=row.purchase_number,
            unit_cost=Money(row.unit_cost_minor, row.currency),
            valid_until=row.valid_until,
            note=row.note,
            face_value=face_value(row),
            facts=tuple((label, text) for label, text in row.facts),
            serial=stored_range(row.serial),
            card_count=row.card_count,
            levels=levels[row.pk],
            work_uid=row.work.uid if row.work else "",
            actor_label=row.actor_label,
            created_at=row.created_at,
            stocked_at=row.stocked_at,
            undone_at=row.undone_at,
            can_undo_until=undo_deadline(row),
            merged_into_uid=uids.get(row.merged_into_id or 0, ""),
        )
        for row in rows
    )


def face_value(row: Batch) -> Money | None:
    """Return what is printed on each card of a batch, if anything is known of it."""
    return None if row.face_minor is None else Money(row.face_minor, row.face_currency)


def card_view(cipher: MerchantCipher, row: Card) -> CardView:
    """Return a card as it may be shown, its batch with it."""
    return CardView(
        uid=seal_card_id(cipher, row.pk),
        shown_number=row.number if row.number is not None else row.number_mask or "",
        sku_id=row.sku_id,
        batch_uid=row.batch.uid,
        batch_number=row.batch.number,
        state=CardState(row.state),
        pool_id=row.pool_id,
        line_id=row.line_id,
        remark=row.remark,
        face_value=face_value(row.batch),
        reserved_until=row.reserved_until,
        expires_at=row.expires_at,
        created_at=row.created_at,
        sold_at=row.sold_at,
    )
