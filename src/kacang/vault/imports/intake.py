"""Batches: what came in together, from whom, at which cost (V6)."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Max

from kacang.catalog import queries as catalog
from kacang.catalog.queries import SkuView, StockMode
from kacang.ledger.accounts import Account, DocumentKind, TransferKind
from kacang.ledger.operations import Document, Move, Side, transfer
from kacang.merchants.queries import MerchantInfo
from kacang.shared.clock import utc_now
from kacang.shared.errors import Conflict, Invalid
from kacang.shared.ids import new_uid
from kacang.shared.money import EXPONENTS, Money
from kacang.vault.models import Batch, BatchState
from kacang.vault.reading.lines import COST_MAX

# Beyond, an offset from UTC may leave the calendar.
YEAR_MAX = 9999
# Bulk loads of one merchant come one after the other, also when two workers run them at once:
# two that insert the same codes in different order would wait for each other.
_LOCK_CLASS = 7152
FACTS_MAX = 20
LABEL_MAX = 40
FACT_MAX = 200


class BadPurchase(Invalid):
    """What was said about a purchase is too long or impossible; `field` says what."""

    code = "vault.bad_purchase"


class NotCards(Conflict):
    """The SKU sells goods: it has pieces in warehouses, and no cards."""

    code = "vault.not_cards"


def card_sku(merchant_id: int, uid: str) -> SkuView:
    """Return a SKU that sells cards.

    Raises:
        UnknownSku: There is none.
        NotCards: It sells goods.
    """
    sku = catalog.sku(merchant_id=merchant_id, uid=uid)
    if sku.stock_mode == StockMode.GOODS:
        raise NotCards
    return sku


@dataclass(frozen=True, slots=True)
class Purchase:
    """Where cards come from. `valid_until` holds for cards that have no expiry of their own.

    `unit_cost_minor` is in the SKU's currency; None takes the SKU's cost. `face_value` (面值) is
    what is printed on each card, in a currency of its own. `facts` are what else people note of a
    batch, label and text; they are shown, and no secret.
    """

    supplier: str = ""
    purchase_number: str = ""
    unit_cost_minor: int | None = None
    valid_until: datetime | None = None
    note: str = ""
    face_value: Money | None = None
    facts: tuple[tuple[str, str], ...] = ()

    def checked(self) -> "Purchase":
        """Return it, or raise BadPurchase."""
        limits = {"supplier": 120, "purchase_number": 60, "note": 500}
        for field, limit in limits.items():
            value = getattr(self, field)
            if len(value) > limit or any(_is_control(letter) for letter in value):
                raise BadPurchase(field=field, limit=limit)
        if self.unit_cost_minor is not None and not 0 <= self.unit_cost_minor <= COST_MAX:
            raise BadPurchase(field="unit_cost_minor")
        if self.valid_until is not None and not _is_to_come(self.valid_until):
            raise BadPurchase(field="valid_until")
        if self.face_value is not None and not _is_face(self.face_value):
            raise BadPurchase(field="face_value")
        if not _are_facts(self.facts):
            raise BadPurchase(field="data", limit=FACTS_MAX)
        return self

    def stored(self) -> dict[str, Any]:
        """Return it as JSON, for the job."""
        until = self.valid_until.isoformat() if self.valid_until else None
        return {
            "supplier": self.supplier,
            "purchase_number": self.purchase_number,
            "unit_cost_minor": self.unit_cost_minor,
            "valid_until": until,
            "note": self.note,
            "face_minor": self.face_value.minor if self.face_value else None,
            "face_currency": self.face_value.currency if self.face_value else "",
            "facts": [list(fact) for fact in self.facts],
        }


def _is_face(value: Money) -> bool:
    return value.currency in EXPONENTS and 0 < value.minor <= COST_MAX


def _are_facts(facts: tuple[tuple[str, str], ...]) -> bool:
    labels = {label for label, _text in facts}
    return len(labels) == len(facts) <= FACTS_MAX and all(
        0 < len(label) <= LABEL_MAX
        and 0 < len(text) <= FACT_MAX
        and (label, text) == (label.strip(), text.strip())
        and not any(unicodedata.category(letter) in ("Cc", "Cs") for letter in label + text)
        for label, text in facts
    )


def _is_control(letter: str) -> bool:
    return letter not in "\r\n\t" and unicodedata.category(letter) in ("Cc", "Cs")


def _is_to_come(when: datetime) -> bool:
    return when.tzinfo is not None and when.year < YEAR_MAX and when > utc_now()


def stored_purchase(raw: Mapping[str, Any]) -> Purchase:
    """Undo `Purchase.stored`."""
    until = raw.get("valid_until")
    return Purchase(
        supplier=raw["supplier"],
        purchase_number=raw["purchase_number"],
        unit_cost_minor=raw["unit_cost_minor"],
        valid_until=datetime.fromisoformat(until) if until else None,
        note=raw["note"],
        # Jobs that were queued by an earlier version know nothing of these.
        face_value=Money(raw["face_minor"], raw["face_currency"])
        if raw.get("face_minor")
        else None,
        facts=tuple((label, text) for label, text in raw.get("facts", ())),
    )


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who brings cards in, by which job; None: by hand, one at a time."""

    source: str
    work_id: int | None
    actor_label: str


def open_batch(
    *, merchant: MerchantInfo, sku: SkuView, purchase: Purchase, arrival: Arrival
) -> Batch:
    """Make an empty batch with the day's next number. Must run inside the caller's transaction."""
    assert connection.in_atomic_block
    lock_loads(merchant.id)
    today = utc_now().astimezone(ZoneInfo(merchant.time_zone))
    cost = purchase.unit_cost_minor
    return Batch.objects.create(
        merchant_id=merchant.id,
        uid=new_uid("bat"),
        number=_next_number(merchant.id, f"{today:%Y%m%d}"),
        sku_id=sku.id,
        source=arrival.source,
        supplier=purchase.supplier,
        purchase_number=purchase.purchase_number,
        unit_cost_minor=sku.cost.minor if cost is None else cost,
        currency=sku.cost.currency,
        valid_until=purchase.valid_until,
        note=purchase.note,
        face_minor=purchase.face_value.minor if purchase.face_value else None,
        face_currency=purchase.face_value.currency if purchase.face_value else "",
        facts=[list(fact) for fact in purchase.facts],
        work_id=arrival.work_id,
        actor_label=arrival.actor_label,
    )


def lock_loads(merchant_id: int) -> None:
    """Wait for other bulk loads of this merchant. Ends with the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("set local lock_timeout = '60s'")
        cursor.execute(
            "select pg_advisory_xact_lock((%s::bigint << 40) + %s::bigint)",
            [_LOCK_CLASS, merchant_id],
        )


def close_batch(merchant_id: int, batch_id: int) -> BatchState:
    """Say that nothing more comes: stocked, or failed when nothing did."""
    row = Batch.objects.select_for_update().get(merchant_id=merchant_id, id=batch_id)
    row.state = BatchState.STOCKED if row.card_count else BatchState.FAILED
    row.stocked_at = utc_now() if row.card_count else None
    row.save(update_fields=["state", "stocked_at"])
    return BatchState(row.state)


@dataclass(frozen=True, slots=True)
class Lot:
    """Cards of a batch: `priced` of them have a cost of their own, together `priced_minor`."""

    cards: int
    priced: int = 0
    priced_minor: int = 0


def book(merchant_id: int, batch: Batch, lot: Lot, kind: TransferKind) -> None:
    """Book what cards of a batch cost: when they come in, go back, or are written off."""
    amount = batch.unit_cost_minor * (lot.cards - lot.priced) + lot.priced_minor
    if not amount:
        return
    debit, credit = _SIDES[kind]
    transfer(
        merchant_id=merchant_id,
        move=Move(
            debit=Side(debit),
            credit=Side(credit),
            amount=Money(amount, batch.currency),
            kind=kind,
            document=Document(DocumentKind.BATCH, batch.pk),
        ),
    )


_SIDES = {
    TransferKind.STOCKED: (Account.INVENTORY, Account.PAYABLE_SUPPLIER),
    TransferKind.UNSTOCKED: (Account.PAYABLE_SUPPLIER, Account.INVENTORY),
    TransferKind.WRITTEN_OFF: (Account.COST_OF_SALES, Account.INVENTORY),
    TransferKind.WRITTEN_BACK: (Account.INVENTORY, Account.COST_OF_SALES),
    TransferKind.RETURNED: (Account.INVENTORY, Account.COST_OF_SALES),
}


def _next_number(merchant_id: int, day: str) -> str:
    # Two digits are padded, so the longest number of a day is the greatest among equal lengths.
    last = 0
    found = Batch.objects.filter(merchant_id=merchant_id, number__startswith=f"{day}-")
    newest = found.aggregate(newest=Max("id"))["newest"]
    if newest is not None:
        number = found.values_list("number", flat=True).get(id=newest)
        last = int(number.rsplit("-", 1)[1])
    return f"{day}-{last + 1:02}"
