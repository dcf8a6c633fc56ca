"""What an account takes in on a day, without counting anything in the sale itself (P1).

A job sums receipts up now and then; who asks adds the few that came since. A day is one of the
merchant's time zone (rule 24).
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection

from kacang.merchants.queries import merchant
from kacang.merchants.tenancy import acting_as
from kacang.payments.account_models import AccountDay
from kacang.payments.models import Account
from kacang.shared.clock import utc_now

# Receipts get their numbers before they commit: only older ones are certainly all there.
SETTLED_SECONDS = 60
# Of each account the last sum, and what was seen after it. Only money that fits counts.
RECEIVED = """
select w.account_id, l.day, l.received_minor, l.counted_to, r.received, r.newest
from unnest(%(accounts)s::bigint[]) as w(account_id)
left join lateral (
    select day, received_minor, counted_to from account_day
    where merchant_id = %(merchant)s::bigint and account_id = w.account_id
    order by day desc limit 1
) l on true
cross join lateral (
    select max(id) as newest, coalesce(
        sum(amount_minor) filter (where seen_at >= %(start)s::timestamptz and fit = 0), 0
    )::bigint as received
    from receipt
    where merchant_id = %(merchant)s::bigint and id > coalesce(l.counted_to, 0)
      and account_id = w.account_id and seen_at < %(until)s::timestamptz
) r
"""


def received_today(merchant_id: int, accounts: Sequence[int]) -> dict[int, int]:
    """Return what these accounts, by row id, have taken in since the merchant's midnight."""
    now = utc_now()
    today, start = _day(merchant_id, now)
    found = _received(merchant_id, accounts, start, now + timedelta(days=1))
    return {
        account: (received_minor if day == today else 0) + since
        for account, day, received_minor, _, since, _ in found
    }


def sum_days(*, merchant_id: int) -> int:
    """Sum up what came in at accounts with a limit per day; return how many there are."""
    now = utc_now()
    with acting_as(merchant_id):
        limited = Account.objects.filter(merchant_id=merchant_id, day_max_minor__isnull=False)
        # Locked, so that two workers do not count the same receipts.
        ids = list(
            limited.select_for_update(no_key=True).order_by("id").values_list("id", flat=True)
        )
        if not ids:
            return 0
        today, start = _day(merchant_id, now)
        until = now - timedelta(seconds=SETTLED_SECONDS)
        for account, day, received_minor, counted_to, since, newest in _received(
            merchant_id, ids, start, until
        ):
            AccountDay.objects.update_or_create(
                merchant_id=merchant_id,
                account_id=account,
                day=today,
                defaults={
                    "received_minor": (received_minor if day == today else 0) + since,
                    "counted_to": newest or counted_to or 0,
                },
            )
    return len(ids)


def _day(merchant_id: int, now: datetime) -> tuple[date, datetime]:
    local = now.astimezone(ZoneInfo(merchant(merchant_id=merchant_id).time_zone))
    return local.date(), local.replace(hour=0, minute=0, second=0, microsecond=0)


def _received(
    merchant_id: int, accounts: Sequence[int], start: datetime, until: datetime
) -> list[tuple[int, date | None, int, int | None, int, int | None]]:
    with connection.cursor() as cursor:
        cursor.execute(
            RECEIVED,
            {"merchant": merchant_id, "accounts": list(accounts), "start": start, "until": until},
        )
        return list(cursor.fetchall())
