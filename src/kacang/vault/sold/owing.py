"""Cards that are owed: gift cards and redeem codes that were paid for and not redeemed yet (F1).

What was paid for such a card is no revenue before it is redeemed. It stands at the card as
`owed_minor`, written by the statement that sells it, and on the account of deferred revenue: that
account is at any time the sum of what stands at the cards. A card that nobody can redeem any more
has lapsed: `lapsed_minor` is what was earned by that, and stands on the account again when
somebody gets another card for it after all.

Everything here runs inside the caller's transaction.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection

from kacang.catalog import queries as catalog
from kacang.ledger.accounts import Account, DocumentKind, TransferKind
from kacang.ledger.operations import Document, Move, Side, transfer
from kacang.merchants.keys import cipher_for
from kacang.merchants.tenancy import acting_as
from kacang.shared.money import Money
from kacang.vault.card_ids import open_card_id

CHUNK = 5_000
_LAPSE = """
with gone as (
    update card set lapsed_minor = owed_minor, owed_minor = null
    where merchant_id = %(merchant)s::bigint and id = any(%(ids)s::bigint[])
      and owed_minor is not null
    returning sku_id, batch_id, lapsed_minor as minor
)
select sku_id, batch_id, sum(minor)::bigint from gone
group by sku_id, batch_id order by batch_id, sku_id
"""
_OWE_AGAIN = """
with back as (
    update card set owed_minor = lapsed_minor, lapsed_minor = null
    where merchant_id = %(merchant)s::bigint and id = any(%(ids)s::bigint[])
      and lapsed_minor is not null
    returning sku_id, batch_id, owed_minor as minor
)
select sku_id, batch_id, sum(minor)::bigint from back
group by sku_id, batch_id order by batch_id, sku_id
"""
_RELEASE = """
with owed as materialized (
    select id, sku_id, batch_id, owed_minor as minor from card
    where merchant_id = %(merchant)s::bigint and id = any(%(ids)s::bigint[])
      and owed_minor is not null
    order by id for no key update
),
freed as (
    update card c set owed_minor = null from owed o
    where c.merchant_id = %(merchant)s::bigint and c.id = o.id
)
select sku_id, batch_id, sum(minor)::bigint from owed
group by sku_id, batch_id order by batch_id, sku_id
"""
_OWE = """
update card c set owed_minor = coalesce(c.owed_minor, 0) + %(minor)s::bigint
from allocation a
where a.merchant_id = %(merchant)s::bigint and a.line_id = %(line)s::bigint
  and a.unit_no = %(unit)s::int and a.exclusive and a.released_at is null
  and c.merchant_id = %(merchant)s::bigint and c.id = a.card_id
"""
_EXPIRED = """
select id from card
where merchant_id = %(merchant)s::bigint and owed_minor is not null
  and expires_at <= clock_timestamp()
order by expires_at limit %(most)s::int for no key update skip locked
"""
Sums = Sequence[tuple[int, int, int]]


def lapse(merchant_id: int, card_ids: Iterable[int]) -> None:
    """Earn what these cards are owed: nobody can redeem them any more."""
    sums = _run(_LAPSE, merchant_id, card_ids)
    _book(merchant_id, sums, (Account.DEFERRED_REVENUE, Account.REVENUE), TransferKind.LAPSED)


def owe_again(merchant_id: int, card_ids: Iterable[int]) -> None:
    """Take back that these cards have lapsed, as far as they have."""
    sums = _run(_OWE_AGAIN, merchant_id, card_ids)
    _book(merchant_id, sums, (Account.REVENUE, Account.DEFERRED_REVENUE), TransferKind.LAPSED)


def lapse_expired(*, merchant_id: int) -> int:
    """Earn what cards are owed whose time is over, as far as nobody has them locked (V8).

    A transaction of its own for each part. Returns how many. Who is given more time has a card
    that can be redeemed; it is owed again when that happens.
    """
    total = 0
    while True:
        with acting_as(merchant_id), connection.cursor() as cursor:
            cursor.execute(_EXPIRED, {"merchant": merchant_id, "most": CHUNK})
            ids = [row[0] for row in cursor.fetchall()]
            lapse(merchant_id, ids)
        total += len(ids)
        if len(ids) < CHUNK:
            return total


def release_owed(*, merchant_id: int, card_ids: Sequence[int]) -> Money | None:
    """Say that these cards are owed no longer; return what was paid for them, lapsed or not.

    None: nothing was put back for any of them, for they were sold before that was done. What is
    returned stands on the account of deferred revenue, and is the caller's to move on.
    """
    owe_again(merchant_id, card_ids)
    sums = _run(_RELEASE, merchant_id, card_ids)
    if not sums:
        return None
    currencies = _currencies(merchant_id, sums)
    (currency,) = set(currencies.values())
    return Money(sum(minor for _sku, _batch, minor in sums), currency)


def hand_owed_on(*, merchant_id: int, card_uid: str, line_id: int, unit_no: int) -> None:
    """Let the card that a unit has now be owed what this one was, which it takes the place of."""
    card_id = open_card_id(cipher_for(merchant_id), card_uid)
    owed = release_owed(merchant_id=merchant_id, card_ids=[card_id])
    if owed is None:
        return
    values: dict[str, Any] = {
        "merchant": merchant_id, "line": line_id, "unit": unit_no, "minor": owed.minor,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_OWE, values)
        assert cursor.rowcount == 1, "the unit has a card"


def _run(sql: str, merchant_id: int, card_ids: Iterable[int]) -> Sums:
    assert connection.in_atomic_block
    values: dict[str, Any] = {"merchant": merchant_id, "ids": list(card_ids)}
    if not values["ids"]:
        return []
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [(sku_id, batch_id, int(minor)) for sku_id, batch_id, minor in cursor.fetchall()]


def _book(merchant_id: int, sums: Sums, sides: tuple[Account, Account], kind: TransferKind) -> None:
    currencies = _currencies(merchant_id, sums)
    for sku_id, batch_id, minor in sums:
        if not minor:
            continue
        move = Move(
            debit=Side(sides[0]),
            credit=Side(sides[1]),
            amount=Money(minor, currencies[sku_id]),
            kind=kind,
            document=Document(DocumentKind.BATCH, batch_id),
        )
        transfer(merchant_id=merchant_id, move=move)


def _currencies(merchant_id: int, sums: Sums) -> dict[int, str]:
    if not sums:
        return {}
    skus = catalog.skus_by_id(merchant_id=merchant_id, ids={sku_id for sku_id, _, _ in sums})
    return {sku_id: sku.price.currency for sku_id, sku in skus.items()}
