"""What stands on the accounts and what moved by day: sums of transfers, whatever their number (F1).

Transfers of ended transactions are summed up by day of the merchant's time zone in `transfer_sum`;
a figure is what that holds plus the transfers since. Both are read in one statement, thus in one
snapshot: a balance is still the sum of its rows, only not added up each time. `check_sums` proves
it each night.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from kacang.ledger.accounts import Account, TransferKind
from kacang.ledger.models import TransferMark
from kacang.merchants.compacting import compact
from kacang.merchants.queries import merchant
from kacang.merchants.tenancy import acting_as
from kacang.shared.money import Money

LATEST = date(9999, 1, 1)
LONG_AGO = date(1970, 1, 1)
# How far summing up has come. `seen` is the same a moment ago: it only grows, and the planner
# knows what is left by it.
_SINCE_MARK = """
      xid >= coalesce((select upto_xid from transfer_mark
                       where merchant_id = %(merchant)s::bigint), 0)
      and xid >= %(seen)s::bigint
"""
_DAYS = f"""
    select day, debit, credit, kind, currency, transfers, amount_minor from transfer_sum
    where merchant_id = %(merchant)s::bigint and day >= %(first)s::date and day <= %(last)s::date
    union all
    select (at at time zone %(zone)s::text)::date, debit, credit, kind, currency, 1, amount_minor
    from transfer
    where merchant_id = %(merchant)s::bigint and at >= %(since)s::timestamptz
      and at < %(until)s::timestamptz and {_SINCE_MARK}
"""  # noqa: S608 - our own words
_BY_DAY = f"""
select day, debit, credit, kind, currency, sum(transfers)::bigint, sum(amount_minor)::bigint
from ({_DAYS}) moved group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5
"""  # noqa: S608 - our own words
_STANDING = f"""
select account, currency, sum(amount)::bigint from (
    select debit as account, currency, amount_minor as amount from ({_DAYS}) moved
    union all
    select credit, currency, -amount_minor from ({_DAYS}) moved
) sides
group by 1, 2 having sum(amount) <> 0 order by 1, 2
"""  # noqa: S608 - our own words
_COMPACT = """
with bound as materialized (
    -- Whatever is below has ended, so its transfers are all here; nothing more can appear there.
    select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as xid
),
summed as (
    insert into transfer_sum (merchant_id, day, debit, credit, kind, currency, transfers,
                              amount_minor)
    select %(merchant)s::bigint, (at at time zone %(zone)s::text)::date, debit, credit, kind,
           currency, count(*), sum(amount_minor)::bigint
    from transfer
    where merchant_id = %(merchant)s::bigint and xid >= %(from)s::bigint
      and xid < (select xid from bound)
    group by 2, 3, 4, 5, 6 order by 2, 3, 4, 5, 6
    on conflict (merchant_id, day, debit, credit, kind, currency)
    do update set transfers = transfer_sum.transfers + excluded.transfers,
                  amount_minor = transfer_sum.amount_minor + excluded.amount_minor
    returning 1
)
update transfer_mark set upto_xid = (select xid from bound)
where merchant_id = %(merchant)s::bigint returning (select count(*) from summed)
"""
_WRONG = """
select count(*) from (
    select (at at time zone %(zone)s::text)::date as day, debit, credit, kind, currency,
           count(*) as transfers, sum(amount_minor) as minor
    from transfer
    where merchant_id = %(merchant)s::bigint and xid < coalesce(
        (select upto_xid from transfer_mark where merchant_id = %(merchant)s::bigint), 0)
    group by 1, 2, 3, 4, 5
) said
full join (
    select day, debit, credit, kind, currency, transfers, amount_minor as minor
    from transfer_sum where merchant_id = %(merchant)s::bigint
) there using (day, debit, credit, kind, currency)
where (said.transfers, said.minor) is distinct from (there.transfers, there.minor)
"""


@dataclass(frozen=True, slots=True)
class DayFlow:
    """What moved on a day between two accounts for one reason."""

    day: date
    debit: Account
    credit: Account
    kind: TransferKind
    count: int
    amount: Money

    def of(self, account: Account) -> int:
        """Return what it changes on an account, in minor units: debit less credit."""
        debit = self.amount.minor if self.debit is account else 0
        return debit - (self.amount.minor if self.credit is account else 0)


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands on an account in one currency, whoever's part it is: debits less credits."""

    account: Account
    amount: Money


@dataclass(frozen=True, slots=True)
class Window:
    """Where a page of entries lies: in whole days, behind so many newer ones of these days."""

    since: datetime
    until: datetime
    skipped: int


def standings(*, merchant_id: int, last: date | None = None) -> list[Standing]:
    """Return every account that holds something, at the end of a day (left out: now)."""
    found = _ask(_STANDING, merchant_id, LONG_AGO, last or LATEST)
    return [
        Standing(Account(account), Money(minor, currency)) for account, currency, minor in found
    ]


def by_day(*, merchant_id: int, first: date, last: date) -> list[DayFlow]:
    """Sum up what moved on these days of the merchant's time zone."""
    return [
        DayFlow(
            day, Account(debit), Account(credit), TransferKind(kind), count, Money(minor, currency)
        )
        for day, debit, credit, kind, currency, count, minor in _ask(
            _BY_DAY, merchant_id, first, last
        )
    ]


def window(
    *, flows: Iterable[DayFlow], zone: ZoneInfo, kinds: Collection[TransferKind], offset: int,
    most: int,
) -> Window | None:  # fmt: skip
    """Return the days in which the entries from the `offset`-th newest on lie; None: nowhere.

    Args:
        flows: The days of one account.
        zone: The merchant's.
        kinds: Which entries count; none: all.
        offset: How many newer ones are passed over.
        most: How many are wanted from there.
    """
    counts: dict[date, int] = {}
    for flow in flows:
        if not kinds or flow.kind in kinds:
            counts[flow.day] = counts.get(flow.day, 0) + flow.count
    newest: date | None = None
    passed = skipped = 0
    day = LONG_AGO
    for day in sorted(counts, reverse=True):
        if newest is None and passed + counts[day] > offset:
            newest, skipped = day, offset - passed
        passed += counts[day]
        if passed >= offset + most:
            break
    if newest is None:
        return None
    return Window(_begins(day, zone), _begins(newest + timedelta(days=1), zone), skipped)


def compact_sums(*, merchant_id: int) -> int:
    """Sum ended transactions' transfers up; return how many sums changed."""
    zone = merchant(merchant_id=merchant_id).time_zone
    return compact(
        merchant_id=merchant_id, marks=TransferMark.objects, sql=_COMPACT, values={"zone": zone}
    )


def check_sums(*, merchant_id: int) -> int:
    """Return how many sums are not what their transfers say; 0, as a rule. Reads all."""
    zone = merchant(merchant_id=merchant_id).time_zone
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute("set local statement_timeout = '15min'")
        cursor.execute(_WRONG, {"merchant": merchant_id, "zone": zone})
        (count,) = cursor.fetchone()
    return int(count)


def _ask(sql: str, merchant_id: int, first: date, last: date) -> list[tuple[Any, ...]]:
    zone = ZoneInfo(merchant(merchant_id=merchant_id).time_zone)
    with acting_as(merchant_id), connection.cursor() as cursor:
        marks = TransferMark.objects.filter(merchant_id=merchant_id)
        asked: dict[str, Any] = {
            "merchant": merchant_id,
            "seen": marks.values_list("upto_xid", flat=True).first() or 0,
            "first": first,
            "last": last,
            "since": _begins(first, zone),
            "until": _begins(last + timedelta(days=1), zone),
            "zone": zone.key,
        }
        cursor.execute(sql, asked)
        return list(cursor.fetchall())


def _begins(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone)
