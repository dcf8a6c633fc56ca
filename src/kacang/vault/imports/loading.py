"""Putting cards into the table, in bulk (rule 19).

COPY is refused on tables with policies, so cards are copied in binary into a temporary table
that ends with the transaction, and inserted from there; the unique fingerprint decides what is
there already.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from kacang.catalog.queries import SkuView, StockMode
from kacang.ledger.accounts import TransferKind
from kacang.merchants.keys import sealing_cipher
from kacang.shared.ciphers import MerchantCipher
from kacang.vault.finding.tails import tail_print
from kacang.vault.imports.intake import Lot, book, lock_loads
from kacang.vault.models import Batch, CardState
from kacang.vault.reading.lines import Entry
from kacang.vault.selling.marks import lower_mark
from kacang.vault.selling.picking import PICK_KEY

CHUNK = 20_000
SOLD = (CardState.SOLD, CardState.ACTIVATED, CardState.REDEEMED)
_SHOWN = 2
_MASKED_LEAST = 8

_TABLE = """
create temp table if not exists card_load (
    seq int, expires_at timestamptz, fingerprint bytea, number text, number_mask text,
    number_sealed bytea, secret bytea, remark text, cost_minor bigint, content_type text,
    file_name bytea, tail_print bigint
) on commit drop
"""
_COPY = """
copy card_load (seq, expires_at, fingerprint, number, number_mask, number_sealed, secret, remark,
                cost_minor, content_type, file_name, tail_print)
from stdin (format binary)
"""
_TYPES = [
    "int4", "timestamptz", "bytea", "text", "text", "bytea", "bytea", "text", "int8", "text",
    "bytea", "int8",
]  # fmt: skip
_INSERT = f"""
with placed as (
    insert into card (merchant_id, sku_id, batch_id, pick_key, expires_at, fingerprint, number,
                      number_mask, number_sealed, secret, is_loop, remark, cost_minor,
                      content_type, file_name, tail_print, source_line)
    select %(merchant)s::bigint, %(sku)s::bigint, %(batch)s::bigint, {PICK_KEY}, l.expires_at,
           l.fingerprint, l.number, l.number_mask, l.number_sealed, l.secret, %(loop)s::boolean,
           l.remark, l.cost_minor, l.content_type, l.file_name, l.tail_print,
           case when %(has_lines)s::boolean then l.seq end
    from card_load l order by l.seq
    on conflict (merchant_id, fingerprint) do nothing
    returning id, pick_key, cost_minor
)
select count(*), min(id), max(id), min(pick_key), count(cost_minor), coalesce(sum(cost_minor), 0)
from placed
"""  # noqa: S608 - our own text
_MOVED = """
insert into card_movement (merchant_id, sku_id, batch_id, to_state, cards)
values (%s::bigint, %s::bigint, %s::bigint, 0, %s::int)
"""
_GROWN = """
update batch set card_count = card_count + %(cards)s::int,
    first_card_id = coalesce(first_card_id, %(first)s::bigint), last_card_id = %(last)s::bigint
where merchant_id = %(merchant)s::bigint and id = %(batch)s::bigint
"""
_KNOWN = """
select fingerprint, state, batch_id from card
where merchant_id = %s::bigint and fingerprint = any(%s::bytea[])
"""
_NEWS = """
insert into outbox (merchant_id, kind, payload)
values (%s::bigint, 'vault.stocked', jsonb_build_object('sku_id', %s::bigint))
"""


Row = tuple[int | str | bytes | datetime | None, ...]


@dataclass(frozen=True, slots=True)
class SealedRows:
    """Cards as they are copied into the table, sealed under the data key of this number."""

    key_number: int
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Known:
    """What the vault has under a fingerprint."""

    state: CardState
    batch_id: int


def prints_of(cipher: MerchantCipher, entries: Sequence[Entry]) -> list[bytes]:
    """Return the fingerprints of cards: number and secret, each for itself (rule 28)."""
    return [cipher.fingerprint((entry.number or "").encode(), entry.body) for entry in entries]


def known_cards(merchant_id: int, prints: Sequence[bytes]) -> dict[bytes, Known]:
    """Return which of these cards the vault has. Must run inside the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, [merchant_id, list(prints)])
        return {
            bytes(fingerprint): Known(CardState(state), batch_id)
            for fingerprint, state, batch_id in cursor.fetchall()
        }


def load_cards(
    batch: Batch,
    sku: SkuView,
    entries: Sequence[Entry],
    prints: Sequence[bytes],
    sealed: SealedRows | None = None,
) -> dict[bytes, Known]:
    """Insert cards, with movement and booking; return those that were there already.

    Must run inside the caller's transaction. A card that another transaction is inserting is
    waited for.

    Args:
        batch: Where they belong.
        sku: What is sold of them.
        entries: The cards.
        prints: The fingerprint of each.
        sealed: The same cards, if somebody sealed them beforehand. They are sealed again when
            the merchant has a newer key by now.
    """
    assert connection.in_atomic_block
    merchant_id = batch.merchant_id
    lock_loads(merchant_id)
    cipher = sealing_cipher(merchant_id)
    if sealed is None or sealed.key_number != cipher.newest:
        sealed = seal_rows(cipher, sku, entries, prints)
    _copy(sealed.rows)
    values = {
        "merchant": merchant_id,
        "sku": sku.id,
        "batch": batch.pk,
        "strategy": int(sku.strategy),
        "loop": sku.stock_mode == StockMode.LOOP,
        "has_lines": batch.source == "import",
    }
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, values)
        placed, first, last, lowest, priced, priced_minor = cursor.fetchone()
        if placed:
            cursor.execute(_MOVED, [merchant_id, sku.id, batch.pk, placed])
            grown = {"merchant": merchant_id, "batch": batch.pk}
            cursor.execute(_GROWN, {**grown, "cards": placed, "first": first, "last": last})
            lower_mark(merchant_id, sku.id, lowest)
            announce(merchant_id, sku.id)
            lot = Lot(placed, priced, int(priced_minor))
            book(merchant_id, batch, lot, TransferKind.STOCKED)
    if placed == len(entries):
        return {}
    known = known_cards(merchant_id, prints)
    return {key: card for key, card in known.items() if card.batch_id != batch.pk}


def announce(merchant_id: int, sku_id: int) -> None:
    """Say that cards can be sold that could not before: orders may wait for them (O6)."""
    with connection.cursor() as cursor:
        cursor.execute(_NEWS, [merchant_id, sku_id])


def mask(number: str) -> str:
    """Return what may be shown of a number: "88****88", less of a short one."""
    shown = number.strip()
    if len(shown) >= _MASKED_LEAST:
        return f"{shown[:_SHOWN]}****{shown[-_SHOWN:]}"
    return f"{shown[:1]}****" if len(shown) > _SHOWN else "****"


def seal_rows(
    cipher: MerchantCipher, sku: SkuView, entries: Sequence[Entry], prints: Sequence[bytes]
) -> SealedRows:
    """Seal cards for `load_cards`. Needs no database."""
    seal = cipher.seal
    is_secret = sku.number_is_secret
    rows: list[Row] = []
    for entry, fingerprint in zip(entries, prints, strict=True):
        number, file = entry.number, entry.file
        sealed = (
            seal("card", "number", number.encode(), fingerprint)
            if is_secret and number is not None
            else None
        )
        rows.append(
            (
                entry.line,
                entry.expires_at,
                fingerprint,
                number if sealed is None else None,
                None if number is None else mask(number),
                sealed,
                seal("card", "secret", entry.body, fingerprint),
                entry.remark,
                entry.cost_minor,
                file.content_type if file else None,
                seal("card", "file_name", file.name.encode(), fingerprint) if file else None,
                tail_print(cipher, number),
            )
        )
    return SealedRows(cipher.newest, rows)


def _copy(rows: Sequence[Row]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_TABLE)
        cursor.execute("truncate card_load")
        with cursor.copy(_COPY) as copy:
            copy.set_types(_TYPES)
            for row in rows:
                copy.write_row(row)
