"""Who waits for a SKU to come back, and whose turn it is when it does (到货通知, S4).

An address is written down sealed, is told once, and is forgotten afterwards. Of several pieces
that came, three buyers a piece are told in a day, those first who waited longest: most who are
told do not buy, and to tell all of a thousand about ten pieces is to disappoint them twice.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Count, Q

from kacang.catalog import queries as catalog
from kacang.catalog.queries import SkuView, StockMode, UnknownSku
from kacang.merchants.keys import cipher_for, sealing_cipher
from kacang.merchants.tenancy import acting_as
from kacang.messages import operations as messages
from kacang.messages.events import Event
from kacang.messages.operations import Tell
from kacang.orders.fulfilling.shortage import short_units
from kacang.risk import operations as risk
from kacang.risk.operations import Scope
from kacang.shared.contacts import BadEmail, read_contact
from kacang.shared.errors import NotFound
from kacang.shared.ids import new_uid
from kacang.supply.levels import available_of
from kacang.supply.models import Wait, WaitState
from kacang.vault import queries as vault

OPEN_MOST = 20
ATTEMPTS, WINDOW_SECONDS = 20, 3600
PER_PIECE = 3
CHUNK = 200
TOLD_KEPT, WAITING_KEPT = timedelta(days=30), timedelta(days=180)
_LOCK_CLASS = 7154
_TAKE = """
with turn as materialized (
    select id from restock_wait
    where merchant_id = %(merchant)s::bigint and sku_id = %(sku)s::bigint and state = 0
    order by id limit %(most)s::int for no key update skip locked
)
update restock_wait w set state = 1, told_at = clock_timestamp() from turn
where w.merchant_id = %(merchant)s::bigint and w.id = turn.id returning w.uid, w.language
"""
_TOLD = """
select count(*) from restock_wait
where merchant_id = %s::bigint and sku_id = %s::bigint and state = 1
  and told_at > clock_timestamp() - interval '1 day'
"""


class UnknownWait(NotFound):
    """Nobody waits under this name any more."""

    code = "supply.unknown_wait"


def wait_for(*, merchant_id: int, sku_uid: str, email: str, language: str, address: str) -> None:
    """Write down that somebody wants to be told when a SKU on sale can be bought again.

    Nothing is said of what was known before: who waits already, or waits for `OPEN_MOST` SKUs,
    is answered like everybody. `address` is the network address, for the limit.

    Raises:
        BadEmail: It is no e-mail address.
        UnknownSku: There is none on sale.
        TooManyAttempts: The same network address asks too often.
    """
    contact = read_contact(email=email, phone=None).email
    if not contact:
        raise BadEmail
    risk.count_attempt(
        merchant_id=merchant_id,
        scope=Scope.RESTOCK_WAITS_BY_ADDRESS,
        value=address,
        limit=ATTEMPTS,
        window_seconds=WINDOW_SECONDS,
    )
    sku = _on_sale(merchant_id, sku_uid)
    with acting_as(merchant_id):
        cipher = sealing_cipher(merchant_id)
        mark = cipher.fingerprint(b"restock_wait", contact.encode())
        # Two wishes of one address wait for each other: the most is the most.
        _lock(int.from_bytes(mark[:7], "big"))
        rows = Wait.objects.filter(merchant_id=merchant_id, address_print=mark, state=0)
        if rows.count() >= OPEN_MOST:
            return
        made = Wait(
            merchant_id=merchant_id,
            uid=new_uid("wait"),
            sku_id=sku.id,
            address_print=mark,
            address_sealed=cipher.seal("restock_wait", "address", contact.encode(), mark),
            language=language[:8],
        )
        Wait.objects.bulk_create([made], ignore_conflicts=True)


def tell_waiting(*, merchant_id: int, sku_ids: Iterable[int] | None = None) -> int:
    """Tell whose turn it is that a SKU can be bought again; return how many were told.

    Each wait is marked and its mail stored in one transaction, some hundreds at a time: both, or
    neither, and once, however many workers run.
    """
    with acting_as(merchant_id):
        rows = Wait.objects.filter(merchant_id=merchant_id, state=WaitState.WAITING)
        if sku_ids is not None:
            rows = rows.filter(sku_id__in=list(sku_ids))
        wanted = set(rows.values_list("sku_id", flat=True).distinct())
    if not wanted:
        return 0
    skus = catalog.all_skus(merchant_id=merchant_id, on_sale_only=True)
    return sum(_tell_all(merchant_id, sku) for sku in skus if sku.id in wanted)


def stop_waiting(*, merchant_id: int, uid: str) -> int:
    """Forget an address altogether, by the name of one of its waits; return how many there were.

    Repeating it, or a name that is none, is nothing.
    """
    with acting_as(merchant_id):
        rows = Wait.objects.filter(merchant_id=merchant_id)
        mark = rows.filter(uid=uid[:32]).values_list("address_print", flat=True).first()
        return 0 if mark is None else rows.filter(address_print=bytes(mark)).delete()[0]


def address_of(*, merchant_id: int, uid: str) -> str:
    """Return the address of somebody who waits, or was told lately: for the sending alone.

    Raises:
        UnknownWait: It was forgotten.
    """
    with acting_as(merchant_id):
        row = Wait.objects.filter(merchant_id=merchant_id, uid=uid[:32]).first()
    if row is None:
        raise UnknownWait
    mark = bytes(row.address_print)
    opened = cipher_for(merchant_id).open(
        "restock_wait", "address", bytes(row.address_sealed), mark
    )
    return opened.decode()


def waiting_counts(*, merchant_id: int, sku_ids: Iterable[int]) -> dict[int, int]:
    """Return how many wait for each of these SKUs; those that nobody waits for are left out."""
    with acting_as(merchant_id):
        rows = Wait.objects.filter(
            merchant_id=merchant_id, state=WaitState.WAITING, sku_id__in=list(sku_ids)
        )
        return dict(rows.values_list("sku_id").annotate(Count("id")).order_by())


def forget_waits(*, merchant_id: int, now: datetime) -> int:
    """Delete who was told a month ago, and who has waited for half a year; return how many."""
    with acting_as(merchant_id):
        rows = Wait.objects.filter(merchant_id=merchant_id)
        old = Q(told_at__lt=now - TOLD_KEPT) | Q(state=0, created_at__lt=now - WAITING_KEPT)
        return rows.filter(old).delete()[0]


def _on_sale(merchant_id: int, sku_uid: str) -> SkuView:
    sku = catalog.sku(merchant_id=merchant_id, uid=sku_uid)
    shown = catalog.product_page(merchant_id=merchant_id, uid=sku.product_uid).skus
    if all(one.id != sku.id for one in shown):
        raise UnknownSku
    return sku


def _tell_all(merchant_id: int, sku: SkuView) -> int:
    told = 0
    while found := _tell_some(merchant_id, sku):
        told += found
    return told


def _tell_some(merchant_id: int, sku: SkuView) -> int:
    with acting_as(merchant_id), connection.cursor() as cursor:
        # Who tells of this SKU at the same time is waited for: the budget is for all of them.
        _lock(merchant_id << 32 ^ sku.id)
        most = min(_budget(merchant_id, sku), CHUNK)
        if most <= 0:
            return 0
        cursor.execute(_TAKE, {"merchant": merchant_id, "sku": sku.id, "most": most})
        taken = cursor.fetchall()
        messages.tell_all(
            merchant_id=merchant_id,
            told=[_message(sku, uid, language) for uid, language in taken],
        )
        return len(taken)


def _budget(merchant_id: int, sku: SkuView) -> int:
    """Return how many may be told now: so many a piece that is free, less those of a day."""
    if sku.stock_mode == StockMode.LOOP:
        filled = vault.loop_filled(merchant_id=merchant_id, sku_ids=[sku.id])
        return CHUNK if filled else 0
    free = available_of(merchant_id, [sku])[sku.id]
    # Who has paid and waits is served before anybody is told.
    free -= short_units(merchant_id=merchant_id, sku_ids=[sku.id])[sku.id]
    with connection.cursor() as cursor:
        cursor.execute(_TOLD, [merchant_id, sku.id])
        (told,) = cursor.fetchone()
    return budget_of(free=free, least=sku.min_per_order, told=int(told))


def budget_of(*, free: int, least: int, told: int) -> int:
    """Return how many may be told, of `free` pieces sold `least` at once, `told` within a day."""
    return max(PER_PIECE * (max(free, 0) // least) - told, 0)


def _message(sku: SkuView, uid: str, language: str) -> Tell:
    return Tell(
        event=Event.RESTOCKED,
        once=uid,
        context={"title": sku.name, "product": sku.product_uid, "sku": sku.uid},
        # The row of the message names the wait; the address is looked up when it is sent.
        emails=[uid],
        language=language,
    )


def _lock(key: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_advisory_xact_lock(%s::int, hashint8(%s::bigint))", [_LOCK_CLASS, key]
        )
