"""One card with all that the vault knows of its past: where it came from, who has had it (V3)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from kacang.merchants.keys import cipher_for
from kacang.merchants.tenancy import acting_as
from kacang.shared.ciphers import MerchantCipher
from kacang.shared.money import Money
from kacang.vault.card_ids import UnknownCard, open_card_id, seal_card_id
from kacang.vault.finding.listing import BatchView, CardView, batch_of, card_view
from kacang.vault.models import Card

# A card that buyers take over from each other, unpaid, has as many holders as it likes.
HOLDERS_MAX = 500
# Which card the unit got instead, and which one it had before: of the same instant, as both are
# written by one statement. Each is looked for in the index that can have it.
_SAME_UNIT = """select n.card_id from allocation n
    where n.merchant_id = a.merchant_id and n.line_id = a.line_id and n.unit_no = a.unit_no"""
_HOLDERS = f"""
select a.line_id, a.unit_no, a.reserved_until is not null, a.delivered_at, a.released_at,
    case when a.delivered_at is not null and a.released_at is not null then coalesce(
        ({_SAME_UNIT} and n.released_at is null and n.delivered_at = a.released_at limit 1),
        ({_SAME_UNIT} and n.released_at is not null and n.delivered_at = a.released_at
            limit 1)) end,
    case when a.delivered_at is not null then (
        {_SAME_UNIT} and n.delivered_at is not null and n.released_at = a.delivered_at
            limit 1) end
from (
    select * from allocation where merchant_id = %(merchant)s::bigint
        and card_id = %(card)s::bigint and exclusive and released_at is null
    union all
    (select * from allocation where merchant_id = %(merchant)s::bigint
        and card_id = %(card)s::bigint and exclusive and released_at is not null
        order by id desc limit %(most)s::int)
) a order by a.id
"""  # noqa: S608 - our own text
_SHARERS = """
select line_id, unit_no, delivered_at from allocation
where merchant_id = %(merchant)s::bigint and card_id = %(card)s::bigint
  and shared_at is not null and shared_at <= %(until)s::timestamptz
order by shared_at desc limit %(most)s::int
"""
# A part of a job has cards that lie close together: few parts reach over one card.
_CHANGES = """
select at, verb, reason, actor_label, job from card_change
where merchant_id = %(merchant)s::bigint and last_card_id >= %(card)s::bigint
  and first_card_id <= %(card)s::bigint and %(card)s::bigint = any(card_ids)
  and at <= %(until)s::timestamptz
order by at desc limit %(most)s::int
"""


@dataclass(frozen=True, slots=True)
class Changed:
    """That a card was one of many that a job changed: `verb` as in the log's "cards.frozen"."""

    at: datetime
    verb: str
    reason: str
    actor_label: str
    job: str


@dataclass(frozen=True, slots=True)
class CardSource:
    """A card with its batch.

    `place`: among the batch's cards, in order of arrival; 0 where it joined later. `line`: of the
    file that it came in with; 0 where it came in by none, or before lines were kept.
    """

    card: CardView
    batch: BatchView
    cost: Money
    is_loop: bool
    place: int
    line: int = 0


@dataclass(frozen=True, slots=True)
class Holding:
    """That a unit of an order has, or had, a card. The instants are None where they never were.

    `instead` names the card that the unit got in its place, `before` the one that it replaced.
    """

    line_id: int
    unit_no: int
    was_reserved: bool
    delivered_at: datetime | None
    released_at: datetime | None
    instead: str = ""
    before: str = ""


def card_source(*, merchant_id: int, card_uid: str) -> CardSource:
    """Return one card and where it came from.

    Raises:
        UnknownCard: There is none of that name.
    """
    cipher = cipher_for(merchant_id)
    card_id = open_card_id(cipher, card_uid)
    with acting_as(merchant_id):
        row = (
            Card.objects.filter(merchant_id=merchant_id, id=card_id)
            .select_related("batch__work")
            .first()
        )
        if row is None:
            raise UnknownCard
        batch = batch_of(merchant_id, row.batch)
    minor = row.batch.unit_cost_minor if row.cost_minor is None else row.cost_minor
    return CardSource(
        card=card_view(cipher, row),
        batch=batch,
        cost=Money(minor, row.batch.currency),
        is_loop=row.is_loop,
        place=0 if row.regrouped else row.pk - (row.batch.first_card_id or row.pk) + 1,
        line=row.source_line or 0,
    )


def holdings(*, merchant_id: int, card_uid: str) -> list[Holding]:
    """Return who has or had a card for himself, the first one first.

    Raises:
        UnknownCard: The name was made up.
    """
    cipher = cipher_for(merchant_id)
    asked = {"card": open_card_id(cipher, card_uid), "most": HOLDERS_MAX}
    return [
        Holding(
            line_id=line_id,
            unit_no=unit_no,
            was_reserved=was_reserved,
            delivered_at=delivered_at,
            released_at=released_at,
            instead=_name(cipher, instead),
            before=_name(cipher, before),
        )
        for line_id, unit_no, was_reserved, delivered_at, released_at, instead, before in _rows(
            merchant_id, _HOLDERS, asked
        )
    ]


def sharers(*, merchant_id: int, card_uid: str, until: datetime, limit: int) -> list[Holding]:
    """Return who has got a card that every buyer gets, up to a moment, the latest first.

    Raises:
        UnknownCard: The name was made up.
    """
    card_id = open_card_id(cipher_for(merchant_id), card_uid)
    found = _rows(merchant_id, _SHARERS, {"card": card_id, "until": until, "most": limit})
    return [
        Holding(line_id, unit_no, was_reserved=False, delivered_at=at, released_at=None)
        for line_id, unit_no, at in found
    ]


def changes_of(*, merchant_id: int, card_uid: str, until: datetime, limit: int) -> list[Changed]:
    """Return what changes by filter did to a card, up to a moment, the latest first.

    Raises:
        UnknownCard: The name was made up.
    """
    card_id = open_card_id(cipher_for(merchant_id), card_uid)
    asked = {"card": card_id, "until": until, "most": limit}
    return [Changed(*row) for row in _rows(merchant_id, _CHANGES, asked)]


def _name(cipher: MerchantCipher, card_id: int | None) -> str:
    return "" if card_id is None else seal_card_id(cipher, card_id)


def _rows(merchant_id: int, sql: str, asked: dict[str, Any]) -> list[tuple[Any, ...]]:
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(sql, {"merchant": merchant_id, **asked})
        return list(cursor.fetchall())
