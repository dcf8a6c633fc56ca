"""Goods come in, are counted anew, or change places. Each wish is done once, however often sent."""

import secrets
import unicodedata
from dataclasses import dataclass
from typing import Any

from django.db import connection

from kacang.catalog import queries as catalog
from kacang.catalog.queries import SkuView, StockMode
from kacang.ledger.accounts import TransferKind
from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.tenancy import acting_as
from kacang.queue import enqueue
from kacang.shared.clock import utc_now
from kacang.shared.errors import Conflict, Invalid, NotFound
from kacang.shared.ids import new_uid
from kacang.shared.money import Money
from kacang.stock import slots
from kacang.stock.models import Entry, EntryKind, GoodsMovement, PieceState, Warehouse
from kacang.stock.slots import SLOTS, Parcel
from kacang.stock.warehouses import find_warehouse
from kacang.stock.worth import come_in, entry_booking, go_out, locked_worth, share_of

PIECES_MAX = 1_000_000
COST_MAX = 10**12
LIMITS = {"supplier": 120, "number": 60, "reason": 200, "note": 500}
# Wishes of one merchant come one after the other: the same one sent twice finds the first.
_LOCK_CLASS = 7153


class NotGoods(Conflict):
    """The SKU sells cards; only goods have pieces."""

    code = "stock.not_goods"


class BadEntry(Invalid):
    """What was said of a receipt, adjustment or transfer is not possible; `field` says what."""

    code = "stock.bad_entry"


class ReasonNeeded(Invalid):
    """An adjustment needs a reason."""

    code = "stock.reason_needed"


class NotEnoughFree(Conflict):
    """Fewer pieces are free there: the others are reserved or sold. Nothing was changed."""

    code = "stock.not_enough_free"


class SameWarehouse(Invalid):
    """A transfer leads to another warehouse."""

    code = "stock.same_warehouse"


class UnknownTransfer(NotFound):
    """There is no such transfer under way."""

    code = "stock.unknown_transfer"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is common to receipts, adjustments and transfers.

    `request_uid` is the wish's own name: sent again it changes nothing. `warehouse_uid` "" is the
    default warehouse.
    """

    sku_uid: str
    pieces: int
    request_uid: str
    warehouse_uid: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Purchase:
    """Where a receipt comes from. `unit_cost_minor`: None takes the SKU's cost."""

    supplier: str = ""
    number: str = ""
    unit_cost_minor: int | None = None


def receive(*, merchant_id: int, actor: Actor, wish: Wish, purchase: Purchase) -> str:
    """Take goods in, book what they cost, and let orders that wait go on. Returns the entry's uid.

    Raises:
        UnknownSku, NotGoods, UnknownWarehouse, BadEntry: It cannot be taken in.
    """
    _check(wish, supplier=purchase.supplier, number=purchase.number)
    cost = purchase.unit_cost_minor
    if not 0 < wish.pieces <= PIECES_MAX:
        raise BadEntry(field="pieces", most=PIECES_MAX)
    if cost is not None and not 0 <= cost <= COST_MAX:
        raise BadEntry(field="unit_cost_minor")
    with acting_as(merchant_id):
        if known := _begin(merchant_id, wish):
            return known
        sku = _goods(merchant_id, wish.sku_uid)
        unit_cost = Money(sku.cost.minor if cost is None else cost, sku.cost.currency)
        row = _entry(
            merchant_id, actor, wish, sku,
            kind=EntryKind.RECEIPT, unit_cost_minor=unit_cost.minor,
            supplier=purchase.supplier.strip(), number=purchase.number.strip(),
        )  # fmt: skip
        _arrive(row, Money(unit_cost.minor * wish.pieces, unit_cost.currency), TransferKind.STOCKED)
        _log(actor, "goods.receive", row, sku, {"supplier": row.supplier})
        return row.uid


def adjust(*, merchant_id: int, actor: Actor, wish: Wish, reason: str) -> str:
    """Correct how many pieces there are by `wish.pieces`, which may be negative, with a reason.

    What is missing goes at its share of the cost; what was found comes in at that of the others.

    Raises:
        ReasonNeeded: There is none.
        NotEnoughFree: More is to go than is free.
        UnknownSku, NotGoods, UnknownWarehouse, BadEntry: As for a receipt.
    """
    if not reason.strip():
        raise ReasonNeeded
    _check(wish, reason=reason)
    if not 0 < abs(wish.pieces) <= PIECES_MAX:
        raise BadEntry(field="pieces", most=PIECES_MAX)
    with acting_as(merchant_id):
        if known := _begin(merchant_id, wish):
            return known
        sku = _goods(merchant_id, wish.sku_uid)
        row = _entry(
            merchant_id, actor, wish, sku, kind=EntryKind.ADJUSTMENT, reason=reason.strip()
        )
        if wish.pieces > 0:
            worth = locked_worth(merchant_id, sku.id)
            each = share_of(worth.value_minor, worth.pieces, 1) if worth.pieces else sku.cost.minor
            found = Money(each * wish.pieces, sku.cost.currency)
            _arrive(row, found, TransferKind.FOUND)
        else:
            _lose(row, sku)
        _log(actor, "goods.adjust", row, sku, {"reason": row.reason})
        return row.uid


def send(*, merchant_id: int, actor: Actor, wish: Wish, to_uid: str) -> str:
    """Send pieces to another warehouse: they are in transit until they arrive there.

    Raises:
        SameWarehouse: They lie there already.
        NotEnoughFree: More is to go than is free.
        UnknownSku, NotGoods, UnknownWarehouse, BadEntry: As for a receipt.
    """
    _check(wish)
    if not 0 < wish.pieces <= PIECES_MAX:
        raise BadEntry(field="pieces", most=PIECES_MAX)
    with acting_as(merchant_id):
        if known := _begin(merchant_id, wish):
            return known
        sku = _goods(merchant_id, wish.sku_uid)
        target = find_warehouse(merchant_id, to_uid)
        if target.pk == find_warehouse(merchant_id, wish.warehouse_uid).pk:
            raise SameWarehouse
        row = _entry(
            merchant_id, actor, wish, sku, kind=EntryKind.TRANSFER, to_warehouse_id=target.pk
        )
        _take_free(row, wish.pieces)
        _move(row, PieceState.AVAILABLE, None, wish.pieces)
        _move(row, None, PieceState.IN_TRANSIT, wish.pieces, place=target.pk)
        _log(actor, "goods.send", row, sku, {})
        return row.uid


def arrive(*, merchant_id: int, actor: Actor, uid: str) -> None:
    """Say that a transfer has arrived: its pieces can be sold from there. Repeating is nothing.

    Raises:
        UnknownTransfer: There is no such transfer.
    """
    with acting_as(merchant_id):
        row = (
            Entry.objects.select_for_update(no_key=True)
            .filter(merchant_id=merchant_id, uid=uid[:32], kind=EntryKind.TRANSFER)
            .first()
        )
        if row is None or row.to_warehouse_id is None:
            raise UnknownTransfer
        if row.arrived_at is not None:
            return
        row.arrived_at = utc_now()
        row.save(update_fields=["arrived_at"])
        place = row.to_warehouse_id
        _move(row, PieceState.IN_TRANSIT, PieceState.AVAILABLE, row.pieces, place=place)
        _spread(merchant_id, Parcel(row.sku_id, place, row.pieces))
        sku = catalog.skus_by_id(merchant_id=merchant_id, ids=[row.sku_id])[row.sku_id]
        _log(actor, "goods.arrive", row, sku, {})
        _let_orders_go_on(merchant_id, row.sku_id)


def _begin(merchant_id: int, wish: Wish) -> str:
    """Wait for other wishes of this merchant; return the uid of the entry if it was done before."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_advisory_xact_lock((%s::bigint << 40) + %s::bigint)",
            [_LOCK_CLASS, merchant_id],
        )
    rows = Entry.objects.filter(merchant_id=merchant_id, request_uid=wish.request_uid)
    return rows.values_list("uid", flat=True).first() or ""


def _check(wish: Wish, **texts: str) -> None:
    for field, text in {**texts, "note": wish.note}.items():
        if len(text.strip()) > LIMITS[field] or any(_is_control(letter) for letter in text):
            raise BadEntry(field=field, limit=LIMITS[field])
    if not 0 < len(wish.request_uid) <= 40:  # noqa: PLR2004 - the column's length
        raise BadEntry(field="request_uid")


def _is_control(letter: str) -> bool:
    return letter not in "\r\n\t" and unicodedata.category(letter) in ("Cc", "Cs")


def _goods(merchant_id: int, uid: str) -> SkuView:
    sku = catalog.sku(merchant_id=merchant_id, uid=uid)
    if sku.stock_mode != StockMode.GOODS:
        raise NotGoods(sku=uid[:40])
    return sku


def _entry(merchant_id: int, actor: Actor, wish: Wish, sku: SkuView, **fields: Any) -> Entry:
    place: Warehouse = find_warehouse(merchant_id, wish.warehouse_uid)
    return Entry.objects.create(
        merchant_id=merchant_id,
        uid=new_uid("ent"),
        request_uid=wish.request_uid,
        sku_id=sku.id,
        warehouse_id=place.pk,
        pieces=wish.pieces,
        currency=sku.cost.currency,
        note=wish.note.strip(),
        actor_label=actor.label[:120],
        **fields,
    )


def _arrive(row: Entry, cost: Money, kind: TransferKind) -> None:
    worth = locked_worth(row.merchant_id, row.sku_id)
    come_in(worth, row.pieces, cost, entry_booking(kind, row.pk))
    _move(row, None, PieceState.AVAILABLE, row.pieces, cost=cost.minor)
    _spread(row.merchant_id, Parcel(row.sku_id, row.warehouse_id, row.pieces))
    _let_orders_go_on(row.merchant_id, row.sku_id)


def _lose(row: Entry, sku: SkuView) -> None:
    pieces = -row.pieces
    worth = locked_worth(row.merchant_id, row.sku_id)
    _take_free(row, pieces)
    booking = entry_booking(TransferKind.WRITTEN_OFF, row.pk)
    cost = go_out(worth, pieces, sku.cost.currency, booking)
    _move(row, PieceState.AVAILABLE, None, pieces, cost=cost.minor)


def _take_free(row: Entry, pieces: int) -> None:
    (taken,) = slots.take_in_turn(
        row.merchant_id, [{row.sku_id: pieces}], warehouse_id=row.warehouse_id
    )
    if taken is None:
        raise NotEnoughFree


def _move(
    row: Entry,
    was: PieceState | None,
    now: PieceState | None,
    pieces: int,
    **more: int,
) -> None:
    GoodsMovement.objects.create(
        merchant_id=row.merchant_id,
        sku_id=row.sku_id,
        warehouse_id=more.get("place", row.warehouse_id),
        from_state=was,
        to_state=now,
        pieces=pieces,
        cost_minor=more.get("cost", 0),
        entry_id=row.pk,
        at=utc_now(),
    )


def _spread(merchant_id: int, parcel: Parcel) -> None:
    slots.spread(merchant_id, parcel, first=secrets.randbelow(SLOTS))


def _let_orders_go_on(merchant_id: int, sku_id: int) -> None:
    enqueue("orders.continue_waiting", queue="delivery", merchant_id=merchant_id, sku_id=sku_id)
    enqueue("supply.tell_waiting", queue="mail", merchant_id=merchant_id, sku_id=sku_id)


def _log(actor: Actor, action: str, row: Entry, sku: SkuView, more: dict[str, Any]) -> None:
    audit.record(
        merchant_id=row.merchant_id,
        actor=actor,
        action=action,
        object_kind="sku",
        object_uid=sku.uid,
        after={"pieces": row.pieces, "entry": row.uid, **more},
        reason=row.reason,
    )
