"""Companies' bills beside what we saw, by day, week and month; and a bill's rows (F2).

What we saw is cut into periods by the merchant's time zone, what the company says by the days
of its bills (rule 24): where the two zones differ, so do the edges.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from kacang.merchants.tenancy import acting_as
from kacang.payments import reporting
from kacang.reconciliation.models import Movement
from kacang.shared.money import Money

STEPS = reporting.STEPS
_THEIRS = """
select b.account_id, date_trunc(%(by)s::text, b.day::timestamp)::date, t.currency,
       sum((t.sums->'paid'->>0)::bigint)::int, sum((t.sums->'paid'->>1)::bigint)::bigint,
       sum((t.sums->'refunded'->>0)::bigint)::int, sum((t.sums->'refunded'->>1)::bigint)::bigint,
       sum((t.sums->>'fee')::bigint)::bigint
from bill b cross join lateral jsonb_each(b.totals) t(currency, sums)
where b.merchant_id = %(merchant)s::bigint and b.account_id = any(%(accounts)s::bigint[])
  and b.day >= %(first)s::date and b.day <= %(last)s::date
group by 1, 2, 3
"""
_DIFFERENCES = """
select d.account_id, date_trunc(%(by)s::text, b.day::timestamp)::date, d.currency, count(*)::int,
       count(*) filter (where d.resolution is null)::int
from bill b join difference d on d.merchant_id = b.merchant_id and d.bill_id = b.id
where b.merchant_id = %(merchant)s::bigint and b.account_id = any(%(accounts)s::bigint[])
  and b.day >= %(first)s::date and b.day <= %(last)s::date
group by 1, 2, 3
"""
_ROWS = """
select b.uid, b.day, r.line, r.what, r.is_done, r.provider_number, r.payment_number,
       r.refund_number, r.currency, r.amount_minor, r.fee_minor, r.at
from bill b
join bill_row r on r.merchant_id = b.merchant_id and r.bill_id = b.id and r.reading = b.reading
where b.merchant_id = %(merchant)s::bigint and b.account_id = %(account)s::bigint
  and b.day >= %(first)s::date and b.day <= %(last)s::date
  and r.what = any(%(what)s::smallint[])
order by b.day desc, r.line limit %(limit)s::int offset %(offset)s::int
"""

Key = tuple[int, date, str]


@dataclass(frozen=True, slots=True)
class Side:
    """What one side says of a period: payments and refunds, how many and how much."""

    paid: int
    paid_amount: Money
    refunded: int
    refunded_amount: Money


@dataclass(frozen=True, slots=True)
class Line:
    """An account's day, week or month in one currency, from `first` to `last` (both within).

    `theirs` and `fee` are None where no bill has been read.
    """

    account_id: int
    first: date
    last: date
    currency: str
    ours: Side
    theirs: Side | None
    fee: Money | None
    found: int
    open: int


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a company's bill."""

    bill_uid: str
    day: date
    line: int
    what: Movement
    is_done: bool
    provider_number: str
    payment_number: str
    refund_number: str
    amount: Money
    fee: Money | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Span:
    """From the first day to the last (both within), by "day", "week" (from Monday) or "month"."""

    first: date
    last: date
    by: str = "day"

    def bounds(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Return when the span begins and is over, by the clock of a zone."""
        start = datetime.combine(self.first, time.min, zone)
        return start, datetime.combine(self.last + timedelta(days=1), time.min, zone)

    def period_of(self, first: date) -> tuple[date, date]:
        """Return a period's days as far as they lie within the span."""
        if self.by == "day":
            last = first
        elif self.by == "week":
            last = first + timedelta(days=6)
        else:
            last = (first.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        return max(first, self.first), min(last, self.last)


def report(
    *, merchant_id: int, account_ids: Sequence[int], span: Span, zone: ZoneInfo
) -> list[Line]:
    """Return what both sides say, the newest period first, then in the order of `account_ids`."""
    since, until = span.bounds(zone)
    asked = {
        "merchant": merchant_id,
        "accounts": list(account_ids),
        "first": span.first,
        "last": span.last,
        "by": span.by,
    }
    ours = _ours(
        reporting.moved(
            merchant_id=merchant_id,
            account_ids=account_ids,
            since=since,
            until=until,
            by=span.by,
            zone=zone.key,
        )
    )
    with acting_as(merchant_id):
        theirs = dict(_keyed(_THEIRS, asked))
        differences = dict(_keyed(_DIFFERENCES, asked))
    places = {account_id: place for place, account_id in enumerate(account_ids)}
    keys = sorted(
        {*ours, *theirs, *differences},
        key=lambda key: (-key[1].toordinal(), places[key[0]], key[2]),
    )
    lines = []
    for key in keys:
        account_id, first, currency = key
        said = theirs.get(key)
        found, still_open = differences.get(key, (0, 0))
        lines.append(
            Line(
                account_id,
                *span.period_of(first),
                currency,
                ours=_side(ours.get(key, (0, 0, 0, 0)), currency),
                theirs=_side(said[:4], currency) if said else None,
                fee=Money(said[4], currency) if said else None,
                found=found,
                open=still_open,
            )
        )
    return lines


def rows(
    *,
    merchant_id: int,
    account_id: int,
    span: Span,
    what: Movement | None = None,
    limit: int = 50,
    offset: int = 0,
) -> list[Row]:
    """Return the rows of the bills of a span, the newest day first, as the bills have them."""
    asked: dict[str, Any] = {
        "merchant": merchant_id,
        "account": account_id,
        "first": span.first,
        "last": span.last,
        "what": [int(one) for one in ([what] if what is not None else Movement)],
        "limit": limit,
        "offset": offset,
    }
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(_ROWS, asked)
        return [_row(found) for found in cursor.fetchall()]


def _ours(moved: Sequence[reporting.Moved]) -> dict[Key, tuple[int, ...]]:
    found: dict[Key, list[int]] = {}
    for one in moved:
        numbers = found.setdefault((one.account_id, one.first, one.amount.currency), [0, 0, 0, 0])
        at = 2 if one.what == reporting.REFUND else 0
        numbers[at] += one.count
        numbers[at + 1] += one.amount.minor
    return {key: tuple(numbers) for key, numbers in found.items()}


def _keyed(sql: str, asked: dict[str, Any]) -> Iterator[tuple[Key, tuple[int, ...]]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, asked)
        for account_id, first, currency, *numbers in cursor.fetchall():
            yield (account_id, first, currency), tuple(numbers)


def _side(numbers: Sequence[int], currency: str) -> Side:
    paid, paid_minor, refunded, refunded_minor = numbers
    return Side(paid, Money(paid_minor, currency), refunded, Money(refunded_minor, currency))


def _row(found: tuple[Any, ...]) -> Row:
    uid, day, line, what, is_done, theirs, payment, refund, currency, minor, fee, at = found
    return Row(
        bill_uid=uid,
        day=day,
        line=line,
        what=Movement(what),
        is_done=is_done,
        provider_number=theirs,
        payment_number=payment,
        refund_number=refund,
        amount=Money(minor, currency),
        fee=None if fee is None else Money(fee, currency),
        at=at,
    )
