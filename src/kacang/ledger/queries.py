"""What others may ask of the ledger: balances, entries, an export for an outside checker (F1)."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from kacang.ledger.accounts import Account, DocumentKind, TransferKind
from kacang.ledger.beancount import DEFAULT_NAMES, Booked, Names, Writer
from kacang.merchants.queries import merchant
from kacang.merchants.tenancy import acting_as
from kacang.shared.money import Money

CHUNK = 2_000
COLUMNS = (
    "id, at, kind, debit, debit_owner, credit, credit_owner, amount_minor, currency,"
    " document_kind, document_id, reverses_id"
)
BY_ID, BY_TIME = "id desc", "at desc, id desc"
# Debits less credits of each account and owner, one pass over the merchant's transfers.
BALANCES = """
select account, owner, currency, sum(amount)::bigint from (
    select debit as account, debit_owner as owner, currency, amount_minor as amount
    from transfer where merchant_id = %(merchant)s::bigint and at < %(until)s::timestamptz
    union all
    select credit, credit_owner, currency, -amount_minor
    from transfer where merchant_id = %(merchant)s::bigint and at < %(until)s::timestamptz
) moved
group by account, owner, currency having sum(amount) <> 0
order by account, owner, currency
"""
# The account stands in the text: its partial indexes are seen by that.
OF_OWNERS = """
select owner, currency, sum(amount)::bigint from (
    select debit_owner as owner, currency, amount_minor as amount from transfer
    where merchant_id = %(merchant)s::bigint and debit = {account}
      and debit_owner = any(%(owners)s::bigint[])
    union all
    select credit_owner, currency, -amount_minor from transfer
    where merchant_id = %(merchant)s::bigint and credit = {account}
      and credit_owner = any(%(owners)s::bigint[])
) moved
group by owner, currency
"""
ENTRIES_OF_OWNER = """
select * from (
    (select {columns} from transfer
     where merchant_id = %(merchant)s::bigint and debit = {account}
       and debit_owner = %(owner)s::bigint and id < %(before)s::bigint
     order by id desc limit %(most)s::int)
    union all
    (select {columns} from transfer
     where merchant_id = %(merchant)s::bigint and credit = {account}
       and credit_owner = %(owner)s::bigint and id < %(before)s::bigint
     order by id desc limit %(most)s::int)
) moved
order by id desc limit %(most)s::int
"""
_LAST = """
select 1, id from transfer where merchant_id = %(merchant)s::bigint order by id desc limit 1
"""
_ID_SPAN = """
select min(id + 0), max(id + 0) from transfer
where merchant_id = %(merchant)s::bigint and at >= %(since)s::timestamptz
  and at < %(until)s::timestamptz
"""
FAR = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Balance:
    """What stands on one account, debits less credits."""

    account: Account
    owner: int
    amount: Money


@dataclass(frozen=True, slots=True)
class Entry:
    """One transfer, as it is read."""

    id: int
    at: datetime
    kind: TransferKind
    debit: Account
    debit_owner: int
    credit: Account
    credit_owner: int
    amount: Money
    document_kind: DocumentKind
    document_id: int
    reverses_id: int | None


@dataclass(frozen=True, slots=True)
class EntryPage:
    """A page of transfers, the newest first. `next_before` is None on the last page."""

    entries: tuple[Entry, ...]
    next_before: int | None


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which transfers are asked for; no kinds: all. `document` is a kind and ids of documents."""

    account: Account | None = None
    owner: int | None = None
    kinds: Collection[TransferKind] = ()
    document: tuple[DocumentKind, Sequence[int]] | None = None
    since: datetime | None = None
    until: datetime | None = None


def balances(*, merchant_id: int, at: datetime | None = None) -> list[Balance]:
    """Return what every owner has on every account, before the moment `at` (left out: now).

    Reads all transfers: for exports and proofs. What an account holds as a whole: `sums.standings`.
    """
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(BALANCES, {"merchant": merchant_id, "until": at or FAR})
        found = cursor.fetchall()
    return [
        Balance(Account(account), owner, Money(minor, currency))
        for account, owner, currency, minor in found
    ]


def entries(
    *,
    merchant_id: int,
    wanted: EntryFilter = EntryFilter(),
    before_id: int | None = None,
    limit: int = 50,
    skipped: int | None = None,
) -> EntryPage:
    """Return a page of transfers. `before_id` is the `next_before` of the page before.

    Pages for people are those of a `sums.window`: by time, behind `skipped` newer ones of its
    days. Numbers of rows stay in the house (rule 21).
    """
    conditions, values = _conditions(wanted)
    if before_id is not None:
        conditions.append("id < %s::bigint")
        values.append(before_id)
    where = " and ".join(["merchant_id = %s::bigint", *conditions])
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(
            f"select {COLUMNS} from transfer where {where}"  # noqa: S608 - our own words
            f" order by {BY_ID if skipped is None else BY_TIME} limit %s::int offset %s::int",
            [merchant_id, *values, limit + 1, skipped or 0],
        )
        found = [_entry(row) for row in cursor.fetchall()]
    shown = tuple(found[:limit])
    return EntryPage(shown, shown[-1].id if len(found) > limit else None)


def owner_balances(*, merchant_id: int, account: Account, owners: Sequence[int]) -> list[Balance]:
    """Return the parts of an account that these owners have, debits less credits.

    Reads these owners' transfers alone, where the account has its indexes (wallets). Owners
    without any are left out. A caller who has locked an owner asks after it has the lock.
    """
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(
            OF_OWNERS.format(account=int(account)),
            {"merchant": merchant_id, "owners": list(owners)},
        )
        return [
            Balance(account, owner, Money(minor, currency))
            for owner, currency, minor in cursor.fetchall()
        ]


def owner_entries(
    *,
    merchant_id: int,
    account: Account,
    owner: int,
    before_id: int | None = None,
    limit: int = 50,
) -> EntryPage:
    """Return a page of one owner's transfers, the newest first."""
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(
            ENTRIES_OF_OWNER.format(account=int(account), columns=COLUMNS),
            {
                "merchant": merchant_id,
                "owner": owner,
                "before": 2**62 if before_id is None else before_id,
                "most": limit + 1,
            },
        )
        found = [_entry(row) for row in cursor.fetchall()]
    shown = tuple(found[:limit])
    return EntryPage(shown, shown[-1].id if len(found) > limit else None)


@dataclass(frozen=True, slots=True)
class BooksPiece:
    """A piece of an export in beancount syntax, and how many transfers are in it."""

    text: str
    transfers: int


def export(
    *,
    merchant_id: int,
    since: datetime | None = None,
    until: datetime | None = None,
    names: Names = DEFAULT_NAMES,
    language: str = "zh-Hans",
) -> Iterator[str]:
    """Yield the merchant's books in beancount syntax; see `pieces`."""
    for piece in pieces(
        merchant_id=merchant_id, since=since, until=until, names=names, language=language
    ):
        yield piece.text


def pieces(
    *,
    merchant_id: int,
    since: datetime | None = None,
    until: datetime | None = None,
    names: Names = DEFAULT_NAMES,
    language: str = "zh-Hans",
) -> Iterator[BooksPiece]:
    """Yield the merchant's books in beancount syntax, a few thousand transfers at a time.

    With `since`, what stood on the accounts before is brought forward, so that the balances at
    the end are those of the ledger. Transfers that commit while the export runs may be missing
    from it: let `until` lie a minute back. Each chunk is a transaction of its own.
    """
    owner = merchant(merchant_id=merchant_id)
    writer = Writer(owner.name, owner.uid, owner.time_zone, language, names)
    yield BooksPiece(writer.head(), 0)
    if since is not None:
        before = balances(merchant_id=merchant_id, at=since)
        stands = [(line.account, line.owner, line.amount) for line in before]
        yield BooksPiece("".join(writer.forward(since, stands)), 0)
    wanted = EntryFilter(since=since, until=until)
    last, end = id_span(merchant_id=merchant_id, since=since, until=until)
    while chunk := entries_after(
        merchant_id=merchant_id, wanted=wanted, after_id=last, until_id=end, limit=CHUNK
    ):
        yield BooksPiece("".join(writer.transfers([_booked(entry) for entry in chunk])), len(chunk))
        last = chunk[-1].id


def id_span(*, merchant_id: int, since: datetime | None, until: datetime | None) -> tuple[int, int]:
    """Return behind which transfer those of a period begin, and which is the last of them.

    Rows come in order of time, nearly: between the two there may be some of other days.
    """
    asked = {"merchant": merchant_id, "since": since, "until": until or FAR}
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(_LAST if since is None else _ID_SPAN, asked)
        first, last = cursor.fetchone() or (0, 0)
    return (first or 1) - 1, last or 0


def entries_after(
    *,
    merchant_id: int,
    wanted: EntryFilter,
    after_id: int,
    until_id: int,
    limit: int,
) -> list[Entry]:
    """Return the next transfers in the order in which they were booked, for exports.

    They are read by that order alone, once each, between two ids of an `id_span`.
    """
    conditions, values = _conditions(wanted, at="(at + interval '0')")
    where = " and ".join([
        "merchant_id = %s::bigint", "id > %s::bigint", "id <= %s::bigint", *conditions,
    ])  # fmt: skip
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(
            f"select {COLUMNS} from transfer where {where}"  # noqa: S608 - our own words
            " order by id limit %s::int",
            [merchant_id, after_id, until_id, *values, limit],
        )
        return [_entry(row) for row in cursor.fetchall()]


def _conditions(wanted: EntryFilter, at: str = "at") -> tuple[list[str], list[Any]]:
    """Return conditions and values. With another word for `at`, no index of times is taken."""
    conditions: list[str] = []
    values: list[Any] = []
    if wanted.account is not None:
        side = "{0} = %s::smallint"
        owner = "" if wanted.owner is None else " and {0}_owner = %s::bigint"
        both = [(side + owner).format(name) for name in ("debit", "credit")]
        conditions.append("(({}) or ({}))".format(*both))
        once = [int(wanted.account)] + ([] if wanted.owner is None else [wanted.owner])
        values += once * 2
    if wanted.kinds:
        conditions.append("kind = any(%s::smallint[])")
        values.append([int(kind) for kind in wanted.kinds])
    if wanted.document is not None:
        conditions.append("document_kind = %s::smallint and document_id = any(%s::bigint[])")
        values += [int(wanted.document[0]), list(wanted.document[1])]
    if wanted.since is not None:
        conditions.append(f"{at} >= %s::timestamptz")
        values.append(wanted.since)
    if wanted.until is not None:
        conditions.append(f"{at} < %s::timestamptz")
        values.append(wanted.until)
    return conditions, values


def _entry(row: Sequence[Any]) -> Entry:
    (id_, at, kind, debit, debit_owner, credit, credit_owner, minor, currency, *about) = row
    document_kind, document_id, reverses = about
    return Entry(
        id=id_,
        at=at,
        kind=TransferKind(kind),
        debit=Account(debit),
        debit_owner=debit_owner,
        credit=Account(credit),
        credit_owner=credit_owner,
        amount=Money(minor, currency),
        document_kind=DocumentKind(document_kind),
        document_id=document_id,
        reverses_id=reverses,
    )


def _booked(entry: Entry) -> Booked:
    return Booked(
        id=entry.id,
        at=entry.at,
        kind=entry.kind,
        debit=(entry.debit, entry.debit_owner),
        credit=(entry.credit, entry.credit_owner),
        amount=entry.amount,
        document=(entry.document_kind, entry.document_id),
        reverses_id=entry.reverses_id,
    )
