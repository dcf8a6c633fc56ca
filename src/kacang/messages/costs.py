"""What text messages cost: parts times price, by month and event, as the log has them (N1).

A message costs once a company has taken it, whether it reached the phone or not.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection

from kacang.merchants.queries import merchant
from kacang.merchants.tenancy import acting_as
from kacang.shared.money import SYMBOLS

MONTHS = 12
_MONTH = re.compile(r"(2[0-9]{3})-(0[1-9]|1[0-2])")
_SUMS = """
select event, count(*), count(*) filter (where state = 3), count(*) filter (where state = 2),
       sum(parts)::bigint, sum(parts::bigint * price_milli)::bigint
from message
where merchant_id = %s::bigint and channel = 'sms' and sent_at is not null
  and sent_at >= %s::timestamptz and sent_at < %s::timestamptz
group by event order by 6 desc, event
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What the text messages of an event came to. `milli` is in thousandths of the currency."""

    event: str
    messages: int
    delivered: int
    failed: int
    parts: int
    milli: int


@dataclass(frozen=True, slots=True)
class MonthOfCosts:
    """A month of the merchant's calendar, and its costs."""

    year: int
    month: int
    currency: str
    rows: tuple[Cost, ...]

    @property
    def total(self) -> Cost:
        """All events together."""
        sums = [
            sum(getattr(row, name) for row in self.rows)
            for name in ("messages", "delivered", "failed", "parts", "milli")
        ]
        return Cost("", *sums)


def exact(milli: int, currency: str) -> str:
    """Write thousandths of a currency as they are: a text message costs less than a cent."""
    return f"{SYMBOLS[currency]}{milli // 1000:,}.{milli % 1000:03d}"


def month_of(*, merchant_id: int, year: int, month: int) -> MonthOfCosts:
    """Return what a month's text messages cost. Times are the merchant's."""
    who = merchant(merchant_id=merchant_id)
    start, end = bounds(year, month, who.time_zone)
    with acting_as(merchant_id), connection.cursor() as cursor:
        cursor.execute(_SUMS, [merchant_id, start, end])
        rows = tuple(Cost(*row) for row in cursor.fetchall())
    return MonthOfCosts(year, month, who.currency, rows)


def bounds(year: int, month: int, time_zone: str) -> tuple[datetime, datetime]:
    """Return the beginning and the end of a month somewhere, in UTC."""
    zone = ZoneInfo(time_zone)
    start = datetime(year, month, 1, tzinfo=zone)
    after = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=zone)
    return start.astimezone(UTC), after.astimezone(UTC)


def read_month(text: str, now: datetime) -> tuple[int, int]:
    """Return the month that a text such as "2026-11" names, or that of `now`."""
    found = _MONTH.fullmatch(text)
    return (int(found[1]), int(found[2])) if found else (now.year, now.month)


def months_back(now: datetime) -> list[tuple[int, int]]:
    """Return the last twelve months, the newest first."""
    found = []
    day = now.replace(day=1)
    for _ in range(MONTHS):
        found.append((day.year, day.month))
        day = (day - timedelta(days=1)).replace(day=1)
    return found
